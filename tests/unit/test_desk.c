/* SPDX-License-Identifier: MIT */
/* test_desk - a scripted watcher asks for runs and actions, truthfully and not */
#include "desk_support.h"

static void an_incident_is_healed_and_everything_is_on_record(void **state) {
        struct fixture *fixture = *state;
        const struct wire_action_finished *finished;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        assert_int_equal(incident, 1);
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
        finished = act(fixture, run, "test.vacuum", "64M");
        assert_int_equal(finished->status, WIRE_DONE);
        assert_int_equal(finished->freed_bytes, 64 << 20);
        assert_int_equal(finished->action, 1);
        assert_int_equal(fixture->got[1].type, WIRE_ACTION_STARTED);
        assert_string_equal(fixture->got[1].action_started.args, "keep=64M");
        assert_int_equal(marks(), 1);
        end_run(fixture, run);
        say(fixture,
                &(struct wire_message){.type = WIRE_INCIDENT_CLOSE,
                        .incident_close = {.incident = incident, .text = "over"}});
        run_for(fixture->loop, 50 * USEC_PER_MSEC);
        for (size_t i = 0; i < 6; i++) {
                static const char *const events[] = {"incident-opened", "run-begun", "manifest",
                        "action-intent", "action-outcome", "incident-closed"};
                assert_int_equal(recorded(fixture, events[i]), 1);
        }
        assert_int_equal(book_ledger(fixture->book)->incident.id, 0);
        assert_int_equal(ledger_playbook(book_ledger(fixture->book), "vacuum")->acted.n, 1);
}

static void bad_requests_are_denied_with_a_reason_and_touch_nothing(void **state) {
        static const struct {
                const char *verb, *keep, *says;
        } cases[] = {
                {"test.no_such", NULL, "no such verb"},
                {"test.vacuum", "1M", "keep"},
                {"test.vacuum", "lots", "keep"},
                {"test.delete", NULL, "destructive"},
                {"test.slow", "1M", "keep"},
        };
        struct fixture *fixture = *state;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct wire_action_finished *finished = act(fixture, run, cases[i].verb, cases[i].keep);
                assert_int_equal(finished->status, WIRE_DENIED);
                assert_int_equal(finished->action, 0);
                assert_non_null(strstr(finished->text, cases[i].says));
        }
        assert_int_equal(marks(), 0);
        assert_int_equal(recorded(fixture, "action-intent"), 0);
        assert_int_equal(recorded(fixture, "action-denied"), 5);
}

static void a_run_that_never_was_or_has_ended_gets_nothing(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident;

        hello(fixture);
        assert_int_equal(act(fixture, 77, "test.vacuum", NULL)->status, WIRE_DENIED);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        end_run(fixture, run);
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_DENIED);
        assert_int_equal(begin_run(fixture, "vacuum", incident + 1, false, &run), WIRE_REFUSED);
        assert_int_equal(begin_run(fixture, "no-such", incident, false, &run), WIRE_REFUSED);
        assert_int_equal(begin_run(fixture, "off", incident, false, &run), WIRE_OFF);
        assert_int_equal(marks(), 0);
}

static void a_run_may_ask_only_so_often(void **state) {
        struct fixture *fixture = *state;
        const struct wire_action_finished *finished = NULL;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "first", incident, false, &run);
        for (unsigned i = 0; i < WIRE_ACTIONS_PER_RUN; i++)
                assert_int_equal(act(fixture, run, "disk.free_ballast", NULL)->status, WIRE_NOTHING);
        finished = act(fixture, run, "disk.free_ballast", NULL);
        assert_int_equal(finished->status, WIRE_DENIED);
        assert_non_null(strstr(finished->text, "1000"));
        /* Many answers, two different ones: two records. */
        assert_int_equal(recorded(fixture, "action-denied"), 2);
}

static void two_at_once_in_one_run_are_one_too_many(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        ask(fixture, run, "test.slow", NULL);
        assert_int_equal(act(fixture, run, "test.slow", NULL)->status, WIRE_DENIED);
        assert_int_equal(hear(fixture, WIRE_ACTION_FINISHED)->action_finished.status, WIRE_DONE);
        assert_int_equal(marks(), 1);
}

static void the_verbs_budget_holds_over_runs(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        for (int i = 0; i < 3; i++)
                assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_DONE);
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_DENIED);
        assert_int_equal(marks(), 3);
}

static void the_playbooks_budget_ends_in_spent(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        /* Runs without an action cost nothing. */
        for (int i = 0; i < 5; i++) {
                assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
                end_run(fixture, run);
        }
        for (int i = 0; i < 3; i++) {
                assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
                assert_int_equal(act(fixture, run, "test.slow", NULL)->status, WIRE_DONE);
                end_run(fixture, run);
        }
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_SPENT);
        assert_int_equal(begin_run(fixture, "vacuum", incident, true, &run), WIRE_GO);
}

static void in_observe_the_same_is_decided_and_nothing_is_touched(void **state) {
        struct fixture *fixture = *state;
        const struct wire_action_finished *finished;
        uint64_t run, incident;

        configure(fixture, observe);
        hello(fixture);
        incident = open_incident(fixture);
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
        for (int i = 0; i < 3; i++) {
                finished = act(fixture, run, "test.vacuum", NULL);
                assert_int_equal(finished->status, WIRE_WOULD_HAVE);
                assert_int_equal(finished->action, i + 1);
                assert_int_equal(fixture->got[1].type, WIRE_ACTION_STARTED);
                assert_true(fixture->got[1].action_started.observe);
        }
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_DENIED);
        end_run(fixture, run);
        assert_int_equal(marks(), 0);
        assert_int_equal(recorded(fixture, "action-intent"), 0);
        assert_int_equal(recorded(fixture, "action-would-have"), 3);
        assert_int_equal(ledger_playbook(book_ledger(fixture->book), "vacuum")->would_have_run, 1);
}

static void mode_lowered_while_a_child_checks_keeps_it_from_acting(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        ask(fixture, run, "test.vacuum", NULL);
        say(fixture,
                &(struct wire_message){.type = WIRE_LOWER,
                        .lower = {.serial = 9, .kind = WIRE_LOWER_OBSERVE, .who = "joe"}});
        assert_true(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        assert_int_equal(desk_mode(fixture->desk), CONFIG_MODE_OBSERVE);
        /* It either was done before the order came, or not at all. */
        while (desk_actions(fixture->desk) > 0)
                run_for(fixture->loop, 10 * USEC_PER_MSEC);
        assert_int_equal(recorded(fixture, "action-intent"), marks());
        assert_int_equal(recorded(fixture, "action-would-have"), 1 - marks());
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_WOULD_HAVE);
}

static void gentler_steps_are_spent_only_when_they_had_their_turn(void **state) {
        struct fixture *fixture = *state;
        char expected[64];
        struct wanted wanted = {.event = "action-would-have"};
        uint64_t run, first, incident;

        desk_set_mode(fixture->desk, CONFIG_MODE_OBSERVE, "test");
        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "first", incident, false, &first);
        begin_run(fixture, "vacuum", incident, false, &run);
        act(fixture, run, "test.vacuum", NULL);
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        snprintf(expected, sizeof(expected), "gentler=0 floor=%llu", (unsigned long long)USEC_PER_DAY);
        assert_string_equal(wanted.text, expected);
        act(fixture, first, "disk.free_ballast", NULL);
        act(fixture, run, "test.vacuum", NULL);
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        expected[8] = '1';
        assert_string_equal(wanted.text, expected);
}

static void assert_gentler(struct fixture *fixture, uint64_t run, char spent) {
        struct wanted wanted = {.event = "action-would-have"};

        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_WOULD_HAVE);
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.text[strlen("gentler=")], spent);
}

static void a_refused_request_is_nobodys_turn(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, first, incident;

        desk_set_mode(fixture->desk, CONFIG_MODE_OBSERVE, "test");
        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        begin_run(fixture, "first", incident, false, &first);
        assert_int_equal(act(fixture, first, "disk.free_ballast", "1M")->status, WIRE_DENIED);
        assert_gentler(fixture, run, '0');
        end_run(fixture, first);
        begin_run(fixture, "first", incident, true, &first);
        assert_int_equal(act(fixture, first, "disk.free_ballast", NULL)->status, WIRE_NOTHING);
        end_run(fixture, first);
        begin_run(fixture, "first", incident, false, &first);
        assert_gentler(fixture, run, '0');
        assert_int_equal(act(fixture, first, "disk.free_ballast", NULL)->status, WIRE_NOTHING);
        assert_gentler(fixture, run, '1');
}

static void a_run_may_use_only_what_its_playbook_names(void **state) {
        struct fixture *fixture = *state;
        const struct wire_action_finished *finished;
        uint64_t run;

        /* The playbook that uses it is switched off; a run of another must not be the way around that. */
        configure(fixture,
                "mode\tt\tenforce\n" PLAYBOOK("first", "enforce", "act test.slow")
                        PLAYBOOK("vacuum", "off", "-- test.vacuum"));
        hello(fixture);
        begin_run(fixture, "first", open_incident(fixture), false, &run);
        finished = act(fixture, run, "test.vacuum", NULL);
        assert_int_equal(finished->status, WIRE_DENIED);
        assert_string_equal(finished->text, "the text of its playbook does not name this verb");
        assert_int_equal(marks(), 0);
        assert_int_equal(act(fixture, run, "test.slow", NULL)->status, WIRE_DONE);
}

static void a_playbook_that_cannot_come_is_not_waited_for(void **state) {
        struct fixture *fixture = *state;
        struct book_entry entry = book_entry_new("quarantined");
        uint64_t run, incident;

        desk_set_mode(fixture->desk, CONFIG_MODE_OBSERVE, "test");
        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        assert_gentler(fixture, run, '0');
        book_text(&entry, "playbook", "first");
        book_write(fixture->book, &entry);
        assert_gentler(fixture, run, '1');
        entry = book_entry_new("unquarantined");
        book_text(&entry, "playbook", "first");
        book_write(fixture->book, &entry);
        assert_false(ledger_playbook(book_ledger(fixture->book), "first")->quarantined);
        /* Three runs a day. */
        for (int i = 0; i < 3; i++) {
                entry = book_entry_new("run-ended");
                book_text(&entry, "playbook", "first");
                book_text(&entry, "acted", "observed");
                book_write(fixture->book, &entry);
        }
        assert_gentler(fixture, run, '1');
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(an_incident_is_healed_and_everything_is_on_record),
                TEST(bad_requests_are_denied_with_a_reason_and_touch_nothing),
                TEST(a_run_that_never_was_or_has_ended_gets_nothing),
                TEST(a_run_may_ask_only_so_often),
                TEST(two_at_once_in_one_run_are_one_too_many),
                TEST(the_verbs_budget_holds_over_runs),
                TEST(the_playbooks_budget_ends_in_spent),
                TEST(in_observe_the_same_is_decided_and_nothing_is_touched),
                TEST(mode_lowered_while_a_child_checks_keeps_it_from_acting),
                TEST(gentler_steps_are_spent_only_when_they_had_their_turn),
                TEST(a_refused_request_is_nobodys_turn),
                TEST(a_run_may_use_only_what_its_playbook_names),
                TEST(a_playbook_that_cannot_come_is_not_waited_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
