/* SPDX-License-Identifier: MIT */
/*
 * test_engine_lease - what the engine makes of the leases that the executor tells of, across restarts, too
 *
 * Whole nights with playbooks that take leases are in tests/lua/test_lease.lua; here the leases are there already.
 * They wait for disk-space-high_/var/log, and belong to vacuum-journal.
 */
#include "engine_support.h"

static ssize_t send_selected(const struct wire_message *message, const char *verb,
        const struct wire_pair *args, size_t n_args, void *data) {
        assert_string_equal(verb, "x.hold");
        assert_int_equal(n_args, 1);
        assert_string_equal(args[0].text, "example.test");
        return fake_executor_send_selected(message, verb, args, n_args, data);
}

static const struct engine_ops lease_ops = {
        .send = send, .send_selected = send_selected, .on_event = on_event};

static int begin_with_leases(struct fixture *fixture) {
        fixture->engine = engine_free(fixture->engine);
        int r = engine_new(
                fixture->loop, &config, fixture->board, &lease_ops, &fixture->fake, &fixture->engine);
        fixture->fake.engine = fixture->engine;
        engine_set_script(fixture->engine, &script_ops, fixture);
        return r;
}

static int setup_leases(void **state) {
        int r = setup(state);

        return r < 0 ? r : begin_with_leases(*state);
}

static struct wire_lease *put_lease(struct fixture *fixture, uint64_t number, enum wire_lease_state state) {
        struct fake_lease *held = &fixture->fake.leases[number - 1];

        held->fake = &fixture->fake;
        held->lease = (struct wire_lease){
                .lease = number,
                .incident = 7,
                .expires_usec = loop_realtime(fixture->loop) + 15 * USEC_PER_MINUTE,
                .state = state,
                .verb = "x.hold",
                .args = {{"nexthop", "example.test"}},
                .n_args = 1,
                .owner = "vacuum-journal",
                .until_clear = "disk-space-high_/var/log",
        };
        return &held->lease;
}

/* A watcher that finds incident 7 open with one condition; vacuum-journal is cooling down. */
static void restart_about(struct fixture *fixture, const char *condition) {
        fixture->verdict = WIRE_COOLDOWN;
        fixture->verdict_for_usec = USEC_PER_DAY;
        fake_executor_welcome(&fixture->fake, 7, "something on /var/log", condition, false);
        advance(fixture, 0);
}

static void restart(struct fixture *fixture) {
        restart_about(fixture, "disk-space-high_/var/log");
}

static size_t renewals(const struct fixture *fixture) {
        return fake_executor_count(&fixture->fake, "renew ");
}

static size_t ends(const struct fixture *fixture) {
        return fake_executor_count(&fixture->fake, "lease-end ");
}

static void new_watcher_goes_on_renewing_what_is_in_force(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE);
        restart(fixture);
        assert_int_equal(engine_lease(fixture->engine, 0)->lease, 1);
        assert_null(engine_lease(fixture->engine, 1));
        assert_int_equal(fixture->events[ENGINE_LEASE_ADDED], 1);
        stay_at(fixture, 0.9, 59);
        assert_int_equal(renewals(fixture), 0);
        advance(fixture, 2);
        assert_int_equal(renewals(fixture), 1);
        advance(fixture, 600);
        assert_in_range(renewals(fixture), 11, 21);
        assert_int_equal(ends(fixture), 0);
        assert_int_equal(fixture->events[ENGINE_LEASE_CHANGED], renewals(fixture));
}

static void new_watcher_renews_at_once_what_lapsed_meanwhile(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_LAPSED);
        restart(fixture);
        advance(fixture, 30);
        /* Nothing is published yet: no evidence, no renewal. */
        assert_int_equal(renewals(fixture), 0);
        stay_at(fixture, 0.9, 2.1);
        assert_int_equal(renewals(fixture), 1);
        assert_int_equal(engine_lease(fixture->engine, 0)->state, WIRE_LEASE_IN_FORCE);
}

static void new_watcher_does_not_take_the_time_until_a_condition_trips_for_clear(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE);
        restart(fixture);
        /* Between the levels: it may be what it was before. */
        stay_at(fixture, 0.82, 600);
        assert_int_equal(ends(fixture), 0);
        assert_int_equal(renewals(fixture), 0);
        stay_at(fixture, NAN, 100);
        stay_at(fixture, 0.5, 29);
        assert_int_equal(ends(fixture), 0);
        advance(fixture, 2);
        assert_int_equal(ends(fixture), 1);
}

static void one_that_somebody_else_has_overruled_ends_as_the_others_do(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_OVERRULED);
        restart(fixture);
        stay_at(fixture, 0.9, 300);
        assert_int_equal(ends(fixture), 0);
        stay_at(fixture, 0.5, 31);
        assert_int_equal(ends(fixture), 1);
}

static void what_cleared_while_nobody_looked_is_told_once(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE);
        restart(fixture);
        stay_at(fixture, 0.82, 10);
        expect_count(fixture, "note ", 0);
        stay_at(fixture, 0.5, 20);
        expect_count(fixture, "note disk-space-high_/var/log cleared", 1);
        expect_count(fixture, "note ", 1);
}

/* Killed: the next one knows nothing but what the executor tells it. */
static void replace_watcher(struct fixture *fixture, const char *condition) {
        set_used(fixture, NAN);
        assert_int_equal(begin_with_leases(fixture), 0);
        restart_about(fixture, condition);
}

static void watcher_killed_before_the_end_of_a_lease_is_followed_by_one_that_ends_it(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE);
        restart(fixture);
        stay_at(fixture, 0.9, 300);
        stay_at(fixture, 0.5, 29);
        replace_watcher(fixture, "disk-space-high_/var/log");
        /* Not measured yet: neither an end nor the beginning of one. */
        advance(fixture, 60);
        assert_int_equal(ends(fixture), 0);
        stay_at(fixture, 0.5, 29);
        assert_int_equal(ends(fixture), 0);
        advance(fixture, 1);
        assert_int_equal(ends(fixture), 1);
        advance(fixture, 5);
        expect_count(fixture, "close ", 1);
}

static void watcher_killed_before_the_end_of_a_lease_is_followed_by_one_that_brings_back(void **state) {
        struct fixture *fixture = *state;

        const char *condition = "disk-space-critical_/var/log";

        text_copy(put_lease(fixture, 1, WIRE_LEASE_IN_FORCE)->until_clear, WIRE_TEXT_MAX, condition);
        restart_about(fixture, condition);
        stay_at(fixture, 0.97, 300);
        set_used(fixture, 0.5);
        replace_watcher(fixture, condition);
        expect_count(fixture, "run rebuild-ballast", 0);
        stay_at(fixture, 0.5, 5);
        expect_count(fixture, "end rebuild-ballast cleared", 1);
        assert_int_equal(ends(fixture), 1);
}

static void lease_whose_mail_was_brought_back_ends_at_once_unless_that_failed(void **state) {
        const char *condition = "disk-space-critical_/var/log";
        struct fixture *fixture = *state;

        for (int helps = 0; helps < 2; helps++) {
                text_copy(put_lease(fixture, 1, WIRE_LEASE_IN_FORCE)->until_clear, WIRE_TEXT_MAX, condition);
                replace_watcher(fixture, condition);
                fixture->answer = helps ? RUN_ANSWER_CLEARED : RUN_ANSWER_NOT_CLEARED;
                set_used(fixture, 0.97);
                advance(fixture, 1);
                set_used(fixture, 0.5);
                advance(fixture, 20);
                expect_count(fixture, "end rebuild-ballast ", helps ? 2 : 1);
                assert_int_equal(ends(fixture), helps);
        }
}

static void incident_is_held_open_by_a_lease_and_closes_when_that_has_ended(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE);
        restart(fixture);
        stay_at(fixture, 0.5, 31);
        assert_int_equal(ends(fixture), 1);
        assert_int_equal(engine_lease(fixture->engine, 0)->state, WIRE_LEASE_ENDING);
        expect_count(fixture, "close ", 0);
        advance(fixture, 3);
        assert_null(engine_lease(fixture->engine, 0));
        assert_int_equal(fixture->events[ENGINE_LEASE_REMOVED], 1);
        expect_count(fixture, "close ", 1);
        assert_int_equal(ends(fixture), 1);
}

static void lease_of_another_incident_holds_nothing_open(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE)->incident = 3;
        restart(fixture);
        stay_at(fixture, 0.5, 2);
        expect_count(fixture, "close ", 1);
        advance(fixture, 30);
        assert_int_equal(ends(fixture), 1);
}

static void lease_whose_condition_is_gone_is_left_to_lapse(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE);
        restart(fixture);
        fake_executor_lease(&fixture->fake, 1, WIRE_LEASE_IN_FORCE);
        advance(fixture, 3600);
        assert_int_equal(renewals(fixture), 0);
        assert_int_equal(ends(fixture), 0);
        expect_count(fixture, "lease 1 lapsed", 1);
        expect_count(fixture, "lease 1 ended", 1);
        expect_count(fixture, "close ", 1);
}

static void engine_is_not_quiet_from_the_clear_evidence_to_the_end_of_the_lease(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE);
        restart(fixture);
        assert_true(engine_is_quiet(fixture->engine));
        stay_at(fixture, 0.9, 300);
        assert_true(engine_is_quiet(fixture->engine));
        stay_at(fixture, 0.5, 29);
        assert_int_equal(ends(fixture), 0);
        assert_false(engine_is_quiet(fixture->engine));
        /* Missing is neither clear nor an end. */
        stay_at(fixture, NAN, 10);
        assert_true(engine_is_quiet(fixture->engine));
        stay_at(fixture, 0.5, 60);
        assert_int_equal(ends(fixture), 1);
        assert_true(engine_is_quiet(fixture->engine));
}

static void lease_of_a_playbook_that_may_no_longer_act_is_not_renewed_but_ended(void **state) {
        struct fixture *fixture = *state;
        struct wire_message lowered = {.type = WIRE_PLAYBOOK_STATE,
                .playbook_state = {.playbook = "vacuum-journal", .mode = CONFIG_MODE_OBSERVE}};

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE);
        put_lease(fixture, 2, WIRE_LEASE_IN_FORCE);
        text_copy(fixture->fake.leases[1].lease.owner, WIRE_NAME_MAX, "gone-by-now");
        restart(fixture);
        engine_receive(fixture->engine, &lowered);
        stay_at(fixture, 0.9, 300);
        assert_int_equal(renewals(fixture), 0);
        stay_at(fixture, 0.5, 60);
        assert_int_equal(ends(fixture), 2);
}

static void lease_without_slices_is_not_renewed_but_ended(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE)->expires_usec = 0;
        restart(fixture);
        stay_at(fixture, 0.9, 300);
        assert_int_equal(renewals(fixture), 0);
        stay_at(fixture, 0.5, 60);
        assert_int_equal(ends(fixture), 1);
}

static void plain_name_waits_for_all_its_objects(void **state) {
        struct fixture *fixture = *state;

        text_copy(put_lease(fixture, 1, WIRE_LEASE_IN_FORCE)->until_clear, WIRE_TEXT_MAX, "disk-space-high");
        restart(fixture);
        set_used(fixture, 0.5);
        set_used_of(fixture, "/srv", 0.9);
        advance(fixture, 300);
        assert_int_equal(ends(fixture), 0);
        assert_true(renewals(fixture) >= 4);
        set_used_of(fixture, "/srv", 0.5);
        advance(fixture, 40);
        assert_int_equal(ends(fixture), 1);
}

static void short_clearing_ends_nothing(void **state) {
        struct fixture *fixture = *state;

        put_lease(fixture, 1, WIRE_LEASE_IN_FORCE);
        restart(fixture);
        for (int i = 0; i < 10; i++) {
                set_used(fixture, 0.9);
                advance(fixture, 30);
                set_used(fixture, 0.5);
                advance(fixture, 29);
        }
        assert_int_equal(ends(fixture), 0);
}

static void no_more_leases_are_kept_than_there_is_room_for(void **state) {
        struct fixture *fixture = *state;
        struct wire_message message = {.type = WIRE_LEASE};

        welcome(fixture);
        for (uint64_t number = 70; number > 0; number--) {
                message.lease = (struct wire_lease){.lease = number, .state = WIRE_LEASE_IN_FORCE};
                engine_receive(fixture->engine, &message);
        }
        advance(fixture, 1);
        for (uint64_t i = 0; i < 64; i++)
                assert_int_equal(engine_lease(fixture->engine, i)->lease, 7 + i);
        assert_null(engine_lease(fixture->engine, 64));
        for (uint64_t number = 1; number <= 70; number++) {
                message.lease = (struct wire_lease){.lease = number, .state = WIRE_LEASE_ENDED};
                engine_receive(fixture->engine, &message);
        }
        advance(fixture, 1);
        assert_null(engine_lease(fixture->engine, 0));
        assert_int_equal(fixture->events[ENGINE_LEASE_ADDED], 64);
        assert_int_equal(fixture->events[ENGINE_LEASE_REMOVED], 64);
}

static void returning_a_lease_names_it(void **state) {
        struct fixture *fixture = *state;
        uint64_t serial;

        welcome(fixture);
        assert_int_equal(
                engine_lower(fixture->engine, WIRE_LOWER_RETURN_LEASE, 0, 12, "uid 1000", &serial), 0);
        assert_int_equal(fixture->fake.last.lower.lease, 12);
        assert_int_equal(fixture->fake.last.lower.kind, WIRE_LOWER_RETURN_LEASE);
}

#define LEASE_TEST(function) cmocka_unit_test_setup_teardown(function, setup_leases, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                LEASE_TEST(new_watcher_goes_on_renewing_what_is_in_force),
                LEASE_TEST(new_watcher_renews_at_once_what_lapsed_meanwhile),
                LEASE_TEST(new_watcher_does_not_take_the_time_until_a_condition_trips_for_clear),
                LEASE_TEST(one_that_somebody_else_has_overruled_ends_as_the_others_do),
                LEASE_TEST(what_cleared_while_nobody_looked_is_told_once),
                LEASE_TEST(watcher_killed_before_the_end_of_a_lease_is_followed_by_one_that_ends_it),
                LEASE_TEST(watcher_killed_before_the_end_of_a_lease_is_followed_by_one_that_brings_back),
                LEASE_TEST(lease_whose_mail_was_brought_back_ends_at_once_unless_that_failed),
                LEASE_TEST(incident_is_held_open_by_a_lease_and_closes_when_that_has_ended),
                LEASE_TEST(lease_of_another_incident_holds_nothing_open),
                LEASE_TEST(lease_whose_condition_is_gone_is_left_to_lapse),
                LEASE_TEST(engine_is_not_quiet_from_the_clear_evidence_to_the_end_of_the_lease),
                LEASE_TEST(lease_of_a_playbook_that_may_no_longer_act_is_not_renewed_but_ended),
                LEASE_TEST(lease_without_slices_is_not_renewed_but_ended),
                LEASE_TEST(plain_name_waits_for_all_its_objects),
                LEASE_TEST(short_clearing_ends_nothing),
                LEASE_TEST(no_more_leases_are_kept_than_there_is_room_for),
                LEASE_TEST(returning_a_lease_names_it),
        };

        return cmocka_run_group_tests_name("engine lease", tests, NULL, NULL);
}
