/* SPDX-License-Identifier: MIT */
/* test_gentle - which step waits for which, every pair of them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "executor/gentle.h"

static void the_order_is_the_one_that_loses_least_first(void **state) {
        static const char *const order[] = {"logs.reopen", "disk.free_ballast", "logs.compress",
                "logs.rotate", "journal.vacuum", "logs.drop_rotated", "logs.trim"};

        (void)state;
        for (size_t i = 0; i < GENTLE_STEPS; i++) {
                assert_string_equal(gentle_steps[i], order[i]);
                assert_int_equal(gentle_before(order[i]), i);
        }
}

/* For each pair: all but one step are done with; the other verb waits if and only if that one is before it. */
static void each_step_waits_for_every_one_before_it_and_no_other(void **state) {
        (void)state;
        for (size_t verb = 0; verb < GENTLE_STEPS; verb++)
                for (size_t open = 0; open < GENTLE_STEPS; open++) {
                        struct gentle_step steps[GENTLE_STEPS];

                        for (size_t i = 0; i < GENTLE_STEPS; i++)
                                steps[i] = (struct gentle_step){.to_come = true, .had_turn = i != open};
                        assert_int_equal(gentle_spent(gentle_steps[verb], steps), open >= verb);
                        /* One that cannot be had any more is not waited for. */
                        steps[open].to_come = false;
                        assert_true(gentle_spent(gentle_steps[verb], steps));
                }
}

static void a_step_that_had_its_turn_is_not_waited_for_again(void **state) {
        struct gentle_step steps[GENTLE_STEPS] = {[0] = {.to_come = true, .had_turn = true}};

        (void)state;
        for (size_t verb = 0; verb < GENTLE_STEPS; verb++)
                assert_true(gentle_spent(gentle_steps[verb], steps));
        steps[0].had_turn = false;
        for (size_t verb = 1; verb < GENTLE_STEPS; verb++)
                assert_false(gentle_spent(gentle_steps[verb], steps));
}

static void a_verb_of_another_plugin_comes_after_all_of_them(void **state) {
        (void)state;
        assert_int_equal(gentle_before("site.shred"), GENTLE_STEPS);
        assert_int_equal(gentle_before("logs.trim_all"), GENTLE_STEPS);
        assert_int_equal(gentle_before(""), GENTLE_STEPS);
        for (size_t open = 0; open < GENTLE_STEPS; open++) {
                struct gentle_step steps[GENTLE_STEPS] = {0};

                steps[open].to_come = true;

                assert_false(gentle_spent("site.shred", steps));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_order_is_the_one_that_loses_least_first),
                cmocka_unit_test(each_step_waits_for_every_one_before_it_and_no_other),
                cmocka_unit_test(a_step_that_had_its_turn_is_not_waited_for_again),
                cmocka_unit_test(a_verb_of_another_plugin_comes_after_all_of_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
