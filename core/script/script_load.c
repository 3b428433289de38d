/* SPDX-License-Identifier: MIT */
/*
 * script_load - from the text of a playbook to a coroutine that is ready to run
 *
 * Runs in the watcher, at the beginning of every run.  Each run has a sandbox of its own: the prelude and the
 * playbook's file are evaluated in it (both were accepted by the loader before), so nothing of an earlier run is
 * left over, a run that eats its memory hurts no other, and an idle watcher keeps no Lua state at all.
 *
 * Fails with -EINVAL and "FILE:LINE: reason" for whatever the text does wrong, and for want of memory.
 * Limits: LOAD_INSTRUCTIONS for the top level of a file.
 */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "script/script_private.h"

#define LOAD_INSTRUCTIONS 1000000u

/* What setup() needs, handed over as one light pointer. */
struct setup {
        struct script_run *run;
        const struct incident *incident;
};

static const int run_key; /* its address is the registry's key */

struct script_run *script_run_of(lua_State *lua) {
        lua_rawgetp(lua, LUA_REGISTRYINDEX, &run_key);
        struct script_run *run = lua_touserdata(lua, -1);
        lua_pop(lua, 1);
        return run;
}

static int playbook(lua_State *lua) {
        luaL_checktype(lua, 1, LUA_TTABLE);
        lua_settop(lua, 1);
        return 1;
}

/* (setup, environment): the environment gets the API. */
static int fill_environment(lua_State *lua) {
        static const luaL_Reg *const tables[] = {
                api_act, api_wait, api_reading, api_condition, api_lease, api_log, NULL};
        const struct setup *setup = lua_touserdata(lua, 1);

        lua_pushlightuserdata(lua, setup->run);
        lua_rawsetp(lua, LUA_REGISTRYINDEX, &run_key);
        for (const luaL_Reg *const *table = tables; *table; table++)
                for (const luaL_Reg *row = *table; row->name; row++) {
                        lua_pushcfunction(lua, row->func);
                        lua_setfield(lua, 2, row->name);
                }
        lua_pushcfunction(lua, playbook);
        lua_setfield(lua, 2, "playbook");
        return 0;
}

void script_push_labels(lua_State *lua, const struct reading_label *labels, size_t n_labels) {
        lua_createtable(lua, 0, (int)n_labels);
        for (size_t i = 0; i < n_labels; i++) {
                lua_pushstring(lua, labels[i].value);
                lua_setfield(lua, -2, labels[i].name);
        }
}

/*
 * incident: id, condition (the object that started the run), labels, since (seconds since 1970), critical.
 * By hand there is no id and no since.
 */
static void push_incident(lua_State *lua, const struct setup *setup) {
        const struct run *run = setup->run->run;

        lua_newtable(lua);
        if (setup->incident) {
                lua_pushinteger(lua, (lua_Integer)setup->incident->id);
                lua_setfield(lua, -2, "id");
                lua_pushnumber(lua, (double)setup->incident->since_usec / 1e6);
                lua_setfield(lua, -2, "since");
        }
        if (*run->condition) {
                lua_pushstring(lua, run->condition);
                lua_setfield(lua, -2, "condition");
        }
        lua_pushboolean(lua, run->critical);
        lua_setfield(lua, -2, "critical");
        script_push_labels(lua, run->labels, run->n_labels);
        sandbox_seal(lua);
        lua_setfield(lua, -2, "labels");
        sandbox_seal(lua);
}

/* The frozen forms "n:0.5", "s:200M", "b:true". */
static void push_option(lua_State *lua, const char *value) {
        const char *text = value[0] && value[1] == ':' ? value + 2 : value;

        if (value[0] == 'b')
                lua_pushboolean(lua, strcmp(text, "true") == 0);
        else if (value[0] != 'n' || lua_stringtonumber(lua, text) == 0)
                lua_pushstring(lua, text);
}

/* (setup, playbook table): a new thread with `run`, incident and options on its stack stays in the registry. */
static int make_thread(lua_State *lua) {
        const struct setup *setup = lua_touserdata(lua, 1);
        const struct config_playbook *config = setup->run->run->playbook->config;

        if (!lua_istable(lua, 2) || lua_getfield(lua, 2, "run") != LUA_TFUNCTION)
                return luaL_error(lua, "%s:1: the file does not return playbook { ... } with a run function",
                        config->file);
        lua_State *thread = lua_newthread(lua);
        luaL_ref(lua, LUA_REGISTRYINDEX);
        luaL_checkstack(thread, 8, NULL);

        push_incident(lua, setup);
        lua_newtable(lua);
        for (size_t i = 0; i < config->n_options; i++) {
                push_option(lua, config->options[i].value);
                lua_setfield(lua, -2, config->options[i].name);
        }
        sandbox_seal(lua);
        lua_xmove(lua, thread, 3);
        setup->run->thread = thread;
        return 0;
}

/* Protected call of a C function with the setup as first argument and the value on top as second, which it pops. */
static int call_setup(
        struct script_run *run, lua_CFunction function, struct setup *setup, struct problem *problem) {
        lua_State *lua = sandbox_state(run->sandbox);

        lua_pushcfunction(lua, function);
        lua_insert(lua, -2);
        lua_pushlightuserdata(lua, setup);
        lua_insert(lua, -2);
        if (lua_pcall(lua, 2, 0, 0) == LUA_OK)
                return 0;
        sandbox_error_text(lua, problem);
        return -EINVAL;
}

static int evaluate(
        struct script_run *run, const char *file, const char *text, int n_results, struct problem *problem) {
        lua_State *lua = sandbox_state(run->sandbox);

        lua_pushvalue(lua, 1);
        int r = sandbox_load(run->sandbox, file, text, strlen(text), problem);
        return r < 0 ? r : sandbox_call(run->sandbox, 0, n_results, LOAD_INSTRUCTIONS, problem);
}

int script_load(struct script_run *run, const struct incident *incident, struct problem *problem) {
        const struct config_playbook *config = run->run->playbook->config;
        const char *prelude = engine_config(run->script->engine)->prelude;
        struct setup setup = {.run = run, .incident = incident};
        int r = sandbox_new(SCRIPT_MEMORY_MAX, &run->sandbox);

        if (r < 0 || sandbox_push_environment(run->sandbox, true) < 0)
                return problem_set(problem, "%s:1: there is no memory for a Lua state", config->file);
        lua_pushvalue(sandbox_state(run->sandbox), 1);
        r = call_setup(run, fill_environment, &setup, problem);
        if (r >= 0 && prelude)
                r = evaluate(run, "prelude.lua", prelude, 0, problem);
        if (r >= 0)
                r = evaluate(run, config->file, config->source, 1, problem);
        return r < 0 ? r : call_setup(run, make_thread, &setup, problem);
}
