/* SPDX-License-Identifier: MIT */
/*
 * script_private - what the files of the script engine share
 *
 * script.c takes the engine's calls, script_load.c makes a coroutine from a playbook, script_run.c resumes and
 * ends it, api_*.c are the functions a playbook can call.
 */
#ifndef SCRIPT_SCRIPT_PRIVATE_H
#define SCRIPT_SCRIPT_PRIVATE_H

#include <lauxlib.h>
#include <lua.h>

#include "engine/engine.h"
#include "lua/sandbox.h"
#include "plugin/plugin.h"
#include "script/script.h"
#include "wire/breadcrumb.h"

struct script {
        struct loop *loop;
        struct engine *engine;
        struct breadcrumb *breadcrumb;     /* NULL: none */
        const struct plugin_list *plugins; /* NULL: verbs are not checked here */
};

enum script_state {
        SCRIPT_LOADING, /* top level of the playbook's file */
        SCRIPT_READY,   /* resumed at the loop's next turn: at its start, and between two slices */
        SCRIPT_RUNNING, /* inside lua_resume() */
        SCRIPT_PARKED,  /* in act, verify or wait */
        SCRIPT_STOPPED, /* a runaway: never resumed */
};
enum script_awaits { SCRIPT_AWAITS_NOTHING, SCRIPT_AWAITS_ACTION, SCRIPT_AWAITS_WAIT };

struct script_run {
        struct script *script;
        struct run *run;
        struct sandbox *sandbox; /* its own: nothing is left of a run when it is over */
        lua_State *thread;
        struct loop_defer *defer;
        enum script_state state;
        enum script_awaits awaits;
        uint64_t instructions; /* since the last time it was parked */
        char where[96];        /* "FILE:LINE" of a runaway */
        /* The answer to what it awaited; turned into Lua values inside the coroutine, where errors are caught. */
        struct wire_action_finished finished;
        bool wait_ok;
};

/* script_load.c: -EINVAL with "FILE:LINE: reason" */
int script_load(struct script_run *run, const struct incident *incident, struct problem *problem);

/* script_run.c */
void script_resume(struct script_run *run); /* may end and free the run */
struct script_run *script_run_of(lua_State *lua);

/*
 * For the functions of the API.  Raises unless called from a running `run` function; `waits`: it must also be
 * able to wait there.
 */
struct script_run *script_enter(lua_State *lua, const char *function, bool waits);
/* Parks the coroutine; `resumed` makes the return values when the answer is there. */
int script_park(lua_State *lua, enum script_awaits awaits, lua_KFunction resumed);
/* The duration in a text ("30s"); raises with the allowed form otherwise. */
uint64_t script_duration(lua_State *lua, int index, const char *what);
/* Pushes { path = "/var/log" }. */
void script_push_labels(lua_State *lua, const struct reading_label *labels, size_t n_labels);
/* Raises when the table at `index` has a key that is not in `names`. */
void script_check_keys(lua_State *lua, int index, const char *const *names);

/* One table of functions each, ended by a row without a name. */
extern const struct luaL_Reg api_act[], api_wait[], api_reading[], api_condition[], api_lease[], api_log[];

#endif
