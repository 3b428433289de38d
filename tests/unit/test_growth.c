/* SPDX-License-Identifier: MIT */
/* test_growth - a storm is told from a queue that is merely full */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/growth.h"

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)

/* Counted every ten seconds from `from` on, `per_minute` more each time; returns the last value. */
static uint64_t count(
        struct growth *growth, uint64_t from_usec, unsigned minutes, uint64_t value, uint32_t per_minute) {
        for (uint32_t i = 0; i < minutes * 6; i++)
                growth_note(growth, from_usec + (uint64_t)i * 10 * SECOND, value + i * per_minute / 6);
        return value + minutes * per_minute;
}

static void nothing_is_known_in_the_first_minute(void **state) {
        struct growth growth = {.n = 0};
        double value;

        (void)state;
        assert_false(growth_of(&growth, MINUTE, 5, &value));
        growth_note(&growth, MINUTE, 1700);
        assert_false(growth_of(&growth, 2 * MINUTE - 1, 1800, &value));
        assert_true(growth_of(&growth, 2 * MINUTE, 1800, &value));
        assert_float_equal(value, 100, 0.1);
}

static void a_full_queue_does_not_grow(void **state) {
        struct growth growth = {.n = 0};
        double value;

        (void)state;
        count(&growth, 0, 30, 1709, 0);
        assert_true(growth_of(&growth, 30 * MINUTE, 1709, &value));
        assert_float_equal(value, 0, 0.1);
}

static void growth_is_that_of_ten_minutes_and_ends_ten_minutes_after_the_storm(void **state) {
        struct growth growth = {.n = 0};
        uint64_t last = count(&growth, 5, 45, 0, 60);
        double value;

        (void)state;
        assert_true(growth_of(&growth, 45 * MINUTE + 5, last, &value));
        assert_float_equal(value, 600, 61);
        count(&growth, 45 * MINUTE + 5, 5, last, 0);
        assert_true(growth_of(&growth, 50 * MINUTE + 5, last, &value));
        assert_float_equal(value, 300, 61);
        count(&growth, 50 * MINUTE + 5, 7, last, 0);
        assert_true(growth_of(&growth, 57 * MINUTE + 5, last, &value));
        assert_float_equal(value, 0, 0.1);
        /* They are delivered, or expire. */
        assert_true(growth_of(&growth, 57 * MINUTE + 5, 100, &value));
        assert_true(value < -1000);
}

static void a_pause_in_the_counting_does_not_stretch_it(void **state) {
        struct growth growth = {.n = 0};
        double value;

        (void)state;
        growth_note(&growth, 0, 10);
        growth_note(&growth, 60 * MINUTE, 5000);
        assert_true(growth_of(&growth, 65 * MINUTE, 5000, &value));
        assert_float_equal(value, 4990, 0.1); /* between these two nobody knows when */
        growth_note(&growth, 65 * MINUTE, 5000);
        assert_true(growth_of(&growth, 70 * MINUTE, 5000, &value));
        assert_float_equal(value, 0, 0.1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_known_in_the_first_minute),
                cmocka_unit_test(a_full_queue_does_not_grow),
                cmocka_unit_test(growth_is_that_of_ten_minutes_and_ends_ten_minutes_after_the_storm),
                cmocka_unit_test(a_pause_in_the_counting_does_not_stretch_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
