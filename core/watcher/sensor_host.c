/* SPDX-License-Identifier: MIT */
/*
 * sensor_host - create the sensors of the loaded plugins and lend them the services of spoolguard/host.h
 *
 * Runs in: watcher.  One struct sensor per sensor, with the table of services as its first member, so that a
 * service finds its sensor from the table it was called through.  What a sensor publishes is held against what it
 * declared; label values come from file names and other people's text, so they are escaped here, once.
 *
 * Owns: the sensors, their option values, and every timer and watch they forgot to free.
 * Fails: a sensor that cannot start is shown as degraded; publishing something undeclared is the plugin's bug,
 * told to it (-ENOENT, -EINVAL) and logged once.
 */
#include "watcher/sensor_host.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "config/option.h"

#define SENSOR_TROUBLE_MAX 256
#define SENSOR_WORDS_MAX (4 * SG_SENTENCE_MAX + 1) /* as many bytes, each of them escaped */

struct sensor {
        struct sg_host services; /* first: see sensor_of() */
        struct sensor_host *host;
        const struct sg_plugin *plugin;
        const struct sg_sensor *sg;
        struct sg_value *options;
        void *instance;
        bool told_undeclared;
        struct sg_timer *timers;
        struct sg_watch *watches;
};

struct sg_timer {
        struct sensor *sensor;
        struct loop_timer *timer;
        sg_timer_fn fn;
        void *data;
        struct sg_timer *next, **link;
};

struct sg_watch {
        struct sensor *sensor;
        struct loop_fd *source;
        sg_watch_fn fn;
        void *data;
        struct sg_watch *next, **link;
};

struct sensor_host {
        struct loop *loop;
        const struct config *config;
        struct engine *engine;
        struct board *board;
        struct breadcrumb *breadcrumb;
        struct sensor *sensors;
        size_t n_sensors;
};

static struct sensor *sensor_of(const struct sg_host *services) {
        return (struct sensor *)(uintptr_t)services;
}

static const enum log_level levels[] = {
        [SG_LEVEL_ERROR] = LOG_LEVEL_ERROR,
        [SG_LEVEL_WARNING] = LOG_LEVEL_WARNING,
        [SG_LEVEL_INFO] = LOG_LEVEL_INFO,
        [SG_LEVEL_DEBUG] = LOG_LEVEL_DEBUG,
};

__attribute__((format(printf, 3, 4))) static void host_log(
        const struct sg_host *services, enum sg_level level, const char *format, ...) {
        char text[512];
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        log_line(level <= SG_LEVEL_DEBUG ? levels[level] : LOG_LEVEL_DEBUG, "%s: %s",
                sensor_of(services)->sg->name, text);
}

static uint64_t host_now_usec(const struct sg_host *services) {
        return loop_clock(sensor_of(services)->host->loop);
}

/* The declared reading with exactly these label names, in this order. */
static const struct sg_reading *declared(
        const struct sensor *sensor, const char *name, const struct sg_label *labels, size_t n_labels) {
        for (const struct sg_reading *row = sensor->sg->readings; row && row->name; row++) {
                if (strcmp(row->name, name) != 0)
                        continue;
                size_t n = 0;
                while (n < ELEMENTSOF(row->labels) && row->labels[n])
                        n++;
                if (n != n_labels)
                        return NULL;
                for (size_t i = 0; i < n; i++)
                        if (strcmp(row->labels[i], labels[i].name) != 0)
                                return NULL;
                return row;
        }
        return NULL;
}

/* Checks a reading against the declaration and copies its labels in escaped form. */
static int admit_reading(const struct sg_host *services, const char *name, const struct sg_label *labels,
        size_t n_labels, struct reading_label *ret_labels) {
        struct sensor *sensor = sensor_of(services);
        if (!name || n_labels > READING_LABELS_MAX || !declared(sensor, name, labels, n_labels)) {
                if (!sensor->told_undeclared)
                        log_error("sensor %s publishes %s with labels it did not declare: refused",
                                sensor->sg->name, name ? name : "(null)");
                sensor->told_undeclared = true;
                return -ENOENT;
        }
        for (size_t i = 0; i < n_labels; i++) {
                text_copy(ret_labels[i].name, sizeof ret_labels[i].name, labels[i].name);
                text_escape(ret_labels[i].value, sizeof ret_labels[i].value, labels[i].value);
        }
        return 0;
}

static int host_publish(const struct sg_host *services, const char *reading, const struct sg_label *labels,
        size_t n_labels, double value) {
        struct reading_label copies[READING_LABELS_MAX];
        if (isnan(value))
                return -EINVAL;
        int r = admit_reading(services, reading, labels, n_labels, copies);
        return r < 0 ? r : board_set(sensor_of(services)->host->board, reading, copies, n_labels, value);
}

static int host_publish_told(const struct sg_host *services, const char *reading,
        const struct sg_label *labels, size_t n_labels, double value, const char *sentence) {
        struct reading_label copies[READING_LABELS_MAX];
        char shown[SENSOR_WORDS_MAX];
        if (isnan(value) || !sentence)
                return -EINVAL;
        int r = admit_reading(services, reading, labels, n_labels, copies);
        if (r < 0)
                return r;
        text_escape(shown, sizeof shown, sentence);
        return board_set_told(sensor_of(services)->host->board, reading, copies, n_labels, value, shown);
}

static int host_missing(const struct sg_host *services, const char *reading, const struct sg_label *labels,
        size_t n_labels, const char *why) {
        struct reading_label copies[READING_LABELS_MAX];
        char shown[SENSOR_WORDS_MAX];
        int r = admit_reading(services, reading, labels, n_labels, copies);
        if (r < 0)
                return r;
        text_escape(shown, sizeof shown, why ? why : "");
        return board_missing(sensor_of(services)->host->board, reading, copies, n_labels, shown);
}

static int host_withdraw(
        const struct sg_host *services, const char *reading, const struct sg_label *labels, size_t n_labels) {
        struct reading_label copies[READING_LABELS_MAX];
        int r = admit_reading(services, reading, labels, n_labels, copies);
        return r < 0 ? r : board_remove(sensor_of(services)->host->board, reading, copies, n_labels);
}

static void on_timer(struct loop_timer *source, void *data) {
        (void)source;
        struct sg_timer *timer = data;
        timer->fn(timer, timer->data);
}

static struct sg_timer *host_timer_free(struct sg_timer *timer) {
        if (!timer)
                return NULL;
        *timer->link = timer->next;
        if (timer->next)
                timer->next->link = timer->link;
        loop_timer_free(timer->timer);
        free(timer);
        return NULL;
}

static int host_timer_new(const struct sg_host *services, const char *name, uint64_t delay_usec,
        sg_timer_fn fn, void *data, struct sg_timer **ret_timer) {
        struct sensor *sensor = sensor_of(services);
        struct sg_timer *timer = calloc(1, sizeof *timer);
        if (!timer)
                return -ENOMEM;
        *timer = (struct sg_timer){.sensor = sensor, .fn = fn, .data = data};
        int r = loop_timer_new(sensor->host->loop, name, loop_now(sensor->host->loop) + delay_usec, on_timer,
                timer, &timer->timer);
        if (r < 0) {
                free(timer);
                return r;
        }
        timer->link = &sensor->timers;
        timer->next = sensor->timers;
        if (timer->next)
                timer->next->link = &timer->next;
        sensor->timers = timer;
        *ret_timer = timer;
        return 0;
}

static void host_timer_arm(struct sg_timer *timer, uint64_t delay_usec) {
        loop_timer_arm(timer->timer, loop_now(timer->sensor->host->loop) + delay_usec);
}

/* Both enums have the same bits; a table of their own would only repeat that. */
static_assert((int)SG_READY_IN == (int)LOOP_IN && (int)SG_READY_OUT == (int)LOOP_OUT &&
                (int)SG_READY_HANGUP == (int)LOOP_HANGUP && (int)SG_READY_PRIORITY == (int)LOOP_PRIORITY,
        "ready bits of plugin API and loop");

static void on_ready(struct loop_fd *source, int fd, unsigned ready, void *data) {
        (void)source;
        struct sg_watch *watch = data;
        watch->fn(watch, fd, ready, watch->data);
}

static struct sg_watch *host_watch_free(struct sg_watch *watch) {
        if (!watch)
                return NULL;
        *watch->link = watch->next;
        if (watch->next)
                watch->next->link = watch->link;
        loop_fd_free(watch->source);
        free(watch);
        return NULL;
}

static int host_watch_new(const struct sg_host *services, const char *name, int fd, unsigned ready,
        sg_watch_fn fn, void *data, struct sg_watch **ret_watch) {
        struct sensor *sensor = sensor_of(services);
        struct sg_watch *watch = calloc(1, sizeof *watch);
        if (!watch)
                return -ENOMEM;
        *watch = (struct sg_watch){.sensor = sensor, .fn = fn, .data = data};
        int r = loop_fd_new(sensor->host->loop, name, fd, ready, on_ready, watch, &watch->source);
        if (r < 0) {
                free(watch);
                return r;
        }
        watch->link = &sensor->watches;
        watch->next = sensor->watches;
        if (watch->next)
                watch->next->link = &watch->next;
        sensor->watches = watch;
        *ret_watch = watch;
        return 0;
}

static bool host_parsing(const struct sg_host *services, const char *what) {
        struct breadcrumb *breadcrumb = sensor_of(services)->host->breadcrumb;
        if (!breadcrumb)
                return true;
        for (size_t i = 0; what && i < ELEMENTSOF(breadcrumb->skip); i++)
                if (strncmp(breadcrumb->skip[i], what, sizeof breadcrumb->skip[i] - 1) == 0)
                        return false;
        breadcrumb_set(breadcrumb, what ? BREADCRUMB_PARSING : BREADCRUMB_NONE, what);
        return true;
}

static void host_each_reading(
        const struct sg_host *services, const char *reading, sg_reading_fn fn, void *data) {
        const struct board *board = sensor_of(services)->host->board;

        for (size_t i = 0; board_at(board, i); i++) {
                const struct reading *row = board_at(board, i);
                struct sg_label labels[READING_LABELS_MAX];

                if (strcmp(row->name, reading) != 0)
                        continue;
                for (size_t k = 0; k < row->n_labels; k++)
                        labels[k] =
                                (struct sg_label){.name = row->labels[k].name, .value = row->labels[k].value};
                fn(labels, row->n_labels, row->missing ? NAN : row->value, data);
        }
}

static void host_trouble(const struct sg_host *services, const char *what, const char *why) {
        const struct sensor *sensor = sensor_of(services);
        char key[96], text[SENSOR_TROUBLE_MAX], shown[SENSOR_TROUBLE_MAX];

        text_format(key, sizeof key, "%s %s", sensor->sg->name, what);
        if (why) {
                text_format(text, sizeof text, "sensor %s: %s", sensor->sg->name, why);
                text_escape(shown, sizeof shown, text);
        }
        engine_set_trouble(sensor->host->engine, key, why ? shown : NULL);
}

static uint64_t host_back_by_usec(const struct sg_host *services) {
        const struct sensor_host *host = sensor_of(services)->host;

        return back_by_alone_until(&host->config->back_by, loop_realtime(host->loop));
}

static const struct sg_host services = {
        .size = sizeof(struct sg_host),
        .log = host_log,
        .now_usec = host_now_usec,
        .publish = host_publish,
        .publish_told = host_publish_told,
        .missing = host_missing,
        .withdraw = host_withdraw,
        .timer_new = host_timer_new,
        .timer_arm = host_timer_arm,
        .timer_free = host_timer_free,
        .watch_new = host_watch_new,
        .watch_free = host_watch_free,
        .parsing = host_parsing,
        .each_reading = host_each_reading,
        .trouble = host_trouble,
        .back_by_usec = host_back_by_usec,
};

static void sensor_deinit(struct sensor *sensor) {
        if (sensor->instance)
                sensor->sg->destroy(sensor->instance);
        for (struct sg_timer *timer = sensor->timers, *next; timer; timer = next) {
                next = timer->next;
                host_timer_free(timer);
        }
        for (struct sg_watch *watch = sensor->watches, *next; watch; watch = next) {
                next = watch->next;
                host_watch_free(watch);
        }
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
                        *sensor = (struct sensor){.services = services,
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
