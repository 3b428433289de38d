/* SPDX-License-Identifier: MIT */
/*
 * api_act - act(verb, args, terms): ask the executor for one action and wait for its end
 *
 *      local result = act("journal.vacuum", { keep = "200M" })
 *      act("postfix.postpone", { instance = "-", nexthop = "example.test" },
 *          { until_clear = "next-hop-down_example.test", reason = "example.test is down and its retries fill the log" })
 *
 * Arguments are texts, numbers, booleans, or lists of texts.  The result is a table:
 *      status       "done", "would-have" (only observed), "nothing" (nothing there to act on), "denied", "failed",
 *                   "timed-out" or "unknown"
 *      ok           true for the first three
 *      freed_bytes  measured by the executor
 *      found_bytes  of what a verb that only looks has found; such a verb looks in observe and dry runs, too
 *      count        things changed, or found
 *      text         one sentence
 * What a reversible verb does stays in force as a lease; the terms say how long, and why.  until_clear is the
 * condition whose clearing ends it (left out: the one that the run is about), reason a sentence for people (left
 * out: the diagnosis of the incident).  A verb that works on a selection ("these messages") and finds nothing to
 * select ends as "nothing".
 *
 * An action that was denied or failed is an answer and raises nothing; must(act(...)) of the prelude ends the run.
 * A verb that does not exist, an argument it does not have, or a value it does not take is an error of the
 * playbook, raised at its line before anything is asked; the executor checks all of it again.
 *
 * Runs in the watcher.  Limits: WIRE_PAIRS_MAX arguments of at most 511 bytes; WIRE_ACTIONS_PER_RUN actions in one run.
 */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/option.h"
#include "script/script_private.h"

static int resumed(lua_State *lua, int status, lua_KContext context) {
        const struct script_run *run = script_run_of(lua);
        const struct wire_action_finished *finished = &run->finished;
        enum wire_status outcome = (enum wire_status)finished->status;

        (void)status;
        (void)context;
        lua_createtable(lua, 0, 6);
        lua_pushstring(lua, wire_status_name(outcome));
        lua_setfield(lua, -2, "status");
        lua_pushboolean(lua, outcome == WIRE_DONE || outcome == WIRE_WOULD_HAVE || outcome == WIRE_NOTHING);
        lua_setfield(lua, -2, "ok");
        lua_pushinteger(lua, (lua_Integer)finished->freed_bytes);
        lua_setfield(lua, -2, "freed_bytes");
        lua_pushinteger(lua, (lua_Integer)finished->found_bytes);
        lua_setfield(lua, -2, "found_bytes");
        lua_pushinteger(lua, (lua_Integer)finished->count);
        lua_setfield(lua, -2, "count");
        lua_pushstring(lua, finished->text);
        lua_setfield(lua, -2, "text");
        return 1;
}

/* The text form of a list: its texts with commas between. */
static void list_text(lua_State *lua, const char *name, struct wire_pair *pair) {
        size_t used = 0;

        lua_Unsigned n = lua_rawlen(lua, -1);
        for (lua_Unsigned i = 1; i <= n; i++) {
                size_t length;

                if (lua_geti(lua, -1, (lua_Integer)i) != LUA_TSTRING)
                        luaL_error(lua, "argument '%s': a list holds texts only", name);
                const char *text = lua_tolstring(lua, -1, &length);
                if (strchr(text, ',') || length == 0)
                        luaL_error(
                                lua, "argument '%s': a text in a list is not empty and has no comma", name);
                if (used + length + 2 > sizeof(pair->text))
                        luaL_error(lua, "argument '%s' is too long", name);
                text_format(pair->text + used, sizeof(pair->text) - used, "%s%s", i > 1 ? "," : "", text);
                used += strlen(pair->text + used);
                lua_pop(lua, 1);
        }
}

/* The value on top of the stack as the argument `name`. */
static void argument(lua_State *lua, const char *name, struct wire_pair *pair) {
        int type = lua_type(lua, -1);

        if (!text_copy(pair->name, sizeof(pair->name), name))
                luaL_error(lua, "the argument's name '%s' is too long", name);
        if (type == LUA_TTABLE) {
                list_text(lua, name, pair);
                return;
        }
        if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN)
                luaL_error(lua,
                        "argument '%s' is a %s; a text, a number, a boolean or a list of texts is allowed",
                        name, lua_typename(lua, type));
        size_t length;
        const char *text = luaL_tolstring(lua, -1, &length);
        if (length != strlen(text) || length >= sizeof(pair->text))
                luaL_error(lua, "argument '%s' is too long, or has a NUL in it", name);
        text_copy(pair->text, sizeof(pair->text), text);
        lua_pop(lua, 1);
}

/* The verb's row, and its arguments checked by its table; NULL when verbs are not known here. */
static const struct sg_verb *check_verb(lua_State *lua, const struct script_run *run, const char *name,
        const struct wire_pair *pairs, size_t n) {
        struct option_pair options[WIRE_PAIRS_MAX];
        const struct sg_plugin *plugin;
        struct sg_value *values = NULL;
        struct problem problem;

        if (!run->script->plugins)
                return NULL;
        const struct sg_verb *verb = plugin_verb(run->script->plugins, name, &plugin);
        if (!verb) {
                const char *near = plugin_verb_nearest(run->script->plugins, name);

                luaL_error(lua, "there is no verb '%s'%s%s%s", name, near ? ", did you mean '" : "",
                        near ? near : "", near ? "'?" : "");
                return NULL; /* not reached: luaL_error() does not return, but does not say so */
        }
        for (size_t i = 0; i < n; i++)
                options[i] = (struct option_pair){.name = pairs[i].name, .text = pairs[i].text};
        if (option_values_new(verb->args, options, n, &values, &problem) < 0)
                luaL_error(lua, "%s: %s", name, problem.text);
        option_values_free(verb->args, values);
        return verb;
}

/* A text of the terms at index 3, which stays on the stack; NULL: it has none of that name. */
static const char *term(lua_State *lua, const char *name) {
        int type = lua_getfield(lua, 3, name);

        if (type == LUA_TNIL)
                return NULL;
        if (type != LUA_TSTRING)
                luaL_error(lua, "act: '%s' is a text", name);
        return lua_tostring(lua, -1);
}

static void read_terms(lua_State *lua, const struct sg_verb *verb, struct engine_act *act) {
        static const char *const keys[] = {"until_clear", "reason", NULL};

        act->reversible = verb && verb->risk == SG_RISK_REVERSIBLE;
        act->selects = verb && verb->selector;
        act->probes = verb && verb->risk == SG_RISK_PROBE;
        if (lua_isnil(lua, 3))
                return;
        luaL_checktype(lua, 3, LUA_TTABLE);
        if (!act->reversible)
                luaL_error(lua, "%s cannot be taken back, so there are no terms to say how long it lasts",
                        act->verb);
        script_check_keys(lua, 3, keys);
        act->until_clear = term(lua, "until_clear");
        act->reason = term(lua, "reason");
}

static int compare_names(const void *a, const void *b) {
        return strcmp(((const struct wire_pair *)a)->name, ((const struct wire_pair *)b)->name);
}

static int act(lua_State *lua) {
        struct script_run *run = script_enter(lua, "act", true);
        const char *verb = luaL_checkstring(lua, 1);
        struct wire_pair pairs[WIRE_PAIRS_MAX] = {0};
        struct engine_act request = {.verb = verb, .args = pairs};
        struct problem problem;
        size_t n = 0;

        lua_settop(lua, 3);
        if (!lua_isnil(lua, 2)) {
                luaL_checktype(lua, 2, LUA_TTABLE);
                /* lua_next finds nothing in a sealed table: say so instead of acting without arguments. */
                if (luaL_getmetafield(lua, 2, "__pairs") != LUA_TNIL)
                        return luaL_error(
                                lua, "act: write the arguments down, as in { keep = options.keep }");
                for (lua_pushnil(lua); lua_next(lua, 2); lua_pop(lua, 1)) {
                        if (lua_type(lua, -2) != LUA_TSTRING)
                                return luaL_error(
                                        lua, "act: arguments have names, as in { keep = \"200M\" }");
                        if (n == WIRE_PAIRS_MAX)
                                return luaL_error(lua, "act: more than %d arguments", (int)WIRE_PAIRS_MAX);
                        argument(lua, lua_tostring(lua, -2), &pairs[n++]);
                }
        }
        /* Lua has no order; the record and people want one. */
        qsort(pairs, n, sizeof(pairs[0]), compare_names);
        request.n_args = n;
        read_terms(lua, check_verb(lua, run, verb, pairs, n), &request);
        if (engine_run_act(run->script->engine, run->run, &request, &problem) < 0)
                return luaL_error(lua, "%s", problem.text);
        return script_park(lua, SCRIPT_AWAITS_ACTION, resumed);
}

const luaL_Reg api_act[] = {{"act", act}, {NULL, NULL}};
