/* SPDX-License-Identifier: MIT */
/* test_loader_pipe - children that hang, flood or die are read within bounds and never left behind */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "loader/loader_pipe.h"

static pid_t spawn(void (*child)(int fd), struct loader_stream *ret_stream) {
        int fds[2];
        pid_t pid;

        assert_int_equal(pipe(fds), 0);
        pid = fork();
        if (pid == 0) {
                close(fds[0]);
                child(fds[1]);
                _exit(0);
        }
        close(fds[1]);
        *ret_stream = (struct loader_stream){.fd = fds[0], .max = 1000};
        return pid;
}

static void no_child_is_left(void) {
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

static void child_sleeps(int fd) {
        if (write(fd, "half", 4) == 4)
                pause();
}

static void child_closes_and_sleeps(int fd) {
        close(fd);
        pause();
}

static void child_floods(int fd) {
        char block[100000];

        memset(block, 'x', sizeof(block));
        for (size_t used = 0; used < sizeof(block);) {
                ssize_t n = write(fd, block + used, sizeof(block) - used);

                if (n <= 0)
                        _exit(1);
                used += (size_t)n;
        }
        _exit(7);
}

static void a_child_that_hangs_is_killed_and_reaped(void **state) {
        static void (*const children[])(int) = {child_sleeps, child_closes_and_sleeps};

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                uint64_t began_usec = clock_monotonic_usec();
                struct loader_stream stream;
                pid_t pid = spawn(children[i], &stream);
                int status;

                assert_int_equal(loader_pipe_collect(pid, &stream, 1, 200 * USEC_PER_MSEC, &status), -ETIME);
                assert_in_range(clock_monotonic_usec() - began_usec, 200 * USEC_PER_MSEC, 5 * USEC_PER_SEC);
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
                assert_int_equal(stream.fd, -1);
                no_child_is_left();
                free(stream.text);
        }
}

static void what_is_too_much_is_cut_and_the_child_ends_by_itself(void **state) {
        struct loader_stream stream;
        pid_t pid = spawn(child_floods, &stream);
        int status;

        (void)state;
        assert_int_equal(loader_pipe_collect(pid, &stream, 1, 5 * USEC_PER_SEC, &status), 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
        assert_true(stream.overflow);
        assert_int_equal(stream.size, 1000);
        assert_int_equal(strlen(stream.text), 1000);
        no_child_is_left();
        free(stream.text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_child_that_hangs_is_killed_and_reaped),
                cmocka_unit_test(what_is_too_much_is_cut_and_the_child_ends_by_itself),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
