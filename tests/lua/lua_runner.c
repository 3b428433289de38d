/* SPDX-License-Identifier: MIT */
/*
 * lua_runner - run one Lua test file against playbooks on the simulated loop
 *
 *      lua_runner SHARE_DIRECTORY PLUGIN_DIRECTORY test_NAME.lua
 *
 * The test runs in a plain Lua state with all libraries; harness.lua beside it makes the friendly forms (world,
 * test, check).  The world under test is the real engine and the real script engine with the fake executor, whose
 * actions are functions of the test.  One world at a time; a new one ends the one before.
 *
 * Exits with 1 when a test failed or the file has an error.
 */
#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "fake_executor.h"
#include "lua_verbs.h"
#include "script/script.h"

#define START_USEC UINT64_C(1766620800000000) /* an evening in December */

static struct world {
        bool there;
        lua_State *lua;
        struct loop *loop;
        struct board *board;
        struct engine *engine;
        struct script *script;
        struct fake_executor fake;
        struct config config;
        struct config_condition conditions[16];
        struct config_playbook playbooks[16];
        struct plugin_list *verbs;
        int table; /* reference of the test's table: it owns every text of the configuration */
        int done;  /* reference of a table: what to call when an action is done, by its number */
} world;

static const char *plugin_directory;

static void world_end(void) {
        if (!world.there)
                return;
        fake_executor_deinit(&world.fake);
        script_free(world.script);
        engine_free(world.engine);
        board_free(world.board);
        loop_free(world.loop);
        for (size_t i = 0; i < world.config.n_playbooks; i++)
                free(world.playbooks[i].options);
        lua_verbs_free(world.verbs);
        luaL_unref(world.lua, LUA_REGISTRYINDEX, world.table);
        luaL_unref(world.lua, LUA_REGISTRYINDEX, world.done);
        memset(&world, 0, sizeof(world));
}

/* The texts stay valid: the test's table, which is referred to, has them. */
static const char *text_field(lua_State *lua, const char *name) {
        lua_getfield(lua, -1, name);
        const char *text = lua_tostring(lua, -1);
        lua_pop(lua, 1);
        return text;
}

static double number_field(lua_State *lua, const char *name) {
        lua_getfield(lua, -1, name);
        double number = lua_tonumber(lua, -1);
        lua_pop(lua, 1);
        return number;
}

static bool flag_field(lua_State *lua, const char *name) {
        lua_getfield(lua, -1, name);
        bool flag = lua_toboolean(lua, -1);
        lua_pop(lua, 1);
        return flag;
}

static void list_field(lua_State *lua, const char *name, const char **list) {
        lua_getfield(lua, -1, name);
        for (lua_Integer i = 1; i <= CONFIG_LIST_MAX && lua_geti(lua, -1, i) == LUA_TSTRING; i++) {
                list[i - 1] = lua_tostring(lua, -1);
                lua_pop(lua, 1);
        }
        lua_settop(lua, -3);
}

static enum config_level level_field(lua_State *lua) {
        const char *name = text_field(lua, "level");
        enum config_level level = CONFIG_LEVEL_NOTICE;

        if (!name)
                return CONFIG_LEVEL_WARNING;
        while (strcmp(config_level_name(level), name) != 0)
                if (level++ == CONFIG_LEVEL_CRITICAL)
                        luaL_error(lua, "there is no level %s", name);
        return level;
}

static void read_condition(lua_State *lua, struct config_condition *condition) {
        condition->name = text_field(lua, "name");
        condition->reading = text_field(lua, "reading");
        condition->trip = number_field(lua, "trip");
        condition->clear = number_field(lua, "clear");
        condition->lasting_usec = (uint64_t)(number_field(lua, "lasting") * 1e6);
        condition->clear_lasting_usec = (uint64_t)(number_field(lua, "clear_lasting") * 1e6);
        condition->level = level_field(lua);
        condition->below = flag_field(lua, "below");
        condition->cause = (unsigned)number_field(lua, "cause");
        condition->enabled = true;
}

static void read_playbook(lua_State *lua, struct config_playbook *playbook) {
        playbook->name = text_field(lua, "name");
        playbook->file = text_field(lua, "file");
        playbook->source = text_field(lua, "source");
        playbook->mode = CONFIG_MODE_ENFORCE;
        list_field(lua, "any", playbook->any);
        list_field(lua, "all", playbook->all);
        list_field(lua, "cleared", playbook->cleared);
        list_field(lua, "after", playbook->after);
        lua_getfield(lua, -1, "options");
        size_t n = lua_rawlen(lua, -1);
        playbook->options = calloc(n + 1, sizeof(*playbook->options));
        for (size_t i = 0; playbook->options && i < n; i++) {
                lua_geti(lua, -1, (lua_Integer)i + 1);
                playbook->options[i].name = text_field(lua, "name");
                playbook->options[i].value = text_field(lua, "value");
                lua_pop(lua, 1);
                playbook->n_options++;
        }
        lua_pop(lua, 1);
}

/* Calls the function `name` of the test's table with its arguments on the stack; false when there is none. */
static bool call_test(lua_State *lua, const char *name, int n_arguments, int n_results) {
        lua_rawgeti(lua, LUA_REGISTRYINDEX, world.table);
        lua_getfield(lua, -1, name);
        lua_remove(lua, -2);
        if (lua_isnil(lua, -1)) {
                lua_pop(lua, n_arguments + 1);
                return false;
        }
        lua_insert(lua, -n_arguments - 1);
        lua_call(lua, n_arguments, n_results);
        return true;
}

static void push_args(lua_State *lua, const struct wire_pair *args, size_t n_args) {
        lua_newtable(lua);
        for (size_t i = 0; i < n_args; i++) {
                lua_pushstring(lua, args[i].text);
                lua_setfield(lua, -2, args[i].name);
        }
}

/* The `done` of the table on top of the stack is called when this action is done. */
static void keep_done(lua_State *lua, uint64_t action) {
        lua_rawgeti(lua, LUA_REGISTRYINDEX, world.done);
        lua_getfield(lua, -2, "done");
        lua_seti(lua, -2, (lua_Integer)action);
        lua_pop(lua, 1);
}

static void on_done(struct fake_executor *fake, const struct wire_action_finished *finished) {
        lua_State *lua = world.lua;

        (void)fake;
        lua_rawgeti(lua, LUA_REGISTRYINDEX, world.done);
        if (lua_geti(lua, -1, (lua_Integer)finished->action) == LUA_TFUNCTION)
                lua_call(lua, 0, 0);
        else
                lua_pop(lua, 1);
        lua_pop(lua, 1);
}

static ssize_t on_select(struct fake_executor *fake, const struct wire_message *message, const char *verb,
        const struct wire_pair *args, size_t n_args) {
        lua_State *lua = world.lua;
        ssize_t n = 1;

        (void)fake;
        lua_pushstring(lua, verb);
        push_args(lua, args, n_args);
        lua_pushboolean(lua, message->type == WIRE_LEASE_RENEW);
        if (!call_test(lua, "select", 3, 1))
                return n;
        if (lua_isinteger(lua, -1))
                n = (ssize_t)lua_tointeger(lua, -1);
        lua_pop(lua, 1);
        return n;
}

static void on_act(struct fake_executor *fake, const struct wire_action_request *request,
        struct wire_action_finished *finished) {
        lua_State *lua = world.lua;

        (void)fake;
        lua_pushstring(lua, request->verb);
        push_args(lua, request->args, request->n_args);
        lua_createtable(lua, 0, 2);
        lua_pushstring(lua, request->until_clear);
        lua_setfield(lua, -2, "until_clear");
        lua_pushstring(lua, request->reason);
        lua_setfield(lua, -2, "reason");
        if (!call_test(lua, "act", 3, 1))
                return;
        if (lua_istable(lua, -1)) {
                const char *status = text_field(lua, "status"), *text = text_field(lua, "text");

                for (int s = WIRE_DONE; status && s <= WIRE_UNKNOWN; s++)
                        if (strcmp(status, wire_status_name((enum wire_status)s)) == 0)
                                finished->status = (uint32_t)s;
                if (finished->status == WIRE_DENIED)
                        finished->action = 0;
                keep_done(lua, finished->action);
                finished->freed_bytes = (uint64_t)number_field(lua, "freed_bytes");
                finished->found_bytes = (uint64_t)number_field(lua, "found_bytes");
                finished->count = (uint64_t)number_field(lua, "count");
                text_copy(finished->text, sizeof(finished->text), text ? text : "");
        }
        lua_pop(lua, 1);
}

static void on_admit(
        struct fake_executor *fake, const struct wire_run_begin *begin, struct wire_run_reply *reply) {
        lua_State *lua = world.lua;

        lua_pushstring(lua, begin->playbook);
        if (!call_test(lua, "admit", 1, 2))
                return;
        const char *verdict = lua_tostring(lua, -2);
        for (int v = WIRE_GO; verdict && v <= WIRE_REFUSED; v++)
                if (strcmp(verdict, wire_verdict_name((enum wire_verdict)v)) == 0)
                        reply->verdict = (uint32_t)v;
        if (lua_isnumber(lua, -1))
                reply->until_usec = loop_realtime(fake->loop) + (uint64_t)(lua_tonumber(lua, -1) * 1e6);
        lua_pop(lua, 2);
}

static int start(lua_State *lua) {
        static const struct engine_ops ops = {
                .send = fake_executor_send, .send_selected = fake_executor_send_selected};

        luaL_checktype(lua, 1, LUA_TTABLE);
        lua_settop(lua, 1);
        world_end();
        world.there = true;
        world.lua = lua;
        world.config.mode = CONFIG_MODE_ENFORCE;
        world.config.conditions = world.conditions;
        world.config.playbooks = world.playbooks;
        world.config.prelude = text_field(lua, "prelude");
        const char *back_by = text_field(lua, "back_by");
        struct problem problem;
        if (back_by && back_by_parse("back_by", back_by, &world.config.back_by, &problem) < 0)
                return luaL_error(lua, "%s", problem.text);

        lua_getfield(lua, 1, "conditions");
        for (lua_Integer i = 1; lua_geti(lua, -1, i) == LUA_TTABLE && i <= 16; i++, lua_settop(lua, 2))
                read_condition(lua, &world.conditions[world.config.n_conditions++]);
        lua_settop(lua, 1);
        lua_getfield(lua, 1, "playbooks");
        for (lua_Integer i = 1; lua_geti(lua, -1, i) == LUA_TTABLE && i <= 16; i++, lua_settop(lua, 2))
                read_playbook(lua, &world.playbooks[world.config.n_playbooks++]);
        lua_settop(lua, 1);
        bool observe = flag_field(lua, "observe"), lasting = flag_field(lua, "lasting");
        world.verbs = lua_verbs_new(lua, plugin_directory);
        lua_newtable(lua);
        world.done = luaL_ref(lua, LUA_REGISTRYINDEX);
        world.table = luaL_ref(lua, LUA_REGISTRYINDEX);

        if (loop_new_sim(START_USEC, &world.loop) < 0 || board_new(world.loop, &world.board) < 0 ||
                engine_new(world.loop, &world.config, world.board, &ops, &world.fake, &world.engine) < 0 ||
                script_new(world.loop, world.engine, NULL, &world.script) < 0)
                return luaL_error(lua, "the world could not be made");
        script_set_plugins(world.script, world.verbs);
        fake_executor_init(&world.fake, world.loop);
        world.fake.engine = world.engine;
        world.fake.observe = observe;
        if (lasting)
                world.fake.slice_usec = 0;
        world.fake.act = on_act;
        world.fake.admit = on_admit;
        world.fake.done = on_done;
        world.fake.select = on_select;
        fake_executor_welcome(&world.fake, 0, "", "", false);
        return 0;
}

static int compare_labels(const void *a, const void *b) {
        return strcmp(((const struct reading_label *)a)->name, ((const struct reading_label *)b)->name);
}

/* The table at `index`, in order of the labels' names. */
static size_t read_labels(lua_State *lua, int index, struct reading_label labels[READING_LABELS_MAX]) {
        size_t n = 0;

        luaL_checktype(lua, index, LUA_TTABLE);
        for (lua_pushnil(lua); n < READING_LABELS_MAX && lua_next(lua, index); n++, lua_pop(lua, 1)) {
                text_copy(labels[n].name, sizeof(labels[n].name), luaL_checkstring(lua, -2));
                text_copy(labels[n].value, sizeof(labels[n].value), luaL_checkstring(lua, -1));
        }
        qsort(labels, n, sizeof(labels[0]), compare_labels);
        return n;
}

/* set(reading, { label = value }, number or nil, sentence): nil is missing. */
static int set(lua_State *lua) {
        const char *name = luaL_checkstring(lua, 1);
        struct reading_label labels[READING_LABELS_MAX] = {0};

        lua_settop(lua, 4);
        size_t n = read_labels(lua, 2, labels);
        if (lua_isnil(lua, 3))
                board_missing(world.board, name, labels, n, "the test says so");
        else
                board_set_told(
                        world.board, name, labels, n, luaL_checknumber(lua, 3), luaL_optstring(lua, 4, NULL));
        return 0;
}

/* withdraw(reading, { label = value }): the thing is no more. */
static int withdraw(lua_State *lua) {
        struct reading_label labels[READING_LABELS_MAX] = {0};
        const char *name = luaL_checkstring(lua, 1);

        board_remove(world.board, name, labels, read_labels(lua, 2, labels));
        return 0;
}

/* lease(id): its state, or nothing; lease(id, state): it changes to that, as if the executor had done so. */
static int lease(lua_State *lua) {
        uint64_t number = (uint64_t)luaL_checkinteger(lua, 1);
        const struct wire_lease *held = fake_executor_find_lease(&world.fake, number);
        const char *name = luaL_optstring(lua, 2, NULL);

        if (!held)
                return 0;
        for (int s = WIRE_LEASE_TAKING; name && s <= WIRE_LEASE_ENDED; s++)
                if (strcmp(name, wire_lease_state_name((enum wire_lease_state)s)) == 0) {
                        fake_executor_lease(&world.fake, number, (enum wire_lease_state)s);
                        return 0;
                }
        lua_pushstring(lua, wire_lease_state_name((enum wire_lease_state)held->state));
        return 1;
}

static int advance(lua_State *lua) {
        loop_sim_advance(world.loop, (uint64_t)(luaL_checknumber(lua, 1) * 1e6));
        return 0;
}

static int trace(lua_State *lua) {
        lua_newtable(lua);
        for (size_t i = 0; i < world.fake.n_trace; i++) {
                lua_pushstring(lua, world.fake.trace[i]);
                lua_seti(lua, -2, (lua_Integer)i + 1);
        }
        return 1;
}

static int state(lua_State *lua) {
        lua_pushstring(lua, engine_state_name(world.engine));
        return 1;
}

/* What people read about the newest incident. */
static int diagnosis(lua_State *lua) {
        const struct incident *newest = engine_incident(world.engine, 0);

        lua_pushstring(lua, newest ? newest->diagnosis : "");
        return 1;
}

/* by_hand(playbook, dry): nothing, or the reason why not. */
static int by_hand(lua_State *lua) {
        struct problem problem;

        if (engine_run_by_hand(world.engine, luaL_checkstring(lua, 1), lua_toboolean(lua, 2), &problem))
                return 0;
        lua_pushstring(lua, problem.text);
        return 1;
}

/* run(): what the newest run shows: state, waiting_for, result, text; nothing when there is none. */
static int run(lua_State *lua) {
        const struct run *shown = engine_run(world.engine, 0);

        if (!shown)
                return 0;
        lua_newtable(lua);
        lua_pushstring(lua, run_state_name(shown->state));
        lua_setfield(lua, -2, "state");
        lua_pushstring(lua, shown->waiting_for);
        lua_setfield(lua, -2, "waiting_for");
        lua_pushstring(lua, shown->result);
        lua_setfield(lua, -2, "result");
        lua_pushstring(lua, shown->text);
        lua_setfield(lua, -2, "text");
        return 1;
}

static const luaL_Reg functions[] = {
        {"start", start},
        {"set", set},
        {"withdraw", withdraw},
        {"lease", lease},
        {"advance", advance},
        {"trace", trace},
        {"state", state},
        {"diagnosis", diagnosis},
        {"by_hand", by_hand},
        {"run", run},
        {NULL, NULL},
};

int main(int argc, char **argv) {
        char harness[4096];
        int failed = 1;

        /* Local times are the same wherever this runs. */
        setenv("TZ", "UTC", 1);
        if (argc != 4) {
                fprintf(stderr, "usage: lua_runner SHARE_DIRECTORY PLUGIN_DIRECTORY test_NAME.lua\n");
                return 2;
        }
        const char *test = argv[3], *slash = strrchr(test, '/');
        plugin_directory = argv[2];
        text_format(harness, sizeof(harness), "%.*sharness.lua", slash ? (int)(slash - test + 1) : 0, test);
        lua_State *lua = luaL_newstate();
        if (!lua)
                return 1;
        luaL_openlibs(lua);
        luaL_newlib(lua, functions);
        lua_setglobal(lua, "sim");
        lua_pushstring(lua, argv[1]);
        lua_setglobal(lua, "SHARE");
        if (luaL_dofile(lua, harness) != LUA_OK || luaL_dofile(lua, test) != LUA_OK ||
                luaL_dostring(lua, "return finish()") != LUA_OK)
                fprintf(stderr, "%s\n", lua_tostring(lua, -1));
        else
                failed = (int)lua_tointeger(lua, -1);
        world_end();
        lua_close(lua);
        return failed ? 1 : 0;
}
