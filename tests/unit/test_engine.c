/* SPDX-License-Identifier: MIT */
/* test_engine - whole incidents from the first reading to the closing sentence */
#include "engine_support.h"

static void nothing_starts_before_the_welcome_ended(void **state) {
        struct fixture *fixture = *state;

        stay_at(fixture, 0.99, 3600);
        assert_int_equal(fixture->fake.n_trace, 0);
        welcome(fixture);
        advance(fixture, 1);
        assert_string_equal(fixture->fake.trace[0], "open disk-space-critical_/var/log");
}

static void whole_incident_is_healed_by_ballast_then_vacuum(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        stay_at(fixture, 0.5, 10);
        fixture->after_ballast = 0.93;
        fixture->after_vacuum = 0.4;
        stay_at(fixture, 0.96, 300);
        expect_trace(fixture,
                (const char *const[]){
                        "open disk-space-critical_/var/log",
                        "diagnosis /var/log is 96.0 % used",
                        "run free-ballast",
                        "act free-ballast",
                        "condition disk-space-high_/var/log",
                        "diagnosis /var/log is 93.0 % used",
                        "end free-ballast not-cleared",
                        "run vacuum-journal",
                        "act vacuum-journal",
                        "note disk-space-critical_/var/log cleared",
                        "end vacuum-journal cleared",
                        "run rebuild-ballast",
                        "act rebuild-ballast",
                        "end rebuild-ballast cleared",
                        "note disk-space-high_/var/log cleared",
                        "close over after 2m 1s: 3 actions freed 2M",
                        NULL,
                });
        assert_string_equal(engine_state_name(fixture->engine), "ok");
        assert_int_equal(fixture->events[ENGINE_INCIDENT_ADDED], 1);
        assert_int_equal(fixture->events[ENGINE_INCIDENT_CLOSED], 1);
        assert_int_equal(fixture->events[ENGINE_ACTION_STARTED], 3);
        assert_int_equal(fixture->events[ENGINE_ACTION_FINISHED], 3);
        assert_int_equal(fixture->events[ENGINE_RUN_ADDED], 3);
        assert_int_equal(fixture->events[ENGINE_RUN_REMOVED], 3);
        assert_int_equal(fixture->released, 3);
        assert_null(engine_open_incident(fixture->engine));
        assert_int_equal(engine_incident(fixture->engine, 0)->n_actions, 3);
        assert_int_equal(engine_playbook(fixture->engine, 2)->runs, 1);
}

static void warning_that_heals_does_not_touch_the_ballast(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        fixture->after_vacuum = 0.4;
        stay_at(fixture, 0.9, 60);
        expect_trace(fixture,
                (const char *const[]){
                        "open disk-space-high_/var/log",
                        "diagnosis /var/log is 90.0 % used",
                        "run vacuum-journal",
                        "act vacuum-journal",
                        "note disk-space-high_/var/log cleared",
                        "end vacuum-journal cleared",
                        "close over after 1s",
                        NULL,
                });
        assert_int_equal(engine_playbook(fixture->engine, 2)->state, PLAYBOOK_COOLDOWN);
        advance(fixture, 15 * 60);
        assert_int_equal(engine_playbook(fixture->engine, 2)->state, PLAYBOOK_IDLE);
}

static void what_turns_critical_does_not_wait_for_a_warning_to_clear(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        fixture->after_vacuum = 0.88;
        stay_at(fixture, 0.9, 5);
        expect_count(fixture, "act vacuum-journal", 1);
        expect_count(fixture, "end ", 0);
        /* Another file system is no reason. */
        set_used_of(fixture, "/var/spool", 0.96);
        advance(fixture, 1);
        expect_count(fixture, "end vacuum-journal", 0);
        stay_at(fixture, 0.96, 1);
        expect_count(fixture, "end vacuum-journal not-cleared", 1);
        expect_count(fixture, "act free-ballast", 1);
}

static void missing_in_the_middle_neither_ends_nor_starts_anything(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        stay_at(fixture, 0.90, 5);
        expect_count(fixture, "run ", 1);
        stay_at(fixture, NAN, 300);
        expect_count(fixture, "end vacuum-journal not-cleared", 1);
        expect_count(fixture, "close ", 0);
        assert_string_equal(engine_state_name(fixture->engine), "incident");
        stay_at(fixture, 0.5, 5);
        expect_count(fixture, "close ", 1);
        expect_count(fixture, "run ", 1);
}

static void missing_while_verifying_is_not_clear(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        stay_at(fixture, 0.90, 5);
        stay_at(fixture, NAN, 60);
        expect_count(fixture, "end ", 0);
        stay_at(fixture, 0.5, 2);
        expect_count(fixture, "end vacuum-journal cleared", 1);
}

static void withdrawn_file_system_lets_the_incident_end(void **state) {
        struct fixture *fixture = *state;
        struct reading_label label = {.name = "path", .value = LOG};

        welcome(fixture);
        fixture->verdict = WIRE_REFUSED;
        stay_at(fixture, 0.90, 10);
        board_remove(fixture->board, "disk_used_ratio", &label, 1);
        advance(fixture, 1);
        expect_count(fixture, "note disk-space-high_/var/log is gone", 1);
        expect_count(fixture, "close ", 1);
}

static void cool_down_is_asked_again_when_it_is_over(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        fixture->verdict = WIRE_COOLDOWN;
        fixture->verdict_for_usec = 600 * USEC_PER_SEC;
        stay_at(fixture, 0.90, 500);
        expect_count(fixture, "run ", 1);
        assert_int_equal(engine_playbook(fixture->engine, 2)->state, PLAYBOOK_COOLDOWN);
        assert_string_equal(fixture->run_text, "refused");
        fixture->verdict = 0;
        fixture->after_vacuum = 0.4;
        advance(fixture, 110);
        expect_count(fixture, "run ", 2);
        expect_count(fixture, "close ", 1);
}

static void executor_that_never_says_until_when_is_not_asked_in_a_loop(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        fixture->verdict = WIRE_COOLDOWN;
        stay_at(fixture, 0.90, 600);
        assert_in_range(fake_executor_count(&fixture->fake, "run "), 9, 11);
}

static void observing_decides_as_in_earnest_and_repeats_nothing(void **state) {
        struct fixture *fixture = *state;

        fixture->fake.observe = true;
        welcome(fixture);
        stay_at(fixture, 0.96, 600);
        expect_trace(fixture,
                (const char *const[]){
                        "open disk-space-critical_/var/log",
                        "diagnosis /var/log is 96.0 % used",
                        "run free-ballast",
                        "act free-ballast",
                        "end free-ballast observed",
                        "run vacuum-journal",
                        "act vacuum-journal",
                        "end vacuum-journal observed",
                        "condition disk-space-high_/var/log",
                        NULL,
                });
        assert_int_equal(engine_playbook(fixture->engine, 2)->would_have_run, 1);
        assert_int_equal(engine_playbook(fixture->engine, 2)->runs, 0);
        assert_int_equal(engine_mode(fixture->engine), CONFIG_MODE_OBSERVE);
}

static void denied_action_hands_the_turn_on_without_waiting(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        set_used(fixture, 0.90);
        fixture->fake.act = NULL;
        advance(fixture, 2.05);
        /* The answer in place of the one under way: denied at once, no action number. */
        expect_count(fixture, "act vacuum-journal", 1);
        struct wire_message denied = {.type = WIRE_ACTION_FINISHED,
                .action_finished = {.serial = fixture->fake.last.action_request.serial,
                        .run = fixture->fake.last.action_request.run,
                        .status = WIRE_DENIED,
                        .text = "all files are younger than the floor"}};
        engine_receive(fixture->engine, &denied);
        advance(fixture, 1);
        expect_count(fixture, "end vacuum-journal refused", 1);
        /* Not repeated, nobody told while it is a warning; critical gives it another turn. */
        advance(fixture, 3600);
        expect_count(fixture, "run ", 1);
        expect_count(fixture, "escalate", 0);
        stay_at(fixture, 0.97, 300);
        expect_count(fixture, "run vacuum-journal", 2);
        expect_count(fixture, "escalate not-cleared", 1);
}

static void run_by_hand_is_one_at_a_time_and_names_the_nearest(void **state) {
        struct fixture *fixture = *state;
        struct problem problem;

        assert_null(engine_run_by_hand(fixture->engine, "vacuum-journal", false, &problem));
        welcome(fixture);
        stay_at(fixture, 0.1, 1);
        const struct run *run = engine_run_by_hand(fixture->engine, "vacuum-journal", false, &problem);
        assert_non_null(run);
        assert_string_equal(run->condition, "disk-space-high");
        assert_null(engine_run_by_hand(fixture->engine, "vacuum-journal", false, &problem));
        assert_string_equal(problem.text, "vacuum-journal is running");
        assert_null(engine_run_by_hand(fixture->engine, "vacum-journal", false, &problem));
        assert_string_equal(
                problem.text, "there is no playbook 'vacum-journal', did you mean 'vacuum-journal'?");
        advance(fixture, 1);
        expect_count(fixture, "run vacuum-journal by hand", 1);
        expect_count(fixture, "end vacuum-journal cleared", 1);
        assert_non_null(engine_run(fixture->engine, 0));
        assert_int_equal(engine_run(fixture->engine, 0)->state, RUN_ENDED);
        advance(fixture, 60);
        assert_null(engine_run(fixture->engine, 0));
        expect_count(fixture, "open", 0);
}

static void silent_executor_ends_the_run_and_not_the_engine(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        stay_at(fixture, 0.90, 2.003);
        fixture->fake.silent = true;
        advance(fixture, 0.002);
        assert_int_equal(fixture->fake.last.type, WIRE_ACTION_REQUEST);
        advance(fixture, 3600);
        assert_int_equal(fixture->released, 1);
}

static void stale_and_unknown_messages_change_nothing(void **state) {
        struct fixture *fixture = *state;
        struct wire_message messages[] = {
                {.type = WIRE_INCIDENT_REPLY, .incident_reply = {.serial = 77, .incident = 3}},
                {.type = WIRE_RUN_REPLY, .run_reply = {.serial = 77, .run = 3, .verdict = WIRE_GO}},
                {.type = WIRE_ACTION_FINISHED,
                        .action_finished = {.serial = 77, .run = 3, .action = 4, .incident = 9}},
                {.type = WIRE_ACTION_STARTED, .action_started = {.run = 3, .action = 4, .incident = 9}},
                {.type = WIRE_PAST_ACTION, .past_action = {.incident = 9}},
                {.type = WIRE_PLAYBOOK_STATE, .playbook_state = {.playbook = "nobody"}},
                {.type = WIRE_WELCOME_END},
                {.type = WIRE_HELLO},
                {.type = WIRE_RUN_PLAYBOOK, .run_playbook = {.playbook = "nobody"}},
        };

        welcome(fixture);
        for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
                engine_receive(fixture->engine, &messages[i]);
        advance(fixture, 60);
        assert_int_equal(fixture->fake.n_trace, 0);
        assert_string_equal(engine_state_name(fixture->engine), "ok");
}

static void start_says_what_it_waits_for(void **state) {
        struct fixture *fixture = *state;

        assert_string_equal(engine_state_text(fixture->engine), "starting: waiting for the executor");
        stay_at(fixture, 0.5, 1);
        assert_string_equal(engine_state_text(fixture->engine), "starting: waiting for the executor");
        set_used(fixture, NAN);
        welcome(fixture);
        assert_string_equal(engine_state_text(fixture->engine), "no condition has a reading");
        stay_at(fixture, 0.5, 1);
        assert_string_equal(engine_state_text(fixture->engine), "nothing is wrong");
}

static void past_incidents_are_shown_newest_first_and_bounded(void **state) {
        struct fixture *fixture = *state;
        struct wire_message past = {.type = WIRE_PAST_INCIDENT}, action = {.type = WIRE_PAST_ACTION};

        for (uint64_t i = 1; i <= 30; i++) {
                past.past_incident.incident = i;
                past.past_incident.closed_usec = i;
                engine_receive(fixture->engine, &past);
                action.past_action.incident = action.past_action.action = i;
                engine_receive(fixture->engine, &action);
        }
        welcome(fixture);
        assert_int_equal(engine_incident(fixture->engine, 0)->id, 30);
        assert_int_equal(engine_incident(fixture->engine, 0)->actions[0].action, 30);
        assert_int_equal(engine_incident(fixture->engine, INCIDENT_KEEP)->id, 30 - INCIDENT_KEEP);
        assert_null(engine_incident(fixture->engine, INCIDENT_KEEP + 1));
        assert_int_equal(fixture->events[ENGINE_INCIDENT_REMOVED], 30 - INCIDENT_KEEP - 1);
}

static void lowering_is_passed_on_and_answered_with_its_serial(void **state) {
        struct fixture *fixture = *state;
        uint64_t serial = 0;

        welcome(fixture);
        assert_int_equal(engine_lower(fixture->engine, WIRE_LOWER_OBSERVE, 0, 0, ":1.7", &serial), 0);
        assert_int_equal(serial, fixture->fake.last.lower.serial);
        advance(fixture, 1);
        assert_int_equal(fixture->events[ENGINE_LOWER_REPLY], 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(nothing_starts_before_the_welcome_ended),
                TEST(whole_incident_is_healed_by_ballast_then_vacuum),
                TEST(warning_that_heals_does_not_touch_the_ballast),
                TEST(what_turns_critical_does_not_wait_for_a_warning_to_clear),
                TEST(missing_in_the_middle_neither_ends_nor_starts_anything),
                TEST(missing_while_verifying_is_not_clear),
                TEST(withdrawn_file_system_lets_the_incident_end),
                TEST(cool_down_is_asked_again_when_it_is_over),
                TEST(executor_that_never_says_until_when_is_not_asked_in_a_loop),
                TEST(observing_decides_as_in_earnest_and_repeats_nothing),
                TEST(denied_action_hands_the_turn_on_without_waiting),
                TEST(run_by_hand_is_one_at_a_time_and_names_the_nearest),
                TEST(silent_executor_ends_the_run_and_not_the_engine),
                TEST(stale_and_unknown_messages_change_nothing),
                TEST(start_says_what_it_waits_for),
                TEST(past_incidents_are_shown_newest_first_and_bounded),
                TEST(lowering_is_passed_on_and_answered_with_its_serial),
        };

        return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
