/* SPDX-License-Identifier: MIT */
/* test_lease - the rules of leases: when they lapse and end, and what may be done to them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "executor/lease.h"

#define T0 (UINT64_C(1766620800) * USEC_PER_SEC)
#define SLICE (15 * USEC_PER_MINUTE)
#define LONG_AGO (T0 - USEC_PER_DAY)

static const struct {
        const char *name;
        enum wire_lease_state state;
        uint64_t expires, limit, slice, started, now;
        enum lease_due due;
        uint64_t next; /* lease_due_usec() */
} cases[] = {
        {"in its slice", WIRE_LEASE_IN_FORCE, T0 + SLICE, 0, SLICE, LONG_AGO, T0, LEASE_DUE_NOTHING,
                T0 + SLICE},
        {"its slice is over", WIRE_LEASE_IN_FORCE, T0, 0, SLICE, LONG_AGO, T0, LEASE_DUE_LAPSE, T0},
        {"one that was being taken when we crashed lapses as well", WIRE_LEASE_TAKING, T0, 0, SLICE, LONG_AGO,
                T0, LEASE_DUE_LAPSE, T0},
        {"lapsed", WIRE_LEASE_LAPSED, T0, 0, SLICE, LONG_AGO, T0 + SLICE - 1, LEASE_DUE_NOTHING, T0 + SLICE},
        {"lapsed for a slice", WIRE_LEASE_LAPSED, T0, 0, SLICE, LONG_AGO, T0 + SLICE, LEASE_DUE_END_LAPSED,
                T0 + SLICE},
        {"over for a slice and nobody looked", WIRE_LEASE_IN_FORCE, T0, 0, SLICE, LONG_AGO, T0 + SLICE,
                LEASE_DUE_END_LAPSED, T0},
        {"just started", WIRE_LEASE_IN_FORCE, LONG_AGO, 0, SLICE, T0, T0 + SLICE - 1, LEASE_DUE_NOTHING,
                T0 + SLICE},
        {"started a slice ago", WIRE_LEASE_IN_FORCE, LONG_AGO, 0, SLICE, T0, T0 + SLICE, LEASE_DUE_LAPSE,
                T0 + SLICE},
        {"started two slices ago", WIRE_LEASE_LAPSED, LONG_AGO, 0, SLICE, T0, T0 + 2 * SLICE,
                LEASE_DUE_END_LAPSED, T0 + 2 * SLICE},
        {"at its limit, renewed or not", WIRE_LEASE_IN_FORCE, T0 + SLICE, T0, SLICE, LONG_AGO, T0,
                LEASE_DUE_END_LIMIT, T0},
        {"at its limit while lapsed", WIRE_LEASE_LAPSED, T0 - 1, T0, SLICE, LONG_AGO, T0, LEASE_DUE_END_LIMIT,
                T0},
        {"past its limit at a start", WIRE_LEASE_IN_FORCE, T0 + SLICE, LONG_AGO, SLICE, T0, T0 + 1,
                LEASE_DUE_NOTHING, T0 + SLICE},
        {"without a slice it never lapses", WIRE_LEASE_IN_FORCE, 0, T0 + 5, 0, LONG_AGO, T0,
                LEASE_DUE_NOTHING, T0 + 5},
        {"without a slice it has its limit", WIRE_LEASE_IN_FORCE, 0, T0, 0, LONG_AGO, T0, LEASE_DUE_END_LIMIT,
                T0},
        {"without both it lasts", WIRE_LEASE_IN_FORCE, 0, 0, 0, LONG_AGO, T0, LEASE_DUE_NOTHING, UINT64_MAX},
        {"ending", WIRE_LEASE_ENDING, T0, T0, SLICE, LONG_AGO, T0 + USEC_PER_DAY, LEASE_DUE_NOTHING,
                UINT64_MAX},
        {"ended", WIRE_LEASE_ENDED, T0, T0, SLICE, LONG_AGO, T0 + USEC_PER_DAY, LEASE_DUE_NOTHING,
                UINT64_MAX},
};

static void what_is_due_is_in_the_table(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct lease lease = {.id = 1,
                        .state = cases[i].state,
                        .expires_usec = cases[i].expires,
                        .limit_usec = cases[i].limit,
                        .slice_usec = cases[i].slice};

                if (lease_due(&lease, cases[i].started, cases[i].now) != cases[i].due ||
                        lease_due_usec(&lease, cases[i].started) != cases[i].next)
                        fail_msg("%s", cases[i].name);
                lease.id = 0;
                assert_int_equal(lease_due(&lease, cases[i].started, cases[i].now), LEASE_DUE_NOTHING);
        }
}

static void taken_held_and_lapsed_it_is_renewed_at_most_every_20_seconds(void **state) {
        struct lease lease = {.id = 7};
        (void)state;

        lease_take(&lease, SLICE, USEC_PER_DAY, T0);
        assert_int_equal(lease.state, WIRE_LEASE_TAKING);
        assert_int_equal(lease.expires_usec, T0 + SLICE);
        assert_int_equal(lease.limit_usec, T0 + USEC_PER_DAY);
        lease_hold(&lease, 12, T0 + 5);
        assert_int_equal(lease.state, WIRE_LEASE_IN_FORCE);
        assert_int_equal(lease.count, 12);
        assert_int_equal(lease.expires_usec, T0 + 5 + SLICE);
        assert_true(lease_may_renew(&lease, 1));
        lease.renewed_usec = 1;
        assert_false(lease_may_renew(&lease, LEASE_RENEW_MIN));
        assert_true(lease_may_renew(&lease, LEASE_RENEW_MIN + 1));
        lease.state = WIRE_LEASE_LAPSED;
        assert_true(lease_may_renew(&lease, LEASE_RENEW_MIN + 1));
        lease_hold(&lease, 3, T0 + USEC_PER_HOUR);
        assert_int_equal(lease.state, WIRE_LEASE_IN_FORCE);
        assert_int_equal(lease.limit_usec, T0 + USEC_PER_DAY);
        lease_end(&lease, "cleared");
        assert_false(lease_may_renew(&lease, USEC_PER_DAY));
}

static void whether_it_is_in_force_is_looked_at_while_it_does_not_lapse(void **state) {
        struct lease lease = {.id = 7, .state = WIRE_LEASE_IN_FORCE};
        (void)state;

        assert_true(lease_may_look(&lease, 1));
        lease.looked_usec = 1;
        assert_false(lease_may_look(&lease, LEASE_LOOK));
        assert_true(lease_may_look(&lease, LEASE_LOOK + 1));
        lease.state = WIRE_LEASE_OVERRULED;
        assert_false(lease_may_look(&lease, LEASE_LOOK_OVERRULED));
        assert_true(lease_may_look(&lease, LEASE_LOOK_OVERRULED + 1));
        assert_false(lease_may_renew(&lease, USEC_PER_DAY));
        lease.slice_usec = SLICE;
        assert_false(lease_may_look(&lease, USEC_PER_DAY));
        lease.slice_usec = 0;
        for (unsigned s = WIRE_LEASE_TAKING; s <= WIRE_LEASE_ENDED; s++) {
                lease.state = (enum wire_lease_state)s;
                assert_int_equal(lease_may_look(&lease, USEC_PER_DAY),
                        s == WIRE_LEASE_IN_FORCE || s == WIRE_LEASE_OVERRULED);
        }
}

static void only_its_verbs_word_makes_it_overruled_and_in_force_again(void **state) {
        static const struct {
                enum wire_lease_state state;
                enum wire_status status;
                bool is_overruled;
                enum lease_seen seen;
        } looks[] = {
                {WIRE_LEASE_IN_FORCE, WIRE_NOTHING, false, LEASE_SEEN_NOTHING},
                {WIRE_LEASE_IN_FORCE, WIRE_WOULD_HAVE, false, LEASE_SEEN_NOTHING},
                {WIRE_LEASE_IN_FORCE, WIRE_DENIED, false, LEASE_SEEN_NOTHING},
                {WIRE_LEASE_IN_FORCE, WIRE_FAILED, true, LEASE_SEEN_NOTHING},
                {WIRE_LEASE_IN_FORCE, WIRE_DENIED, true, LEASE_SEEN_OVERRULED},
                {WIRE_LEASE_OVERRULED, WIRE_DENIED, true, LEASE_SEEN_STILL_OVERRULED},
                {WIRE_LEASE_OVERRULED, WIRE_DENIED, false, LEASE_SEEN_NOTHING},
                {WIRE_LEASE_OVERRULED, WIRE_TIMED_OUT, false, LEASE_SEEN_NOTHING},
                {WIRE_LEASE_OVERRULED, WIRE_NOTHING, false, LEASE_SEEN_IN_FORCE},
                {WIRE_LEASE_ENDING, WIRE_DENIED, true, LEASE_SEEN_NOTHING},
                {WIRE_LEASE_ENDING, WIRE_NOTHING, false, LEASE_SEEN_NOTHING},
        };
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(looks); i++) {
                const struct lease lease = {.id = 7, .state = looks[i].state};

                if (lease_seen(&lease, looks[i].status, looks[i].is_overruled) != looks[i].seen)
                        fail_msg("case %zu", i);
        }
}

static void its_limit_comes_nearer_and_never_goes_away(void **state) {
        struct lease lease = {.id = 7};
        (void)state;

        lease_take(&lease, 0, USEC_PER_DAY, T0);
        lease_limit(&lease, 0);
        lease_limit(&lease, T0 + 2 * USEC_PER_DAY);
        assert_int_equal(lease.limit_usec, T0 + USEC_PER_DAY);
        lease_limit(&lease, T0 + USEC_PER_HOUR);
        assert_int_equal(lease.limit_usec, T0 + USEC_PER_HOUR);
        lease_limit(&lease, T0 + 2 * USEC_PER_HOUR);
        assert_int_equal(lease.limit_usec, T0 + USEC_PER_HOUR);
        /* One that is over before it began still has a limit. */
        lease_limit(&lease, 1);
        assert_int_equal(lease.limit_usec, T0 + 1);
        lease_take(&lease, 0, 0, T0);
        lease_limit(&lease, T0 + USEC_PER_HOUR);
        assert_int_equal(lease.limit_usec, T0 + USEC_PER_HOUR);
}

static void it_ends_once_and_an_admins_word_has_precedence(void **state) {
        struct lease lease = {.id = 7, .incident = 4, .state = WIRE_LEASE_IN_FORCE};
        (void)state;

        assert_true(lease_end(&lease, "cleared"));
        assert_false(lease_end(&lease, "limit"));
        assert_string_equal(lease.why, "cleared");
        assert_false(lease_is_returned(&lease, 4));
        assert_true(lease_end(&lease, "returned"));
        assert_true(lease_is_returned(&lease, 4));
        assert_false(lease_is_returned(&lease, 5));
        assert_false(lease_end(&lease, "cleared"));
        assert_false(lease_end(&lease, "returned"));
        lease.state = WIRE_LEASE_ENDED;
        assert_false(lease_end(&lease, "returned"));
        assert_true(lease_is_returned(&lease, 4));
        lease.incident = 0;
        assert_false(lease_is_returned(&lease, 0));
}

static void undoing_is_tried_again_with_growing_distance(void **state) {
        (void)state;
        assert_int_equal(lease_undo_wait(1), USEC_PER_MINUTE);
        assert_int_equal(lease_undo_wait(2), 2 * USEC_PER_MINUTE);
        assert_int_equal(lease_undo_wait(5), 16 * USEC_PER_MINUTE);
        assert_int_equal(lease_undo_wait(6), 30 * USEC_PER_MINUTE);
        assert_int_equal(lease_undo_wait(4000000000u), 30 * USEC_PER_MINUTE);
}

static void a_clock_that_is_set_takes_the_lease_along(void **state) {
        struct lease lease = {.id = 7, .state = WIRE_LEASE_IN_FORCE};
        (void)state;

        lease_take(&lease, SLICE, 0, T0);
        lease_move(&lease, -(int64_t)USEC_PER_HOUR);
        assert_int_equal(lease.expires_usec, T0 + SLICE - USEC_PER_HOUR);
        assert_int_equal(lease.since_usec, T0 - USEC_PER_HOUR);
        assert_int_equal(lease.limit_usec, 0);
}

static void a_clock_that_went_back_leaves_what_was_left_of_it(void **state) {
        struct lease lease = {.id = 7};
        (void)state;

        lease_take(&lease, SLICE, 3 * USEC_PER_DAY, T0);
        lease_hold(&lease, 1, T0 + USEC_PER_DAY);
        lease_know_again(&lease, T0 + USEC_PER_DAY);
        assert_int_equal(lease.limit_usec, T0 + 3 * USEC_PER_DAY);
        lease_know_again(&lease, T0 - USEC_PER_DAY);
        assert_int_equal(lease.expires_usec, T0 - USEC_PER_DAY + SLICE);
        assert_int_equal(lease.limit_usec, T0 + USEC_PER_DAY);
        assert_int_equal(lease.since_usec, T0 - 2 * USEC_PER_DAY);
}

static void one_that_ended_at_its_limit_rests_and_others_do_not(void **state) {
        struct lease lease = {.id = 7};
        (void)state;

        lease_take(&lease, SLICE, USEC_PER_DAY, T0);
        lease_end(&lease, "limit");
        assert_true(lease_is_worn(&lease, T0 + 2 * USEC_PER_DAY - 1));
        assert_false(lease_is_worn(&lease, T0 + 2 * USEC_PER_DAY));
        strcpy(lease.why, "cleared");
        assert_false(lease_is_worn(&lease, T0 + USEC_PER_DAY));
}

static void what_it_changed_has_passed_a_slice_after_its_last_slice(void **state) {
        struct lease lease = {.id = 7};
        (void)state;

        lease_take(&lease, SLICE, 0, T0);
        assert_false(lease_has_passed(&lease, T0 + 2 * SLICE - 1));
        assert_true(lease_has_passed(&lease, T0 + 2 * SLICE));
        /* Without slices nothing passes by itself. */
        lease_take(&lease, 0, 0, T0);
        assert_false(lease_has_passed(&lease, T0 + USEC_PER_DAY));
}

static void its_arguments_are_told_as_pairs(void **state) {
        struct lease lease = {
                .id = 7, .state = WIRE_LEASE_LAPSED, .args = "instance=-\nnexthop=[a=b]:25\nempty="};
        struct wire_message message;
        uint8_t packet[WIRE_PACKET_MAX];
        (void)state;

        lease_message(&lease, &message);
        assert_int_equal(message.lease.n_args, 3);
        assert_string_equal(message.lease.args[0].name, "instance");
        assert_string_equal(message.lease.args[0].text, "-");
        assert_string_equal(message.lease.args[1].name, "nexthop");
        assert_string_equal(message.lease.args[1].text, "[a=b]:25");
        assert_string_equal(message.lease.args[2].text, "");
        assert_true(wire_encode(&message, packet) > 0);
        lease.args[0] = '\0';
        lease_message(&lease, &message);
        assert_int_equal(message.lease.n_args, 0);
}

static void it_is_of_its_verb_and_arguments_from_its_action_until_all_is_undone(void **state) {
        static const struct {
                const char *verb, *name, *value;
                bool is;
        } cases_of[] = {
                {"postfix.hold", "instance", "-", true},
                {"postfix.hold", "domain", "a=b.test", true},
                {"postfix.hold", "reason", "", true},
                {"postfix.postpone", "instance", "-", false},
                {"postfix.hold", "instance", "", false},
                {"postfix.hold", "instance", "--", false},
                {"postfix.hold", "instance", "-\nsender=<>", false},
                {"postfix.hold", "stance", "-", false},
                {"postfix.hold", "domain", "b.test", false},
                {"postfix.hold", "domain=a", "b.test", true},
                {"postfix.hold", "", "", false},
        };
        const struct lease held = {.id = 7,
                .action = 3,
                .state = WIRE_LEASE_IN_FORCE,
                .verb = "postfix.hold",
                .args = "instance=-\nsender=<>\ndomain=a=b.test\nreason="};
        struct lease lease = held;
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(cases_of); i++)
                if (lease_is_of(&held, cases_of[i].verb, cases_of[i].name, cases_of[i].value) !=
                        cases_of[i].is)
                        fail_msg("%s of %s: \"%s\"", cases_of[i].name, cases_of[i].verb, cases_of[i].value);
        for (unsigned s = WIRE_LEASE_TAKING; s <= WIRE_LEASE_ENDED; s++) {
                lease.state = (enum wire_lease_state)s;
                assert_int_equal(lease_is_of(&lease, "postfix.hold", "instance", "-"), s != WIRE_LEASE_ENDED);
        }
        /* Never told to go, or no lease at all. */
        lease = held;
        lease.action = 0;
        assert_false(lease_is_of(&lease, "postfix.hold", "instance", "-"));
        lease = held;
        lease.id = 0;
        assert_false(lease_is_of(&lease, "postfix.hold", "instance", "-"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_due_is_in_the_table),
                cmocka_unit_test(taken_held_and_lapsed_it_is_renewed_at_most_every_20_seconds),
                cmocka_unit_test(whether_it_is_in_force_is_looked_at_while_it_does_not_lapse),
                cmocka_unit_test(only_its_verbs_word_makes_it_overruled_and_in_force_again),
                cmocka_unit_test(its_limit_comes_nearer_and_never_goes_away),
                cmocka_unit_test(it_ends_once_and_an_admins_word_has_precedence),
                cmocka_unit_test(undoing_is_tried_again_with_growing_distance),
                cmocka_unit_test(a_clock_that_is_set_takes_the_lease_along),
                cmocka_unit_test(a_clock_that_went_back_leaves_what_was_left_of_it),
                cmocka_unit_test(one_that_ended_at_its_limit_rests_and_others_do_not),
                cmocka_unit_test(what_it_changed_has_passed_a_slice_after_its_last_slice),
                cmocka_unit_test(its_arguments_are_told_as_pairs),
                cmocka_unit_test(it_is_of_its_verb_and_arguments_from_its_action_until_all_is_undone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
