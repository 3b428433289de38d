/* SPDX-License-Identifier: MIT */
/* test_desk_lease_end - a lease ends by the watcher's word, at its limit or by an admin, and its undo is insisted on */
#include "desk_lease_support.h"

static void the_watchers_word_ends_it_in_observe_and_in_maintenance(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);
        struct wanted wanted = {.event = "lease-ended"};

        hold(fixture, run, "test.pause", "x", "well");
        hold(fixture, run, "test.pause", "y", "well");
        desk_set_mode(fixture->desk, CONFIG_MODE_OBSERVE, "test");
        end_lease(fixture, 1);
        assert_string_equal(marked(), "r1 r2 u1 ");
        assert_int_equal(desk_set_maintenance(fixture->desk, USEC_PER_HOUR, "test", true, NULL), 0);
        end_lease(fixture, 2);
        end_lease(fixture, 2);
        end_lease(fixture, 99);
        assert_string_equal(marked(), "r1 r2 u1 u2 ");
        assert_string_equal(told(fixture, 1), "taking in-force ending ended ");
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 2);
        assert_string_equal(wanted.text, "taken back");
        assert_int_equal(lease_store_count(fixture->leases), 0);
        assert_string_equal(fixture->ended, "");
}

static void at_its_limit_it_ends_and_people_are_told_once(void **state) {
        struct fixture *fixture = *state;
        struct wanted wanted = {.event = "escalated"};

        hold(fixture, begin(fixture), "test.pause_limited", "x", "well");
        lease_of(fixture, 1)->expires_usec += USEC_PER_HOUR; /* as if renewed all the time */
        run_for(fixture->loop, 2500 * USEC_PER_MSEC);
        assert_string_equal(marked(), "r1 u1 ");
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 1);
        assert_non_null(strstr(wanted.text, "next-hop-down_x has not cleared"));
        assert_string_equal(book_ledger(fixture->book)->escalations[0].reason, "lease-expired");
        assert_string_equal(book_ledger(fixture->book)->escalations[0].condition, "next-hop-down_x");
}

static void a_verb_that_says_until_when_it_may_last_is_undone_by_then(void **state) {
        struct fixture *fixture = *state;
        struct wanted wanted = {.event = "escalated"};
        uint64_t began = loop_realtime(fixture->loop);

        hold(fixture, begin(fixture), "test.pause_shortly", "x", "briefly");
        lease_of(fixture, 1)->expires_usec += USEC_PER_HOUR; /* as if renewed all the time */
        assert_in_range(lease_of(fixture, 1)->limit_usec, began + USEC_PER_SEC / 2, began + USEC_PER_MINUTE);
        run_for(fixture->loop, 2500 * USEC_PER_MSEC);
        assert_string_equal(marked(), "r1 u1 ");
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 1);
}

static void what_reached_its_limit_rests_for_as_long_as_it_was_in_force(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture), now = loop_realtime(fixture->loop);
        const struct wire_action_finished *finished;

        hold(fixture, run, "test.pause_limited", "x", "well");
        lease_of(fixture, 1)->since_usec = now - 3 * USEC_PER_DAY;
        lease_of(fixture, 1)->limit_usec = now;
        run_for(fixture->loop, USEC_PER_SEC);
        assert_string_equal(marked(), "r1 u1 ");
        for (int i = 0; i < 2; i++) {
                finished = hold(fixture, run, "test.pause_limited", "x", "well");
                assert_int_equal(finished->status, WIRE_DENIED);
                assert_non_null(strstr(finished->text, "as long as it may be"));
                assert_string_equal(marked(), "r1 u1 ");
                restart(fixture);
                assert_int_equal(begin_run(fixture, "vacuum", 1, false, &run), WIRE_GO);
        }
        assert_int_equal(hold(fixture, run, "test.pause_limited", "y", "well")->status, WIRE_DONE);
        lease_move(lease_store_at(fixture->leases, 0), -(int64_t)(3 * USEC_PER_DAY));
        assert_int_equal(hold(fixture, run, "test.pause_limited", "x", "well")->status, WIRE_DONE);
}

static void what_an_admin_returns_is_not_taken_again_in_the_incident(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);
        const struct wire_action_finished *finished;
        struct wire_message lower = {.type = WIRE_LOWER,
                .lower = {.serial = 8, .kind = WIRE_LOWER_RETURN_LEASE, .lease = 1, .who = "uid 1000"}};

        hold(fixture, run, "test.pause", "x", "well");
        say(fixture, &lower);
        assert_true(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        settle(fixture);
        assert_string_equal(marked(), "r1 u1 ");
        say(fixture, &lower);
        assert_false(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        assert_string_equal(fixture->heard.lower_reply.text, "there is no lease 1");
        for (int i = 0; i < 2; i++) {
                finished = hold(fixture, run, "test.pause", "x", "well");
                assert_int_equal(finished->status, WIRE_DENIED);
                assert_non_null(strstr(finished->text, "an admin returned it"));
                assert_int_equal(hold(fixture, run, "test.pause", i ? "z" : "y", "well")->status, WIRE_DONE);
                restart(fixture);
                assert_int_equal(begin_run(fixture, "vacuum", 1, false, &run), WIRE_GO);
        }
        end_run(fixture, run);
        /* In another incident it may be. */
        say(fixture, &(struct wire_message){.type = WIRE_INCIDENT_CLOSE, .incident_close = {.incident = 1}});
        run_for(fixture->loop, 50 * USEC_PER_MSEC);
        book_ledger(fixture->book)->past[0].closed_usec -= USEC_PER_HOUR;
        for (size_t i = 0; i < book_ledger(fixture->book)->n_playbooks; i++)
                book_ledger(fixture->book)->playbooks[i].acted.n = 0;
        assert_int_equal(begin_run(fixture, "vacuum", open_incident(fixture), false, &run), WIRE_GO);
        assert_int_equal(hold(fixture, run, "test.pause", "x", "well")->status, WIRE_DONE);
}

static void an_undo_that_fails_is_tried_again_and_after_three_times_people_are_called(void **state) {
        struct fixture *fixture = *state;

        be_stuck(true);
        hold(fixture, begin(fixture), "test.pause", "x", "well");
        end_lease(fixture, 1);
        for (unsigned i = 1; i <= 4; i++) {
                assert_int_equal(lease_of(fixture, 1)->failures, i);
                assert_int_equal(recorded(fixture, "escalated"), i >= 3);
                assert_true(lease_of(fixture, 1)->undo_after_usec > loop_now(fixture->loop));
                lease_of(fixture, 1)->undo_after_usec = 0;
                if (i == 4)
                        be_stuck(false);
                end_lease(fixture, 1);
        }
        assert_null(lease_of(fixture, 1));
        assert_int_equal(recorded(fixture, "lease-ended"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 1);
}

static void the_first_time_that_an_undo_fails_is_on_record_and_the_next_are_not(void **state) {
        struct fixture *fixture = *state;
        struct wanted wanted = {.event = "lease-undo-failed"};

        be_stuck(true);
        hold(fixture, begin(fixture), "test.pause", "x", "well");
        end_lease(fixture, 1);
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 1);
        assert_string_equal(wanted.text, strerror(EBUSY));
        for (unsigned i = 0; i < LEASE_UNDO_CALL; i++) {
                lease_of(fixture, 1)->undo_after_usec = 0;
                end_lease(fixture, 1);
        }
        assert_int_equal(recorded(fixture, "lease-undo-failed"), 1);
        be_stuck(false);
}

static void what_is_gone_is_forgotten_by_roots_word_alone(void **state) {
        struct fixture *fixture = *state;
        const uint64_t run = begin(fixture);
        struct wanted wanted = {.event = "lease-forgotten"};

        be_stuck(true);
        hold(fixture, run, "test.pause", "x", "gone");
        end_lease(fixture, 1);
        assert_int_equal(desk_return_lease(fixture->desk, 1, "root", NULL), 0);
        lease_of(fixture, 1)->undo_after_usec = 0;
        settle(fixture);
        assert_non_null(lease_of(fixture, 1));
        assert_int_equal(desk_forget_lease(fixture->desk, 1, false, "root", NULL), 0);
        settle(fixture);
        assert_null(lease_of(fixture, 1));
        assert_string_equal(fixture->tried, "1: forgotten by root and not taken back: nobody is there");
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 1);
        assert_string_equal(wanted.text, "forgotten by root and not taken back: nobody is there");
        assert_int_equal(recorded(fixture, "lease-ended"), 0);
        /* It is an admin's word as any other return. */
        assert_non_null(strstr(hold(fixture, run, "test.pause", "x", "gone")->text, "an admin returned it"));
        be_stuck(false);
}

static void what_is_there_is_forgotten_only_when_root_insists(void **state) {
        struct fixture *fixture = *state;

        be_stuck(true);
        hold(fixture, begin(fixture), "test.pause", "x", "well");
        assert_int_equal(desk_forget_lease(fixture->desk, 1, false, "root", NULL), 0);
        settle(fixture);
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_ENDING);
        assert_string_equal(fixture->tried, "1 stays: Device or resource busy");
        /* The word was for that try, not for the next one. */
        lease_of(fixture, 1)->undo_after_usec = 0;
        end_lease(fixture, 1);
        assert_non_null(lease_of(fixture, 1));
        assert_int_equal(desk_forget_lease(fixture->desk, 1, true, "root", NULL), 0);
        settle(fixture);
        assert_null(lease_of(fixture, 1));
        assert_int_equal(recorded(fixture, "lease-forgotten"), 1);
        restart(fixture);
        assert_null(lease_of(fixture, 1));
        be_stuck(false);
}

static void what_can_be_taken_back_is_and_not_forgotten(void **state) {
        struct fixture *fixture = *state;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        assert_int_equal(desk_forget_lease(fixture->desk, 1, true, "root", NULL), 0);
        settle(fixture);
        assert_string_equal(marked(), "r1 u1 ");
        assert_string_equal(fixture->tried, "1: taken back");
        assert_int_equal(recorded(fixture, "lease-ended"), 1);
        assert_int_equal(recorded(fixture, "lease-forgotten"), 0);
        assert_true(desk_forget_lease(fixture->desk, 1, true, "root", NULL) < 0);
}

static void who_returns_it_again_has_it_tried_within_a_minute(void **state) {
        struct fixture *fixture = *state;
        const uint64_t minute = USEC_PER_MINUTE;
        struct wire_message lower = {.type = WIRE_LOWER,
                .lower = {.serial = 8, .kind = WIRE_LOWER_RETURN_LEASE, .lease = 1, .who = "uid 1000"}};
        uint64_t soon;

        be_stuck(true);
        hold(fixture, begin(fixture), "test.pause", "x", "well");
        say(fixture, &lower);
        settle(fixture);
        assert_int_equal(lease_of(fixture, 1)->failures, 1);
        lease_of(fixture, 1)->undo_after_usec = loop_now(fixture->loop) + 30 * minute;
        be_stuck(false);
        say(fixture, &lower);
        settle(fixture);
        soon = lease_of(fixture, 1)->undo_after_usec;
        assert_in_range(soon, loop_now(fixture->loop) + minute / 2, loop_now(fixture->loop) + minute);
        /* However often he says it. */
        say(fixture, &lower);
        settle(fixture);
        assert_int_equal(lease_of(fixture, 1)->undo_after_usec, soon);
}

static void a_verb_is_told_of_a_lease_until_its_undo_is_complete(void **state) {
        struct fixture *fixture = *state;
        const uint64_t run = begin(fixture);

        be_stuck(true);
        /* The one that the question itself would take was never told to go. */
        assert_string_equal(hold(fixture, run, "test.pause", "x", "which")->text, "there is 0");
        hold(fixture, run, "test.pause", "y", "well");
        hold(fixture, run, "test.pause", "x", "well");
        assert_string_equal(hold(fixture, run, "test.pause", "x", "which")->text, "there is 3");
        end_lease(fixture, 3);
        assert_int_equal(lease_of(fixture, 3)->failures, 1);
        assert_string_equal(hold(fixture, run, "test.pause", "x", "which")->text, "there is 3");
        be_stuck(false);
        lease_of(fixture, 3)->undo_after_usec = 0;
        end_lease(fixture, 3);
        assert_string_equal(hold(fixture, run, "test.pause", "x", "which")->text, "there is 0");
        assert_string_equal(hold(fixture, run, "test.pause", "y", "which")->text, "there is 2");
}

static void what_lapsed_by_itself_does_not_wait_for_its_undo_for_ever(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);
        struct wanted wanted = {.event = "lease-ended"};

        be_stuck(true);
        hold(fixture, run, "test.pause", "x", "well");
        end_lease(fixture, 1);
        for (unsigned i = 1; i <= LEASE_UNDO_CALL; i++) {
                assert_int_equal(lease_of(fixture, 1)->failures, i);
                lease_of(fixture, 1)->undo_after_usec = 0;
                if (i == LEASE_UNDO_CALL)
                        lease_of(fixture, 1)->expires_usec -= 2 * pause_verb.slice_usec;
                end_lease(fixture, 1);
        }
        assert_null(lease_of(fixture, 1));
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 1);
        assert_non_null(strstr(wanted.text, "lapsed by itself"));
        assert_int_equal(hold(fixture, run, "test.pause", "x", "well")->status, WIRE_DONE);
}

static void a_return_that_is_repeated_writes_nothing(void **state) {
        struct fixture *fixture = *state;
        char before[256];

        be_stuck(true);
        hold(fixture, begin(fixture), "test.pause", "x", "well");
        end_lease(fixture, 1);
        assert_int_equal(desk_return_lease(fixture->desk, 1, "uid 1000", NULL), 0);
        settle(fixture);
        strcpy(before, told(fixture, 1));
        assert_string_equal(before, "taking in-force ending ending ending ");
        for (int i = 0; i < 5; i++)
                assert_int_equal(desk_return_lease(fixture->desk, 1, "uid 1000", NULL), 0);
        settle(fixture);
        assert_string_equal(told(fixture, 1), before);
}

static void a_lease_whose_verb_is_gone_is_kept_and_said(void **state) {
        struct fixture *fixture = *state;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        strcpy(lease_of(fixture, 1)->verb, "gone.verb");
        renew(fixture, 1, -1);
        end_lease(fixture, 1);
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_ENDING);
        assert_string_equal(lease_of(fixture, 1)->text, "the verb gone.verb is not there any more");
        assert_string_equal(marked(), "r1 ");
}

static void the_end_of_one_at_work_waits_for_its_action(void **state) {
        struct fixture *fixture = *state;
        struct wire_message request = request_of(begin(fixture), "test.pause", "x", "slow");

        say(fixture, &request);
        hear(fixture, WIRE_ACTION_STARTED);
        assert_int_equal(desk_return_lease(fixture->desk, 1, "root", NULL), 0);
        settle(fixture);
        assert_string_equal(marked(), "r1 u1 ");
        assert_int_equal(lease_store_count(fixture->leases), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_watchers_word_ends_it_in_observe_and_in_maintenance),
                TEST(at_its_limit_it_ends_and_people_are_told_once),
                TEST(a_verb_that_says_until_when_it_may_last_is_undone_by_then),
                TEST(what_reached_its_limit_rests_for_as_long_as_it_was_in_force),
                TEST(what_an_admin_returns_is_not_taken_again_in_the_incident),
                TEST(an_undo_that_fails_is_tried_again_and_after_three_times_people_are_called),
                TEST(the_first_time_that_an_undo_fails_is_on_record_and_the_next_are_not),
                TEST(what_is_gone_is_forgotten_by_roots_word_alone),
                TEST(what_is_there_is_forgotten_only_when_root_insists),
                TEST(what_can_be_taken_back_is_and_not_forgotten),
                TEST(who_returns_it_again_has_it_tried_within_a_minute),
                TEST(a_verb_is_told_of_a_lease_until_its_undo_is_complete),
                TEST(what_lapsed_by_itself_does_not_wait_for_its_undo_for_ever),
                TEST(a_return_that_is_repeated_writes_nothing),
                TEST(a_lease_whose_verb_is_gone_is_kept_and_said),
                TEST(the_end_of_one_at_work_waits_for_its_action),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
