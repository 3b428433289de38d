/* SPDX-License-Identifier: MIT */
/*
 * logs_sensor - how large the logs are and how fast they grow
 *
 * Runs in the watcher.  Walks once through the directories (logs_round.c), then looks at most once a second at what
 * changed (logs_look.c), however often it is written to: between two looks nobody listens, and the kernel merges and
 * bounds what piles up.  What a look cannot tell is found by another walk.  A quiet log directory costs nothing, not
 * even a timer.  log_bytes counts blocks on disk.
 *
 * Owns everything below struct logs.  Fails only at creation; a directory that cannot be read is missing, and
 * looked for twice a minute.  Limits: those of logs_sensor.h; beyond them files are counted by walks only.
 */
#include "logs/logs_parts.h"
#include "logs/logs_select.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000)
#define LOOK_USEC SECOND
#define DECAY_USEC (5 * SECOND)

static const struct sg_reading readings[] = {
        {"log_bytes", {"path"}, "Blocks on disk of a log directory, and of the files in it that grow most."},
        {"log_growth_bytes_per_second", {"path"},
                "How fast a log directory, or one of the ten files that grow most, grew over the last "
                "minute."},
        {"deleted_open_bytes", {0},
                "Blocks on disk of logs that were deleted while somebody writes to them: of no use, and not "
                "free."},
        {0},
};

static void on_readable(struct sg_watch *watch, int fd, unsigned ready, void *data);

static bool listen_again(struct logs *logs) {
        if (!logs->readable &&
                logs->host->watch_new(logs->host, "logs: changes", logs->fd, SG_READY_IN, on_readable, logs,
                        &logs->readable) < 0)
                logs->readable = NULL;
        return logs->readable;
}

static uint64_t until_walk_usec(const struct logs *logs) {
        uint64_t now = logs_parts_now(logs);

        return logs->walk_not_before_usec > now + LOOK_USEC ? logs->walk_not_before_usec - now : LOOK_USEC;
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct logs *logs = data;
        bool changing;

        logs->readable = logs->host->watch_free(logs->readable);
        if (!logs->walking) {
                logs->look_again = logs_look(logs);
                if (logs->walk_wanted && logs_parts_now(logs) >= logs->walk_not_before_usec)
                        logs_round_begin(logs);
        }
        if (logs->walking) {
                if (logs_round_turn(logs)) {
                        logs->host->timer_arm(timer, 0);
                        return;
                }
        }
        if (!logs->walked_once) {
                logs->host->timer_arm(timer, LOOK_USEC);
                return;
        }
        changing = logs_growers_publish(&logs->growers, logs_parts_now(logs));
        for (size_t i = 0; i < logs->n_roots; i++)
                changing |= logs_roots_publish(logs->host, &logs->roots[i], &logs->states[i]);
        changing |= logs_deleted_publish(&logs->deleted, logs->roots, logs->n_roots);

        if (logs->look_again || !listen_again(logs))
                logs->host->timer_arm(timer, LOOK_USEC);
        else if (changing)
                logs->host->timer_arm(timer, DECAY_USEC);
        else if (logs->walk_wanted)
                logs->host->timer_arm(timer, until_walk_usec(logs));
}

static void on_readable(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct logs *logs = data;

        (void)fd;
        (void)ready;
        logs->readable = logs->host->watch_free(watch);
        logs->host->timer_arm(logs->timer, LOOK_USEC);
}

static void logs_destroy(void *sensor) {
        struct logs *logs = sensor;

        if (!logs)
                return;
        logs_select_cancel(&logs->select);
        logs->host->watch_free(logs->readable);
        logs->host->timer_free(logs->timer);
        if (logs->fd >= 0)
                close(logs->fd);
        if (logs->walking)
                logs_table_deinit(&logs->walked);
        logs_walk_deinit(&logs->walk);
        /* The list outlives its walk; it is freed as one. */
        logs->walk.directories = logs->directories;
        logs_walk_deinit(&logs->walk);
        logs_table_deinit(&logs->table);
        logs_deleted_deinit(&logs->deleted);
        free(logs);
}

static int add_root(struct logs *logs, const char *path) {
        struct logs_state *state = &logs->states[logs->n_roots];
        struct logs_root *root = &logs->roots[logs->n_roots];
        size_t length = strlen(path);

        while (length > 1 && path[length - 1] == '/')
                length--;
        if (path[0] != '/' || length >= sizeof(state->label) ||
                strlen(logs->host->root) + length >= sizeof(root->path)) {
                logs->host->log(logs->host, SG_LEVEL_ERROR,
                        "directories: \"%s\" is not an absolute path, or too long", path);
                return -EINVAL;
        }
        snprintf(state->label, sizeof(state->label), "%.*s", (int)length, path);
        snprintf(root->path, sizeof(root->path), "%s%s", logs->host->root, state->label);
        root->label = state->label;
        logs->n_roots++;
        return 0;
}

static int logs_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        const char *const *directories = options[LOGS_OPTION_DIRECTORIES].list;
        struct logs *logs = calloc(1, sizeof(*logs));
        int r;

        if (!logs)
                return -ENOMEM;
        logs->host = logs->growers.host = host;
        logs->walk_wanted = true;
        r = logs_deleted_init(&logs->deleted, host);
        logs->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (r == 0 && logs->fd < 0)
                r = -errno;
        for (size_t i = 0; r == 0 && directories[i] && i < LOGS_ROOTS_MAX; i++)
                r = add_root(logs, directories[i]);
        if (r == 0 && logs->n_roots == 0)
                r = -ENOTSUP;
        if (r == 0)
                r = host->timer_new(host, "logs: next look", 0, on_timer, logs, &logs->timer);
        if (r < 0) {
                logs_destroy(logs);
                return r;
        }
        *ret_sensor = logs;
        return 0;
}

/* The one verb with a selector. */
static int logs_choose(void *sensor, const char *verb, const struct sg_value *args, int fd,
        sg_selected_fn *done, void *data) {
        struct logs *logs = sensor;

        (void)verb;
        return logs_select_begin(&logs->select, logs->host, logs->roots, logs->n_roots, args, fd, done, data);
}

const struct sg_sensor logs_sensor = {
        .name = "logs",
        .summary = "Size and growth of log files",
        .readings = readings,
        .reads = (const char *const[]){"@directories", NULL},
        .create = logs_create,
        .destroy = logs_destroy,
        .select = logs_choose,
};
