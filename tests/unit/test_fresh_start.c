/* SPDX-License-Identifier: MIT */
/* test_fresh_start - a watcher that has to be started anew waits for a quiet moment, but not for ever */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "watcher/fresh_start.h"

#define NOW (100 * USEC_PER_MINUTE)

static void without_a_wish_it_never_ends(void **state) {
        struct fresh_start fresh_start = {0};

        (void)state;
        assert_int_equal(fresh_start_decide(&fresh_start, false, true, NOW), FRESH_START_NO);
        assert_int_equal(fresh_start_decide(&fresh_start, false, false, NOW + 100 * FRESH_START_WAIT_USEC),
                FRESH_START_NO);
}

static void a_quiet_moment_is_taken_at_once(void **state) {
        struct fresh_start fresh_start = {0};

        (void)state;
        assert_int_equal(fresh_start_decide(&fresh_start, true, true, NOW), FRESH_START_QUIET);
}

static void it_waits_for_a_quiet_moment(void **state) {
        struct fresh_start fresh_start = {0};

        (void)state;
        assert_int_equal(fresh_start_decide(&fresh_start, true, false, NOW), FRESH_START_NO);
        assert_int_equal(fresh_start_decide(&fresh_start, true, false, NOW + FRESH_START_WAIT_USEC - 1),
                FRESH_START_NO);
        assert_int_equal(fresh_start_decide(&fresh_start, true, true, NOW + FRESH_START_WAIT_USEC - 1),
                FRESH_START_QUIET);
}

static void when_there_is_none_it_ends_all_the_same(void **state) {
        struct fresh_start fresh_start = {0};

        (void)state;
        assert_int_equal(fresh_start_decide(&fresh_start, true, false, NOW), FRESH_START_NO);
        assert_int_equal(fresh_start_decide(&fresh_start, true, false, NOW + FRESH_START_WAIT_USEC),
                FRESH_START_OVERDUE);
}

/* A file that was away for a moment, say. */
static void a_wish_that_was_dropped_begins_anew(void **state) {
        struct fresh_start fresh_start = {0};

        (void)state;
        assert_int_equal(fresh_start_decide(&fresh_start, true, false, NOW), FRESH_START_NO);
        assert_int_equal(fresh_start_decide(&fresh_start, false, false, NOW + 1), FRESH_START_NO);
        assert_int_equal(
                fresh_start_decide(&fresh_start, true, false, NOW + FRESH_START_WAIT_USEC), FRESH_START_NO);
        assert_int_equal(fresh_start_decide(&fresh_start, true, false, NOW + 2 * FRESH_START_WAIT_USEC),
                FRESH_START_OVERDUE);
}

/* An editor that saves every few seconds. */
static void one_that_has_just_begun_waits_before_it_ends_again(void **state) {
        struct fresh_start fresh_start = {.born_usec = NOW};

        (void)state;
        assert_int_equal(
                fresh_start_decide(&fresh_start, true, true, NOW + FRESH_START_AGE_USEC - 1), FRESH_START_NO);
        assert_int_equal(
                fresh_start_decide(&fresh_start, true, true, NOW + FRESH_START_AGE_USEC), FRESH_START_QUIET);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(without_a_wish_it_never_ends),
                cmocka_unit_test(a_quiet_moment_is_taken_at_once),
                cmocka_unit_test(it_waits_for_a_quiet_moment),
                cmocka_unit_test(when_there_is_none_it_ends_all_the_same),
                cmocka_unit_test(a_wish_that_was_dropped_begins_anew),
                cmocka_unit_test(one_that_has_just_begun_waits_before_it_ends_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
