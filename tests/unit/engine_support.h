/* SPDX-License-Identifier: MIT */
/*
 * engine_support - an engine on the simulated loop with a fake executor, two conditions and three playbooks in C
 *
 * Every playbook here acts once and then verifies the condition that started it; what its action does to the
 * disk is the test's.
 */
#ifndef ENGINE_SUPPORT_H
#define ENGINE_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/engine.h"
#include "fake_executor.h"

static struct config_condition conditions[] = {
        {.name = "disk-space-critical",
                .reading = "disk_used_ratio",
                .trip = 0.95,
                .clear = 0.90,
                .level = CONFIG_LEVEL_CRITICAL,
                .enabled = true},
        {.name = "disk-space-high",
                .reading = "disk_used_ratio",
                .trip = 0.85,
                .clear = 0.80,
                .lasting_usec = 2 * USEC_PER_SEC,
                .clear_lasting_usec = USEC_PER_SEC,
                .enabled = true},
};
static struct config_playbook playbooks[] = {
        {.name = "free-ballast",
                .any = {"disk-space-critical"},
                .cooldown_usec = USEC_PER_MINUTE,
                .mode = CONFIG_MODE_ENFORCE},
        {.name = "rebuild-ballast", .cleared = {"disk-space-critical"}, .mode = CONFIG_MODE_ENFORCE},
        {.name = "vacuum-journal",
                .any = {"disk-space-high", "disk-space-critical"},
                .after = {"compress-logs", "free-ballast"},
                .cooldown_usec = 15 * USEC_PER_MINUTE,
                .mode = CONFIG_MODE_ENFORCE},
};
static const struct config config = {.mode = CONFIG_MODE_ENFORCE,
        .conditions = conditions,
        .n_conditions = 2,
        .playbooks = playbooks,
        .n_playbooks = 3};

#define LOG "/var/log"

struct fixture {
        struct loop *loop;
        struct board *board;
        struct engine *engine;
        struct fake_executor fake;
        double used, after_ballast, after_vacuum; /* NaN: no effect */
        bool gives_nothing;
        unsigned events[ENGINE_LEASE_REMOVED + 1];
        enum wire_verdict verdict; /* for vacuum-journal; 0: go */
        uint64_t verdict_for_usec;
        unsigned released;
        enum run_answer answer; /* of every run; NONE: as the wait for its condition ends */
        char run_text[WIRE_TEXT_MAX];
        struct wire_escalate told; /* the newest */
};

static inline int on_start(struct run *run, const struct incident *incident, void *data) {
        struct fixture *fixture = data;
        struct problem problem;

        assert_true(run->by_hand || incident);
        return engine_run_act(
                fixture->engine, run, &(struct engine_act){.verb = run->playbook->config->name}, &problem);
}

static inline void on_action_finished(
        struct run *run, const struct wire_action_finished *finished, void *data) {
        struct fixture *fixture = data;
        struct problem problem;

        (void)finished;
        assert_int_equal(
                engine_run_wait_clear(fixture->engine, run,
                        *run->condition ? run->condition : "disk-space-high", 2 * USEC_PER_MINUTE, &problem),
                0);
}

static inline void on_wait_over(struct run *run, bool ok, void *data) {
        struct fixture *fixture = data;

        enum run_answer answer = ok ? RUN_ANSWER_CLEARED : RUN_ANSWER_NOT_CLEARED;

        engine_run_ended(
                fixture->engine, run, fixture->answer == RUN_ANSWER_NONE ? answer : fixture->answer, NULL);
}

static inline void on_release(struct run *run, void *data) {
        struct fixture *fixture = data;

        (void)run;
        fixture->released++;
}

static const struct engine_script_ops script_ops = {.start = on_start,
        .action_finished = on_action_finished,
        .wait_over = on_wait_over,
        .release = on_release};

static inline void on_event(const struct engine_event *event, void *data) {
        struct fixture *fixture = ((struct fake_executor *)data)->data;

        fixture->events[event->type]++;
        /* What a bus does in here: look at everything. */
        for (size_t i = 0; engine_condition(fixture->engine, i); i++)
                assert_non_null(engine_condition(fixture->engine, i)->config);
        for (size_t i = 0; engine_incident(fixture->engine, i); i++)
                assert_true(engine_incident(fixture->engine, i)->id != 0);
        assert_true(*engine_state_name(fixture->engine) != '\0');
        if (event->type == ENGINE_RUN_REMOVED)
                text_copy(fixture->run_text, sizeof(fixture->run_text), event->run->result);
        if (event->action)
                assert_true(event->action->action != 0);
}

static inline int send(const struct wire_message *message, void *data) {
        struct fixture *fixture = ((struct fake_executor *)data)->data;

        if (message->type == WIRE_ESCALATE)
                fixture->told = message->escalate;
        return fake_executor_send(message, data);
}

static const struct engine_ops ops = {.send = send, .on_event = on_event};

static inline void set_used_of(struct fixture *fixture, const char *path, double used) {
        struct reading_label label = {.name = "path"};

        text_copy(label.value, sizeof(label.value), path);
        board_set(fixture->board, "disk_used_ratio", &label, 1, used);
}

static inline void set_used(struct fixture *fixture, double used) {
        struct reading_label label = {.name = "path", .value = LOG};

        if (isnan(used))
                board_missing(fixture->board, "disk_used_ratio", &label, 1, "statvfs failed");
        else
                set_used_of(fixture, LOG, used);
        fixture->used = used;
}

static inline void advance(struct fixture *fixture, double seconds) {
        assert_int_equal(loop_sim_advance(fixture->loop, (uint64_t)(seconds * 1e6)), 0);
}

/* /var/log is so full from now on, and so much time goes by. */
static inline void stay_at(struct fixture *fixture, double used, double seconds) {
        set_used(fixture, used);
        advance(fixture, seconds);
}

static inline void act(struct fake_executor *fake, const struct wire_action_request *request,
        struct wire_action_finished *finished) {
        struct fixture *fixture = fake->data;
        double after =
                strcmp(request->verb, "free-ballast") == 0 ? fixture->after_ballast : fixture->after_vacuum;

        if (fake->observe || strcmp(request->verb, "rebuild-ballast") == 0)
                return;
        finished->freed_bytes = fixture->gives_nothing ? 0 : 1u << 20;
        if (!isnan(after))
                set_used(fixture, after);
}

static inline void admit(
        struct fake_executor *fake, const struct wire_run_begin *begin, struct wire_run_reply *reply) {
        struct fixture *fixture = fake->data;

        if (fixture->verdict == 0 || strcmp(begin->playbook, "vacuum-journal") != 0)
                return;
        reply->verdict = fixture->verdict;
        reply->until_usec =
                fixture->verdict_for_usec ? loop_realtime(fake->loop) + fixture->verdict_for_usec : 0;
        text_copy(reply->text, sizeof(reply->text), "the test says no");
}

static inline int begin(struct fixture *fixture) {
        int r = board_new(fixture->loop, &fixture->board);

        if (r >= 0)
                r = engine_new(
                        fixture->loop, &config, fixture->board, &ops, &fixture->fake, &fixture->engine);
        if (r < 0)
                return r;
        fixture->fake.engine = fixture->engine;
        engine_set_script(fixture->engine, &script_ops, fixture);
        return 0;
}

static inline int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        if (!fixture || loop_new_sim(UINT64_C(1766620800000000), &fixture->loop) < 0)
                return -1;
        fake_executor_init(&fixture->fake, fixture->loop);
        fixture->fake.data = fixture;
        fixture->fake.act = act;
        fixture->fake.admit = admit;
        fixture->after_ballast = fixture->after_vacuum = NAN;
        *state = fixture;
        return begin(fixture);
}

static inline void end(struct fixture *fixture) {
        fake_executor_deinit(&fixture->fake);
        fixture->engine = engine_free(fixture->engine);
        fixture->board = board_free(fixture->board);
}

static inline int teardown(void **state) {
        struct fixture *fixture = *state;

        end(fixture);
        loop_free(fixture->loop);
        free(fixture);
        return 0;
}

static inline void welcome(struct fixture *fixture) {
        fake_executor_welcome(&fixture->fake, 0, "", "", false);
        advance(fixture, 0);
}

/* So many lines of the trace begin so. */
static inline void expect_count(struct fixture *fixture, const char *prefix, size_t expected) {
        size_t n = fake_executor_count(&fixture->fake, prefix);

        if (n != expected)
                fail_msg("%zu times '%s', not %zu times", n, prefix, expected);
}

static inline void expect_trace(struct fixture *fixture, const char *const *lines) {
        size_t n = 0;

        for (; lines[n]; n++) {
                if (n >= fixture->fake.n_trace)
                        fail_msg("line %zu is missing: %s", n, lines[n]);
                if (strncmp(fixture->fake.trace[n], lines[n], strlen(lines[n])) != 0)
                        fail_msg("line %zu is '%s', not '%s'", n, fixture->fake.trace[n], lines[n]);
        }
        if (n < fixture->fake.n_trace)
                fail_msg("one line too many: %s", fixture->fake.trace[n]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif
