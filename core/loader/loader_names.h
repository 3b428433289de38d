/* SPDX-License-Identifier: MIT */
/* loader_names - the names that a playbook file sees while it is loaded */
#ifndef LOADER_LOADER_NAMES_H
#define LOADER_LOADER_NAMES_H

#include "lua/sandbox.h"

/* Pushes the environment, with `prelude` already run in it.  -EINVAL with "prelude.lua:LINE: reason". */
int loader_names_push(struct sandbox *sandbox, const char *prelude, struct problem *problem);
/* In protected mode: pushes the table that was given to playbook(), or raises. */
void loader_names_playbook(lua_State *state);

#endif
