/* SPDX-License-Identifier: MIT */
/*
 * sandbox_library - what of Lua's own library a configuration or a playbook can see
 *
 * Runs in the loader and in the watcher, inside a protected call: everything here may raise for want of memory.
 * A list of names is picked from Lua's libraries into fresh tables; the originals, and with them load, rawset,
 * string.dump and the rest, become garbage.  Strings have a metatable that every chunk can reach by ("x"):name(),
 * so its __index is exchanged for the picked table, too.  Picked tables are handed out behind sealed views:
 * the view is an empty table whose metatable cannot be fetched, and `pairs` walks through a closure instead of
 * handing the real table to the caller.
 *
 * Left out on purpose: setmetatable (finalizers and __close would run where no hook counts), coroutine (a run
 * must be parked by the host alone), xpcall, math.random (a replayed run must decide the same), print.
 */
#include "lua/sandbox_library.h"

#include <lauxlib.h>
#include <lualib.h>

#include "base/cleanup.h"
#include "lua/sandbox.h"

static const char *const base_names[] = {"assert", "error", "ipairs", "next", "pairs", "pcall", "select",
        "tonumber", "tostring", "type", NULL};
static const char *const string_names[] = {"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower",
        "match", "rep", "reverse", "sub", "upper", NULL};
static const char *const table_names[] = {
        "concat", "insert", "move", "pack", "remove", "sort", "unpack", NULL};
static const char *const math_names[] = {"abs", "ceil", "floor", "fmod", "huge", "log", "max", "maxinteger",
        "min", "mininteger", "modf", "pi", "sqrt", "tointeger", "type", NULL};

/* The view's table is upvalue 1 of each of these: a metatable field would hand it out. */
static int sealed_next(lua_State *lua) {
        lua_settop(lua, 2);
        return lua_next(lua, lua_upvalueindex(1)) ? 2 : 1;
}

static int sealed_pairs(lua_State *lua) {
        lua_pushvalue(lua, lua_upvalueindex(1));
        lua_pushcclosure(lua, sealed_next, 1);
        return 1;
}

static int sealed_len(lua_State *lua) {
        lua_pushinteger(lua, (lua_Integer)lua_rawlen(lua, lua_upvalueindex(1)));
        return 1;
}

static int sealed_newindex(lua_State *lua) {
        return luaL_error(lua, "this table is read-only: cannot set '%s'", luaL_tolstring(lua, 2, NULL));
}

void sandbox_seal(lua_State *lua) {
        static const luaL_Reg closures[] = {{"__pairs", sealed_pairs}, {"__len", sealed_len},
                {"__newindex", sealed_newindex}, {NULL, NULL}};

        luaL_checkstack(lua, 4, NULL);
        lua_newtable(lua);
        lua_createtable(lua, 0, 5);
        lua_pushvalue(lua, -3);
        luaL_setfuncs(lua, closures, 1);
        lua_pushvalue(lua, -3);
        lua_setfield(lua, -2, "__index");
        lua_pushboolean(lua, 0);
        lua_setfield(lua, -2, "__metatable");
        lua_setmetatable(lua, -2);
        lua_remove(lua, -2);
}

/* Copies the named fields of the table at -2 into the one on top. */
static void pick(lua_State *lua, const char *const *names) {
        for (; *names; names++) {
                lua_getfield(lua, -2, *names);
                assert(!lua_isnil(lua, -1));
                lua_setfield(lua, -2, *names);
        }
}

static void seal_string_metatable(lua_State *lua) {
        lua_pushliteral(lua, "");
        lua_getmetatable(lua, -1);
        lua_pushvalue(lua, -3);
        lua_setfield(lua, -2, "__index");
        lua_pushboolean(lua, 0);
        lua_setfield(lua, -2, "__metatable");
        lua_pop(lua, 2);
}

void sandbox_library_push(lua_State *lua) {
        static const struct {
                const char *name;
                lua_CFunction open;
                const char *const *names;
        } libraries[] = {
                {"string", luaopen_string, string_names},
                {"table", luaopen_table, table_names},
                {"math", luaopen_math, math_names},
        };

        lua_newtable(lua);
        lua_pushcfunction(lua, luaopen_base);
        lua_call(lua, 0, 1);
        lua_pushvalue(lua, -2);
        pick(lua, base_names);
        lua_pop(lua, 1);
        /* luaopen_base filled the real global table, which no chunk gets as environment; empty it all the same. */
        for (lua_pushnil(lua); lua_next(lua, -2); lua_pushnil(lua)) {
                lua_pop(lua, 1);
                lua_pushnil(lua);
                lua_rawset(lua, -3);
        }
        lua_pop(lua, 1);

        for (size_t i = 0; i < ELEMENTSOF(libraries); i++) {
                lua_pushcfunction(lua, libraries[i].open);
                lua_call(lua, 0, 1);
                lua_newtable(lua);
                pick(lua, libraries[i].names);
                if (libraries[i].open == luaopen_string)
                        seal_string_metatable(lua);
                sandbox_seal(lua);
                lua_setfield(lua, -3, libraries[i].name);
                lua_pop(lua, 1);
        }
}
