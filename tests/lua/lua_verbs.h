/* SPDX-License-Identifier: MIT */
/* lua_verbs - the verbs of a Lua test's world: those of the built plugins, or those the test writes down */
#ifndef LUA_LUA_VERBS_H
#define LUA_LUA_VERBS_H

#include <lua.h>

#include "plugin/plugin.h"

/*
 * The list for the world's table on top of the stack: { plugins = true } opens those of `directory`; { verbs =
 * { ["x.y"] = { reversible = true, selects = true, args = { "a", "b" } } } } makes some that take texts; NULL when
 * neither is there, and verbs are not checked.  Raises when the plugins cannot be opened.  The texts of the table
 * must outlive the list.
 */
struct plugin_list *lua_verbs_new(lua_State *lua, const char *directory);
struct plugin_list *lua_verbs_free(struct plugin_list *list);

#endif
