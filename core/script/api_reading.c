/* SPDX-License-Identifier: MIT */
/*
 * api_reading - reading(name, labels): the newest value of a reading
 *
 *      local used = reading("disk_used_ratio", incident.labels)
 *
 * Returns a number, or nil when there is no such label set or it could not be measured: nil is never "fine".
 * Labels left out must not matter: when several label sets fit, that is an error.
 *
 * Runs in the watcher.  Looks at the board and at nothing else.
 */
#include <lauxlib.h>
#include <string.h>

#include "script/script_private.h"

static bool fits(lua_State *lua, int labels, const struct reading *reading) {
        bool fit = true;
        size_t named = 0;

        if (lua_isnoneornil(lua, labels))
                return true;
        for (size_t i = 0; i < reading->n_labels && fit; i++) {
                if (lua_getfield(lua, labels, reading->labels[i].name) == LUA_TSTRING) {
                        fit = strcmp(lua_tostring(lua, -1), reading->labels[i].value) == 0;
                        named++;
                }
                lua_pop(lua, 1);
        }
        return fit && (named > 0 || reading->n_labels == 0);
}

static int reading(lua_State *lua) {
        struct script_run *run = script_enter(lua, "reading", false);
        const struct board *board = engine_board(run->script->engine);
        const char *name = luaL_checkstring(lua, 1);
        const struct reading *found = NULL;

        if (!lua_isnoneornil(lua, 2))
                luaL_checktype(lua, 2, LUA_TTABLE);
        for (size_t i = 0; board_at(board, i); i++) {
                const struct reading *row = board_at(board, i);

                if (strcmp(row->name, name) != 0 || !fits(lua, 2, row))
                        continue;
                if (found)
                        return luaL_error(
                                lua, "reading: several label sets of '%s' fit; name its labels", name);
                found = row;
        }
        if (found && !found->missing)
                lua_pushnumber(lua, found->value);
        else
                lua_pushnil(lua);
        return 1;
}

const luaL_Reg api_reading[] = {{"reading", reading}, {NULL, NULL}};
