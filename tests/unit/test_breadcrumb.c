/* SPDX-License-Identifier: MIT */
/* test_breadcrumb - what is left of a real child that was killed, and what a hostile one can do to the page */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire/breadcrumb.h"

struct page {
        int fd;
        struct breadcrumb *breadcrumb;
};

static int setup(void **state) {
        struct page *page = calloc(1, sizeof(*page));

        *state = page;
        return breadcrumb_new(&page->fd, &page->breadcrumb);
}

static int teardown(void **state) {
        struct page *page = *state;

        page->breadcrumb = breadcrumb_unmap(page->breadcrumb);
        close(page->fd);
        free(page);
        return 0;
}

/* Run `live` on the page in a child of its own mapping; it ends by SIGKILL, or by an exit status that says why. */
static void live_and_die(struct page *page, int (*live)(int fd, struct breadcrumb *breadcrumb)) {
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                struct breadcrumb *breadcrumb;

                page->breadcrumb = breadcrumb_unmap(page->breadcrumb);
                if (breadcrumb_map(page->fd, &breadcrumb) < 0)
                        _exit(99);
                status = live(page->fd, breadcrumb);
                if (status != 0)
                        _exit(status);
                raise(SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
}

static int enter_lua(int fd, struct breadcrumb *breadcrumb) {
        (void)fd;
        breadcrumb_set(breadcrumb, BREADCRUMB_LUA, "vacuum-journal");
        return 0;
}

static void it_tells_what_a_killed_watcher_was_doing(void **state) {
        struct page *page = *state;
        struct breadcrumb copy;

        breadcrumb_read(page->breadcrumb, &copy);
        assert_int_equal(copy.activity, BREADCRUMB_NONE);
        live_and_die(page, enter_lua);
        breadcrumb_read(page->breadcrumb, &copy);
        assert_int_equal(copy.activity, BREADCRUMB_LUA);
        assert_string_equal(copy.what, "vacuum-journal");
}

static int enter_and_leave(int fd, struct breadcrumb *breadcrumb) {
        (void)fd;
        breadcrumb_set(breadcrumb, BREADCRUMB_PARSING, "/var/spool/postfix/deferred/A/A123");
        breadcrumb_set(breadcrumb, BREADCRUMB_NONE, NULL);
        return 0;
}

static void nothing_is_left_of_what_was_finished(void **state) {
        struct page *page = *state;
        struct breadcrumb copy;

        live_and_die(page, enter_and_leave);
        breadcrumb_read(page->breadcrumb, &copy);
        assert_int_equal(copy.activity, BREADCRUMB_NONE);
        assert_string_equal(copy.what, "");
}

static int parse_a_long_name(int fd, struct breadcrumb *breadcrumb) {
        char name[400];

        (void)fd;
        memset(name, '\xfe', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        breadcrumb_set(breadcrumb, BREADCRUMB_PARSING, name);
        return strcmp(breadcrumb->skip[0], "skip me") == 0 ? 0 : 1;
}

static void names_are_cut_and_the_skip_list_is_seen(void **state) {
        struct page *page = *state;
        struct breadcrumb copy;

        strcpy(page->breadcrumb->skip[0], "skip me");
        live_and_die(page, parse_a_long_name);
        breadcrumb_read(page->breadcrumb, &copy);
        assert_int_equal(copy.activity, BREADCRUMB_PARSING);
        assert_int_equal(strlen(copy.what), sizeof(copy.what) - 1);
        assert_int_equal((unsigned char)copy.what[0], 0xfe);
        assert_string_equal(copy.skip[0], "skip me");
}

static int scribble(int fd, struct breadcrumb *breadcrumb) {
        (void)fd;
        memset(breadcrumb, 0xff, sizeof(*breadcrumb));
        return 0;
}

static void a_scribbled_page_reads_as_ended_strings(void **state) {
        struct page *page = *state;
        struct breadcrumb copy;

        live_and_die(page, scribble);
        breadcrumb_read(page->breadcrumb, &copy);
        assert_int_equal(copy.activity, BREADCRUMB_NONE);
        assert_int_equal(strlen(copy.what), sizeof(copy.what) - 1);
        for (size_t i = 0; i < ELEMENTSOF(copy.skip); i++)
                assert_int_equal(strlen(copy.skip[i]), sizeof(copy.skip[i]) - 1);
}

static int resize(int fd, struct breadcrumb *breadcrumb) {
        (void)breadcrumb;
        if (ftruncate(fd, 0) == 0 || errno != EPERM)
                return 1;
        return ftruncate(fd, 1 << 20) == 0 || errno != EPERM ? 2 : 0;
}

static void a_watcher_cannot_pull_the_page_from_under_the_executor(void **state) {
        struct page *page = *state;
        struct breadcrumb copy;

        live_and_die(page, resize);
        breadcrumb_read(page->breadcrumb, &copy);
}

static void only_a_sealed_page_of_the_right_size_is_mapped(void **state) {
        struct breadcrumb *breadcrumb = NULL;
        _cleanup_close_ int unsealed = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        _cleanup_close_ int small = memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int ends[2];

        (void)state;
        assert_return_code(ftruncate(unsealed, sizeof(struct breadcrumb)), errno);
        assert_int_equal(breadcrumb_map(unsealed, &breadcrumb), -EPROTO);

        assert_return_code(ftruncate(small, sizeof(struct breadcrumb) - 1), errno);
        assert_return_code(fcntl(small, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), errno);
        assert_int_equal(breadcrumb_map(small, &breadcrumb), -EPROTO);

        assert_return_code(pipe(ends), errno);
        assert_true(breadcrumb_map(ends[0], &breadcrumb) < 0);
        close(ends[0]);
        close(ends[1]);
        assert_int_equal(breadcrumb_map(-1, &breadcrumb), -EBADF);
        assert_null(breadcrumb);
        assert_null(breadcrumb_unmap(NULL));
}

#define ON_PAGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                ON_PAGE(it_tells_what_a_killed_watcher_was_doing),
                ON_PAGE(nothing_is_left_of_what_was_finished),
                ON_PAGE(names_are_cut_and_the_skip_list_is_seen),
                ON_PAGE(a_scribbled_page_reads_as_ended_strings),
                ON_PAGE(a_watcher_cannot_pull_the_page_from_under_the_executor),
                cmocka_unit_test(only_a_sealed_page_of_the_right_size_is_mapped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
