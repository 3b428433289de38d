/* SPDX-License-Identifier: MIT */
/*
 * loader_table - a Lua table as a flat list of raw values
 *
 * Runs in the loader and in its children, in protected mode.  Knows nothing of what the keys mean: that is
 * judged from the list, outside of Lua.  Keys are words, values are numbers, texts, booleans, functions (only
 * noted), lists of texts, and tables of the same.
 *
 * Metatables are never consulted.  Owns nothing.  Fails with -EINVAL and a line that names file, line and key;
 * may raise Lua's out-of-memory error, therefore everything it allocates is in the caller's list.
 * Limits: DEPTH_MAX nested tables (which also ends a table that contains itself), OPTION_TEXT_MAX bytes of a
 * value, OPTION_LIST_MAX items.
 */
#include "loader/loader_table.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/option.h"

#define DEPTH_MAX 6

struct walk {
        lua_State *state;
        const char *file;
        const struct loader_lines *lines;
        struct config_entries *raw;
        struct problem *problem;
};

static int refuse(const struct walk *walk, const char *path, const char *reason) {
        return problem_set(walk->problem, "%s:%u: %s %s", walk->file, loader_lines_find(walk->lines, path),
                path, reason);
}

static int add(const struct walk *walk, const char *path, char type, const char *text) {
        char value[OPTION_TEXT_MAX + 2], line[16];
        int r;

        text_format(value, sizeof(value), "%c:%s", type, text);
        text_format(line, sizeof(line), "%u", loader_lines_find(walk->lines, path));
        r = config_entries_set(walk->raw, path, line, value);
        return r == -ENOMEM ? r : r < 0 ? refuse(walk, path, "is one key too many") : 0;
}

static int add_number(const struct walk *walk, const char *path) {
        struct sg_value value = {.type = SG_TYPE_NUMBER};
        char text[TEXT_QUANTITY_MAX];

        if (lua_isinteger(walk->state, -1)) {
                text_format(text, sizeof(text), "%lld", (long long)lua_tointeger(walk->state, -1));
                return add(walk, path, 'n', text);
        }
        value.number = lua_tonumber(walk->state, -1);
        if (!isfinite(value.number))
                return refuse(walk, path, "must be a finite number");
        option_format(&value, text, sizeof(text));
        return add(walk, path, 'n', text);
}

/* The text on top of the stack, or NULL: not one, or too long. */
static const char *plain_text(lua_State *state) {
        const char *text;
        size_t length;

        if (lua_type(state, -1) != LUA_TSTRING)
                return NULL;
        text = lua_tolstring(state, -1, &length);
        return length < OPTION_TEXT_MAX && strlen(text) == length ? text : NULL;
}

static int add_list(const struct walk *walk, const char *path) {
        const char *items[OPTION_LIST_MAX];
        char text[OPTION_TEXT_MAX];
        lua_Unsigned n = lua_rawlen(walk->state, -1);
        int table = lua_gettop(walk->state), count = 0;
        bool joined;

        for (lua_pushnil(walk->state); lua_next(walk->state, table); lua_pop(walk->state, 1))
                count++;
        if (n > OPTION_LIST_MAX || (lua_Unsigned)count != n)
                return refuse(walk, path, "must be a list without gaps and names, of at most 32 texts");
        luaL_checkstack(walk->state, OPTION_LIST_MAX, NULL);
        for (lua_Unsigned i = 0; i < n; i++) {
                lua_rawgeti(walk->state, table, (lua_Integer)i + 1);
                items[i] = plain_text(walk->state);
                if (!items[i] || !*items[i])
                        return refuse(walk, path, "must be a list of texts, each in quotes");
        }
        joined = option_list_join(items, n, text, sizeof(text));
        lua_settop(walk->state, table);
        return joined ? add(walk, path, 'l', text) : refuse(walk, path, "is too long: 511 bytes are allowed");
}

static int add_text(const struct walk *walk, const char *path) {
        const char *text = plain_text(walk->state);

        if (!text)
                return refuse(walk, path, "is a text with a NUL byte, or longer than 511 bytes");
        return add(walk, path, 's', text);
}

static int read_table(const struct walk *walk, const char *path, unsigned depth);

static int read_value(const struct walk *walk, const char *path, unsigned depth) {
        char reason[96];

        switch (lua_type(walk->state, -1)) {
        case LUA_TNUMBER: return add_number(walk, path);
        case LUA_TSTRING: return add_text(walk, path);
        case LUA_TBOOLEAN: return add(walk, path, 'b', lua_toboolean(walk->state, -1) ? "true" : "false");
        case LUA_TFUNCTION: return add(walk, path, 'f', "");
        case LUA_TTABLE:
                if (lua_rawlen(walk->state, -1) > 0)
                        return add_list(walk, path);
                return read_table(walk, path, depth + 1);
        default:
                /* What the loader's environment gives for a name nobody defined. */
                if (luaL_getmetafield(walk->state, -1, "spoolguard_undefined") == LUA_TSTRING)
                        text_format(reason, sizeof(reason), "refers to \"%.40s\", which is not defined",
                                lua_tostring(walk->state, -1));
                else
                        text_format(reason, sizeof(reason), "cannot be a %s", luaL_typename(walk->state, -1));
                return refuse(walk, path, reason);
        }
}

static bool key_valid(const char *key) {
        return key && *key && strlen(key) < CONFIG_NAME_MAX &&
                key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

static int read_table(const struct walk *walk, const char *path, unsigned depth) {
        const char *where = *path ? path : "the table";
        int table = lua_gettop(walk->state);
        bool empty = true;

        if (depth > DEPTH_MAX)
                return refuse(walk, where, "is nested too deeply");
        luaL_checkstack(walk->state, 8, NULL);
        for (lua_pushnil(walk->state); lua_next(walk->state, table); lua_pop(walk->state, 1)) {
                char child[CONFIG_KEY_MAX];
                const char *key =
                        lua_type(walk->state, -2) == LUA_TSTRING ? lua_tostring(walk->state, -2) : NULL;
                int r;

                if (!key || !key_valid(key) || strlen(path) + strlen(key) + 2 > sizeof(child))
                        return refuse(
                                walk, where, "has a key that is not a word of letters, digits, '-' and '_'");
                text_format(child, sizeof(child), "%s%s%s", path, *path ? "." : "", key);
                r = read_value(walk, child, depth);
                if (r < 0)
                        return r;
                lua_settop(walk->state, table + 2);
                empty = false;
        }
        return empty && *path ? add(walk, path, 'e', "") : 0;
}

int loader_table_read(lua_State *state, int index, const char *file, const struct loader_lines *lines,
        struct config_entries *raw, struct problem *problem) {
        struct walk walk = {.state = state, .file = file, .lines = lines, .raw = raw, .problem = problem};

        lua_pushvalue(state, index);
        return read_table(&walk, "", 0);
}
