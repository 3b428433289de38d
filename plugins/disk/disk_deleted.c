/* SPDX-License-Identifier: MIT */
/*
 * disk_deleted - disk.deleted_open: which deleted files still take space, and who holds them
 *
 * Runs in a child of the executor, as root, because only root may look through other users' descriptors.  Changes
 * nothing.  Only the file systems that plugin disk watches are looked at, as seen from here: no other one is
 * touched, and what a watcher that was taken over can learn is names that any user's lsof shows of his own.
 *
 * Files are told apart by inode, and their size is their blocks on disk.  The sentence has room for the largest
 * three; all others of note go to the log.
 *
 * Owns nothing.  Fails when /proc cannot be read.  Limits: LOGGED_MAX lines in the log; on btrfs only the subvolumes
 * of the watched directories.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/deleted_files.h"
#include "disk/disk.h"

#define DEVICES_MAX 32
#define LOGGED_MAX 20
#define NAMED_MAX 3

enum { ARG_PATH, ARG_MIN_BYTES };

static const struct sg_option args[] = {
        [ARG_PATH] = {.name = "path",
                .type = SG_TYPE_TEXT,
                .fallback = "",
                .doc = "Only the file system that carries this directory, which must be one of those that "
                       "are watched. Empty: all of these."},
        [ARG_MIN_BYTES] = {.name = "min_bytes",
                .type = SG_TYPE_SIZE,
                .fallback = "1M",
                .doc = "Files that take less than this are not counted.",
                .min = 0,
                .max = 1e15},
        {0},
};

/* A directory's file system; nothing is mounted to look at it. */
static bool find_device(const struct sg_action *action, const char *path, dev_t *ret_device) {
        char full[4096];
        struct stat status;
        int length = snprintf(full, sizeof(full), "%s%s", action->host->root, path);

        if (length >= (int)sizeof(full) || fstatat(AT_FDCWD, full, &status, AT_NO_AUTOMOUNT) < 0)
                return false;
        *ret_device = status.st_dev;
        return true;
}

static size_t find_devices(const struct sg_action *action, dev_t devices[static DEVICES_MAX]) {
        const char *const *path = action->options[DISK_OPTION_PATHS].list;
        size_t n = 0;

        for (path = *path ? path : disk_default_paths; *path && n < DEVICES_MAX; path++) {
                bool known = false;

                if (!find_device(action, *path, &devices[n]))
                        continue;
                for (size_t i = 0; i < n; i++)
                        known |= devices[i] == devices[n];
                n += !known;
        }
        return n;
}

/* What is asked for: one of the watched file systems, or all of them. */
static size_t choose_devices(
        const struct sg_action *action, dev_t devices[static DEVICES_MAX], struct sg_outcome *outcome) {
        const char *path = action->args[ARG_PATH].text;
        size_t n = find_devices(action, devices);
        dev_t wanted;

        if (n == 0)
                snprintf(outcome->text, sizeof(outcome->text), "none of the watched directories is there");
        if (n == 0 || !*path)
                return n;
        if (path[0] == '/' && find_device(action, path, &wanted))
                for (size_t i = 0; i < n; i++)
                        if (devices[i] == wanted) {
                                devices[0] = wanted;
                                return 1;
                        }
        snprintf(outcome->text, sizeof(outcome->text), "%.120s: not on a file system that is watched", path);
        return 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        dev_t devices[DEVICES_MAX];

        if (choose_devices(action, devices, ret_outcome) == 0)
                return SG_VERDICT_REFUSED;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                "the descriptors of all processes would be looked through");
        return SG_VERDICT_GO;
}

static void say_files(const struct deleted_files *files, char *text, size_t size) {
        char bytes[DELETED_SIZE_MAX], file[2 * SG_TEXT_MAX];
        size_t used;

        snprintf(text, size, "%zu%s deleted file%s %s still open, %s", files->n, files->cut ? " or more" : "",
                files->n == 1 ? "" : "s", files->n == 1 ? "is" : "are",
                deleted_files_size(files->held_bytes, bytes));
        used = strlen(text);
        for (size_t i = 0; i < files->n && i < NAMED_MAX; i++) {
                deleted_files_say(&files->files[i], file, sizeof(file));
                /* Whole or not at all, but for the first. */
                if (i > 0 && used + 2 + strlen(file) >= size)
                        break;
                snprintf(text + used, size - used, "%s%s", i == 0 ? ": " : ", ", file);
                used = strlen(text);
        }
}

static void log_files(const struct sg_action *action, const struct deleted_files *files) {
        char text[2 * SG_TEXT_MAX];

        for (size_t i = 0; i < files->n && i < LOGGED_MAX; i++)
                action->host->log(action, SG_LEVEL_INFO, "deleted and still open: %s",
                        deleted_files_say(&files->files[i], text, sizeof(text)));
        if (files->hidden > 0)
                action->host->log(action, SG_LEVEL_WARNING,
                        "%zu processes do not let us look at what they have open", files->hidden);
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        dev_t devices[DEVICES_MAX];
        struct deleted_files files;
        struct deleted_files_query query = {.root = action->host->root,
                .devices = devices,
                .n_devices = choose_devices(action, devices, ret_outcome),
                .min_bytes = action->args[ARG_MIN_BYTES].bytes};
        int r;

        if (query.n_devices == 0)
                return -ENOENT;
        r = deleted_files_find(&query, &files);
        if (r < 0)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "the processes' descriptors cannot be looked through: %s", strerror(-r));
        else {
                ret_outcome->count = files.n;
                ret_outcome->found_bytes = files.held_bytes;
                log_files(action, &files);
                if (files.n > 0)
                        say_files(&files, ret_outcome->text, sizeof(ret_outcome->text));
                else
                        snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                                "no deleted file is still open%s",
                                files.hidden > 0 ? ", but not all processes let us look" : "");
        }
        deleted_files_deinit(&files);
        return r;
}

const struct sg_verb disk_deleted_open = {
        .name = "disk.deleted_open",
        .summary = "Find the deleted files that still take space, and who holds them",
        .risk = SG_RISK_PROBE,
        .args = args,
        .deadline_usec = UINT64_C(30000000),
        .budget_count = 200,
        .budget_window_usec = UINT64_C(86400000000),
        .check = check,
        .run = run,
};
