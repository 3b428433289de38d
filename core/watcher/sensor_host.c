/* SPDX-License-Identifier: MIT */
/*
 * sensor_host - create the sensors of the loaded plugins, pass questions on to them, and let them go
 *
 * Runs in: watcher.  What a sensor may ask of us in return is in sensor_services.c.
 *
 * Owns: the sensors and their option values.
 * Fails: a sensor that cannot start is shown as degraded, and the others go on.
 */
#include "watcher/sensor_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "config/option.h"
#include "watcher/sensor_services.h"

static void sensor_deinit(struct sensor *sensor) {
        if (sensor->instance)
                sensor->sg->destroy(sensor->instance);
        sensor_services_take_back(sensor);
        option_values_free(sensor->plugin->options, sensor->options);
}

/* Says what stops a sensor; the others go on. */
static void sensor_start(struct sensor *sensor, const struct config *config) {
        char key[96], why[256] = "";
        text_format(key, sizeof key, "sensor %s", sensor->sg->name);
        struct problem problem = {""};
        int r = plugin_options(sensor->plugin, config, &sensor->options, &problem);
        if (r < 0)
                text_format(why, sizeof why, "sensor %s is off: %s", sensor->sg->name, problem.text);
        if (r == 0)
                r = sensor->sg->create(&sensor->services, sensor->options, &sensor->instance);
        if (r == -ENOTSUP) {
                log_info("sensor %s: not on this machine", sensor->sg->name);
                return;
        }
        if (r < 0 && !why[0])
                text_format(why, sizeof why, "sensor %s cannot start: %s", sensor->sg->name, strerror(-r));
        if (r < 0) {
                log_error("%s", why);
                engine_set_trouble(sensor->host->engine, key, why);
        }
}

int sensor_host_new(struct loop *loop, const char *root, const struct plugin_list *plugins,
        const struct config *config, struct engine *engine, struct board *board,
        struct breadcrumb *breadcrumb, struct sensor_host **ret_host) {
        size_t n = 0;
        for (size_t i = 0; i < plugins->n; i++)
                for (size_t k = 0; plugins->plugins[i].sg && plugins->plugins[i].sg->sensors &&
                        plugins->plugins[i].sg->sensors[k];
                        k++)
                        n++;
        struct sensor_host *host = calloc(1, sizeof *host);
        struct sensor *sensors = calloc(n + 1, sizeof *sensors);
        if (!host || !sensors) {
                free(host);
                free(sensors);
                return -ENOMEM;
        }
        *host = (struct sensor_host){.loop = loop,
                .config = config,
                .engine = engine,
                .board = board,
                .breadcrumb = breadcrumb,
                .sensors = sensors};
        for (size_t i = 0; i < plugins->n; i++) {
                const struct sg_plugin *plugin = plugins->plugins[i].sg;
                for (size_t k = 0; plugin && plugin->sensors && plugin->sensors[k]; k++) {
                        struct sensor *sensor = &sensors[host->n_sensors++];
                        *sensor = (struct sensor){.services = sensor_services,
                                .host = host,
                                .plugin = plugin,
                                .sg = plugin->sensors[k]};
                        sensor->services.root = root;
                        sensor_start(sensor, config);
                }
        }
        *ret_host = host;
        return 0;
}

int sensor_host_select(struct sensor_host *host, const struct sg_plugin *plugin, const struct sg_verb *verb,
        const struct sg_value *args, int fd, sg_selected_fn *done, void *data) {
        for (size_t i = 0; i < host->n_sensors; i++) {
                const struct sensor *sensor = &host->sensors[i];

                if (sensor->plugin == plugin && strcmp(sensor->sg->name, verb->selector) == 0 &&
                        sensor->instance && sensor->sg->select)
                        return sensor->sg->select(sensor->instance, verb->name, args, fd, done, data);
        }
        return -ENODEV;
}

int sensor_host_shape(
        struct sensor_host *host, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *data) {
        int r = -ENODEV;

        for (size_t i = 0; i < host->n_sensors && (r == -ENODEV || r == -ENOENT); i++)
                if (host->sensors[i].instance && host->sensors[i].sg->questions)
                        r = host->sensors[i].sg->questions->shape(
                                host->sensors[i].instance, shape, done, data);
        return r;
}

int sensor_host_list(struct sensor_host *host, const struct sg_queue_filter *filter, uint64_t cursor,
        unsigned max, sg_queue_message_each *each, void *data, uint64_t *ret_cursor) {
        int r = -ENODEV;

        for (size_t i = 0; i < host->n_sensors && (r == -ENODEV || r == -ENOENT); i++)
                if (host->sensors[i].instance && host->sensors[i].sg->questions)
                        r = host->sensors[i].sg->questions->list(
                                host->sensors[i].instance, filter, cursor, max, each, data, ret_cursor);
        return r;
}

struct sensor_host *sensor_host_free(struct sensor_host *host) {
        if (!host)
                return NULL;
        for (size_t i = 0; i < host->n_sensors; i++)
                sensor_deinit(&host->sensors[i]);
        free(host->sensors);
        free(host);
        return NULL;
}
