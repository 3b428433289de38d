/* SPDX-License-Identifier: MIT */
/* test_desk_lease_renew - a lease in force lapses unless it is renewed, and renewals cannot be used to do harm */
#include "desk_lease_support.h"

static void without_a_renewal_it_lapses_and_then_ends(void **state) {
        struct fixture *fixture = *state;

        hold(fixture, begin(fixture), "test.pause_shortly", "x", "well");
        run_for(fixture->loop, 3 * USEC_PER_SEC);
        assert_string_equal(told(fixture, 1), "taking in-force lapsed ending ended ");
        assert_string_equal(marked(), "r1 u1 ");
        assert_int_equal(recorded(fixture, "lease-lapsed"), 1);
        assert_int_equal(recorded(fixture, "lease-ended"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 0);
}

static void a_renewal_keeps_it_and_brings_a_lapsed_one_back(void **state) {
        struct fixture *fixture = *state;
        uint64_t expires;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        expires = lease_of(fixture, 1)->expires_usec;
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 ");
        assert_true(lease_of(fixture, 1)->expires_usec > expires);
        /* Not twice in twenty seconds. */
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 ");
        lease_of(fixture, 1)->state = WIRE_LEASE_LAPSED;
        let_renewal_age(fixture, 1);
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 r1 ");
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
        assert_int_equal(recorded(fixture, "lease-renewed"), 1);
        /* Maintenance starts nothing, but keeps what there is; observe does not. */
        assert_int_equal(desk_set_maintenance(fixture->desk, USEC_PER_HOUR, "test", true, NULL), 0);
        let_renewal_age(fixture, 1);
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 r1 r1 ");
        desk_set_mode(fixture->desk, CONFIG_MODE_OBSERVE, "test");
        let_renewal_age(fixture, 1);
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 r1 r1 ");
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
}

/* It would be the same action again, past its budget. */
static void what_does_not_lapse_is_not_done_again_by_a_renewal(void **state) {
        struct fixture *fixture = *state;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        lease_of(fixture, 1)->slice_usec = 0;
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 ");
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
}

static void a_flood_of_renewals_and_ends_does_next_to_nothing(void **state) {
        struct fixture *fixture = *state;
        uint64_t before;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        before = book_ledger(fixture->book)->next_number;
        for (uint64_t i = 0; i < 300; i++) {
                uint64_t id = i % 3 == 0 ? 1 : i;
                channel_send_consume_fd(fixture->theirs,
                        &(struct wire_message){.type = WIRE_LEASE_RENEW, .lease_renew = {.lease = id}},
                        i % 2 ? memory(10, 0) : -1);
                if (i % 3)
                        say(fixture,
                                &(struct wire_message){
                                        .type = WIRE_LEASE_END, .lease_end = {.lease = 1000 + i}});
        }
        settle(fixture);
        /* Too many messages in a second may have ended the channel; what counts is what was done. */
        assert_string_equal(marked(), "r1 r1 ");
        assert_in_range(book_ledger(fixture->book)->next_number - before, 0, 5);
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
}

static void renewals_that_come_all_at_once_have_their_turns(void **state) {
        static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture), newest = 0;
        unsigned times[ELEMENTSOF(names)] = {0};

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                hold(fixture, run, "test.pause", names[i], "slow");
        for (unsigned minute = 0; minute < 9; minute++) {
                unlink(mark);
                for (uint64_t id = 1; id <= ELEMENTSOF(names); id++) {
                        /* Half a minute ago, but in the order in which it was. */
                        if (lease_of(fixture, id)->renewed_usec != 0)
                                lease_of(fixture, id)->renewed_usec -= LEASE_RENEW_MIN;
                        say(fixture,
                                &(struct wire_message){
                                        .type = WIRE_LEASE_RENEW, .lease_renew = {.lease = id}});
                }
                settle(fixture);
                for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                        char letter[8];

                        snprintf(letter, sizeof(letter), "r%zu ", i + 1);
                        times[i] += strstr(marked(), letter) != NULL;
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_in_range(times[i], 2, 4);
                newest += times[i];
        }
        assert_in_range(newest, 16, 18);
}

static void the_same_complaint_is_not_made_every_minute(void **state) {
        struct fixture *fixture = *state;
        struct wire_message request = request_of(begin(fixture), "test.pause_chosen", "x", "well");
        char before[256];

        assert_int_equal(channel_send_consume_fd(fixture->theirs, &request, memory(9, ALL_SEALS)), 0);
        hear(fixture, WIRE_ACTION_FINISHED);
        renew(fixture, 1, -1);
        strcpy(before, told(fixture, 1));
        for (int i = 0; i < 3; i++) {
                let_renewal_age(fixture, 1);
                renew(fixture, 1, i == 1 ? memory(9, 0) : -1);
        }
        assert_string_equal(told(fixture, 1), before);
        lease_of(fixture, 1)->complained_usec -= LEASE_COMPLAINT;
        let_renewal_age(fixture, 1);
        renew(fixture, 1, -1);
        assert_string_not_equal(told(fixture, 1), before);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(without_a_renewal_it_lapses_and_then_ends),
                TEST(a_renewal_keeps_it_and_brings_a_lapsed_one_back),
                TEST(what_does_not_lapse_is_not_done_again_by_a_renewal),
                TEST(a_flood_of_renewals_and_ends_does_next_to_nothing),
                TEST(renewals_that_come_all_at_once_have_their_turns),
                TEST(the_same_complaint_is_not_made_every_minute),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
