/* SPDX-License-Identifier: MIT */
/*
 * sandbox - one Lua state with capped memory, and the calls that load and run text in it
 *
 * Runs in the loader and in the watcher.  Owns the lua_State; the state's allocator counts every byte and refuses
 * what would go over the cap, which Lua turns into the error "not enough memory" of whoever asked.  Everything
 * that can raise happens in a protected call, so a full state never ends the process.
 *
 * A count hook ends text that runs too long at load time.  Its error could be caught by pcall; so from then on
 * the hook fires at every instruction, and whoever caught the error is thrown out by his next one.
 *
 * Fails with -ENOMEM at birth, and with -EINVAL and one line for a person for everything that text does wrong.
 * Limits: a hang inside one C function (a pattern match) is not seen by the hook.
 */
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lua/sandbox_library.h"

#define HOOK_STEP 1000

struct sandbox {
        lua_State *lua;
        size_t used, max;
        int library; /* registry reference */
        uint64_t instructions_left;
};

static void *capped_alloc(void *data, void *block, size_t old_size, size_t new_size) {
        struct sandbox *sandbox = data;

        /* For a new block Lua says in old_size what it is for. */
        if (!block)
                old_size = 0;
        if (new_size == 0) {
                free(block);
                sandbox->used -= old_size;
                return NULL;
        }
        if (new_size > old_size && new_size - old_size > sandbox->max - sandbox->used)
                return NULL;
        void *moved = realloc(block, new_size);
        /* Lua relies on shrinking never failing. */
        if (!moved)
                return new_size <= old_size ? block : NULL;
        sandbox->used = sandbox->used - old_size + new_size;
        return moved;
}

static int open_library(lua_State *lua) {
        struct sandbox *sandbox = sandbox_of(lua);

        sandbox_library_push(lua);
        sandbox->library = luaL_ref(lua, LUA_REGISTRYINDEX);
        return 0;
}

int sandbox_new(size_t memory_max, struct sandbox **ret_sandbox) {
        struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
        if (!sandbox)
                return -ENOMEM;
        sandbox->max = memory_max;
        sandbox->lua = lua_newstate(capped_alloc, sandbox);
        if (!sandbox->lua) {
                sandbox_free(sandbox);
                return -ENOMEM;
        }
        /* New threads inherit the extra space of the main one. */
        memcpy(lua_getextraspace(sandbox->lua), &sandbox, sizeof(struct sandbox *));

        lua_pushcfunction(sandbox->lua, open_library);
        if (lua_pcall(sandbox->lua, 0, 0, 0) != LUA_OK) {
                sandbox_free(sandbox);
                return -ENOMEM;
        }
        *ret_sandbox = sandbox;
        return 0;
}

struct sandbox *sandbox_free(struct sandbox *sandbox) {
        if (!sandbox)
                return NULL;
        if (sandbox->lua)
                lua_close(sandbox->lua);
        free(sandbox);
        return NULL;
}

lua_State *sandbox_state(struct sandbox *sandbox) {
        return sandbox->lua;
}

struct sandbox *sandbox_of(lua_State *lua) {
        struct sandbox *sandbox;

        memcpy(&sandbox, lua_getextraspace(lua), sizeof(sandbox));
        return sandbox;
}

size_t sandbox_memory_used(const struct sandbox *sandbox) {
        return sandbox->used;
}

static int new_environment(lua_State *lua) {
        struct sandbox *sandbox = sandbox_of(lua);
        bool with_library = lua_toboolean(lua, 1);

        lua_newtable(lua);
        if (!with_library)
                return 1;
        lua_createtable(lua, 0, 2);
        lua_rawgeti(lua, LUA_REGISTRYINDEX, sandbox->library);
        lua_setfield(lua, -2, "__index");
        lua_pushboolean(lua, 0);
        lua_setfield(lua, -2, "__metatable");
        lua_setmetatable(lua, -2);
        return 1;
}

int sandbox_push_environment(struct sandbox *sandbox, int with_library) {
        lua_State *lua = sandbox->lua;

        if (!lua_checkstack(lua, 8))
                return -ENOMEM;
        lua_pushcfunction(lua, new_environment);
        lua_pushboolean(lua, with_library);
        if (lua_pcall(lua, 1, 1, 0) != LUA_OK) {
                lua_pop(lua, 1);
                return -ENOMEM;
        }
        return 0;
}

int sandbox_load(
        struct sandbox *sandbox, const char *file, const char *text, size_t size, struct problem *problem) {
        lua_State *lua = sandbox->lua;
        char name[512];

        text_format(name, sizeof(name), "@%s", file);
        if (luaL_loadbufferx(lua, text, size, name, "t") != LUA_OK) {
                struct problem reason;

                sandbox_error_text(lua, &reason);
                lua_pop(lua, 1);
                /* Refused bytecode and memory that ran out come without a position. */
                if (strstr(reason.text, ": "))
                        return problem_set(problem, "%s", reason.text);
                return problem_set(problem, "%s:1: %s", file, reason.text);
        }
        /* A main chunk has one upvalue, its environment; lua_setupvalue pops it. */
        lua_insert(lua, -2);
        lua_setupvalue(lua, -2, 1);
        return 0;
}

static void count_hook(lua_State *lua, lua_Debug *activation) {
        struct sandbox *sandbox = sandbox_of(lua);

        (void)activation;
        if (sandbox->instructions_left > HOOK_STEP) {
                sandbox->instructions_left -= HOOK_STEP;
                return;
        }
        sandbox->instructions_left = 0;
        lua_sethook(lua, count_hook, LUA_MASKCOUNT, 1);
        lua_pushliteral(lua, "stopped, it runs without an end");
        lua_error(lua);
}

static int describe_error(lua_State *lua) {
        struct problem problem;

        sandbox_error_text(lua, &problem);
        lua_pushstring(lua, problem.text);
        return 1;
}

int sandbox_call(struct sandbox *sandbox, int n_arguments, int n_results, uint64_t instructions,
        struct problem *problem) {
        lua_State *lua = sandbox->lua;
        int function = lua_gettop(lua) - n_arguments;
        lua_Debug about = {0};

        lua_checkstack(lua, 2);
        lua_pushvalue(lua, function);
        lua_getinfo(lua, ">S", &about);
        lua_pushcfunction(lua, describe_error);
        lua_insert(lua, function);

        sandbox->instructions_left = instructions;
        lua_sethook(lua, count_hook, LUA_MASKCOUNT, HOOK_STEP);
        int status = lua_pcall(lua, n_arguments, n_results, function);
        lua_sethook(lua, NULL, 0, 0);
        lua_remove(lua, function);
        if (status == LUA_OK)
                return 0;

        struct problem reason;
        sandbox_error_text(lua, &reason);
        /* No handler is called when memory or the stack runs out, so the line is unknown. */
        if (status != LUA_ERRRUN)
                return problem_set(problem, "%s: %s", about.short_src, reason.text);
        return problem_set(problem, "%s", reason.text);
}
