/* SPDX-License-Identifier: MIT */
/*
 * sensor_reads - the paths that the sensors of all plugins declare: what Landlock leaves open
 *
 * Runs in: watcher, before its confinement, and after it to see whether the list has grown.  Only declarations of
 * root-owned plugins, lists from the frozen configuration and what a sensor finds in files that root alone can write
 * go in; nothing that was read from a spool or a log can widen the list.
 *
 * Owns nothing; the list is the caller's.  Fails for want of memory, and with what a sensor says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/option.h"
#include "watcher/sensor_host.h"

struct paths {
        const char *root;
        char **items;
        size_t n;
};

static int paths_add(const char *path, void *data) {
        struct paths *paths = data;
        if (path[0] != '/')
                return 0;
        char **items = reallocarray(paths->items, paths->n + 1, sizeof *items);
        if (!items)
                return -ENOMEM;
        paths->items = items;
        if (asprintf(&items[paths->n], "%s%s", paths->root, path) < 0)
                return -ENOMEM;
        paths->n++;
        return 0;
}

/* "@name" stands for the list that the site gave for that option. */
static int add_option(struct paths *paths, const struct sg_plugin *plugin, const struct sg_value *values,
        const char *name) {
        ptrdiff_t row = option_find(plugin->options, name);
        if (row < 0 || !values || values[row].type != SG_TYPE_LIST)
                return 0;
        int r = 0;
        for (size_t i = 0; r == 0 && values[row].list[i]; i++)
                r = paths_add(values[row].list[i], paths);
        return r;
}

static int add_plugin(struct paths *paths, const struct sg_plugin *plugin, const struct sg_value *values) {
        int r = 0;
        for (size_t i = 0; plugin->sensors && plugin->sensors[i]; i++) {
                const struct sg_sensor *sensor = plugin->sensors[i];
                const char *const *reads = sensor->reads;
                for (size_t k = 0; r == 0 && reads && reads[k]; k++)
                        r = reads[k][0] == '@' ? add_option(paths, plugin, values, reads[k] + 1)
                                               : paths_add(reads[k], paths);
                if (r == 0 && sensor->reads_more)
                        r = sensor->reads_more(paths->root, values, paths_add, paths);
        }
        return r;
}

int sensor_host_reads(const char *root, const struct plugin_list *plugins, const struct config *config,
        char ***ret_paths, size_t *ret_n) {
        struct paths paths = {.root = root};
        int r = 0;
        for (size_t i = 0; r == 0 && i < plugins->n; i++) {
                const struct sg_plugin *plugin = plugins->plugins[i].sg;
                if (!plugin)
                        continue;
                struct sg_value *values = NULL;
                /* Bad options are reported where the sensor is created. */
                if (plugin_options(plugin, config, &values, NULL) < 0)
                        continue;
                r = add_plugin(&paths, plugin, values);
                option_values_free(plugin->options, values);
        }
        if (r < 0) {
                sensor_host_reads_free(paths.items, paths.n);
                return r;
        }
        *ret_paths = paths.items;
        *ret_n = paths.n;
        return 0;
}

void sensor_host_reads_free(char **paths, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(paths[i]);
        free(paths);
}
