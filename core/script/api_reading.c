/* SPDX-License-Identifier: MIT */
/*
 * api_reading - reading, readings, reading_text (name, labels): the newest values of a reading, and its evidence
 *
 *      local used = reading("disk_used_ratio", incident.labels)
 *
 * Returns a number, or nil when there is no such label set or it could not be measured: nil is never "fine".
 * Labels left out must not matter: when several label sets fit, that is an error.
 *
 *      for _, row in ipairs(readings("queue_nexthop_messages", { instance = "-" })) do
 *        log(row.labels.nexthop .. " has " .. row.value)
 *      end
 *
 * All label sets that fit and have a value, in order of their labels: a list of { labels = { .. }, value = number }.
 *
 *      diagnose(reading_text("dns_server_up", incident.labels) or "a name server does not answer")
 *
 * The sentence that the sensor told with the value, as reading() finds it; nil when it told none, or the value is
 * missing.
 *
 * Of `labels`, those that the reading has must be equal; at least one of them it must have.
 *
 * Runs in the watcher.  Looks at the board and at nothing else.  Limits: readings gives the first 256.
 */
#include <lauxlib.h>
#include <string.h>

#include "script/script_private.h"

#define READINGS_MAX 256

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

/* The one row that fits, or NULL; raises when there are several. */
static const struct reading *find_one(lua_State *lua, const char *function) {
        const struct script_run *run = script_enter(lua, function, false);
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
                        luaL_error(
                                lua, "%s: several label sets of '%s' fit; name its labels", function, name);
                found = row;
        }
        return found;
}

static int reading(lua_State *lua) {
        const struct reading *found = find_one(lua, "reading");

        if (found && !found->missing)
                lua_pushnumber(lua, found->value);
        else
                lua_pushnil(lua);
        return 1;
}

static int reading_text(lua_State *lua) {
        const struct reading *found = find_one(lua, "reading_text");

        if (found && !found->missing && *found->text)
                lua_pushstring(lua, found->text);
        else
                lua_pushnil(lua);
        return 1;
}

static int readings(lua_State *lua) {
        struct script_run *run = script_enter(lua, "readings", false);
        const struct board *board = engine_board(run->script->engine);
        const char *name = luaL_checkstring(lua, 1);
        lua_Integer n = 0;

        lua_settop(lua, 2);
        if (!lua_isnil(lua, 2))
                luaL_checktype(lua, 2, LUA_TTABLE);
        lua_newtable(lua);
        /* The board is in that order. */
        for (size_t i = 0; n < READINGS_MAX && board_at(board, i); i++) {
                const struct reading *row = board_at(board, i);

                if (row->missing || strcmp(row->name, name) != 0 || !fits(lua, 2, row))
                        continue;
                lua_createtable(lua, 0, 2);
                script_push_labels(lua, row->labels, row->n_labels);
                lua_setfield(lua, -2, "labels");
                lua_pushnumber(lua, row->value);
                lua_setfield(lua, -2, "value");
                lua_seti(lua, -2, ++n);
        }
        return 1;
}

const luaL_Reg api_reading[] = {
        {"reading", reading}, {"readings", readings}, {"reading_text", reading_text}, {NULL, NULL}};
