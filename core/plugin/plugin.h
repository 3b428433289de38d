/* SPDX-License-Identifier: MIT */
/*
 * plugin - find, check and open the shared objects of a directory
 *
 * Runs in the loader, the watcher and the executor.  Refuses, with one line each: a file or directory that
 * others than root can write, no sg_plugin symbol, another ABI, a wrong size, a name that does not match.
 * A refused plugin harms no other.  Plugins are never closed: their tables are referred to until exit.
 */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "spoolguard/plugin.h"

struct plugin {
        const struct sg_plugin *sg; /* NULL when refused */
        char name[64];              /* of the file, without .so */
        char path[256];
        struct problem refused; /* set when sg is NULL */
};

struct plugin_list {
        struct plugin *plugins; /* sorted by name */
        size_t n;
};

/* A missing directory is an empty list. */
int plugin_list_new(const char *directory, struct plugin_list **ret_list);
/* The same for plugins that must belong to `owner` instead of root: tests have their own uid. */
int plugin_list_new_owned(const char *directory, uid_t owner, struct plugin_list **ret_list);
struct plugin_list *plugin_list_free(struct plugin_list *list);

const struct sg_plugin *plugin_find(const struct plugin_list *list, const char *name);
/* The verb "plugin.verb", and the plugin it belongs to. */
const struct sg_verb *plugin_verb(
        const struct plugin_list *list, const char *name, const struct sg_plugin **ret_plugin);
/* The verb whose name `name` is most like; NULL: of none. */
const char *plugin_verb_nearest(const struct plugin_list *list, const char *name);
const char *plugin_risk_name(enum sg_risk risk);

/* The configured options of a plugin as values, from the frozen configuration. */
struct config;
int plugin_options(const struct sg_plugin *plugin, const struct config *config, struct sg_value **ret_values,
        struct problem *problem);

#endif
