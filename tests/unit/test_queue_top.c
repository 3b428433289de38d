/* SPDX-License-Identifier: MIT */
/* test_queue_top - the few names that most of something belongs to, among any number of others */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postfix/queue_top.h"

static void few_names_are_counted_exactly(void **state) {
        struct queue_top top = {.n = 0};

        (void)state;
        for (uint32_t i = 0; i < QUEUE_TOP_NAMES; i++)
                for (uint32_t j = 0; j <= i; j++)
                        queue_top_count(&top, i);
        queue_top_finish(&top);
        assert_int_equal(top.n, QUEUE_TOP_NAMES);
        for (uint32_t i = 0; i < QUEUE_TOP_NAMES; i++) {
                assert_int_equal(top.rows[i].number, QUEUE_TOP_NAMES - 1 - i);
                assert_int_equal(top.rows[i].count, QUEUE_TOP_NAMES - i);
        }
}

static void a_name_that_has_a_tenth_is_found_among_thousands_and_never_counted_too_high(void **state) {
        struct queue_top top = {.n = 0};

        (void)state;
        for (uint32_t i = 0; i < 100000; i++)
                queue_top_count(&top, i % 10 == 9 ? 7 : 1000 + i);
        queue_top_finish(&top);
        assert_true(top.n > 0);
        assert_int_equal(top.rows[0].number, 7);
        assert_in_range(top.rows[0].count, 2000, 10000);
}

static void of_many_that_are_alike_none_is_told_for_much(void **state) {
        struct queue_top top = {.n = 0};

        (void)state;
        for (uint32_t i = 0; i < 10000; i++)
                queue_top_count(&top, i);
        queue_top_finish(&top);
        for (size_t i = 0; i < top.n; i++)
                assert_int_equal(top.rows[i].count, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(few_names_are_counted_exactly),
                cmocka_unit_test(a_name_that_has_a_tenth_is_found_among_thousands_and_never_counted_too_high),
                cmocka_unit_test(of_many_that_are_alike_none_is_told_for_much),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
