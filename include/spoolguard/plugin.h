/* SPDX-License-Identifier: MIT */
/*
 * plugin - the one symbol that a spoolguard plugin exports
 *
 *      SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
 *              SG_PLUGIN_HEADER,
 *              .name = "sample", ...
 *      };
 *
 * The shared object goes to the `plugindir` that `pkg-config --variable=plugindir spoolguard` prints.  It and
 * its directory must belong to root and be writable by nobody else, or it is refused.  It is opened in three
 * processes: the loader and the watcher (unprivileged) use the option table and the sensors, the executor
 * (root) uses the verbs.  So it must not do anything in constructors, and must not start threads.
 */
#ifndef SPOOLGUARD_PLUGIN_H
#define SPOOLGUARD_PLUGIN_H

#include <spoolguard/action.h>
#include <spoolguard/sensor.h>
#include <spoolguard/value.h>

/*
 * Raised whenever the layout or the meaning of any struct in these headers changes: the tables carry no sizes of
 * their own, so a plugin built for another number is refused.
 */
#define SG_PLUGIN_ABI 6u

struct sg_plugin {
        uint32_t abi;  /* SG_PLUGIN_ABI */
        uint32_t size; /* sizeof(struct sg_plugin) */

        const char *name; /* [a-z][a-z0-9_]*, the name of the .so, and the prefix of its verbs */
        const char *version;
        const char *summary;
        const struct sg_option *options;        /* `plugins.NAME` of the configuration; NULL: none */
        const struct sg_sensor *const *sensors; /* ended by NULL; NULL: none */
        const struct sg_verb *const *verbs;     /* ended by NULL; NULL: none */
};

#define SG_PLUGIN_HEADER .abi = SG_PLUGIN_ABI, .size = sizeof(struct sg_plugin)
#define SG_PLUGIN_EXPORT __attribute__((visibility("default")))

extern const struct sg_plugin sg_plugin;

#endif
