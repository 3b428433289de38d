/* SPDX-License-Identifier: MIT */
/*
 * logs_round - walk through all the logs, and put what was found in the place of what was known
 *
 * Runs in the watcher.  The walk (logs_walk.c) takes many short turns; until its end the table and the directories of
 * the walk before it stand.  After it comes a rest, so that its cost is held to a hundredth of the time.
 *
 * Owns the walk under way.  Fails: a walk that saw not all, or cannot be told of changes, is wanted again after
 * RETRY_USEC.
 */
#include "logs/logs_parts.h"

#include <string.h>
#include <sys/inotify.h>

#define SECOND UINT64_C(1000000)
#define RETRY_USEC (30 * SECOND)
#define WALK_SHARE 100                   /* after a walk comes a rest of so many times its length, ... */
#define WALK_REST_MAX_USEC (60 * SECOND) /* ... and no more than this */

/* A file that the walk came by. */
static void on_walked(
        size_t directory_index, int fd, const char *name, const struct statx *status, void *data) {
        struct logs *logs = data;
        const struct logs_directory *directory = &logs->walk.directories.items[directory_index];
        struct logs_entry entry = logs_observe_entry(directory, status);

        if (logs_table_find(&logs->walked, &entry.identity))
                return; /* it has several names */
        logs_observe(logs, logs_table_find(&logs->table, &entry.identity), &entry, directory, fd, name);
        logs_table_insert(&logs->walked, &entry);
        logs->walked_bytes[directory->root] += entry.disk_bytes;
}

void logs_round_begin(struct logs *logs) {
        int r = logs_walk_begin(&logs->walk, logs->roots, logs->n_roots);

        logs->walking = r == 0;
        logs->walk_wanted = r < 0;
        logs->walk_began_usec = logs_parts_now(logs);
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

/* The walk listens to everything, and a directory is as busy after it as it was before. */
static void keep_pace(struct logs *logs) {
        const struct logs_directories *before = &logs->walk.directories, *now = &logs->directories;

        for (size_t i = 0; i < before->n; i++)
                for (size_t j = 0; j < now->n && before->items[i].pace.busy; j++)
                        if (now->items[j].wd == before->items[i].wd) {
                                now->items[j].pace = before->items[i].pace;
                                logs_look_listen(logs, &now->items[j]);
                        }
}

static void finish_walk(struct logs *logs) {
        const struct logs_directories before = logs->directories;
        bool again = logs->walk.incomplete || logs->walk.unwatched;
        uint64_t took_usec = logs_parts_now(logs) - logs->walk_began_usec, rest_usec = WALK_SHARE * took_usec;

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
        logs->walk_not_before_usec = logs_parts_now(logs) + rest_usec;
}

bool logs_round_turn(struct logs *logs) {
        if (logs_walk_turn(&logs->walk, logs->fd, logs->roots, on_walked, logs))
                return true;
        finish_walk(logs);
        return false;
}
