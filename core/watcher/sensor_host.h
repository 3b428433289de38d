/* SPDX-License-Identifier: MIT */
/* sensor_host - create the sensors of the loaded plugins and lend them the services of spoolguard/host.h */
#ifndef WATCHER_SENSOR_HOST_H
#define WATCHER_SENSOR_HOST_H

#include "config/config.h"
#include "engine/engine.h"
#include "plugin/plugin.h"
#include "wire/breadcrumb.h"

struct sensor_host;

/*
 * Creates every sensor of every usable plugin; one that cannot start is a trouble of the engine (degraded) and
 * stops no other.  `breadcrumb` may be NULL.
 */
int sensor_host_new(struct loop *loop, const char *root, const struct plugin_list *plugins,
        const struct config *config, struct engine *engine, struct board *board,
        struct breadcrumb *breadcrumb, struct sensor_host **ret_host);
struct sensor_host *sensor_host_free(struct sensor_host *host);

/*
 * Lets the sensor that `verb` of `plugin` names as its selector write what to act on to `fd`, as in struct
 * sg_sensor.  -ENODEV: that sensor does not run or cannot select.
 */
int sensor_host_select(struct sensor_host *host, const struct sg_plugin *plugin, const struct sg_verb *verb,
        const struct sg_value *args, int fd, sg_selected_fn *done, void *data);

/*
 * The questions of spoolguard/queue.h, to the first sensor that answers them and knows the instance.  -ENODEV:
 * there is none.
 */
int sensor_host_shape(
        struct sensor_host *host, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *data);
int sensor_host_list(struct sensor_host *host, const struct sg_queue_filter *filter, uint64_t cursor,
        unsigned max, sg_queue_message_each *each, void *data, uint64_t *ret_cursor);

/*
 * All paths that the sensors declared (`reads`, with "@option" replaced by the configured list), below `root`.
 * Free with sensor_host_reads_free().
 */
int sensor_host_reads(const char *root, const struct plugin_list *plugins, const struct config *config,
        char ***ret_paths, size_t *ret_n);
void sensor_host_reads_free(char **paths, size_t n);

#endif
