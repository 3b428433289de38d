/* SPDX-License-Identifier: MIT */
/*
 * script - playbooks in Lua: one sandbox and one coroutine per run
 *
 * Runs in: watcher and simulation.  Implements struct engine_script_ops.  The API that a playbook sees is
 * documented in lua/prelude.lua and beside each binding (api_*.c).
 */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include "engine/engine.h"
#include "wire/breadcrumb.h"

#define SCRIPT_MEMORY_MAX (16u << 20)     /* of one run */
#define SCRIPT_SLICE_INSTRUCTIONS 10000   /* between two looks at the loop */
#define SCRIPT_RUN_INSTRUCTIONS 20000000u /* without an act, verify or wait in between: a runaway */

struct script;
struct plugin_list;

/* breadcrumb may be NULL (tests). */
int script_new(
        struct loop *loop, struct engine *engine, struct breadcrumb *breadcrumb, struct script **ret_script);
/* With the plugins known, a wrong verb or argument is an error at the playbook's line; they outlive the script. */
void script_set_plugins(struct script *script, const struct plugin_list *plugins);
/* Before engine_free(). */
struct script *script_free(struct script *script);

#endif
