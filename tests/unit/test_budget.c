/* SPDX-License-Identifier: MIT */
/* test_budget - so much per window, so soon again */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "executor/allowance.h"
#include "executor/budget.h"

#define NOON (UINT64_C(1766620800) * USEC_PER_SEC)
#define HOURS(n) ((uint64_t)(n)*USEC_PER_HOUR)

static const struct budget_limit two_a_day = {
        .count = 2, .window_usec = USEC_PER_DAY, .cooldown_usec = 15 * USEC_PER_MINUTE};

static void nothing_done_allows_everything(void **state) {
        struct budget_uses uses = {.n = 0};
        (void)state;
        assert_int_equal(budget_until(&uses, &two_a_day, false, NOON), 0);
        assert_int_equal(budget_cooldown_until(&uses, &two_a_day, false, NOON), 0);
}

static void a_spent_budget_is_renewed_when_its_oldest_use_leaves_the_window(void **state) {
        struct budget_uses uses = {.n = 0};
        (void)state;
        budget_add(&uses, NOON, false);
        assert_int_equal(budget_until(&uses, &two_a_day, false, NOON + HOURS(1)), 0);
        budget_add(&uses, NOON + HOURS(5), false);
        assert_int_equal(budget_until(&uses, &two_a_day, false, NOON + HOURS(6)), NOON + HOURS(24));
        assert_int_equal(budget_until(&uses, &two_a_day, false, NOON + HOURS(24)), 0);
}

static void a_budget_made_smaller_waits_for_as_many_as_are_too_many(void **state) {
        struct budget_uses uses = {.n = 0};
        const struct budget_limit one = {.count = 1, .window_usec = USEC_PER_DAY};
        (void)state;
        budget_add(&uses, NOON, false);
        budget_add(&uses, NOON + HOURS(1), false);
        budget_add(&uses, NOON + HOURS(2), false);
        assert_int_equal(budget_until(&uses, &one, false, NOON + HOURS(3)), NOON + HOURS(26));
}

static void cool_down_counts_from_the_last_use(void **state) {
        struct budget_uses uses = {.n = 0};
        (void)state;
        budget_add(&uses, NOON, false);
        assert_int_equal(budget_cooldown_until(&uses, &two_a_day, false, NOON + USEC_PER_MINUTE),
                NOON + 15 * USEC_PER_MINUTE);
        assert_int_equal(budget_cooldown_until(&uses, &two_a_day, false, NOON + 15 * USEC_PER_MINUTE), 0);
}

static void observed_uses_count_only_for_what_is_observed(void **state) {
        struct budget_uses uses = {.n = 0};
        (void)state;
        budget_add(&uses, NOON, true);
        budget_add(&uses, NOON + 1, true);
        assert_int_equal(budget_until(&uses, &two_a_day, false, NOON + 2), 0);
        assert_int_equal(budget_cooldown_until(&uses, &two_a_day, false, NOON + 2), 0);
        assert_int_not_equal(budget_until(&uses, &two_a_day, true, NOON + 2), 0);
        assert_int_not_equal(budget_cooldown_until(&uses, &two_a_day, true, NOON + 2), 0);
}

static void a_clock_set_back_gives_no_fresh_budget(void **state) {
        struct budget_uses uses = {.n = 0};
        (void)state;
        budget_add(&uses, NOON + HOURS(100), false);
        budget_add(&uses, NOON + HOURS(101), false);
        assert_int_equal(budget_until(&uses, &two_a_day, false, NOON), NOON + HOURS(24));
        assert_int_equal(budget_cooldown_until(&uses, &two_a_day, false, NOON), NOON + 15 * USEC_PER_MINUTE);
}

static void uses_move_with_the_clock_and_none_stays_in_the_future(void **state) {
        struct budget_uses uses = {.n = 0};
        (void)state;
        budget_add(&uses, NOON, false);
        budget_add(&uses, NOON + HOURS(1), false);
        budget_move(&uses, true, HOURS(72));
        assert_int_equal(uses.uses[0].at_usec, NOON + HOURS(72));
        budget_cap(&uses, NOON + HOURS(72));
        assert_int_equal(uses.uses[1].at_usec, NOON + HOURS(72));
        budget_move(&uses, false, HOURS(72));
        assert_int_equal(uses.uses[0].at_usec, NOON);
        budget_move(&uses, false, UINT64_MAX);
        assert_int_equal(uses.uses[0].at_usec, 0);
        budget_move(&uses, true, UINT64_MAX);
        assert_int_equal(uses.uses[0].at_usec, UINT64_MAX);
}

static void only_so_many_uses_are_remembered_and_a_larger_budget_counts_as_that(void **state) {
        struct budget_uses uses = {.n = 0};
        const struct budget_limit large = {.count = 1000, .window_usec = USEC_PER_DAY};
        (void)state;
        for (unsigned i = 0; i < BUDGET_USES_MAX - 1; i++)
                budget_add(&uses, NOON + i, false);
        assert_int_equal(budget_until(&uses, &large, false, NOON + 1000), 0);
        budget_add(&uses, NOON + 100, false);
        assert_int_not_equal(budget_until(&uses, &large, false, NOON + 1000), 0);
        budget_add(&uses, NOON + 101, false);
        assert_int_equal(uses.n, BUDGET_USES_MAX);
        assert_int_equal(uses.uses[0].at_usec, NOON + 1);
}

static void an_allowance_gives_a_burst_and_then_so_many_an_hour(void **state) {
        struct allowance allowance = {.tokens = 0};
        unsigned given = 0;
        (void)state;
        for (int i = 0; i < 100; i++)
                given += allowance_take(&allowance, 10, 60, NOON);
        assert_int_equal(given, 10);
        for (unsigned i = 1; i <= 3600; i++)
                given += allowance_take(&allowance, 10, 60, NOON + i * USEC_PER_SEC);
        assert_in_range(given, 69, 70);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_done_allows_everything),
                cmocka_unit_test(a_spent_budget_is_renewed_when_its_oldest_use_leaves_the_window),
                cmocka_unit_test(a_budget_made_smaller_waits_for_as_many_as_are_too_many),
                cmocka_unit_test(cool_down_counts_from_the_last_use),
                cmocka_unit_test(observed_uses_count_only_for_what_is_observed),
                cmocka_unit_test(a_clock_set_back_gives_no_fresh_budget),
                cmocka_unit_test(uses_move_with_the_clock_and_none_stays_in_the_future),
                cmocka_unit_test(only_so_many_uses_are_remembered_and_a_larger_budget_counts_as_that),
                cmocka_unit_test(an_allowance_gives_a_burst_and_then_so_many_an_hour),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
