/* SPDX-License-Identifier: MIT */
/*
 * script_run - resume, slice, stop and end the coroutine of a run
 *
 * Runs in the watcher and in simulations.  A count hook looks at a coroutine every SCRIPT_SLICE_INSTRUCTIONS: it
 * yields to the loop, which resumes it at its next turn, so that a long computation delays nobody.  One that
 * goes over SCRIPT_RUN_INSTRUCTIONS without an act, verify or wait is a runaway: it is yielded and never resumed,
 * because an error could be caught by pcall for ever.  Where it cannot yield (in the comparison function of a
 * sort) it gets the error instead, at every instruction, until it is where it can be stopped.
 *
 * Before every resume the breadcrumb says which playbook is about to run, for the case that it never returns
 * from one C function; the supervisor of the process reads it then.
 *
 * Fails: an error of any type ends the run as failed with "FILE:LINE: reason"; the stack of the coroutine, which
 * it keeps, goes to the log.
 */
#include <lauxlib.h>
#include <string.h>

#include "base/log.h"
#include "config/option.h"
#include "script/script_private.h"

static void breadcrumb(const struct script_run *run, enum breadcrumb_activity activity) {
        if (run->script->breadcrumb)
                breadcrumb_set(run->script->breadcrumb, activity,
                        activity == BREADCRUMB_LUA ? run->run->playbook->config->name : NULL);
}

static void count_hook(lua_State *lua, lua_Debug *activation) {
        struct script_run *run = script_run_of(lua);

        (void)activation;
        run->instructions += SCRIPT_SLICE_INSTRUCTIONS;
        bool runaway = run->instructions >= SCRIPT_RUN_INSTRUCTIONS;
        if (lua_isyieldable(lua)) {
                run->state = runaway ? SCRIPT_STOPPED : SCRIPT_READY;
                /* A thread that yielded in a hook shows the line before. */
                if (runaway && !sandbox_where(lua, run->where, sizeof(run->where)))
                        run->where[0] = '\0';
                lua_yield(lua, 0);
        } else if (runaway) {
                lua_sethook(lua, count_hook, LUA_MASKCOUNT, 1);
                luaL_error(lua, "stopped, it runs without an end");
        }
}

static void log_stack(const struct script_run *run) {
        char line[256];

        for (int i = 0; sandbox_traceback_line(run->thread, i, line, sizeof(line)); i++)
                log_error("%s:   %s", run->run->playbook->config->name, line);
}

static void fail(struct script_run *run, const char *text) {
        log_stack(run);
        engine_run_ended(run->script->engine, run->run, RUN_ANSWER_NONE, text);
}

static void stopped(struct script_run *run) {
        struct problem problem;

        problem_set(&problem,
                "%s: stopped, it runs without an end (%u instructions without act, verify or wait)",
                run->where, SCRIPT_RUN_INSTRUCTIONS);
        fail(run, problem.text);
}

static enum run_answer answer_of(lua_State *thread, int n_results) {
        if (n_results == 0 || lua_isnil(thread, -n_results))
                return RUN_ANSWER_NONE;
        return lua_toboolean(thread, -n_results) ? RUN_ANSWER_CLEARED : RUN_ANSWER_NOT_CLEARED;
}

void script_resume(struct script_run *run) {
        lua_State *main = sandbox_state(run->sandbox), *thread = run->thread;
        /* The first time its function and two arguments are on the stack; later the coroutine is in a yield. */
        int n_arguments = lua_status(thread) == LUA_YIELD ? 0 : 2, n_results = 0;
        bool sliced = run->state == SCRIPT_READY && n_arguments == 0;
        struct problem problem;

        if (run->awaits != SCRIPT_AWAITS_NOTHING)
                run->instructions = 0;
        run->awaits = SCRIPT_AWAITS_NOTHING;
        run->state = SCRIPT_RUNNING;
        breadcrumb(run, BREADCRUMB_LUA);
        /* Setting the hook after it yielded would make Lua skip its next call. */
        if (!sliced)
                lua_sethook(thread, count_hook, LUA_MASKCOUNT, SCRIPT_SLICE_INSTRUCTIONS);
        int status = lua_resume(thread, main, n_arguments, &n_results);
        breadcrumb(run, BREADCRUMB_NONE);

        if (status == LUA_YIELD) {
                lua_pop(thread, n_results);
                if (run->state == SCRIPT_READY)
                        loop_defer_arm(run->defer);
                else if (run->state == SCRIPT_STOPPED)
                        stopped(run);
        } else if (status == LUA_OK) {
                engine_run_ended(run->script->engine, run->run, answer_of(thread, n_results), NULL);
        } else {
                sandbox_error_text(thread, &problem);
                fail(run, problem.text);
        }
}

struct script_run *script_enter(lua_State *lua, const char *function, bool waits) {
        struct script_run *run = script_run_of(lua);

        if (run->state == SCRIPT_LOADING)
                luaL_error(lua, "%s() can only be called while the playbook's run function runs", function);
        if (waits && !lua_isyieldable(lua))
                luaL_error(lua, "%s() has to wait, which it cannot do inside a function of sort or gsub",
                        function);
        return run;
}

int script_park(lua_State *lua, enum script_awaits awaits, lua_KFunction resumed) {
        struct script_run *run = script_run_of(lua);

        run->state = SCRIPT_PARKED;
        run->awaits = awaits;
        return lua_yieldk(lua, 0, 0, resumed);
}

uint64_t script_duration(lua_State *lua, int index, const char *what) {
        const struct sg_option row = {
                .name = "duration", .type = SG_TYPE_DURATION, .min = 0.1, .max = 24 * 3600};
        struct sg_value value;
        struct problem problem;

        if (lua_type(lua, index) != LUA_TSTRING)
                luaL_error(lua, "%s is a duration, such as \"%s\"", what, "90s");
        if (option_parse(&row, lua_tostring(lua, index), &value, &problem) < 0)
                luaL_error(lua, "%s: %s", what, problem.text);
        return value.usec;
}

void script_check_keys(lua_State *lua, int index, const char *const *names) {
        for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
                const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "?";
                const char *const *name = names;

                while (*name && strcmp(*name, key) != 0)
                        name++;
                if (!*name)
                        luaL_error(lua, "'%s' is not known here; '%s' and '%s' are", key, names[0], names[1]);
        }
}
