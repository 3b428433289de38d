/* SPDX-License-Identifier: MIT */
/* test_desk_life - watchers come, go, misbehave and order; people are called */
#include "desk_support.h"

static void a_watcher_that_dies_leaves_its_action_at_work_and_its_run_interrupted(void **state) {
        struct fixture *fixture = *state;
        const struct wire_message *message;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        ask(fixture, run, "test.slow", NULL);
        hear(fixture, WIRE_ACTION_STARTED);
        disconnect_watcher(fixture);
        assert_int_equal(book_ledger(fixture->book)->n_runs, 0);
        assert_int_equal(ledger_playbook(book_ledger(fixture->book), "vacuum")->acted.n, 1);
        connect_watcher(fixture);
        say(fixture, &(struct wire_message){.type = WIRE_HELLO, .hello = {.pid = 2}});
        message = hear(fixture, WIRE_WELCOME_END);
        assert_int_equal(message->welcome_end.actions_running, 1);
        message = hear(fixture, WIRE_ACTION_FINISHED);
        assert_int_equal(message->action_finished.status, WIRE_DONE);
        assert_int_equal(message->action_finished.serial, 0);
        assert_int_equal(marks(), 1);
        assert_int_equal(act(fixture, run, "test.slow", NULL)->status, WIRE_DENIED);
}

static void a_new_watcher_is_told_what_was(void **state) {
        struct fixture *fixture = *state;
        size_t welcome = 0, past = 0, playbooks = 0;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        act(fixture, run, "test.vacuum", NULL);
        disconnect_watcher(fixture);
        connect_watcher(fixture);
        fixture->n_got = 0;
        hello(fixture);
        for (size_t i = 0; i < fixture->n_got; i++) {
                const struct wire_message *message = &fixture->got[i];
                if (message->type == WIRE_WELCOME) {
                        welcome++;
                        assert_int_equal(message->welcome.incident, incident);
                        assert_string_equal(message->welcome.incident_title, "disk");
                } else if (message->type == WIRE_PAST_ACTION) {
                        past++;
                        assert_string_equal(message->past_action.verb, "test.vacuum");
                        assert_int_equal(message->past_action.status, WIRE_DONE);
                } else if (message->type == WIRE_PLAYBOOK_STATE)
                        playbooks++;
        }
        assert_int_equal(welcome, 1);
        assert_int_equal(past, 1);
        assert_int_equal(playbooks, 4);
        /* Its second opening of the same trouble joins the open incident. */
        assert_int_equal(open_incident(fixture), incident);
        assert_int_equal(recorded(fixture, "incident-opened"), 1);
}

/* The incident that it was for. */
static uint64_t end_in_the_middle_of(struct fixture *fixture, const char *verb) {
        struct book_entry entry = book_entry_new("action-intent");
        uint64_t incident;

        hello(fixture);
        incident = open_incident(fixture);
        book_number(&entry, "action", 1);
        book_number(&entry, "incident", incident);
        book_text(&entry, "verb", verb);
        book_text(&entry, "playbook", "vacuum");
        assert_int_equal(book_write(fixture->book, &entry), 0);
        disconnect_watcher(fixture);
        return incident;
}

static void an_unknown_outcome_is_told_once_and_not_repeated_unasked(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident = end_in_the_middle_of(fixture, "test.vacuum");

        for (int i = 0; i < 2; i++) { /* two starts after the crash */
                close_desk(fixture);
                open_desk(fixture);
                desk_set_config(fixture->desk, fixture->config, 1);
                desk_recover(fixture->desk);
        }
        assert_int_equal(recorded(fixture, "action-unknown"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 1);
        connect_watcher(fixture);
        hello(fixture);
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_DENIED);
        end_run(fixture, run);
        /* "By hand" is only what the watcher says; root's own word at our socket is another thing. */
        assert_int_equal(begin_run(fixture, "vacuum", 0, false, &run), WIRE_GO);
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_DENIED);
        end_run(fixture, run);
        assert_int_equal(desk_run_by_root(fixture->desk, "vacuum", false, NULL), 0);
        assert_int_equal(begin_run(fixture, "vacuum", 0, false, &run), WIRE_GO);
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_DONE);
        assert_int_equal(marks(), 1);
}

static void nobody_is_called_for_a_probe_that_never_ended(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident = end_in_the_middle_of(fixture, "test.probe");

        close_desk(fixture);
        open_desk(fixture);
        desk_set_config(fixture->desk, fixture->config, 1);
        desk_recover(fixture->desk);
        assert_int_equal(recorded(fixture, "action-unknown"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 0);
        connect_watcher(fixture);
        hello(fixture);
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
        assert_int_equal(act(fixture, run, "test.probe", NULL)->status, WIRE_DONE);
}

static void two_crashes_in_its_lua_quarantine_a_playbook_until_its_file_changes(void **state) {
        struct fixture *fixture = *state;
        struct problem problem;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        desk_watcher_died(fixture->desk, "signal 11", "lua", "no-such-playbook");
        desk_watcher_died(fixture->desk, "signal 11", "lua", "vacuum");
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
        end_run(fixture, run);
        desk_watcher_died(fixture->desk, "no sign of life", "lua", "vacuum");
        hear(fixture, WIRE_PLAYBOOK_STATE);
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_QUARANTINED);
        desk_review_quarantine(fixture->desk);
        assert_true(ledger_playbook(book_ledger(fixture->book), "vacuum")->quarantined);
        configure(fixture, "mode\tt\tenforce\n" PLAYBOOK("vacuum", "enforce", "-- another one"));
        desk_review_quarantine(fixture->desk);
        assert_false(ledger_playbook(book_ledger(fixture->book), "vacuum")->quarantined);
        assert_int_equal(desk_unquarantine(fixture->desk, "vacuum", "root", &problem), -EINVAL);
        assert_string_equal(problem.text, "playbook vacuum is not in quarantine");
        assert_int_equal(desk_unquarantine(fixture->desk, "vacum", "root", &problem), -EINVAL);
        assert_string_equal(problem.text, "there is no playbook 'vacum', did you mean 'vacuum'?");
        assert_null(ledger_playbook(book_ledger(fixture->book), "no-such-playbook"));
}

static void a_watcher_without_manners_is_ended(void **state) {
        struct fixture *fixture = *state;

        say(fixture, &(struct wire_message){.type = WIRE_HEARTBEAT});
        wait_until_stopped(fixture->loop, 10);
        assert_string_equal(fixture->ended, "it spoke before its hello");
        hello(fixture);
        say(fixture, &(struct wire_message){.type = WIRE_HELLO});
        wait_until_stopped(fixture->loop, 10);
        assert_string_equal(fixture->ended, "it said hello twice");
}

static void a_flood_ends_the_channel_and_leaves_the_record_readable(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident, before;
        struct wire_message message = {
                .type = WIRE_ACTION_REQUEST, .action_request = {.verb = "test.vacuum"}};

        hello(fixture);
        incident = open_incident(fixture);
        begin_run(fixture, "vacuum", incident, false, &run);
        before = book_ledger(fixture->book)->next_number;
        for (uint64_t i = 0; i < UINT64_C(4) * DESK_RATE && fixture->theirs; i++) {
                message.action_request.serial = i;
                message.action_request.run = 1000 + i;
                snprintf(message.action_request.verb, sizeof(message.action_request.verb), "no.verb%d",
                        (int)i);
                if (channel_send(fixture->theirs, &message) < 0)
                        break;
        }
        wait_until_stopped(fixture->loop, 20);
        assert_true(fixture->closed);
        assert_in_range(book_ledger(fixture->book)->next_number - before, 1, 100);
        assert_int_equal(marks(), 0);
        assert_int_equal(recorded(fixture, "incident-opened"), 1);
}

static void people_are_called_once_an_incident_and_once_an_hour(void **state) {
        struct fixture *fixture = *state;
        struct wire_message message = {
                .type = WIRE_ESCALATE, .escalate = {.reason = "not-cleared", .text = "it does not help"}};

        hello(fixture);
        message.escalate.incident = open_incident(fixture);
        for (int i = 0; i < 20; i++)
                say(fixture, &message);
        message.escalate.incident = 99;
        say(fixture, &message);
        message.escalate.incident = 0;
        for (int i = 0; i < 20; i++) {
                snprintf(message.escalate.reason, sizeof(message.escalate.reason), "made-up-%d", i);
                say(fixture, &message);
        }
        run_for(fixture->loop, 200 * USEC_PER_MSEC);
        assert_int_equal(recorded(fixture, "escalated"), 2);
        assert_true(book_ledger(fixture->book)->incident.escalated);
}

/* As after a crash of the executor. */
static void restart(struct fixture *fixture) {
        if (fixture->theirs)
                disconnect_watcher(fixture);
        close_desk(fixture);
        open_desk(fixture);
        desk_set_config(fixture->desk, fixture->config, 1);
}

/* The calls so far were made so much earlier. */
static void let_calls_age(struct fixture *fixture, uint64_t usec) {
        struct ledger *ledger = book_ledger(fixture->book);

        for (size_t i = 0; i < ledger->n_escalations; i++)
                ledger->escalations[i].at_usec -= usec;
}

static void close_incident(struct fixture *fixture, uint64_t incident) {
        say(fixture,
                &(struct wire_message){.type = WIRE_INCIDENT_CLOSE,
                        .incident_close = {.incident = incident, .text = "over"}});
}

static void another_condition_of_an_incident_calls_again_and_the_same_one_does_not(void **state) {
        static const char *const conditions[] = {"", "disk-space-high_x", "disk-space-critical_y"};
        struct wire_message message = {.type = WIRE_ESCALATE, .escalate = {.text = "it does not help"}};
        struct fixture *fixture = *state;

        hello(fixture);
        message.escalate.incident = open_incident(fixture);
        for (size_t i = 0; i < 9; i++) {
                strcpy(message.escalate.condition, conditions[i / 3]);
                strcpy(message.escalate.reason, i % 2 ? "spent" : "not-cleared");
                say(fixture, &message);
        }
        run_for(fixture->loop, 100 * USEC_PER_MSEC);
        assert_int_equal(recorded(fixture, "escalated"), 2);
        assert_string_equal(book_ledger(fixture->book)->escalations[0].condition, "disk-space-high_x");
        assert_string_equal(book_ledger(fixture->book)->escalations[1].condition, "disk-space-critical_y");
        /* Nor later. */
        let_calls_age(fixture, 2 * USEC_PER_HOUR);
        say(fixture, &message);
        run_for(fixture->loop, 100 * USEC_PER_MSEC);
        assert_int_equal(recorded(fixture, "escalated"), 2);
}

static void all_calls_are_within_a_limit_that_a_restart_does_not_refill(void **state) {
        struct wanted wanted = {.event = "escalated"};
        struct fixture *fixture = *state;
        char condition[32];

        for (int i = 0; i < 200; i++) {
                snprintf(condition, sizeof(condition), "made-up-%d", i);
                desk_escalate(fixture->desk, 0, "error", condition, "help");
        }
        assert_int_equal(recorded(fixture, "escalated"), 3);
        assert_int_equal(recorded(fixture, "notified"), 0);
        restart(fixture);
        desk_escalate(fixture->desk, 0, "error", "another", "help");
        desk_escalate(fixture->desk, 0, "error", "one more", "help");
        assert_int_equal(recorded(fixture, "escalated"), 3);
        let_calls_age(fixture, 16 * USEC_PER_MINUTE);
        desk_escalate(fixture->desk, 0, "error", "later", "help");
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 4);
        assert_non_null(strstr(wanted.text, "help Calls held back since "));
        desk_escalate(fixture->desk, 0, "error", "too soon", "help");
        assert_int_equal(recorded(fixture, "escalated"), 4);
        /* What a clock that was set back left in the future silences nobody. */
        let_calls_age(fixture, (uint64_t)0 - USEC_PER_DAY);
        desk_escalate(fixture->desk, 0, "error", "again", "help");
        assert_int_equal(recorded(fixture, "escalated"), 5);
}

static void a_condition_that_flaps_is_one_incident_and_calls_once(void **state) {
        struct wire_message message = {.type = WIRE_ESCALATE,
                .escalate = {.reason = "not-cleared", .condition = "disk-space-high_x", .text = "help"}};
        struct fixture *fixture = *state;
        struct ledger *ledger = book_ledger(fixture->book);
        uint64_t since;

        hello(fixture);
        for (int i = 0; i < 8; i++) {
                assert_int_equal(open_incident(fixture), 1);
                message.escalate.incident = 1;
                say(fixture, &message);
                if (i == 0)
                        since = ledger->incident.since_usec;
                assert_int_equal(fixture->heard.incident_reply.since_usec, since);
                close_incident(fixture, 1);
        }
        run_for(fixture->loop, 100 * USEC_PER_MSEC);
        assert_int_equal(ledger->n_past, 1);
        assert_int_equal(recorded(fixture, "escalated"), 1);
        restart(fixture);
        ledger = book_ledger(fixture->book);
        assert_int_equal(ledger->n_past, 1);
        assert_int_equal(ledger->past[0].since_usec, since);
        assert_true(ledger->past[0].escalated);
        connect_watcher(fixture);
        hello(fixture);
        ledger->past[0].closed_usec -= 10 * USEC_PER_MINUTE;
        assert_int_equal(open_incident(fixture), 2);
        /* It is the same trouble all the same: within the hour people know. */
        message.escalate.incident = 2;
        say(fixture, &message);
        run_for(fixture->loop, 100 * USEC_PER_MSEC);
        assert_int_equal(recorded(fixture, "escalated"), 1);
}

static void a_watcher_that_dies_five_times_calls_people_once_an_hour(void **state) {
        struct wanted wanted = {.event = "escalated"};
        struct fixture *fixture = *state;

        for (int i = 0; i < 4; i++)
                desk_watcher_died(fixture->desk, "signal 11", "none", "");
        assert_int_equal(recorded(fixture, "escalated"), 0);
        for (int i = 0; i < 20; i++)
                desk_watcher_died(fixture->desk, "signal 11", "none", "");
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 1);
        assert_non_null(strstr(wanted.text, "died 5 times within 10 minutes, last: signal 11"));
        let_calls_age(fixture, USEC_PER_HOUR);
        for (int i = 0; i < 20; i++)
                desk_watcher_died(fixture->desk, "signal 11", "none", "");
        assert_int_equal(recorded(fixture, "escalated"), 2);
}

static void a_watcher_that_is_started_anew_at_its_wish_is_recorded_and_counts_as_no_death(void **state) {
        struct fixture *fixture = *state;

        for (int i = 0; i < 4; i++)
                desk_watcher_died(fixture->desk, "signal 11", "none", "");
        for (int i = 0; i < 20; i++)
                desk_watcher_died(fixture->desk, "it asked for that", "restarting", "");
        assert_int_equal(recorded(fixture, "watcher-restarted"), 24);
        assert_int_equal(recorded(fixture, "escalated"), 0);
        desk_watcher_died(fixture->desk, "signal 11", "none", "");
        assert_int_equal(recorded(fixture, "escalated"), 1);
}

static void runs_that_begin_again_and_again_without_acting_come_to_an_end(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        for (int i = 0; i < 9; i++) { /* three times the budget */
                assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
                disconnect_watcher(fixture);
                if (i == 4)
                        restart(fixture);
                connect_watcher(fixture);
                hello(fixture);
        }
        for (int i = 0; i < 3; i++)
                assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_SPENT);
        assert_int_equal(recorded(fixture, "run-begun"), 9);
        /* Refused beginnings are none, and another playbook has its own. */
        assert_int_equal(ledger_playbook(book_ledger(fixture->book), "vacuum")->begun.n, 9);
        assert_int_equal(begin_run(fixture, "first", incident, false, &run), WIRE_GO);
}

static void the_bus_may_ask_for_a_few_reloads(void **state) {
        struct fixture *fixture = *state;
        struct wire_message message = {
                .type = WIRE_LOWER, .lower = {.serial = 9, .kind = WIRE_LOWER_RELOAD, .who = "joe"}};

        hello(fixture);
        for (int i = 0; i < 200; i++)
                say(fixture, &message);
        assert_non_null(strstr(
                hear(fixture, WIRE_LOWER_REPLY)->lower_reply.text, "too many reloads, try again in 4m"));
        run_for(fixture->loop, 100 * USEC_PER_MSEC);
        assert_false(fixture->heard.lower_reply.ok);
        assert_int_equal(fixture->reloads, 6);
}

static void the_bus_can_lower_and_not_raise(void **state) {
        struct fixture *fixture = *state;
        struct wire_message message = {
                .type = WIRE_LOWER, .lower = {.serial = 9, .kind = WIRE_LOWER_MAINTENANCE, .who = "joe"}};
        uint64_t run, incident;
        struct problem problem;

        hello(fixture);
        incident = open_incident(fixture);
        message.lower.usec = USEC_PER_HOUR;
        say(fixture, &message);
        assert_true(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_MAINTENANCE);
        message.lower.usec = 0;
        say(fixture, &message);
        assert_false(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        message.lower.usec = USEC_PER_MINUTE;
        say(fixture, &message);
        assert_false(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        message.lower.usec = 2 * USEC_PER_HOUR;
        say(fixture, &message);
        assert_true(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        message.lower.usec = UINT64_MAX;
        say(fixture, &message);
        assert_false(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        assert_int_equal(desk_set_maintenance(fixture->desk, 0, "root", true, &problem), 0);
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
        message.lower.kind = WIRE_LOWER_RELOAD;
        say(fixture, &message);
        run_for(fixture->loop, 50 * USEC_PER_MSEC);
        assert_int_equal(fixture->reloads, 1);
}

static void root_passes_the_cool_down_and_the_watcher_does_not(void **state) {
        struct fixture *fixture = *state;
        struct problem problem;
        uint64_t run;

        configure(fixture,
                "mode\tt\tenforce\nplaybooks.vacuum.cooldown\tt\t1h\nplaybooks.vacuum.file\tt\tx\n"
                "playbooks.vacuum.per\tt\t1d\nplaybooks.vacuum.runs\tt\t9\nplaybooks.vacuum.source\tt\t-- "
                "test.slow\n");
        hello(fixture);
        begin_run(fixture, "vacuum", 0, false, &run);
        act(fixture, run, "test.slow", NULL);
        end_run(fixture, run);
        assert_int_equal(begin_run(fixture, "vacuum", 0, false, &run), WIRE_COOLDOWN);
        assert_int_equal(desk_run_by_root(fixture->desk, "no-such", false, &problem), -EINVAL);
        assert_int_equal(desk_run_by_root(fixture->desk, "vacuum", false, &problem), 0);
        assert_string_equal(hear(fixture, WIRE_RUN_PLAYBOOK)->run_playbook.playbook, "vacuum");
        assert_int_equal(begin_run(fixture, "vacuum", 0, false, &run), WIRE_GO);
        act(fixture, run, "test.slow", NULL);
        end_run(fixture, run);
        /* The order was for one run. */
        assert_int_equal(begin_run(fixture, "vacuum", 0, false, &run), WIRE_COOLDOWN);
}

static int fd_of(const char *path) {
        char link[64], target[PATH_MAX];

        for (int fd = 3; fd < 256; fd++) {
                ssize_t n;
                snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
                n = readlink(link, target, sizeof(target) - 1);
                if (n > 0 && (target[n] = '\0', strcmp(target, path) == 0))
                        return fd;
        }
        return -1;
}

static void a_disk_that_is_full_is_tried_again_and_everybody_is_told(void **state) {
        struct fixture *fixture = *state;
        char path[PATH_MAX + 16];
        int fd, kept, full = open("/dev/full", O_RDWR | O_CLOEXEC);
        size_t before;

        hello(fixture);
        snprintf(path, sizeof(path), "%s/recorder", fixture->path);
        fd = fd_of(path);
        kept = dup(fd);
        assert_true(fd >= 0 && kept >= 0 && full >= 0);
        assert_int_equal(dup2(full, fd), fd);
        close(full);
        open_incident(fixture);
        /* Here both directories are the same one, so there is no mirror. */
        assert_int_equal(recorder_place(book_recorder(fixture->book)), STATE_NOWHERE);
        say(fixture, &(struct wire_message){.type = WIRE_HEARTBEAT, .heartbeat = {.status = "idle"}});
        assert_true(hear(fixture, WIRE_STATE)->state.degraded);
        assert_non_null(strstr(fixture->heard.state.text, "No space left"));
        assert_int_equal(dup2(kept, fd), fd);
        close(kept);
        assert_false(hear(fixture, WIRE_STATE)->state.degraded);
        assert_int_equal(recorder_place(book_recorder(fixture->book)), STATE_DURABLE);
        before = recorded(fixture, "incident-note");
        say(fixture,
                &(struct wire_message){.type = WIRE_INCIDENT_NOTE,
                        .incident_note = {.incident = book_ledger(fixture->book)->incident.id,
                                .kind = "diagnosis",
                                .text = "it is over"}});
        run_for(fixture->loop, 200 * USEC_PER_MSEC);
        assert_int_equal(recorded(fixture, "incident-note"), before + 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_disk_that_is_full_is_tried_again_and_everybody_is_told),
                TEST(a_watcher_that_dies_leaves_its_action_at_work_and_its_run_interrupted),
                TEST(a_new_watcher_is_told_what_was),
                TEST(an_unknown_outcome_is_told_once_and_not_repeated_unasked),
                TEST(nobody_is_called_for_a_probe_that_never_ended),
                TEST(two_crashes_in_its_lua_quarantine_a_playbook_until_its_file_changes),
                TEST(a_watcher_without_manners_is_ended),
                TEST(a_flood_ends_the_channel_and_leaves_the_record_readable),
                TEST(people_are_called_once_an_incident_and_once_an_hour),
                TEST(another_condition_of_an_incident_calls_again_and_the_same_one_does_not),
                TEST(all_calls_are_within_a_limit_that_a_restart_does_not_refill),
                TEST(a_condition_that_flaps_is_one_incident_and_calls_once),
                TEST(a_watcher_that_dies_five_times_calls_people_once_an_hour),
                TEST(a_watcher_that_is_started_anew_at_its_wish_is_recorded_and_counts_as_no_death),
                TEST(runs_that_begin_again_and_again_without_acting_come_to_an_end),
                TEST(the_bus_may_ask_for_a_few_reloads),
                TEST(the_bus_can_lower_and_not_raise),
                TEST(root_passes_the_cool_down_and_the_watcher_does_not),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
