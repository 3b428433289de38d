/* SPDX-License-Identifier: MIT */
/*
 * loader_lua - evaluate text in a sandbox, with every error as "FILE:LINE: reason"
 *
 * Runs in the loader and in its children.  Lua cuts long chunk names in its messages, so chunks are called by
 * one character here, and the position that a message begins with is exchanged for the whole path.  What
 * strangers wrote into an error is shown escaped.
 *
 * Everything that may raise for want of memory runs inside of loader_lua_protect() or a chunk; an error outside
 * of them would end the process.
 *
 * Owns nothing.  Fails with -EINVAL and the problem.  Limits: INSTRUCTIONS for one call; the sandbox says what
 * its hook cannot stop.
 */
#include "loader/loader_lua.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define CHUNK_NAME "@"
#define INSTRUCTIONS UINT64_C(50000000)

/* "@:12: reason", "@: reason" or "reason" of the sandbox. */
static int refuse(const char *file, const char *message, struct problem *problem) {
        char shown[320];
        unsigned line = 1;
        int used = 0;

        if (sscanf(message, CHUNK_NAME ":%u: %n", &line, &used) == 1 && used > 0)
                message += used;
        else if (strncmp(message, CHUNK_NAME ": ", strlen(CHUNK_NAME ": ")) == 0)
                message += strlen(CHUNK_NAME ": ");
        text_escape(shown, sizeof(shown), message);
        return problem_set(problem, "%s:%u: %s", file, line, shown);
}

int loader_lua_chunk(
        struct sandbox *sandbox, const char *file, const char *text, size_t size, struct problem *problem) {
        struct problem reason = {0};
        int r;

        r = sandbox_load(sandbox, CHUNK_NAME, text, size, &reason);
        if (r >= 0)
                r = sandbox_call(sandbox, 0, 1, INSTRUCTIONS, &reason);
        return r == -EINVAL ? refuse(file, reason.text, problem) : r;
}

int loader_lua_protect(struct sandbox *sandbox, const char *file, lua_CFunction fn, int n_arguments,
        void *data, struct problem *problem) {
        lua_State *state = sandbox_state(sandbox);
        struct problem reason = {0};
        int r;

        if (!lua_checkstack(state, 4))
                return -ENOMEM;
        lua_pushcfunction(state, fn);
        lua_insert(state, -1 - n_arguments);
        lua_pushlightuserdata(state, data);
        r = sandbox_call(sandbox, n_arguments + 1, 1, INSTRUCTIONS, &reason);
        return r == -EINVAL ? refuse(file, reason.text, problem) : r;
}
