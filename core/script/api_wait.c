/* SPDX-License-Identifier: MIT */
/*
 * api_wait - verify and wait: let time pass under a name; now, back_by: how long something took, or will take
 *
 *      return verify { clears = incident.condition, within = "2m" }
 *
 * verify waits until no condition of that name is tripped or unknown, at most as long as `within` says ("2m" when
 * left out), and returns true, else false.  A plain name ("disk-space-high") stands for all its label sets.
 * Left out, `clears` is the condition that the run is about.  It returns true at once after an action that was
 * only observed, and at once what it sees when no action of the run was executed.
 *
 *      wait("30s", "the queue manager to settle")
 *
 * wait returns after that time; the label is what people see meanwhile.
 *
 *      local began = now()
 *
 * now gives seconds, with a fraction, of a clock that nobody sets: only the difference of two of them means
 * something.
 *
 *      local left = back_by()
 *
 * back_by gives the seconds until people are next back, by `back_by` of the configuration; nil when that is a date
 * that has passed: nobody knows then, and nil is never "soon".
 *
 * Runs in the watcher.  Limits: a wait lasts from 100ms to 24h.
 */
#include <lauxlib.h>

#include "script/script_private.h"

static int resumed(lua_State *lua, int status, lua_KContext context) {
        (void)status;
        (void)context;
        lua_pushboolean(lua, script_run_of(lua)->wait_ok);
        return 1;
}

static int verify(lua_State *lua) {
        static const char *const keys[] = {"clears", "within", NULL};
        struct script_run *run = script_enter(lua, "verify", true);
        struct problem problem;

        luaL_checktype(lua, 1, LUA_TTABLE);
        lua_settop(lua, 1);
        script_check_keys(lua, 1, keys);
        if (lua_getfield(lua, 1, "clears") == LUA_TNIL) {
                lua_pop(lua, 1);
                lua_pushstring(lua, run->run->condition);
        }
        if (lua_getfield(lua, 1, "within") == LUA_TNIL) {
                lua_pop(lua, 1);
                lua_pushliteral(lua, "2m");
        }
        if (lua_type(lua, 2) != LUA_TSTRING)
                return luaL_error(lua, "verify: 'clears' is the name of a condition");
        uint64_t within_usec = script_duration(lua, 3, "verify: 'within'");

        if (engine_run_wait_clear(
                    run->script->engine, run->run, lua_tostring(lua, 2), within_usec, &problem) < 0)
                return luaL_error(lua, "verify: %s", problem.text);
        return script_park(lua, SCRIPT_AWAITS_WAIT, resumed);
}

static int wait_time(lua_State *lua) {
        struct script_run *run = script_enter(lua, "wait", true);
        struct problem problem;
        uint64_t usec = script_duration(lua, 1, "wait");
        const char *label = luaL_optstring(lua, 2, lua_tostring(lua, 1));

        if (engine_run_wait_time(run->script->engine, run->run, usec, label, &problem) < 0)
                return luaL_error(lua, "wait: %s", problem.text);
        return script_park(lua, SCRIPT_AWAITS_WAIT, resumed);
}

static int now(lua_State *lua) {
        struct script_run *run = script_enter(lua, "now", false);

        lua_pushnumber(lua, (double)loop_now(run->script->loop) / 1e6);
        return 1;
}

static int back_by(lua_State *lua) {
        const struct script_run *run = script_enter(lua, "back_by", false);
        uint64_t now_usec = loop_realtime(run->script->loop);
        uint64_t back_usec = back_by_next(&engine_config(run->script->engine)->back_by, now_usec);

        if (back_usec == 0)
                lua_pushnil(lua);
        else
                lua_pushnumber(lua, (double)(back_usec - now_usec) / 1e6);
        return 1;
}

const luaL_Reg api_wait[] = {
        {"verify", verify}, {"wait", wait_time}, {"now", now}, {"back_by", back_by}, {NULL, NULL}};
