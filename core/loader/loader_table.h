/* SPDX-License-Identifier: MIT */
/*
 * loader_table - a Lua table as a flat list of raw values
 *
 * An entry has the path of the key ("budget.runs"), as origin the line it is written on, and as value a letter
 * for the Lua type and the text: "n:4", "s:1d", "b:true", "l:a,b" (list), "e:" (empty table), "f:" (function).
 */
#ifndef LOADER_LOADER_TABLE_H
#define LOADER_LOADER_TABLE_H

#include "config/config_text.h"
#include "loader/loader_lines.h"
#include "loader/loader_lua.h"

/* In protected mode.  The table at `index`; -EINVAL with "FILE:LINE: reason". */
int loader_table_read(lua_State *state, int index, const char *file, const struct loader_lines *lines,
        struct config_entries *raw, struct problem *problem);

#endif
