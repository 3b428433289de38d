/* SPDX-License-Identifier: MIT */
/*
 * logs_rotate_olds - what was rotated earlier, and the room for one rotation more
 *
 * Runs in children of the executor.  Reads each directory in which one of the found logs lies, once, and notes what
 * bears the name of one of them with a mark of rotation, in whatever form: what logrotate would remove, it finds by
 * name, too.  Where logrotate copies a log, or compresses it at once, there must be twice the room that this may
 * take: a rotation is no reason to fill the disk.
 *
 * Owns the list.  Fails with a sentence in `why`; then nobody can say what would go.  Limits: OLDS_MAX of them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "logs/logs_rotate.h"

#define OLDS_MAX 8192

static int compare_path(const void *key, const void *item) {
        const struct logs_rotate_log *log = item;

        return strcmp(key, log->path);
}

static int append(struct logs_rotate_olds *olds, const struct logs_rotate_old *old) {
        if (olds->n == OLDS_MAX)
                return -E2BIG;
        if (olds->n == olds->allocated) {
                size_t allocated = olds->allocated ? 2 * olds->allocated : 32;
                struct logs_rotate_old *more = realloc(olds->items, allocated * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                olds->items = more;
                olds->allocated = allocated;
        }
        olds->items[olds->n++] = *old;
        return 0;
}

static int look_at(const struct logs_rotate_found *found, const char *directory, int fd, const char *name,
        struct logs_rotate_olds *olds) {
        const struct logs_rotate_log *log;
        struct logs_file file = {.place = 0};
        char path[2 * LOGS_PATH_MAX];
        struct logs_rotate_old old;
        struct logs_name parsed;

        if (!logs_name_parse(name, &parsed))
                return 0;
        snprintf(path, sizeof(path), "%s/%.*s", directory, (int)parsed.base_length, name);
        log = bsearch(path, found->logs, found->n_logs, sizeof(*found->logs), compare_path);
        if (!log)
                return 0;
        if (fstatat(fd, name, &file.status, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        old = (struct logs_rotate_old){.log = (size_t)(log - found->logs),
                .mtime_usec = logs_rotated_mtime_usec(&file),
                .disk_bytes = logs_rotated_disk_bytes(&file),
                .number = logs_rotate_plan_number(name, &parsed)};
        snprintf(old.name, sizeof(old.name), "%s", name);
        return append(olds, &old);
}

size_t logs_rotate_directory(const char *path, char ret_directory[static LOGS_PATH_MAX]) {
        size_t length = (size_t)(strrchr(path, '/') - path);

        snprintf(ret_directory, LOGS_PATH_MAX, "%.*s", (int)length, path);
        return length;
}

static bool is_first_of_directory(const struct logs_rotate_found *found, size_t i, size_t length) {
        for (size_t k = 0; k < i; k++)
                if (strncmp(found->logs[k].path, found->logs[i].path, length + 1) == 0 &&
                        !strchr(found->logs[k].path + length + 1, '/'))
                        return false;
        return true;
}

/* All rotated logs in one of the directories; and whether there is room for what logrotate does. */
static int look_into(const struct sg_action *action, const struct logs_rotate_found *found,
        const char *directory, uint64_t room, struct logs_rotate_olds *olds) {
        char full[LOGS_PATH_MAX + 128];
        struct dirent *entry;
        struct statvfs fs;
        DIR *stream;
        int r = 0;

        snprintf(full, sizeof(full), "%.100s%s", action->host->root, directory);
        stream = opendir(full);
        if (!stream)
                return -errno;
        if (room > 0 && (fstatvfs(dirfd(stream), &fs) < 0 || (uint64_t)fs.f_bavail * fs.f_frsize / 2 < room))
                r = -ENOSPC;
        while (r == 0 && (entry = readdir(stream)))
                r = look_at(found, directory, dirfd(stream), entry->d_name, olds);
        closedir(stream);
        return r;
}

static const char *problem_of(int r) {
        if (r == -ENOSPC)
                return "there is no room to copy or compress what is rotated, as logrotate would at once";
        return r == -E2BIG ? "there are too many rotated logs to say which would go" : strerror(-r);
}

int logs_rotate_olds_find(const struct sg_action *action, const struct logs_rotate_found *found,
        struct logs_rotate_olds *ret_olds, char *why, size_t size) {
        char directory[LOGS_PATH_MAX], said[LOGS_ROTATE_SAID_MAX];
        uint64_t room = 0;

        *ret_olds = (struct logs_rotate_olds){.n = 0};
        for (size_t i = 0; i < found->n_logs; i++)
                room += logs_rotate_plan_room(&found->logs[i]);
        for (size_t i = 0; i < found->n_logs; i++) {
                size_t length = logs_rotate_directory(found->logs[i].path, directory);
                int r = 0;

                if (is_first_of_directory(found, i, length))
                        r = look_into(action, found, directory, room, ret_olds);
                if (r < 0) {
                        snprintf(why, size, "%s: %s", logs_name_escape(directory, said, sizeof(said)),
                                problem_of(r));
                        return r;
                }
        }
        return 0;
}

void logs_rotate_olds_deinit(struct logs_rotate_olds *olds) {
        free(olds->items);
        *olds = (struct logs_rotate_olds){.n = 0};
}
