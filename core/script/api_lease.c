/* SPDX-License-Identifier: MIT */
/*
 * api_lease - leases(verb), let_go(number): what was changed and can be taken back
 *
 *      for _, lease in ipairs(leases("postfix.postpone")) do
 *        log(lease.args.nexthop .. " is paused: " .. lease.count .. " messages")
 *      end
 *
 * A list of { id = number, verb = text, args = { name = text }, until_clear = NAME, state = "in-force", "lapsed" or
 * "overruled", count = number, owner = PLAYBOOK }, oldest first.  A lapsed lease is one that nobody renewed in time; the
 * next renewal brings it back.  Of an overruled one somebody else has changed what it had changed.  Leases that are being
 * taken or undone are not listed.
 *
 * let_go(lease.id): what it holds cannot be brought back by this playbook, so nobody is waited for to do so: when its
 * condition stays clear for half a minute, the lease ends.  True: so be it; false: its condition has not cleared, or
 * this run only observes.
 *
 * Runs in the watcher.  Shows what the executor told last.
 */
#include <lauxlib.h>
#include <string.h>

#include "script/script_private.h"

static void set_text(lua_State *lua, const char *name, const char *text) {
        lua_pushstring(lua, text);
        lua_setfield(lua, -2, name);
}

static void set_number(lua_State *lua, const char *name, uint64_t number) {
        lua_pushinteger(lua, (lua_Integer)number);
        lua_setfield(lua, -2, name);
}

static void push_lease(lua_State *lua, const struct wire_lease *lease) {
        lua_createtable(lua, 0, 7);
        set_number(lua, "id", lease->lease);
        set_number(lua, "count", lease->count);
        set_text(lua, "verb", lease->verb);
        set_text(lua, "until_clear", lease->until_clear);
        set_text(lua, "owner", lease->owner);
        set_text(lua, "state", wire_lease_state_name((enum wire_lease_state)lease->state));
        lua_createtable(lua, 0, lease->n_args);
        for (size_t i = 0; i < lease->n_args; i++)
                set_text(lua, lease->args[i].name, lease->args[i].text);
        lua_setfield(lua, -2, "args");
}

static int leases(lua_State *lua) {
        struct script_run *run = script_enter(lua, "leases", false);
        const char *verb = luaL_optstring(lua, 1, NULL);
        lua_Integer n = 0;

        lua_newtable(lua);
        for (size_t i = 0; engine_lease(run->script->engine, i); i++) {
                const struct wire_lease *lease = engine_lease(run->script->engine, i);

                if (lease->state != WIRE_LEASE_IN_FORCE && lease->state != WIRE_LEASE_LAPSED &&
                        lease->state != WIRE_LEASE_OVERRULED)
                        continue;
                if (verb && strcmp(lease->verb, verb) != 0)
                        continue;
                push_lease(lua, lease);
                lua_seti(lua, -2, ++n);
        }
        return 1;
}

static int let_go(lua_State *lua) {
        struct script_run *run = script_enter(lua, "let_go", false);
        lua_Integer number = luaL_checkinteger(lua, 1);

        lua_pushboolean(lua,
                !run->run->observe && number > 0 &&
                        engine_lease_let_go(run->script->engine, (uint64_t)number));
        return 1;
}

const luaL_Reg api_lease[] = {{"leases", leases}, {"let_go", let_go}, {NULL, NULL}};
