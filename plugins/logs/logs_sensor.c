/* SPDX-License-Identifier: MIT */
/*
 * logs_sensor - how large the logs are and how fast they grow
 *
 * Runs in the watcher.  Walks once through the directories (logs_walk.c), then measures again only the files
 * that inotify names, at most once a second, however often they are written to: between two looks nobody
 * listens, and the kernel merges and bounds what piles up.  In a directory that is written to very much all files
 * are measured instead, and nobody is told of each line (logs_pace.c).  What a name cannot tell is found by
 * another walk, of which the cost is held to a hundredth of the time.  A quiet log directory costs nothing, not
 * even a timer.
 *
 * Growth counts only what one inode became larger by, so rotation, truncation and renaming bring no rate, and
 * a new file is new with the size it has.  A log that was rotated away does not count as growing: it is
 * written by compressors and copiers.  log_bytes counts blocks on disk.
 *
 * Owns everything below struct logs.  Fails only at creation; a directory that cannot be read is missing, and
 * looked for twice a minute.  Limits: those of logs_sensor.h; beyond them files are counted by walks only.
 */
#include "logs/logs_sensor.h"
#include "logs/logs_select.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define ROOTS_MAX 32
#define SECOND UINT64_C(1000000)
#define LOOK_USEC SECOND
#define DECAY_USEC (5 * SECOND)
#define RETRY_USEC (30 * SECOND)
#define WALK_SHARE 100                   /* after a walk comes a rest of so many times its length, ... */
#define WALK_REST_MAX_USEC (60 * SECOND) /* ... and no more than this */
#define READ_BYTES 65536
#define READS_MAX 80 /* more than the kernel's queue can hold by default */

struct logs {
        const struct sg_host *host;
        int fd;
        struct sg_watch *readable; /* NULL: nobody listens */
        struct sg_timer *timer;
        struct logs_events events;

        struct logs_root roots[ROOTS_MAX];
        struct logs_state states[ROOTS_MAX];
        size_t n_roots;
        struct logs_directories directories; /* of the last whole walk */
        struct logs_table table;
        struct logs_growers growers;
        struct logs_select *select; /* what logs.trim is to act on is being chosen */
        struct logs_deleted deleted;

        bool walking, walk_wanted, walked_once, look_again, told_unwatched;
        struct logs_walk walk;
        struct logs_table walked;
        uint64_t walked_bytes[ROOTS_MAX];
        uint64_t walk_began_usec, walk_not_before_usec;
};

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

static uint64_t now_usec(const struct logs *logs) {
        return logs->host->now_usec(logs->host);
}

static bool is_rotated(int directory, const char *name) {
        struct logs_name parsed;

        return logs_name_is_rotated(directory, name, &parsed);
}

static const char *path_of(const struct logs *logs, const struct logs_directory *directory, const char *name,
        char path[static LOGS_PATH_MAX]) {
        snprintf(path, LOGS_PATH_MAX, "%s%s%s/%s", logs->states[directory->root].label,
                *directory->relative ? "/" : "", directory->relative, name);
        return path;
}

static struct logs_entry identify(const struct logs_directory *directory, const struct statx *status) {
        return (struct logs_entry){
                .identity = logs_identity_of(status, (uint32_t)directory->root),
                .names = status->stx_nlink,
                .size = logs_growth_size(status),
                .disk_bytes = status->stx_blocks * 512,
        };
}

/* Takes note of what the file grew by since `before`; NULL: it is new. */
static void observe(struct logs *logs, const struct logs_entry *before, struct logs_entry *now,
        const struct logs_directory *directory, int fd, const char *name) {
        uint64_t grown = before && now->size > before->size ? now->size - before->size : 0;
        struct logs_grower *grower;
        char path[LOGS_PATH_MAX];

        if (grown > 0 && is_rotated(fd, name))
                grown = 0;
        now->grower = before ? before->grower : 0;
        if (grown > 0) {
                logs_growth_add(&logs->states[directory->root].growth, now_usec(logs), (double)grown);
                now->grower = logs_growers_take(&logs->growers, &now->identity, now_usec(logs));
        }
        grower = logs_growers_get(&logs->growers, now->grower, &now->identity);
        if (!grower)
                return;
        logs_growers_name(&logs->growers, grower, path_of(logs, directory, name, path));
        logs_deleted_follow(&logs->deleted, &logs->growers, now, fd, name, path);
        grower->disk_bytes = now->disk_bytes;
        if (grown > 0)
                logs_growth_add(&grower->growth, now_usec(logs), (double)grown);
}

/* A file that the walk came by. */
static void on_walked(
        size_t directory_index, int fd, const char *name, const struct statx *status, void *data) {
        struct logs *logs = data;
        const struct logs_directory *directory = &logs->walk.directories.items[directory_index];
        struct logs_entry entry = identify(directory, status);

        if (logs_table_find(&logs->walked, &entry.identity))
                return; /* it has several names */
        observe(logs, logs_table_find(&logs->table, &entry.identity), &entry, directory, fd, name);
        logs_table_insert(&logs->walked, &entry);
        logs->walked_bytes[directory->root] += entry.disk_bytes;
}

static void begin_walk(struct logs *logs) {
        int r = logs_walk_begin(&logs->walk, logs->roots, logs->n_roots);

        logs->walking = r == 0;
        logs->walk_wanted = r < 0;
        logs->walk_began_usec = now_usec(logs);
        logs->walked = (struct logs_table){0};
        memset(logs->walked_bytes, 0, sizeof(logs->walked_bytes));
        if (r < 0)
                logs_walk_deinit(&logs->walk);
}

/* Directories that were left behind are no longer listened to. */
static void forget_watches(struct logs *logs) {
        const struct logs_directories *before = &logs->walk.directories, *now = &logs->directories;

        for (size_t i = 0; i < before->n; i++) {
                bool there = before->items[i].wd < 0;

                for (size_t j = 0; j < now->n && !there; j++)
                        there = now->items[j].wd == before->items[i].wd;
                if (!there)
                        inotify_rm_watch(logs->fd, before->items[i].wd);
        }
}

static void listen_to(struct logs *logs, struct logs_directory *directory) {
        int fd = logs_walk_open(&logs->roots[directory->root], directory->relative);

        logs->walk_wanted |= fd < 0 || logs_walk_listen(logs->fd, fd, directory->pace.busy) != directory->wd;
        if (fd >= 0)
                close(fd);
}

/* The walk listens to everything, and a directory is as busy after it as it was before. */
static void keep_pace(struct logs *logs) {
        const struct logs_directories *before = &logs->walk.directories, *now = &logs->directories;

        for (size_t i = 0; i < before->n; i++)
                for (size_t j = 0; j < now->n && before->items[i].pace.busy; j++)
                        if (now->items[j].wd == before->items[i].wd) {
                                now->items[j].pace = before->items[i].pace;
                                listen_to(logs, &now->items[j]);
                        }
}

static void finish_walk(struct logs *logs) {
        const struct logs_directories before = logs->directories;
        bool again = logs->walk.incomplete || logs->walk.unwatched;
        uint64_t took_usec = now_usec(logs) - logs->walk_began_usec, rest_usec = WALK_SHARE * took_usec;

        if (logs->walk.unwatched && !logs->told_unwatched)
                logs->host->log(logs->host, SG_LEVEL_WARNING,
                        "not all log directories can be watched: they are looked through twice a minute");
        logs->told_unwatched |= logs->walk.unwatched;
        logs->directories = logs->walk.directories;
        logs->walk.directories = before;
        keep_pace(logs);
        forget_watches(logs);
        logs_walk_deinit(&logs->walk);
        logs->walking = false;
        logs->walked_once = true;

        logs_table_deinit(&logs->table);
        logs->table = logs->walked;
        for (size_t i = 0; i < logs->n_roots; i++)
                logs->states[i].disk_bytes = logs->walked_bytes[i];
        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++) {
                struct logs_grower *grower = &logs->growers.items[i];

                if (grower->identity.inode != 0 && !logs_table_find(&logs->table, &grower->identity))
                        logs_growers_drop(&logs->growers, grower);
        }
        rest_usec = rest_usec < WALK_REST_MAX_USEC ? rest_usec : WALK_REST_MAX_USEC;
        if (again && rest_usec < RETRY_USEC)
                rest_usec = RETRY_USEC;
        logs->walk_wanted |= again;
        logs->walk_not_before_usec = now_usec(logs) + rest_usec;
}

static void measure_at(struct logs *logs, struct logs_directory *directory, int fd, const char *name) {
        struct logs_entry entry, *before;
        struct statx status;

        if (logs_walk_stat(fd, name, &status) < 0) {
                logs->walk_wanted = true;
                return;
        }
        if (!S_ISREG(status.stx_mode) || logs_walk_device(&status) != logs->roots[directory->root].device)
                return;
        entry = identify(directory, &status);
        before = logs_table_find(&logs->table, &entry.identity);
        if (before && entry.size > before->size)
                directory->pace.bytes += entry.size - before->size;
        observe(logs, before, &entry, directory, fd, name);
        logs->states[directory->root].disk_bytes += entry.disk_bytes - (before ? before->disk_bytes : 0);
        if (before)
                *before = entry;
        else if (!logs_table_insert(&logs->table, &entry))
                /* Not known next time either, and then it must not be counted again. */
                logs->states[directory->root].disk_bytes -= entry.disk_bytes;
}

static void measure(struct logs *logs, struct logs_directory *directory, const char *name) {
        int fd = logs_walk_open(&logs->roots[directory->root], directory->relative);

        if (fd < 0) {
                logs->walk_wanted = true;
                return;
        }
        measure_at(logs, directory, fd, name);
        close(fd);
}

struct listing {
        struct logs *logs;
        struct logs_directory *directory;
};

static void on_listed(int fd, const char *name, void *data) {
        const struct listing *listing = data;

        measure_at(listing->logs, listing->directory, fd, name);
}

static void measure_all(struct logs *logs, struct logs_directory *directory) {
        int fd = logs_walk_open(&logs->roots[directory->root], directory->relative), r = fd;

        if (fd >= 0)
                r = logs_walk_list(fd, LOGS_LISTED_MAX, on_listed, &(struct listing){logs, directory});
        if (r == -E2BIG)
                directory->n_entries = LOGS_LISTED_MAX + 1;
        logs->walk_wanted |= r < 0;
}

/* Returns whether there is any busy one. */
static bool go_by_pace(struct logs *logs) {
        uint32_t listed = 0;
        bool any = false;

        for (size_t i = 0; i < logs->directories.n; i++)
                if (logs->directories.items[i].pace.busy)
                        listed += logs->directories.items[i].n_entries;
        for (size_t i = 0; i < logs->directories.n; i++) {
                struct logs_directory *directory = &logs->directories.items[i];
                bool was_busy = directory->pace.busy;
                uint32_t others = was_busy ? listed - directory->n_entries : listed;

                if (was_busy)
                        measure_all(logs, directory);
                if (logs_pace_next(&directory->pace, others + directory->n_entries <= LOGS_LISTED_MAX)) {
                        listed = others + directory->n_entries;
                        any = true;
                } else {
                        listed = others;
                }
                if (directory->pace.busy == was_busy)
                        continue;
                listen_to(logs, directory);
                /* What was written before somebody listened again. */
                if (was_busy)
                        measure_all(logs, directory);
        }
        return any;
}

static void read_events(struct logs *logs) {
        char bytes[READ_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));

        logs_events_clear(&logs->events);
        for (unsigned i = 0; i < READS_MAX; i++) {
                ssize_t n = read(logs->fd, bytes, sizeof(bytes));

                if (n <= 0)
                        return;
                logs_events_parse(&logs->events, bytes, (size_t)n);
        }
}

/* Returns whether there will be more to see, whether anybody says so or not. */
static bool look(struct logs *logs) {
        logs_deleted_read(&logs->deleted);
        read_events(logs);
        logs->walk_wanted |= logs->events.rescan;
        for (size_t i = 0; i < logs->events.n; i++) {
                bool known = false;

                for (size_t j = 0; j < logs->directories.n; j++)
                        if (logs->directories.items[j].wd == logs->events.changed[i].wd) {
                                logs->directories.items[j].pace.events += logs->events.changed[i].times;
                                measure(logs, &logs->directories.items[j],
                                        logs->events.names + logs->events.changed[i].name);
                                known = true;
                        }
                logs->walk_wanted |= !known;
        }
        return go_by_pace(logs) || logs->events.any;
}

static bool listen_again(struct logs *logs) {
        if (!logs->readable &&
                logs->host->watch_new(logs->host, "logs: changes", logs->fd, SG_READY_IN, on_readable, logs,
                        &logs->readable) < 0)
                logs->readable = NULL;
        return logs->readable;
}

static uint64_t until_walk_usec(const struct logs *logs) {
        uint64_t now = now_usec(logs);

        return logs->walk_not_before_usec > now + LOOK_USEC ? logs->walk_not_before_usec - now : LOOK_USEC;
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct logs *logs = data;
        bool changing;

        logs->readable = logs->host->watch_free(logs->readable);
        if (!logs->walking) {
                logs->look_again = look(logs);
                if (logs->walk_wanted && now_usec(logs) >= logs->walk_not_before_usec)
                        begin_walk(logs);
        }
        if (logs->walking) {
                if (logs_walk_turn(&logs->walk, logs->fd, logs->roots, on_walked, logs)) {
                        logs->host->timer_arm(timer, 0);
                        return;
                }
                finish_walk(logs);
        }
        if (!logs->walked_once) {
                logs->host->timer_arm(timer, LOOK_USEC);
                return;
        }
        changing = logs_growers_publish(&logs->growers, now_usec(logs));
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
        for (size_t i = 0; r == 0 && directories[i] && i < ROOTS_MAX; i++)
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
