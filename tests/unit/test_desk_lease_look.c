/* SPDX-License-Identifier: MIT */
/* test_desk_lease_look - a lease that somebody else has overruled says so, and people are called once */
#include "desk_lease_support.h"

/* Whoever it is, he has changed what the lease had changed, or put it right again. */
static void be_his(bool is_on) {
        char his[sizeof(mark) + 8];

        snprintf(his, sizeof(his), "%s.his", mark);
        if (is_on)
                close(open(his, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        else
                unlink(his);
}

/* Lease 1 lasts, lease 2 is renewed. */
static void take_both(struct fixture *fixture) {
        uint64_t run = begin(fixture);

        hold(fixture, run, "test.keep", "x", "well");
        hold(fixture, run, "test.pause", "y", "well");
        settle(fixture);
}

/* The last look was long ago, and behind a renewal all leases have their turn. */
static void let_look(struct fixture *fixture) {
        lease_of(fixture, 1)->looked_usec = lease_of(fixture, 2)->looked_usec = 0;
        let_renewal_age(fixture, 2);
        renew(fixture, 2, -1);
        settle(fixture);
}

/* It was done once, and is not done again against his word. */
static void expect_done_once(void) {
        assert_string_equal(strtok((char *)marked(), " "), "r1");
        for (const char *word; (word = strtok(NULL, " "));)
                assert_string_not_equal(word, "r1");
}

static void what_somebody_else_has_changed_is_not_called_in_force(void **state) {
        struct fixture *fixture = *state;
        const struct ledger_escalation *called;

        take_both(fixture);
        let_look(fixture);
        assert_string_equal(told(fixture, 1), "taking in-force ");
        be_his(true);
        let_look(fixture);
        assert_string_equal(told(fixture, 1), "taking in-force overruled ");
        assert_string_equal(lease_of(fixture, 1)->text, "it is his now");
        expect_done_once();
        assert_int_equal(recorded(fixture, "lease-overruled"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 1);
        called = &book_ledger(fixture->book)->escalations[0];
        assert_string_equal(called->reason, "lease-overruled");
        assert_string_equal(called->condition, "lease/1");
        /* Nothing new. */
        let_look(fixture);
        assert_int_equal(recorded(fixture, "lease-overruled"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 1);
        be_his(false);
        let_look(fixture);
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
        assert_string_equal(told(fixture, 1), "taking in-force overruled in-force ");
        expect_done_once();
}

static void it_is_known_after_a_restart_and_nobody_is_called_again(void **state) {
        struct fixture *fixture = *state;

        take_both(fixture);
        be_his(true);
        let_look(fixture);
        restart(fixture);
        settle(fixture);
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_OVERRULED);
        let_look(fixture);
        assert_int_equal(recorded(fixture, "lease-overruled"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 1);
        be_his(false);
}

static void it_ends_as_any_other(void **state) {
        struct fixture *fixture = *state;

        take_both(fixture);
        be_his(true);
        let_look(fixture);
        end_lease(fixture, 1);
        assert_int_equal(recorded(fixture, "lease-ended"), 1);
        assert_non_null(strstr(marked(), "u1"));
        be_his(false);
}

static void what_lapses_is_not_looked_at(void **state) {
        struct fixture *fixture = *state;

        take_both(fixture);
        be_his(true);
        let_look(fixture);
        assert_int_equal(lease_of(fixture, 2)->looked_usec, 0);
        assert_int_equal(lease_of(fixture, 2)->state, WIRE_LEASE_IN_FORCE);
        be_his(false);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(what_somebody_else_has_changed_is_not_called_in_force),
                TEST(it_is_known_after_a_restart_and_nobody_is_called_again),
                TEST(it_ends_as_any_other),
                TEST(what_lapses_is_not_looked_at),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
