/* SPDX-License-Identifier: MIT */
/*
 * loader_names - the names that a playbook file sees while it is loaded
 *
 * Runs in a child of the loader.  The environment has the library of the sandbox, what the prelude defines, and
 * one function that does something: playbook{...}, which keeps its table.
 *
 * Every other name is a placeholder.  It may be passed around, as `local act = act` does, but calling it is an
 * error that says so: nothing can be acted upon while a file is loaded.  In the table of a playbook it is an
 * error too, so that a misspelt variable does not silently become nil.
 *
 * Owns nothing but values in the state.  Fails with -EINVAL, or by raising where it says so.
 */
#include "loader/loader_names.h"

#include <lauxlib.h>
#include <string.h>

#include "loader/loader_lua.h"

#define RESULT_KEY "spoolguard.playbook"

static void push_placeholder(lua_State *state, const char *name);

static int placeholder_index(lua_State *state) {
        const char *key = luaL_tolstring(state, 2, NULL);

        luaL_getmetafield(state, 1, "spoolguard_undefined");
        push_placeholder(state, lua_pushfstring(state, "%s.%s", lua_tostring(state, -1), key));
        return 1;
}

static int placeholder_call(lua_State *state) {
        luaL_getmetafield(state, 1, "spoolguard_undefined");
        return luaL_error(
                state, "\"%s\" is not defined, or can only be called inside of run", lua_tostring(state, -1));
}

static void push_placeholder(lua_State *state, const char *name) {
        lua_newuserdatauv(state, 0, 0);
        lua_createtable(state, 0, 4);
        lua_pushstring(state, name);
        lua_setfield(state, -2, "spoolguard_undefined");
        lua_pushcfunction(state, placeholder_index);
        lua_setfield(state, -2, "__index");
        lua_pushcfunction(state, placeholder_call);
        lua_setfield(state, -2, "__call");
        lua_pushboolean(state, 0);
        lua_setfield(state, -2, "__metatable");
        lua_setmetatable(state, -2);
}

/* A name that the environment does not have: the library has it, or nobody. */
static int other_name(lua_State *state) {
        lua_pushvalue(state, 2);
        if (lua_gettable(state, lua_upvalueindex(1)) == LUA_TNIL)
                push_placeholder(state, luaL_tolstring(state, 2, NULL));
        return 1;
}

static int playbook(lua_State *state) {
        luaL_checktype(state, 1, LUA_TTABLE);
        if (lua_getfield(state, LUA_REGISTRYINDEX, RESULT_KEY) != LUA_TNIL)
                return luaL_error(state, "playbook is called twice: a file is one playbook");
        lua_pushvalue(state, 1);
        lua_setfield(state, LUA_REGISTRYINDEX, RESULT_KEY);
        lua_settop(state, 1);
        return 1;
}

/* (environment with library) -> environment */
static int build(lua_State *state) {
        lua_newtable(state);
        lua_pushcfunction(state, playbook);
        lua_setfield(state, -2, "playbook");

        lua_createtable(state, 0, 2);
        lua_pushvalue(state, 1);
        lua_pushcclosure(state, other_name, 1);
        lua_setfield(state, -2, "__index");
        lua_pushboolean(state, 0);
        lua_setfield(state, -2, "__metatable");
        lua_setmetatable(state, -2);
        return 1;
}

int loader_names_push(struct sandbox *sandbox, const char *prelude, struct problem *problem) {
        lua_State *state = sandbox_state(sandbox);
        int r;

        r = sandbox_push_environment(sandbox, true);
        if (r >= 0)
                r = loader_lua_protect(sandbox, "prelude.lua", build, 1, NULL, problem);
        if (r < 0)
                return r;
        lua_pushvalue(state, -1);
        r = loader_lua_chunk(sandbox, "prelude.lua", prelude, strlen(prelude), problem);
        if (r >= 0)
                lua_pop(state, 1);
        return r;
}

void loader_names_playbook(lua_State *state) {
        if (lua_getfield(state, LUA_REGISTRYINDEX, RESULT_KEY) != LUA_TTABLE)
                luaL_error(state, "a playbook file must end with: return playbook { ... }");
}
