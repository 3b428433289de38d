/* SPDX-License-Identifier: MIT */
/* sandbox_library - the functions of Lua that text in a sandbox may call */
#ifndef LUA_SANDBOX_LIBRARY_H
#define LUA_SANDBOX_LIBRARY_H

#include <lua.h>

/*
 * Pushes the table behind every environment with a library: safe functions of the base library, and sealed
 * `string`, `table` and `math`.  Also seals the metatable of strings.  Raises for want of memory.
 */
void sandbox_library_push(lua_State *lua);

#endif
