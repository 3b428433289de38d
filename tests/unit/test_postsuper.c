/* SPDX-License-Identifier: MIT */
/* test_postsuper - long lists go to the tool in batches, with time in between, and no further than the first failure */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "postfix/postsuper.h"
#include "support/verb_bench.h"

#define MESSAGES 2001
#define PAUSE_USEC 100000L

static size_t n_asked;
static unsigned fails_at; /* call of the tool, from 1 on */

static int say(struct verb_bench *bench, char *output, size_t size) {
        snprintf(output, size, "postsuper: A: requeued\n%spostsuper: Requeued: 7 messages\n",
                bench->n_tools == fails_at ? "postsuper: fatal: no room\n" : "");
        return 0;
}

static int count_lines(struct verb_bench *bench, int in_fd, int out_fd) {
        char buffer[4096];
        ssize_t n;

        (void)out_fd;
        while ((n = read(in_fd, buffer, sizeof(buffer))) > 0)
                for (ssize_t i = 0; i < n; i++)
                        n_asked += buffer[i] == '\n';
        return bench->n_tools == fails_at;
}

static void run(struct verb_bench *bench, uint64_t pause_usec, struct postsuper_report *report) {
        static const char *ids[MESSAGES];
        const struct postsuper_order order = {.config = "/etc/postfix",
                .option = "-r",
                .queue = "deferred",
                .ids = ids,
                .n = MESSAGES,
                .pause_usec = pause_usec};

        for (size_t i = 0; i < MESSAGES; i++)
                ids[i] = "0123456789";
        verb_bench_init(bench, "", NULL, NULL);
        bench->tool = say;
        bench->filter = count_lines;
        n_asked = 0;
        postsuper_run(&bench->action, &order, report);
}

static void what_each_batch_moved_is_added_up(void **state) {
        struct postsuper_report report;
        struct verb_bench bench;

        (void)state;
        fails_at = 0;
        run(&bench, 0, &report);
        assert_int_equal(report.error, 0);
        assert_int_equal(report.moved, 21);
        assert_int_equal(bench.n_tools, 3);
        assert_int_equal(n_asked, MESSAGES);
}

static void the_batch_that_fails_is_the_last_and_says_why(void **state) {
        struct postsuper_report report;
        struct verb_bench bench;

        (void)state;
        fails_at = 2;
        run(&bench, 0, &report);
        assert_int_equal(report.error, -EIO);
        assert_string_equal(report.text, "fatal: no room");
        assert_int_equal(report.moved, 14);
        assert_int_equal(bench.n_tools, 2);
}

static void between_batches_there_is_a_pause(void **state) {
        struct timespec start, end;
        struct postsuper_report report;
        struct verb_bench bench;

        (void)state;
        fails_at = 0;
        clock_gettime(CLOCK_MONOTONIC, &start);
        run(&bench, PAUSE_USEC, &report);
        clock_gettime(CLOCK_MONOTONIC, &end);
        assert_true((end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000 >=
                2 * PAUSE_USEC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_each_batch_moved_is_added_up),
                cmocka_unit_test(the_batch_that_fails_is_the_last_and_says_why),
                cmocka_unit_test(between_batches_there_is_a_pause),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
