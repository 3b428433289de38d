/* SPDX-License-Identifier: MIT */
/* test_engine_restart - a new watcher, and what it is told of the incident it finds */
#include "engine_support.h"

static void new_watcher_continues_the_open_incident(void **state) {
        struct fixture *fixture = *state;

        fake_executor_welcome(&fixture->fake, 7, "disk-space-high on /var/log",
                "disk-space-high_/var/log\ndisk-space-critical_/var/log\n", false);
        advance(fixture, 30);
        expect_count(fixture, "close ", 0);
        assert_int_equal(engine_open_incident(fixture->engine)->id, 7);
        fixture->after_vacuum = 0.4;
        stay_at(fixture, 0.90, 30);
        expect_count(fixture, "open ", 0);
        expect_count(fixture, "condition ", 0);
        expect_count(fixture, "run vacuum-journal", 1);
        expect_count(fixture, "close ", 1);
}

static void reopened_incident_is_listed_once_with_what_was_done_in_it(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        fixture->after_vacuum = 0.4;
        stay_at(fixture, 0.90, 30);
        assert_null(engine_open_incident(fixture->engine));
        expect_count(fixture, "close ", 1);
        const uint64_t first = engine_incident(fixture->engine, 0)->actions[0].action;
        fixture->fake.next_incident--;
        stay_at(fixture, 0.90, 2.05);
        const struct incident *open = engine_open_incident(fixture->engine);
        assert_non_null(open);
        assert_ptr_equal(engine_incident(fixture->engine, 0), open);
        assert_null(engine_incident(fixture->engine, 1));
        assert_true(open->n_actions >= 1);
        assert_int_equal(open->actions[0].action, first);
        assert_int_equal(open->closed_usec, 0);
}

static void inherited_condition_between_its_levels_holds_the_incident_open(void **state) {
        struct fixture *fixture = *state;

        fake_executor_welcome(
                &fixture->fake, 7, "disk-space-high on /var/log", "disk-space-high_/var/log\n", false);
        stay_at(fixture, 0.82, 3600);
        assert_int_equal(fixture->fake.n_trace, 0);
        stay_at(fixture, 0.79, 1);
        expect_count(fixture, "close ", 1);
}

static void condition_that_never_appears_again_is_given_up_after_a_minute(void **state) {
        struct fixture *fixture = *state;

        fake_executor_welcome(&fixture->fake, 7, "disk-space-high on /mnt", "disk-space-high_/mnt\n", false);
        stay_at(fixture, 0.1, 59);
        assert_int_equal(fixture->fake.n_trace, 0);
        advance(fixture, 2);
        expect_trace(fixture,
                (const char *const[]){"note disk-space-high_/mnt is gone and no longer part of this",
                        "close over after", NULL});
}

static void incident_of_which_nothing_is_known_is_given_a_minute(void **state) {
        struct fixture *fixture = *state;

        fake_executor_welcome(&fixture->fake, 7, "disk-space-high on /var/log", "", false);
        stay_at(fixture, 0.1, 59);
        expect_count(fixture, "close ", 0);
        advance(fixture, 2);
        expect_count(fixture, "close ", 1);
}

static void number_that_was_seen_before_is_shown_once(void **state) {
        struct fixture *fixture = *state;
        struct wire_message past = {
                .type = WIRE_PAST_INCIDENT, .past_incident = {.incident = 1, .closed_usec = 1}};

        engine_receive(fixture->engine, &past);
        welcome(fixture);
        stay_at(fixture, 0.99, 1);
        assert_int_equal(engine_open_incident(fixture->engine)->id, 1);
        assert_ptr_equal(engine_incident(fixture->engine, 0), engine_open_incident(fixture->engine));
        assert_null(engine_incident(fixture->engine, 1));
}

static void unanswered_request_for_a_run_is_made_again(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        stay_at(fixture, 0.90, 2.001);
        fixture->fake.silent = true;
        advance(fixture, 30);
        assert_int_equal(fixture->fake.last.type, WIRE_RUN_BEGIN);
        fixture->fake.silent = false;
        advance(fixture, 120);
        expect_count(fixture, "act vacuum-journal", 1);
}

static void new_watcher_does_not_tell_people_again(void **state) {
        struct fixture *fixture = *state;

        fake_executor_welcome(
                &fixture->fake, 7, "disk-space-critical on /var/log", "disk-space-critical_/var/log\n", true);
        stay_at(fixture, 0.99, 86400);
        expect_count(fixture, "escalate", 0);
        assert_string_equal(engine_state_name(fixture->engine), "escalated");
}

static void new_watcher_tells_people_of_what_turns_critical_after_its_start(void **state) {
        struct fixture *fixture = *state;

        fake_executor_welcome(&fixture->fake, 7, "disk-space-critical on /var/log",
                "disk-space-critical_/var/log\ndisk-space-critical_/home\n", true);
        set_used(fixture, 0.99);
        set_used_of(fixture, "/home", 0.99);
        advance(fixture, 3600);
        expect_count(fixture, "escalate", 0);
        set_used_of(fixture, "/srv", 0.99);
        advance(fixture, 3600);
        expect_count(fixture, "escalate", 1);
        assert_string_equal(fixture->told.condition, "disk-space-critical_/srv");
}

/* The first watcher is gone in the middle of verifying: only the executor knows that there was an action. */
static void action_of_a_former_watcher_that_did_not_help_is_told_after_five_minutes(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        stay_at(fixture, 0.97, 150);
        expect_count(fixture, "act vacuum-journal", 1);
        expect_count(fixture, "end vacuum-journal", 0);
        end(fixture);
        assert_int_equal(begin(fixture), 0);
        fixture->verdict = WIRE_COOLDOWN;
        fixture->verdict_for_usec = 13 * USEC_PER_MINUTE;
        set_used(fixture, 0.97);
        fake_executor_welcome(&fixture->fake, 1, "disk-space-critical on /var/log",
                "disk-space-critical_/var/log\ndisk-space-high_/var/log\n", false);
        advance(fixture, 299);
        expect_count(fixture, "escalate", 0);
        advance(fixture, 2);
        expect_count(fixture, "escalate not-cleared disk-space-critical_/var/log for 5m", 1);
        assert_non_null(strstr(fixture->told.text, "vacuum-journal (not now: the test says no)"));
        expect_count(fixture, "act vacuum-journal", 1);
}

static void new_watcher_waits_for_actions_that_still_run(void **state) {
        struct fixture *fixture = *state;
        struct wire_message welcome_end = {.type = WIRE_WELCOME_END, .welcome_end = {.actions_running = 1}};
        struct wire_message finished = {.type = WIRE_ACTION_FINISHED,
                .action_finished = {.run = 99, .action = 5, .status = WIRE_DONE}};

        set_used(fixture, 0.90);
        engine_receive(fixture->engine, &welcome_end);
        advance(fixture, 60);
        expect_count(fixture, "run ", 0);
        engine_receive(fixture->engine, &finished);
        advance(fixture, 1);
        expect_count(fixture, "run ", 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(new_watcher_continues_the_open_incident),
                TEST(reopened_incident_is_listed_once_with_what_was_done_in_it),
                TEST(inherited_condition_between_its_levels_holds_the_incident_open),
                TEST(condition_that_never_appears_again_is_given_up_after_a_minute),
                TEST(incident_of_which_nothing_is_known_is_given_a_minute),
                TEST(number_that_was_seen_before_is_shown_once),
                TEST(unanswered_request_for_a_run_is_made_again),
                TEST(new_watcher_does_not_tell_people_again),
                TEST(new_watcher_tells_people_of_what_turns_critical_after_its_start),
                TEST(action_of_a_former_watcher_that_did_not_help_is_told_after_five_minutes),
                TEST(new_watcher_waits_for_actions_that_still_run),
        };

        return cmocka_run_group_tests_name("engine restart", tests, NULL, NULL);
}
