/* SPDX-License-Identifier: MIT */
/*
 * set_record - the directory beside main.cf that keeps what a lease of postfix.set needs to take it back
 *
 * Runs in a child of the executor, as root.  It is called main.cf.spoolguard-LEASE and holds the very file that was
 * main.cf, so that owner, mode, attributes and each byte come back as they were, and a copy of what took its place,
 * by which a later change of somebody else is told from ours.  It lies there and not in our own state, since it must
 * outlive the package, names are exchanged within one file system only, and that is where an admin looks.  It says
 * in words how to take the change back by hand; who removes it has decided that it stays.
 *
 * The new file is not in force before the old one has its name here, and the name goes last.  So whenever we were
 * cut short, what is in there says how far we came.
 *
 * Owns the directory's descriptor.  Fails with a negative errno value.
 * Limits: four files of MAIN_CF_MAX bytes at most.
 */
#include "postfix/set_record.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/write_all.h"

/* Of a postconf that was cut short. */
#define LOCK "main.cf.tmp"

static const char *const names[] = {SET_RECORD_WORK, SET_RECORD_BEFORE, SET_RECORD_AFTER, SET_RECORD_RESTORED,
        SET_RECORD_READ, SET_RECORD_HOW_TO_UNDO, LOCK};

void set_record_name(
        const struct main_cf_file *file, uint64_t lease, char ret_name[static SET_RECORD_NAME_MAX]) {
        snprintf(ret_name, SET_RECORD_NAME_MAX, "%s.spoolguard-%llu", file->name, (unsigned long long)lease);
}

static struct set_record named(const struct main_cf_file *file, uint64_t lease) {
        struct set_record record = {.directory = -1};

        set_record_name(file, lease, record.name);
        snprintf(record.path, sizeof(record.path), "%s/%s", file->directory_path, record.name);
        return record;
}

int set_record_open(const struct main_cf_file *file, uint64_t lease, struct set_record *ret_record) {
        struct set_record record = named(file, lease);
        struct stat status;
        int r = 0;

        record.directory =
                openat(file->directory, record.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (record.directory < 0)
                return -errno;
        if (fstat(record.directory, &status) < 0)
                r = -errno;
        else if ((status.st_uid != 0 && status.st_uid != geteuid()) || status.st_mode & (S_IWGRP | S_IWOTH))
                r = -EPERM;
        if (r < 0) {
                set_record_close(&record);
                return r;
        }
        *ret_record = record;
        return 0;
}

int set_record_make(const struct main_cf_file *file, uint64_t lease, struct set_record *ret_record) {
        int r = set_record_open(file, lease, ret_record);

        if (r >= 0)
                set_record_remove(file, ret_record);
        else if (r != -ENOENT)
                return r;
        *ret_record = named(file, lease);
        if (mkdirat(file->directory, ret_record->name, 0700) < 0)
                return -errno;
        return set_record_open(file, lease, ret_record);
}

void set_record_close(struct set_record *record) {
        if (record->directory >= 0)
                close(record->directory);
        record->directory = -1;
}

bool set_record_find(const char *root, uint64_t lease, char ret_path[static ORDER_PATH_MAX]) {
        char pattern[ORDER_PATH_MAX];
        glob_t found;
        int r;

        snprintf(pattern, sizeof(pattern), "%.500s/etc/*/*.spoolguard-%llu", root, (unsigned long long)lease);
        snprintf(ret_path, ORDER_PATH_MAX, "%s", pattern);
        r = glob(pattern, GLOB_NOSORT, NULL, &found);
        if (r == 0) {
                snprintf(ret_path, ORDER_PATH_MAX, "%s", found.gl_pathv[0]);
                globfree(&found);
        }
        /* What could not be looked for may be there. */
        return r != GLOB_NOMATCH;
}

void set_record_remove(const struct main_cf_file *file, struct set_record *record) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                unlinkat(record->directory, names[i], 0);
        set_record_close(record);
        unlinkat(file->directory, record->name, AT_REMOVEDIR);
        (void)fsync(file->directory);
}

static bool has(const struct set_record *record, const char *name, struct stat *ret_status) {
        return fstatat(record->directory, name, ret_status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The exchange was made, but not what comes behind it: what was in force has the old one's name. */
static int look_closer(const struct set_record *record) {
        char *before = NULL, *after = NULL;
        int r = main_cf_file_read(record->directory, SET_RECORD_BEFORE, &before);

        if (r >= 0)
                r = main_cf_file_read(record->directory, SET_RECORD_AFTER, &after);
        if (r >= 0)
                r = strcmp(before, after) == 0 ? SET_RECORD_UNREAD : SET_RECORD_IN_FORCE;
        free(before);
        free(after);
        return r;
}

int set_record_look(const struct main_cf_file *file, const struct set_record *record) {
        struct stat status;

        if (has(record, SET_RECORD_RESTORED, &status))
                return SET_RECORD_UNREAD;
        if (!has(record, SET_RECORD_BEFORE, &status) ||
                (status.st_ino == file->status.st_ino && status.st_dev == file->status.st_dev))
                return SET_RECORD_NOTHING;
        return look_closer(record);
}

bool set_record_is_read(const struct set_record *record) {
        struct stat status;

        return has(record, SET_RECORD_READ, &status);
}

int set_record_write(const struct set_record *record, const char *name, const char *text) {
        int r, fd;

        if (unlinkat(record->directory, name, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(record->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text, strlen(text));
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (close(fd) < 0 && r >= 0)
                r = -errno;
        return r;
}
