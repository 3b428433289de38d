/* SPDX-License-Identifier: MIT */
/*
 * test_engine_select - what the engine makes of a selection that takes a while, for an action and for a renewal
 *
 * Here nobody makes any: the test says what came of it, and when.
 */
#include "engine_support.h"

static struct waiting {
        struct wire_message message; /* the newest that waits for its selection */
        unsigned n;
} waiting;

static ssize_t select_later(const struct wire_message *message, const char *verb,
        const struct wire_pair *args, size_t n_args, void *data) {
        (void)verb;
        (void)args;
        (void)n_args;
        (void)data;
        waiting.message = *message;
        waiting.n++;
        return -EINPROGRESS;
}

static int start_selecting(struct run *run, const struct incident *incident, void *data) {
        struct fixture *fixture = data;
        struct problem problem;

        (void)incident;
        return engine_run_act(fixture->engine, run,
                &(struct engine_act){.verb = run->playbook->config->name, .selects = true}, &problem);
}

static const struct engine_ops late_ops = {.send = send, .send_selected = select_later, .on_event = on_event};
static const struct engine_script_ops late_script = {.start = start_selecting,
        .action_finished = on_action_finished,
        .wait_over = on_wait_over,
        .release = on_release};

static int setup_late(void **state) {
        int r = setup(state);
        struct fixture *fixture = *state;

        waiting = (struct waiting){.n = 0};
        if (r < 0)
                return r;
        fixture->engine = engine_free(fixture->engine);
        r = engine_new(fixture->loop, &config, fixture->board, &late_ops, &fixture->fake, &fixture->engine);
        fixture->fake.engine = fixture->engine;
        engine_set_script(fixture->engine, &late_script, fixture);
        return r;
}

/* What the watcher does at the end of a selection. */
static bool selected(struct fixture *fixture, ssize_t n) {
        bool is_sent = n > 0 && engine_awaits_selection(fixture->engine, &waiting.message);

        if (is_sent)
                fake_executor_send(&waiting.message, &fixture->fake);
        engine_selected(fixture->engine, &waiting.message, n);
        return is_sent;
}

static size_t count(const struct fixture *fixture, const char *prefix) {
        return fake_executor_count(&fixture->fake, prefix);
}

static void start_action(struct fixture *fixture) {
        welcome(fixture);
        set_used(fixture, 0.9);
        advance(fixture, 3);
        assert_int_equal(waiting.n, 1);
        assert_int_equal(waiting.message.type, WIRE_ACTION_REQUEST);
        advance(fixture, 10);
        assert_int_equal(count(fixture, "act "), 0);
        assert_int_equal(count(fixture, "end "), 0);
}

static void action_is_asked_for_when_its_selection_is_made(void **state) {
        struct fixture *fixture = *state;

        fixture->after_vacuum = 0.5;
        start_action(fixture);
        assert_true(selected(fixture, 7));
        advance(fixture, 10);
        assert_int_equal(count(fixture, "act vacuum-journal"), 1);
        assert_int_equal(count(fixture, "end vacuum-journal cleared"), 1);
}

static void action_whose_selection_is_empty_or_failed_is_not_asked_for(void **state) {
        struct fixture *fixture = *state;

        for (int fails = 0; fails < 2; fails++) {
                waiting.n = 0;
                set_used(fixture, 0.5);
                advance(fixture, 3600);
                start_action(fixture);
                assert_false(selected(fixture, fails ? -EAGAIN : 0));
                advance(fixture, 1);
                assert_int_equal(count(fixture, "act "), 0);
                assert_int_equal(count(fixture, "end vacuum-journal refused"), 1);
                fixture->fake.n_trace = 0;
        }
}

static void selection_of_a_run_that_gave_up_is_not_sent(void **state) {
        struct fixture *fixture = *state;

        start_action(fixture);
        advance(fixture, 31 * 60);
        assert_int_equal(count(fixture, "end vacuum-journal "), 1);
        assert_false(selected(fixture, 7));
        advance(fixture, 10);
        assert_int_equal(count(fixture, "act "), 0);
}

static void start_renewal(struct fixture *fixture) {
        fixture->fake.leases[0].fake = &fixture->fake;
        fixture->fake.leases[0].lease = (struct wire_lease){
                .lease = 1,
                .incident = 7,
                .expires_usec = loop_realtime(fixture->loop) + 15 * USEC_PER_MINUTE,
                .state = WIRE_LEASE_IN_FORCE,
                .verb = "x.hold",
                .owner = "vacuum-journal",
                .until_clear = "disk-space-high_/var/log",
        };
        fixture->verdict = WIRE_COOLDOWN;
        fixture->verdict_for_usec = USEC_PER_DAY;
        fake_executor_welcome(&fixture->fake, 7, "something on /var/log", "disk-space-high_/var/log", false);
        set_used(fixture, 0.9);
        advance(fixture, 61);
        assert_int_equal(waiting.n, 1);
        assert_int_equal(waiting.message.type, WIRE_LEASE_RENEW);
        assert_int_equal(count(fixture, "renew "), 0);
}

static void lease_is_renewed_when_the_selection_is_made(void **state) {
        struct fixture *fixture = *state;

        start_renewal(fixture);
        assert_true(selected(fixture, 7));
        assert_int_equal(count(fixture, "renew "), 1);
        advance(fixture, 120);
        assert_true(waiting.n > 1);
        assert_false(selected(fixture, -EAGAIN));
        assert_int_equal(count(fixture, "renew "), 1);
        advance(fixture, 120);
        assert_true(selected(fixture, 1));
        assert_int_equal(count(fixture, "renew "), 2);
}

static void lease_whose_end_was_asked_for_meanwhile_is_not_renewed(void **state) {
        struct fixture *fixture = *state;

        start_renewal(fixture);
        fixture->fake.silent = true;
        set_used(fixture, 0.5);
        advance(fixture, 31);
        assert_int_equal(fixture->fake.last.type, WIRE_LEASE_END);
        assert_false(selected(fixture, 7));
}

static void lease_that_is_gone_is_not_renewed(void **state) {
        struct fixture *fixture = *state;

        start_renewal(fixture);
        fake_executor_lease(&fixture->fake, 1, WIRE_LEASE_ENDED);
        assert_false(selected(fixture, 7));
        assert_int_equal(count(fixture, "renew "), 0);
}

#define LATE_TEST(function) cmocka_unit_test_setup_teardown(function, setup_late, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                LATE_TEST(action_is_asked_for_when_its_selection_is_made),
                LATE_TEST(action_whose_selection_is_empty_or_failed_is_not_asked_for),
                LATE_TEST(selection_of_a_run_that_gave_up_is_not_sent),
                LATE_TEST(lease_is_renewed_when_the_selection_is_made),
                LATE_TEST(lease_whose_end_was_asked_for_meanwhile_is_not_renewed),
                LATE_TEST(lease_that_is_gone_is_not_renewed),
        };

        return cmocka_run_group_tests_name("engine select", tests, NULL, NULL);
}
