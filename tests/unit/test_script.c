/* SPDX-License-Identifier: MIT */
/*
 * test_script - what the host sees of a run: the breadcrumb, slices, verbs checked by their tables, release
 *
 * What a playbook sees is tested in Lua (tests/lua).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "fake_executor.h"
#include "plugin/plugin.h"
#include "script/script.h"

static struct config_condition conditions[] = {
        {.name = "high", .reading = "used", .trip = 0.85, .clear = 0.8, .enabled = true}};
static struct config_playbook playbooks[] = {{.name = "site",
        .file = "/etc/spoolguard/playbooks/site.lua",
        .any = {"high"},
        .mode = CONFIG_MODE_ENFORCE}};
static struct config config = {.mode = CONFIG_MODE_ENFORCE,
        .conditions = conditions,
        .n_conditions = 1,
        .playbooks = playbooks,
        .n_playbooks = 1,
        .prelude = "function twice(n) return 2 * n end"};

struct fixture {
        struct loop *loop;
        struct board *board;
        struct engine *engine;
        struct script *script;
        struct fake_executor fake;
        struct breadcrumb breadcrumb;
        char source[1024];
        bool breadcrumb_in_lua;
        struct loop_defer *stranger; /* NULL: none */
        unsigned turns;
};

static int send(const struct wire_message *message, void *data) {
        struct fixture *fixture = ((struct fake_executor *)data)->data;

        /* Everything a run asks for is asked from inside Lua. */
        if (message->type == WIRE_ACTION_REQUEST)
                fixture->breadcrumb_in_lua = fixture->breadcrumb.activity == BREADCRUMB_LUA &&
                        strcmp(fixture->breadcrumb.what, "site") == 0;
        if (message->type == WIRE_INCIDENT_NOTE && fixture->stranger)
                loop_defer_arm(fixture->stranger);
        return fake_executor_send(message, data);
}

static int setup(void **state) {
        static const struct engine_ops ops = {.send = send};
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        if (!fixture || loop_new_sim(UINT64_C(1766620800000000), &fixture->loop) < 0 ||
                board_new(fixture->loop, &fixture->board) < 0 ||
                engine_new(fixture->loop, &config, fixture->board, &ops, &fixture->fake, &fixture->engine) <
                        0 ||
                script_new(fixture->loop, fixture->engine, &fixture->breadcrumb, &fixture->script) < 0)
                return -1;
        fake_executor_init(&fixture->fake, fixture->loop);
        fixture->fake.engine = fixture->engine;
        fixture->fake.data = fixture;
        playbooks[0].source = fixture->source;
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        loop_defer_free(fixture->stranger);
        fake_executor_deinit(&fixture->fake);
        script_free(fixture->script);
        engine_free(fixture->engine);
        board_free(fixture->board);
        loop_free(fixture->loop);
        free(fixture);
        return 0;
}

/* Trips the condition for a playbook with this body, and lets `usec` pass. */
static void begin(struct fixture *fixture, const char *body, uint64_t usec) {
        text_format(fixture->source, sizeof(fixture->source),
                "return playbook { name = 'site', run = function(incident, options)\n%s\nend }", body);
        fake_executor_welcome(&fixture->fake, 0, "", "", false);
        board_set(fixture->board, "used", NULL, 0, 0.9);
        loop_sim_advance(fixture->loop, usec);
}

static const struct run *newest(const struct fixture *fixture) {
        const struct run *run = engine_run(fixture->engine, 0);

        assert_non_null(run);
        return run;
}

static void breadcrumb_names_the_playbook_while_lua_runs_and_nothing_after(void **state) {
        struct fixture *fixture = *state;

        begin(fixture, "act('x.y') return true", USEC_PER_SEC);
        assert_true(fixture->breadcrumb_in_lua);
        assert_int_equal(fixture->breadcrumb.activity, BREADCRUMB_NONE);
        assert_string_equal(newest(fixture)->result, "cleared");
}

static void breadcrumb_is_gone_after_an_error(void **state) {
        struct fixture *fixture = *state;

        begin(fixture, "act('x.y') error('no')", USEC_PER_SEC);
        assert_true(fixture->breadcrumb_in_lua);
        assert_int_equal(fixture->breadcrumb.activity, BREADCRUMB_NONE);
        assert_string_equal(newest(fixture)->result, "failed");
        assert_int_equal(fake_executor_count(&fixture->fake, "end site failed"), 1);
        assert_true(fixture->fake.last.run_end.crashed);
        assert_string_equal(fixture->fake.last.run_end.text, "/etc/spoolguard/playbooks/site.lua:2: no");
}

/* A stranger on the same loop, who wants one call a turn until the run has ended. */
static void on_turn(struct loop_defer *defer, void *data) {
        struct fixture *fixture = data;

        if (!engine_run(fixture->engine, 0) || newest(fixture)->state != RUN_RUNNING)
                return;
        fixture->turns++;
        loop_defer_arm(defer);
}

static void long_computation_lets_others_have_their_turns(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(loop_defer_new(fixture->loop, "stranger", on_turn, fixture, &fixture->stranger), 0);
        begin(fixture, "log('now') for i = 1, 2000000 do end return true", USEC_PER_SEC);
        assert_string_equal(newest(fixture)->result, "cleared");
        assert_true(fixture->turns > 190);
}

static void verbs_and_arguments_are_checked_by_their_tables(void **state) {
        static const struct sg_option args[] = {{.name = "keep",
                                                        .type = SG_TYPE_SIZE,
                                                        .fallback = "200M",
                                                        .min = 8 << 20,
                                                        .max = 1e15,
                                                        .doc = "x"},
                {.name = NULL}};
        static const struct sg_verb verb = {.name = "journal.vacuum", .args = args, .risk = SG_RISK_LOSSY};
        static const struct sg_verb *const verbs[] = {&verb, NULL};
        static const struct sg_plugin sg = {SG_PLUGIN_HEADER, .name = "journal", .verbs = verbs};
        static struct plugin plugin = {.sg = &sg, .name = "journal"};
        const struct plugin_list list = {.plugins = &plugin, .n = 1};
        struct fixture *fixture = *state;

        script_set_plugins(fixture->script, &list);
        begin(fixture,
                "local function why(...) local ok, text = pcall(act, ...) assert(not ok) log(text) end\n"
                "why('journal.vacum') why('journal.vacuum', { kep = '1G' }) why('journal.vacuum', { keep = "
                "'1K' })\n"
                "why('journal.vacuum', { keep = true })\n"
                "return act('journal.vacuum', { keep = '64M' }).ok",
                USEC_PER_SEC);
        assert_string_equal(newest(fixture)->result, "cleared");
        assert_int_equal(fake_executor_count(&fixture->fake, "act "), 1);
        assert_int_equal(fake_executor_count(&fixture->fake, "act journal.vacuum keep=64M"), 1);
        assert_int_equal(fake_executor_count(&fixture->fake, "note there is no verb 'journal.vacum'"), 1);
        assert_int_equal(fake_executor_count(&fixture->fake, "note journal.vacuum: "), 3);
}

static void prelude_is_there(void **state) {
        struct fixture *fixture = *state;

        begin(fixture, "return twice(2) == 4", USEC_PER_SEC);
        assert_string_equal(newest(fixture)->result, "cleared");
}

static void run_that_never_stops_talking_does_not_flood_the_executor(void **state) {
        struct fixture *fixture = *state;

        begin(fixture,
                "for i = 1, 2000 do log('note ' .. i) end\n"
                "for i = 1, 40 do diagnose('diagnosis ' .. i) end return true",
                USEC_PER_SEC);
        assert_string_equal(newest(fixture)->result, "cleared");
        assert_int_equal(fake_executor_count(&fixture->fake, "note note "), 32);
        assert_int_equal(fake_executor_count(&fixture->fake, "diagnosis diagnosis "), 32);
        int left_out =
                fake_executor_find(&fixture->fake, "note site had more to say: 1976 sentences left out");
        assert_true(left_out >= 0 && left_out < fake_executor_find(&fixture->fake, "end site"));
}

static void run_that_never_stops_acting_fails(void **state) {
        struct fixture *fixture = *state;

        begin(fixture, "while true do act('x.y') end", 105 * USEC_PER_SEC);
        assert_string_equal(newest(fixture)->result, "failed");
        assert_non_null(strstr(newest(fixture)->text, "one run asks for at most 1000 actions"));
        assert_int_equal(fake_executor_count(&fixture->fake, "act "), WIRE_ACTIONS_PER_RUN);
}

static void script_can_go_while_runs_wait_in_every_way(void **state) {
        static const char *const bodies[] = {
                "wait('1h')", "act('x.y')", "return verify { within = '1h' }", "for i = 1, 1e9 do end"};
        struct fixture *fixture = *state;

        for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
                begin(fixture, bodies[i], 50 * USEC_PER_MSEC);
                teardown(state);
                assert_int_equal(setup(state), 0);
                fixture = *state;
        }
}

static void late_answers_find_nobody(void **state) {
        struct fixture *fixture = *state;

        begin(fixture, "act('x.y') wait('1h') return true", USEC_PER_SEC);
        struct wire_message late = {.type = WIRE_ACTION_FINISHED,
                .action_finished = {.serial = fixture->fake.last.action_request.serial,
                        .run = newest(fixture)->id,
                        .action = 1,
                        .status = WIRE_DONE}};
        engine_receive(fixture->engine, &late);
        loop_sim_advance(fixture->loop, USEC_PER_SEC);
        assert_int_equal(newest(fixture)->state, RUN_WAITING);
        assert_string_equal(newest(fixture)->waiting_for, "1h");
        script_free(fixture->script);
        fixture->script = NULL;
        engine_receive(fixture->engine, &late);
        loop_sim_advance(fixture->loop, 2 * USEC_PER_HOUR);
        assert_int_equal(fake_executor_count(&fixture->fake, "end "), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(breadcrumb_names_the_playbook_while_lua_runs_and_nothing_after),
                TEST(breadcrumb_is_gone_after_an_error),
                TEST(long_computation_lets_others_have_their_turns),
                TEST(verbs_and_arguments_are_checked_by_their_tables),
                TEST(prelude_is_there),
                TEST(run_that_never_stops_talking_does_not_flood_the_executor),
                TEST(run_that_never_stops_acting_fails),
                TEST(script_can_go_while_runs_wait_in_every_way),
                TEST(late_answers_find_nobody),
        };

        return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
