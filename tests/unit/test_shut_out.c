/* SPDX-License-Identifier: MIT */
/*
 * test_shut_out - a confined process and files that are replaced behind its back
 *
 * Each test forks a child that gives up what a watcher gives up; the directory it looks at is changed by its parent,
 * step by step, since the child itself can write nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "role.h"
#include "watcher/sensor_host.h"
#include "watcher/shut_out.h"

struct fixture {
        char directory[64], file[96], other[96];
        int child; /* our end of a socket to it: a byte asks for a look, the answer is '+' for shut */
        pid_t pid;
};

static void write_file(const char *path, mode_t mode) {
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, mode), 0);
}

/* The child: one word at the start, then one for each look. */
static int look_when_asked(const char *path, const char *allowed, int parent) {
        const char *readable[] = {allowed};
        char **paths = calloc(1, sizeof(*paths)), byte = '!';
        struct problem problem = {""};
        struct shut_out *shut_out;

        if (!paths || !(paths[0] = strdup(path)) || role_confine_watcher(readable, 1, &problem) < 0 ||
                shut_out_new_consume(paths, 1, &shut_out) < 0)
                return 2;
        if (problem.text[0])
                byte = '?';
        while (write(parent, &byte, 1) == 1 && read(parent, &byte, 1) == 1)
                byte = shut_out_look(shut_out) ? '+' : '-';
        shut_out_free(shut_out);
        return 0;
}

static char hear(struct fixture *fixture) {
        char byte = 0;

        assert_int_equal(read(fixture->child, &byte, 1), 1);
        return byte;
}

static char look(struct fixture *fixture) {
        assert_int_equal(write(fixture->child, "?", 1), 1);
        return hear(fixture);
}

static void confine(struct fixture *fixture, const char *allowed) {
        int pair[2];
        char byte;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        fixture->child = pair[0];
        fixture->pid = fork();
        assert_true(fixture->pid >= 0);
        if (fixture->pid == 0) {
                close(pair[0]);
                _exit(look_when_asked(fixture->file, allowed, pair[1]));
        }
        close(pair[1]);
        byte = hear(fixture);
        if (byte == '?')
                skip();
        assert_int_equal(byte, '!');
}

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        (void)snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/shut-out-XXXXXX");
        assert_non_null(mkdtemp(fixture->directory));
        (void)snprintf(fixture->file, sizeof(fixture->file), "%s/main.cf", fixture->directory);
        (void)snprintf(fixture->other, sizeof(fixture->other), "%s/new", fixture->directory);
        fixture->child = -1;
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;
        int status = 0;

        if (fixture->child >= 0)
                close(fixture->child);
        if (fixture->pid > 0)
                assert_int_equal(waitpid(fixture->pid, &status, 0), fixture->pid);
        (void)unlink(fixture->file);
        (void)unlink(fixture->other);
        assert_int_equal(rmdir(fixture->directory), 0);
        free(fixture);
        return status;
}

static void file_that_is_written_in_place_stays_open(void **state) {
        struct fixture *fixture = *state;

        write_file(fixture->file, 0644);
        confine(fixture, fixture->file);
        write_file(fixture->file, 0644);
        assert_int_equal(look(fixture), '-');
        assert_int_equal(look(fixture), '-');
}

static void file_that_was_replaced_is_told_at_the_second_look(void **state) {
        struct fixture *fixture = *state;

        write_file(fixture->file, 0644);
        confine(fixture, fixture->file);
        write_file(fixture->other, 0644);
        assert_int_equal(rename(fixture->other, fixture->file), 0);
        assert_int_equal(look(fixture), '-');
        assert_int_equal(look(fixture), '+');
}

static void one_that_is_still_being_written_is_waited_for(void **state) {
        struct fixture *fixture = *state;

        write_file(fixture->file, 0644);
        confine(fixture, fixture->file);
        for (int i = 0; i < 4; i++) {
                write_file(fixture->other, 0644);
                assert_int_equal(rename(fixture->other, fixture->file), 0);
                assert_int_equal(look(fixture), '-');
        }
        assert_int_equal(look(fixture), '+');
}

static void but_not_for_ever(void **state) {
        struct fixture *fixture = *state;
        char answer = '-';

        write_file(fixture->file, 0644);
        confine(fixture, fixture->file);
        for (int i = 0; i < 8 && answer == '-'; i++) {
                write_file(fixture->other, 0644);
                assert_int_equal(rename(fixture->other, fixture->file), 0);
                answer = look(fixture);
        }
        assert_int_equal(answer, '+');
}

static void file_that_appears_later_is_told_and_one_that_goes_is_not(void **state) {
        struct fixture *fixture = *state;

        confine(fixture, fixture->file);
        assert_int_equal(look(fixture), '-');
        assert_int_equal(look(fixture), '-');
        write_file(fixture->file, 0644);
        assert_int_equal(look(fixture), '-');
        assert_int_equal(unlink(fixture->file), 0);
        assert_int_equal(look(fixture), '-');
        write_file(fixture->file, 0644);
        assert_int_equal(look(fixture), '-');
        assert_int_equal(look(fixture), '+');
}

/* A new process would be refused as well, and would have to end again. */
static void what_is_refused_from_the_start_is_never_told(void **state) {
        struct fixture *fixture = *state;

        write_file(fixture->file, 0644);
        write_file(fixture->other, 0644);
        confine(fixture, fixture->other);
        assert_int_equal(look(fixture), '-');
        assert_int_equal(look(fixture), '-');
}

static void what_was_refused_until_it_was_open_once_is_like_any_other(void **state) {
        struct fixture *fixture = *state;

        write_file(fixture->file, 0644);
        write_file(fixture->other, 0644);
        confine(fixture, fixture->other);
        assert_int_equal(look(fixture), '-');
        assert_int_equal(look(fixture), '-');
        assert_int_equal(rename(fixture->other, fixture->file), 0);
        assert_int_equal(look(fixture), '-');
        write_file(fixture->other, 0644);
        assert_int_equal(rename(fixture->other, fixture->file), 0);
        assert_int_equal(look(fixture), '-');
        assert_int_equal(look(fixture), '+');
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(file_that_is_written_in_place_stays_open),
                TEST(file_that_was_replaced_is_told_at_the_second_look),
                TEST(one_that_is_still_being_written_is_waited_for),
                TEST(but_not_for_ever),
                TEST(file_that_appears_later_is_told_and_one_that_goes_is_not),
                TEST(what_is_refused_from_the_start_is_never_told),
                TEST(what_was_refused_until_it_was_open_once_is_like_any_other),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
