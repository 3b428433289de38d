/* SPDX-License-Identifier: MIT */
/*
 * sandbox - a Lua state that a stranger's text cannot get out of, use up, or hang for long
 *
 * Used by the loader (configuration files, playbook tables) and by the watcher (runs).  Only text chunks; no io,
 * os, debug, load, require, raw access, setmetatable, getmetatable, coroutine, collectgarbage or print;
 * metatables sealed with __metatable = false, the string metatable read-only; memory capped by the allocator.
 * A count hook stops a runaway; it cannot stop a hang inside one C function (a pattern match): that is the
 * business of the process's supervisor.
 */
#ifndef LUA_SANDBOX_H
#define LUA_SANDBOX_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sandbox;

int sandbox_new(size_t memory_max, struct sandbox **ret_sandbox);
struct sandbox *sandbox_free(struct sandbox *sandbox);
lua_State *sandbox_state(struct sandbox *sandbox);
struct sandbox *sandbox_of(lua_State *lua); /* also from a coroutine */
size_t sandbox_memory_used(const struct sandbox *sandbox);

/*
 * Pushes a fresh environment: empty (for data), or with read-only views of the safe library.  -ENOMEM (and
 * nothing pushed) when what was loaded before used the memory up.
 */
int sandbox_push_environment(struct sandbox *sandbox, int with_library);
/*
 * Compiles text and gives it the environment on top of the stack, which is replaced by the function.
 * -EINVAL with "FILE:LINE: reason"; the environment is popped then, too.  `file` is shown in messages.
 */
int sandbox_load(
        struct sandbox *sandbox, const char *file, const char *text, size_t size, struct problem *problem);
/*
 * Calls the function below `n_arguments` on the main state with at most `instructions`; -EINVAL with
 * "FILE:LINE: reason".  For load time; runs are coroutines (script/script_run.c).
 */
int sandbox_call(struct sandbox *sandbox, int n_arguments, int n_results, uint64_t instructions,
        struct problem *problem);
/* Text of the error value on top of `thread`'s stack (any type), with its first "FILE:LINE:"; pops it. */
void sandbox_error_text(lua_State *thread, struct problem *ret_problem);

/* "FILE:LINE" of the innermost Lua function on `thread`'s stack; false when there is none.  Allocates nothing. */
bool sandbox_where(lua_State *thread, char *text, size_t size);
/* "in NAME (FILE:LINE)" of level i of a thread that waits or failed; false past the end.  Allocates nothing. */
bool sandbox_traceback_line(lua_State *thread, int i, char *text, size_t size);

/*
 * Replaces the table on top of the stack by a read-only view of it: index, #, pairs and ipairs work, writing
 * raises an error, and nothing leads back to the table.  Raises for want of memory: call it protected.
 */
void sandbox_seal(lua_State *lua);

#endif
