/* SPDX-License-Identifier: MIT */
/*
 * sensor_services - lend a sensor the services of spoolguard/host.h
 *
 * Runs in: watcher.  What a sensor publishes is held against what it declared; label values come from file names and
 * other people's text, so they are escaped here, once.
 *
 * Owns: every timer and watch that a sensor has, and frees what it forgot to.
 * Fails: publishing something undeclared is the plugin's bug, told to it (-ENOENT, -EINVAL) and logged once.
 */
#include "watcher/sensor_services.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#define SENSOR_TROUBLE_MAX 256
#define SENSOR_WORDS_MAX (4 * SG_SENTENCE_MAX + 1) /* as many bytes, each of them escaped */

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

const struct sg_host sensor_services = {
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

void sensor_services_take_back(struct sensor *sensor) {
        for (struct sg_timer *timer = sensor->timers, *next; timer; timer = next) {
                next = timer->next;
                host_timer_free(timer);
        }
        for (struct sg_watch *watch = sensor->watches, *next; watch; watch = next) {
                next = watch->next;
                host_watch_free(watch);
        }
}
