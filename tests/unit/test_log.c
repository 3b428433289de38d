/* SPDX-License-Identifier: MIT */
/* test_log - what arrives on the other end of stderr, a pipe like the journal's or a terminal */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

static char written[65536];

/* Run `say` with stderr being `end`, and read what it wrote from `other`. */
static void capture(int end, int other, void (*say)(void)) {
        int stderr_fd = dup(STDERR_FILENO);
        size_t used = 0;
        ssize_t n;

        assert_return_code(stderr_fd, errno);
        assert_return_code(dup2(end, STDERR_FILENO), errno);
        say();
        assert_return_code(dup2(stderr_fd, STDERR_FILENO), errno);
        close(stderr_fd);

        assert_return_code(fcntl(other, F_SETFL, O_NONBLOCK), errno);
        /* a terminal hands out one line a read */
        while ((n = read(other, written + used, sizeof(written) - 1 - used)) > 0)
                used += (size_t)n;
        written[used] = '\0';
        close(end);
        close(other);
}

static void capture_pipe(void (*say)(void)) {
        int ends[2];

        assert_return_code(pipe(ends), errno);
        capture(ends[1], ends[0], say);
}

static void say_a_warning(void) {
        log_open("executor");
        log_warning("budget of \"%s\" is spent", "journal.vacuum");
        log_crit("and %d more", 2);
}

static void the_journal_gets_priorities(void **state) {
        (void)state;
        capture_pipe(say_a_warning);
        assert_string_equal(written, "<4>budget of \"journal.vacuum\" is spent\n<2>and 2 more\n");
}

static void a_terminal_gets_the_role(void **state) {
        int terminal, controller;

        (void)state;
        assert_return_code(openpty(&controller, &terminal, NULL, NULL, NULL), errno);
        capture(terminal, controller, say_a_warning);
        assert_string_equal(
                written, "executor: budget of \"journal.vacuum\" is spent\r\nexecutor: and 2 more\r\n");
}

static void say_something_hostile(void) {
        log_open("executor");
        log_info("file %s", "a\n<0>panic\033[2J");
}

static void hostile_bytes_cannot_start_a_line(void **state) {
        (void)state;
        capture_pipe(say_something_hostile);
        assert_string_equal(written, "<6>file a\\x0a<0>panic\\x1b[2J\n");
}

static void say_too_much(void) {
        char endless[5000];

        memset(endless, 'x', sizeof(endless) - 1);
        endless[sizeof(endless) - 1] = '\0';
        log_open("executor");
        log_error("%s", endless);
        log_error("short");
}

static void a_long_line_is_cut_and_still_ends(void **state) {
        char *newline;

        (void)state;
        capture_pipe(say_too_much);
        newline = strchr(written, '\n');
        assert_non_null(newline);
        assert_true(newline - written <= 1024);
        assert_true(newline - written > 1000);
        assert_string_equal(newline + 1, "<3>short\n");
}

static void say_debug(void) {
        log_open("watcher");
        log_debug("detail");
}

static void debug_lines_are_for_those_who_ask(void **state) {
        (void)state;
        unsetenv("SPOOLGUARD_DEBUG");
        capture_pipe(say_debug);
        assert_string_equal(written, "");
        setenv("SPOOLGUARD_DEBUG", "0", 1);
        capture_pipe(say_debug);
        assert_string_equal(written, "");
        setenv("SPOOLGUARD_DEBUG", "1", 1);
        capture_pipe(say_debug);
        assert_string_equal(written, "<7>detail\n");
        unsetenv("SPOOLGUARD_DEBUG");
}

static void say_with_errno(void) {
        log_open("executor");
        errno = ENOSPC;
        log_error("cannot write: %m");
        assert_int_equal(errno, ENOSPC);
}

static void errno_is_shown_and_kept(void **state) {
        (void)state;
        capture_pipe(say_with_errno);
        assert_string_equal(written, "<3>cannot write: No space left on device\n");
}

/* With lines that have no allowance. */
static void fill_stderr(void) {
        setenv("SPOOLGUARD_DEBUG", "1", 1);
        log_open(NULL);
        unsetenv("SPOOLGUARD_DEBUG");
        for (int i = 0; i < 100000; i++)
                log_debug("number %d", i);
}

/* Filled, emptied, and spoken to again: does it wait, and what does it say of the rest? */
static void check_full(int end, int other) {
        int stderr_fd = dup(STDERR_FILENO), other_copy = dup(other);

        assert_return_code(dup2(end, STDERR_FILENO), errno);
        alarm(20);
        fill_stderr();
        alarm(0);
        assert_return_code(dup2(stderr_fd, STDERR_FILENO), errno);
        close(stderr_fd);
        assert_return_code(fcntl(other_copy, F_SETFL, O_NONBLOCK), errno);
        while (read(other_copy, written, sizeof(written)) > 0)
                ;
        close(other_copy);
        capture(end, other, say_a_warning);
        assert_non_null(strstr(written, "is spent\n<4>"));
        assert_non_null(strstr(written, " lines before were lost\n<2>and 2 more\n"));
}

static void nobody_waits_for_a_full_stderr(void **state) {
        int ends[2];
        (void)state;

        assert_return_code(pipe(ends), errno);
        check_full(ends[1], ends[0]);
        assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), errno);
        check_full(ends[1], ends[0]);
        assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}

static unsigned count(const char *text) {
        unsigned n = 0;

        for (const char *at = written; (at = strstr(at, text)); at++)
                n++;
        return n;
}

static void say_it_a_thousand_times(void) {
        log_open("executor");
        for (int i = 0; i < 1000; i++)
                log_warning("the queue file %d is broken", i);
        log_warning("something else");
}

static void what_repeats_a_thousand_times_is_left_out_and_said_so_once(void **state) {
        (void)state;
        capture_pipe(say_it_a_thousand_times);
        /* A machine that sleeps in the middle earns one more. */
        assert_in_range(count("<4>the queue file "), 100, 102);
        assert_non_null(strstr(written, "<4>the queue file 99 is broken\n"));
        assert_non_null(
                strstr(written, "<4>too many lines like this one, most are left out: the queue file 10"));
        assert_int_equal(count("too many"), 1);
        assert_int_equal(count("<4>something else\n"), 1);
}

/* Bytes that a stranger chose, another time each, do not make it another line. */
static void say_what_strangers_say(void) {
        char name[64];

        log_open("watcher");
        for (unsigned i = 0; i < 1000; i++) {
                snprintf(name, sizeof(name), "%x-%x-%x", i * 2654435761u, i * 40503u, i);
                log_warning("the log \"%s\" is not one", name);
        }
}

static void new_bytes_in_it_do_not_make_it_new(void **state) {
        (void)state;
        capture_pipe(say_what_strangers_say);
        assert_in_range(count("is not one\n"), 100, 103);
}

static void say_it_and_wait(void) {
        log_open("executor");
        for (int i = 0; i < 300; i++)
                log_error("it happened again");
        usleep(5100000);
        log_error("it happened again");
}

static void the_next_one_comes_with_the_count(void **state) {
        (void)state;
        capture_pipe(say_it_and_wait);
        assert_in_range(count("<3>it happened again\n"), 101, 103);
        assert_in_range(count("lines like the last one were left out before it\n"), 1, 2);
        assert_int_equal(count("too many"), 1);
}

static void ask_for_debug(void) {
        setenv("SPOOLGUARD_DEBUG", "1", 1);
        log_open("executor");
        unsetenv("SPOOLGUARD_DEBUG");
        for (int i = 0; i < 300; i++)
                log_debug("%d", i);
}

static void who_asks_for_debug_lines_gets_all(void **state) {
        (void)state;
        capture_pipe(ask_for_debug);
        assert_int_equal(count("<7>"), 300);
        assert_null(strstr(written, "left out"));
}

static void say_it_with_an_error(void) {
        log_open("executor");
        errno = ENOSPC;
        for (int i = 0; i < 150; i++) {
                log_info("writing: %m");
                assert_int_equal(errno, ENOSPC);
        }
}

static void errno_survives_a_line_that_is_left_out(void **state) {
        (void)state;
        capture_pipe(say_it_with_an_error);
        assert_in_range(count("<6>writing: No space left on device\n"), 100, 102);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_journal_gets_priorities),
                cmocka_unit_test(a_terminal_gets_the_role),
                cmocka_unit_test(hostile_bytes_cannot_start_a_line),
                cmocka_unit_test(a_long_line_is_cut_and_still_ends),
                cmocka_unit_test(debug_lines_are_for_those_who_ask),
                cmocka_unit_test(errno_is_shown_and_kept),
                cmocka_unit_test(nobody_waits_for_a_full_stderr),
                cmocka_unit_test(what_repeats_a_thousand_times_is_left_out_and_said_so_once),
                cmocka_unit_test(new_bytes_in_it_do_not_make_it_new),
                cmocka_unit_test(the_next_one_comes_with_the_count),
                cmocka_unit_test(who_asks_for_debug_lines_gets_all),
                cmocka_unit_test(errno_survives_a_line_that_is_left_out),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
