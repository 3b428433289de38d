/* SPDX-License-Identifier: MIT */
/* loader_lua - evaluate text in a sandbox, with every error as "FILE:LINE: reason" */
#ifndef LOADER_LOADER_LUA_H
#define LOADER_LOADER_LUA_H

#include "lua/sandbox.h"

#define LOADER_LUA_MEMORY_MAX ((size_t)16 << 20)

/*
 * Compiles the text, gives it the environment on top of the stack (which is popped) and calls it.  Leaves one
 * result, or nothing when it fails: -EINVAL.
 */
int loader_lua_chunk(
        struct sandbox *sandbox, const char *file, const char *text, size_t size, struct problem *problem);

/*
 * Calls `fn` in protected mode with `data` as a light userdata, after n_arguments that are taken from the top
 * of the stack; leaves one result, or nothing when it fails.
 */
int loader_lua_protect(struct sandbox *sandbox, const char *file, lua_CFunction fn, int n_arguments,
        void *data, struct problem *problem);

#endif
