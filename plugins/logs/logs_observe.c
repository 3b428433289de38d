/* SPDX-License-Identifier: MIT */
/*
 * logs_observe - what one file of the logs grew by
 *
 * Runs in the watcher.  Growth counts only what one inode became larger by, so rotation, truncation and renaming bring
 * no rate, and a new file is new with the size it has.  A log that was rotated away does not count as growing: it is
 * written by compressors and copiers.  What a log takes is counted in blocks on disk.
 *
 * Owns nothing, and cannot fail.
 */
#include "logs/logs_parts.h"

#include <stdio.h>

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

struct logs_entry logs_observe_entry(const struct logs_directory *directory, const struct statx *status) {
        return (struct logs_entry){
                .identity = logs_identity_of(status, (uint32_t)directory->root),
                .names = status->stx_nlink,
                .size = logs_growth_size(status),
                .disk_bytes = status->stx_blocks * 512,
        };
}

void logs_observe(struct logs *logs, const struct logs_entry *before, struct logs_entry *now,
        const struct logs_directory *directory, int fd, const char *name) {
        uint64_t grown = before && now->size > before->size ? now->size - before->size : 0;
        struct logs_grower *grower;
        char path[LOGS_PATH_MAX];

        if (grown > 0 && is_rotated(fd, name))
                grown = 0;
        now->grower = before ? before->grower : 0;
        if (grown > 0) {
                logs_growth_add(&logs->states[directory->root].growth, logs_parts_now(logs), (double)grown);
                now->grower = logs_growers_take(&logs->growers, &now->identity, logs_parts_now(logs));
        }
        grower = logs_growers_get(&logs->growers, now->grower, &now->identity);
        if (!grower)
                return;
        logs_growers_name(&logs->growers, grower, path_of(logs, directory, name, path));
        logs_deleted_follow(&logs->deleted, &logs->growers, now, fd, name, path);
        grower->disk_bytes = now->disk_bytes;
        if (grown > 0)
                logs_growth_add(&grower->growth, logs_parts_now(logs), (double)grown);
}
