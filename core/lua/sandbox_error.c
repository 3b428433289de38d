/* SPDX-License-Identifier: MIT */
/*
 * sandbox_error - say what went wrong in Lua, and where, whatever was thrown
 *
 * Runs in the loader and in the watcher.  Error values need not be strings, and error(x, 0) carries no position;
 * a person needs "FILE:LINE: reason" all the same, so the position is taken from the stack of the failed thread,
 * which a coroutine keeps after its error.  Positions and traceback lines are read with lua_getinfo into fixed
 * buffers: they allocate nothing, because the reason may be that there is no memory left.  Only turning a
 * foreign value into text allocates, and does so in a protected call on the main state.
 *
 * Limits: texts are cut at the size of struct problem.
 */
#include <lauxlib.h>
#include <string.h>

#include "base/text.h"
#include "lua/sandbox.h"

/* Lua gives up at about 200 C levels and a million Lua levels; nobody reads further than this. */
#define LEVELS_MAX 40

bool sandbox_where(lua_State *thread, char *text, size_t size) {
        lua_Debug activation;

        for (int level = 0; level < LEVELS_MAX && lua_getstack(thread, level, &activation); level++) {
                lua_getinfo(thread, "Sl", &activation);
                if (activation.currentline < 0)
                        continue;
                text_format(text, size, "%s:%d", activation.short_src, activation.currentline);
                return true;
        }
        return false;
}

bool sandbox_traceback_line(lua_State *thread, int i, char *text, size_t size) {
        lua_Debug activation;

        if (i >= LEVELS_MAX || !lua_getstack(thread, i, &activation))
                return false;
        lua_getinfo(thread, "nSl", &activation);

        const char *name = activation.name ? activation.name
                : *activation.what == 'm'  ? "main chunk"
                                           : "function";
        if (activation.currentline < 0)
                text_format(text, size, "in %s (built in)", name);
        else
                text_format(text, size, "in %s (%s:%d)", name, activation.short_src, activation.currentline);
        return true;
}

/* Whether the text opens with the position of some level already, as Lua's own errors do. */
static bool has_position(lua_State *thread, const char *text) {
        lua_Debug activation;

        for (int level = 0; level < LEVELS_MAX && lua_getstack(thread, level, &activation); level++) {
                lua_getinfo(thread, "S", &activation);
                size_t length = strlen(activation.short_src);
                if (strncmp(text, activation.short_src, length) == 0 && text[length] == ':')
                        return true;
        }
        return false;
}

static int to_text(lua_State *lua) {
        struct problem *problem = lua_touserdata(lua, 1);

        /* Neither setmetatable nor a name for people: the address of a table would tell nobody anything. */
        if (lua_type(lua, 2) == LUA_TSTRING || lua_type(lua, 2) == LUA_TNUMBER)
                text_copy(problem->text, sizeof(problem->text), luaL_tolstring(lua, 2, NULL));
        else
                text_format(problem->text, sizeof(problem->text),
                        "the error is a value of type %s, not a text", luaL_typename(lua, 2));
        return 0;
}

void sandbox_error_text(lua_State *thread, struct problem *ret_problem) {
        lua_State *main = sandbox_state(sandbox_of(thread));
        struct problem reason = {"not enough memory"};
        char where[LUA_IDSIZE + 16];

        lua_checkstack(main, 4);
        if (thread != main)
                lua_xmove(thread, main, 1);
        lua_pushcfunction(main, to_text);
        lua_insert(main, -2);
        lua_pushlightuserdata(main, &reason);
        lua_insert(main, -2);
        if (lua_pcall(main, 2, 0, 0) != LUA_OK)
                lua_pop(main, 1);

        if (!has_position(thread, reason.text) && sandbox_where(thread, where, sizeof(where)))
                problem_set(ret_problem, "%s: %s", where, reason.text);
        else
                *ret_problem = reason;
}
