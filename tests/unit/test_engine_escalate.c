/* SPDX-License-Identifier: MIT */
/* test_engine_escalate - when people are told, how often, and what the state says meanwhile */
#include "engine_support.h"

static void what_gives_nothing_is_escalated_exactly_once_and_not_repeated(void **state) {
        struct fixture *fixture = *state;

        fixture->gives_nothing = true;
        welcome(fixture);
        stay_at(fixture, 0.97, 1e8);
        expect_count(fixture, "run ", 2);
        expect_count(fixture, "act ", 2);
        expect_count(fixture, "escalate ", 1);
        expect_count(fixture, "escalate not-cleared disk-space-critical_/var/log for", 1);
        const char *told = fixture->fake.trace[fake_executor_find(&fixture->fake, "escalate")];
        assert_non_null(strstr(told, "/var/log is 97.0 % used"));
        assert_non_null(strstr(told, "\nTried: free-ballast (not-cleared"));
        assert_non_null(strstr(told, "vacuum-journal (not-cleared"));
        assert_int_equal(fixture->events[ENGINE_ESCALATED], 1);
        assert_string_equal(engine_state_name(fixture->engine), "escalated");
        expect_count(fixture, "close ", 0);
        stay_at(fixture, 0.1, 60);
        expect_count(fixture, "close ", 1);
        assert_string_equal(engine_state_name(fixture->engine), "ok");
}

static void what_gave_too_little_has_another_turn_later(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        stay_at(fixture, 0.97, 900);
        expect_count(fixture, "run ", 2);
        /* In the same order, and nobody is called for it again. */
        advance(fixture, 600);
        expect_count(fixture, "run ", 4);
        expect_count(fixture, "escalate ", 1);
        fixture->gives_nothing = true;
        advance(fixture, 1500);
        expect_count(fixture, "run ", 6);
        advance(fixture, 1e6);
        expect_count(fixture, "run ", 6);
}

static void second_file_system_that_turns_critical_is_told_in_the_same_incident(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        stay_at(fixture, 0.97, 600);
        expect_count(fixture, "escalate ", 1);
        assert_string_equal(fixture->told.condition, "disk-space-critical_/var/log");
        set_used_of(fixture, "/srv", 0.90);
        advance(fixture, 7200);
        expect_count(fixture, "escalate ", 1);
        set_used_of(fixture, "/srv", 0.97);
        advance(fixture, 600);
        expect_count(fixture, "escalate ", 2);
        assert_string_equal(fixture->told.condition, "disk-space-critical_/srv");
        set_used_of(fixture, "/srv", 0.5);
        advance(fixture, 60);
        set_used_of(fixture, "/srv", 0.97);
        advance(fixture, 86400);
        expect_count(fixture, "escalate ", 2);
        expect_count(fixture, "open ", 1);
}

static void two_critical_file_systems_at_once_are_told_one_after_the_other(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        set_used(fixture, 0.97);
        set_used_of(fixture, "/srv", 0.98);
        advance(fixture, 1200);
        expect_count(fixture, "escalate not-cleared disk-space-critical_/var/log", 1);
        expect_count(fixture, "escalate not-cleared disk-space-critical_/srv", 1);
        expect_count(fixture, "escalate ", 2);
}

static void warning_is_escalated_after_a_quarter_of_an_hour(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        stay_at(fixture, 0.90, 15 * 60);
        expect_count(fixture, "escalate ", 0);
        advance(fixture, 3);
        expect_count(fixture, "escalate not-cleared disk-space-high", 1);
}

static void spent_budget_is_escalated_as_such(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        fixture->verdict = WIRE_SPENT;
        fixture->verdict_for_usec = USEC_PER_DAY;
        stay_at(fixture, 0.90, 10);
        /* Told in the same second: no word about how long. */
        expect_count(fixture, "escalate spent disk-space-high_/var/log: /var/log is", 1);
        assert_int_equal(engine_playbook(fixture->engine, 2)->state, PLAYBOOK_SPENT);
}

static void maintenance_holds_and_its_end_lets_go(void **state) {
        struct fixture *fixture = *state;
        struct wire_message over = {.type = WIRE_STATE, .state = {.mode = CONFIG_MODE_ENFORCE}};

        welcome(fixture);
        fixture->verdict = WIRE_MAINTENANCE;
        fixture->verdict_for_usec = USEC_PER_DAY;
        stay_at(fixture, 0.90, 3600);
        expect_count(fixture, "escalate", 0);
        fixture->verdict = 0;
        engine_receive(fixture->engine, &over);
        advance(fixture, 1);
        expect_count(fixture, "act vacuum-journal", 1);
}

static void a_date_of_return_that_has_passed_is_told_within_the_hour(void **state) {
        struct fixture *fixture = *state;
        const struct config_entry entry = {"back_by", "f:3", "2025-12-25 01:00"};
        struct config dated = config;
        struct problem problem;

        dated.entries = (struct config_entry *)(uintptr_t)&entry;
        dated.n_entries = 1;
        setenv("TZ", "UTC", 1);
        assert_int_equal(back_by_parse(entry.key, entry.value, &dated.back_by, &problem), 0);
        engine_free(fixture->engine);
        assert_int_equal(
                engine_new(fixture->loop, &dated, fixture->board, &ops, &fixture->fake, &fixture->engine), 0);
        fixture->fake.engine = fixture->engine;
        welcome(fixture);
        advance(fixture, 3599);
        assert_string_equal(engine_state_name(fixture->engine), "ok");
        advance(fixture, 3600);
        assert_string_equal(engine_state_name(fixture->engine), "degraded");
        assert_string_equal(engine_state_text(fixture->engine),
                "back_by = \"2025-12-25 01:00\" (f:3) has passed: nobody knows when people are next back");
        loop_sim_set_realtime(fixture->loop, UINT64_C(1766620800000000));
        advance(fixture, 3600);
        assert_string_equal(engine_state_name(fixture->engine), "ok");
        engine_free(fixture->engine);
        fixture->engine = NULL;
}

static void trouble_degrades_until_it_is_taken_back(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        unsigned before = fixture->events[ENGINE_STATE_CHANGED];
        engine_set_trouble(fixture->engine, "disk", "disk: no more inotify watches");
        advance(fixture, 0);
        assert_string_equal(engine_state_name(fixture->engine), "degraded");
        assert_string_equal(engine_state_text(fixture->engine), "disk: no more inotify watches");
        assert_int_equal(fixture->events[ENGINE_STATE_CHANGED], before + 1);
        engine_set_trouble(fixture->engine, "disk", NULL);
        engine_set_trouble(fixture->engine, "never", NULL);
        advance(fixture, 0);
        assert_string_equal(engine_state_name(fixture->engine), "ok");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(what_gives_nothing_is_escalated_exactly_once_and_not_repeated),
                TEST(what_gave_too_little_has_another_turn_later),
                TEST(second_file_system_that_turns_critical_is_told_in_the_same_incident),
                TEST(two_critical_file_systems_at_once_are_told_one_after_the_other),
                TEST(warning_is_escalated_after_a_quarter_of_an_hour),
                TEST(spent_budget_is_escalated_as_such),
                TEST(maintenance_holds_and_its_end_lets_go),
                TEST(a_date_of_return_that_has_passed_is_told_within_the_hour),
                TEST(trouble_degrades_until_it_is_taken_back),
        };

        return cmocka_run_group_tests_name("escalation", tests, NULL, NULL);
}
