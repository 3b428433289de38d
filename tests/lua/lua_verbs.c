/* SPDX-License-Identifier: MIT */
/*
 * lua_verbs - the verbs of a Lua test's world: those of the built plugins, or those the test writes down
 *
 * Used by lua_runner.  With the real ones a playbook's arguments are held against the tables that ship; with written
 * ones a test can have a verb that no plugin has.  Only the tables are used: what a verb does is the test's.
 *
 * Owns the list that it returns, one plugin with all written verbs.  Plugins that cannot be opened are an error of
 * the test.
 * Limits: 16 verbs of 8 arguments; every argument is a text that may be left out.
 */
#include "lua_verbs.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <unistd.h>

#define VERBS_MAX 16
#define ARGS_MAX 8

struct written {
        struct plugin_list list; /* first: lua_verbs_free() gets a pointer to it */
        struct plugin plugin;
        struct sg_plugin sg;
        const struct sg_verb *rows[VERBS_MAX + 1];
        struct sg_verb verbs[VERBS_MAX];
        struct sg_option args[VERBS_MAX][ARGS_MAX + 1];
};

static bool flag(lua_State *lua, const char *name) {
        lua_getfield(lua, -1, name);
        bool set = lua_toboolean(lua, -1);
        lua_pop(lua, 1);
        return set;
}

/* The verb whose name and table are on the stack. */
static struct sg_verb read_verb(lua_State *lua, struct sg_option *args) {
        struct sg_verb verb = {
                .name = lua_tostring(lua, -2),
                .risk = flag(lua, "reversible") ? SG_RISK_REVERSIBLE : SG_RISK_FREEING,
                .selector = flag(lua, "selects") ? "sensor" : NULL,
                .args = args,
        };
        lua_getfield(lua, -1, "args");
        for (lua_Integer i = 1; lua_istable(lua, -1) && i <= ARGS_MAX; i++, args++) {
                bool there = lua_geti(lua, -1, i) == LUA_TSTRING;

                if (there)
                        *args = (struct sg_option){
                                .name = lua_tostring(lua, -1), .type = SG_TYPE_TEXT, .fallback = ""};
                lua_pop(lua, 1);
                if (!there)
                        break;
        }
        lua_pop(lua, 1);
        return verb;
}

static struct plugin_list *written_new(lua_State *lua) {
        struct written *written = calloc(1, sizeof(*written));
        size_t n = 0;

        if (!written)
                return NULL;
        for (lua_pushnil(lua); n < VERBS_MAX && lua_next(lua, -2); n++, lua_pop(lua, 1)) {
                written->verbs[n] = read_verb(lua, written->args[n]);
                written->rows[n] = &written->verbs[n];
        }
        written->sg = (struct sg_plugin){SG_PLUGIN_HEADER, .name = "test", .verbs = written->rows};
        written->plugin.sg = &written->sg;
        written->list = (struct plugin_list){.plugins = &written->plugin, .n = 1};
        return &written->list;
}

struct plugin_list *lua_verbs_new(lua_State *lua, const char *directory) {
        struct plugin_list *list = NULL;

        if (flag(lua, "plugins") && plugin_list_new_owned(directory, getuid(), &list) < 0)
                luaL_error(lua, "%s: the plugins cannot be opened", directory);
        if (list)
                return list;
        if (lua_getfield(lua, -1, "verbs") == LUA_TTABLE)
                list = written_new(lua);
        lua_pop(lua, 1);
        return list;
}

struct plugin_list *lua_verbs_free(struct plugin_list *list) {
        struct written *written = (struct written *)list;

        if (list && list->plugins != &written->plugin)
                return plugin_list_free(list);
        free(list);
        return NULL;
}
