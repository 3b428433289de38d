/* SPDX-License-Identifier: MIT */
/* test_desk_lease_restart - an executor that was stopped, or killed in the middle, knows its leases again */
#include "desk_lease_support.h"

#include <sys/wait.h>

static void a_restart_knows_its_leases_and_tells_them_at_the_welcome(void **state) {
        struct fixture *fixture = *state;
        bool before_end = false;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        restart(fixture);
        assert_string_equal(told(fixture, 1), "in-force ");
        for (size_t i = 0; i < fixture->n_got; i++)
                if (fixture->got[i].type == WIRE_LEASE)
                        before_end = i > 0 && fixture->got[0].type == WIRE_WELCOME_END;
        assert_true(before_end);
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 ");
        end_lease(fixture, 1);
        assert_string_equal(marked(), "r1 r1 u1 ");
        assert_int_equal(recorded(fixture, "escalated"), 0);
}

static void a_clock_that_went_back_while_we_were_away_gives_no_lease_more_time(void **state) {
        struct fixture *fixture = *state;
        uint64_t now = loop_realtime(fixture->loop);

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        lease_of(fixture, 1)->limit_usec = now + USEC_PER_DAY;
        lease_move(lease_of(fixture, 1), (int64_t)(1000 * USEC_PER_DAY));
        assert_int_equal(lease_store_write(fixture->leases, lease_of(fixture, 1), now), 0);
        restart(fixture);
        assert_in_range(
                lease_of(fixture, 1)->expires_usec, now, now + pause_verb.slice_usec + USEC_PER_MINUTE);
        assert_in_range(lease_of(fixture, 1)->limit_usec, now, now + USEC_PER_DAY + USEC_PER_MINUTE);
}

/* An executor of its own, killed hard when its action was told to go. */
static void be_killed_while_taking(struct fixture *fixture) {
        struct wire_message request;
        pid_t pid;
        int status;

        disconnect_watcher(fixture);
        close_desk(fixture);
        pid = fork();
        if (pid == 0) {
                loop_free(fixture->loop);
                fixture->loop = real_loop();
                open_desk(fixture);
                desk_set_config(fixture->desk, fixture->config, 1);
                connect_watcher(fixture);
                request = request_of(begin(fixture), "test.pause", "x", "slow");
                say(fixture, &request);
                hear(fixture, WIRE_ACTION_STARTED);
                kill(getpid(), SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        usleep(600000); /* the action, which is its own process, ends by itself */
        open_desk(fixture);
        desk_set_config(fixture->desk, fixture->config, 1);
        desk_recover(fixture->desk);
        connect_watcher(fixture);
        fixture->n_got = 0;
        hello(fixture);
}

static void killed_between_intent_and_outcome_it_is_unknown_and_evidence_decides(void **state) {
        struct fixture *fixture = *state;
        uint64_t run;

        be_killed_while_taking(fixture);
        assert_string_equal(marked(), "r1 ");
        assert_string_equal(told(fixture, 1), "in-force ");
        assert_int_equal(strncmp(lease_of(fixture, 1)->text, "unknown", 7), 0);
        /* It is on record, but its lease takes care of it: nobody is called. */
        assert_int_equal(recorded(fixture, "action-unknown"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 0);
        renew(fixture, 1, -1);
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
        /* Nor is the verb out of use: the same is the same lease, and another next hop another. */
        assert_int_equal(begin_run(fixture, "vacuum", 1, false, &run), WIRE_GO);
        assert_int_equal(hold(fixture, run, "test.pause", "y", "well")->status, WIRE_DONE);
        assert_int_equal(lease_of(fixture, 2)->state, WIRE_LEASE_IN_FORCE);
        end_lease(fixture, 1);
        assert_non_null(strstr(marked(), "u1"));
}

static void a_lease_speaks_for_no_action_but_its_own(void **state) {
        struct fixture *fixture = *state;
        struct book_entry entry = book_entry_new("action-intent");
        uint64_t run = begin(fixture), next;

        /* It was written, and then we were killed before its intent was: another verb has the number now. */
        hold(fixture, run, "test.pause", "x", "well");
        next = book_ledger(fixture->book)->next_action;
        lease_of(fixture, 1)->action = next;
        assert_int_equal(lease_store_write(fixture->leases, lease_of(fixture, 1), 1), 0);
        book_number(&entry, "action", next);
        book_number(&entry, "incident", 1);
        book_text(&entry, "verb", "test.vacuum");
        book_write(fixture->book, &entry);
        restart(fixture);
        assert_int_equal(recorded(fixture, "action-unknown"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 1);
}

static void an_undo_cut_short_by_a_restart_is_done_again(void **state) {
        struct fixture *fixture = *state;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        say(fixture, &(struct wire_message){.type = WIRE_LEASE_END, .lease_end = {.lease = 1}});
        hear(fixture, WIRE_LEASE);
        assert_int_equal(fixture->heard.lease.state, WIRE_LEASE_ENDING);
        restart(fixture);
        settle(fixture);
        assert_non_null(strstr(marked(), "u1"));
        assert_int_equal(lease_store_count(fixture->leases), 0);
        assert_int_equal(recorded(fixture, "lease-ended"), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_restart_knows_its_leases_and_tells_them_at_the_welcome),
                TEST(a_clock_that_went_back_while_we_were_away_gives_no_lease_more_time),
                TEST(killed_between_intent_and_outcome_it_is_unknown_and_evidence_decides),
                TEST(a_lease_speaks_for_no_action_but_its_own),
                TEST(an_undo_cut_short_by_a_restart_is_done_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
