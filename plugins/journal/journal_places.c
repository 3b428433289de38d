/* SPDX-License-Identifier: MIT */
/*
 * journal_places - where the persistent journals are
 *
 * Runs in the watcher and in a child of the executor.  Below the persistent directory each machine whose journal
 * is kept here has a directory named by its ID, and each namespace of it one named ID.NAMESPACE, with limits of
 * its own.  All of them take disk and are counted; only those of this machine (/etc/machine-id) are ever shrunk.
 *
 * A volatile journal is in /run, which is memory: it is never looked at, and neither is a persistent directory that
 * somebody made a part of /run.
 *
 * Owns nothing between calls.  Fails with a negative errno value; below the persistent directory no link is
 * followed.  Limits: JOURNAL_PLACES_MAX journals of this machine; namespaces with other characters in their names
 * than letters, digits, '.', '_' and '-' are counted and left alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "journal/journal.h"

#define ID_LENGTH 32

static bool is_id(const char *text) {
        return strspn(text, "0123456789abcdef") >= ID_LENGTH;
}

static bool is_namespace(const char *text) {
        return *text && *text != '-' &&
                text[strspn(text,
                        "abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static int open_at(int parent, const char *name) {
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

static bool is_in_run(const char *root, int fd) {
        struct stat here, run;
        struct statfs fs;
        char path[512];

        snprintf(path, sizeof(path), "%s/run", root);
        return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC && fstat(fd, &here) == 0 &&
                stat(path, &run) == 0 && here.st_dev == run.st_dev;
}

/* An admin may have made this one a link to where there is room. */
static int open_parent(const char *root) {
        char path[512];
        int fd;

        snprintf(path, sizeof(path), "%s" JOURNAL_DIR, root);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOTDIR ? -ENOENT : -errno;
        if (is_in_run(root, fd)) {
                close(fd);
                return -ENOENT;
        }
        return fd;
}

static int read_id(const char *root, char id[static ID_LENGTH + 1]) {
        char path[512];
        FILE *stream;
        size_t n;

        snprintf(path, sizeof(path), "%s/etc/machine-id", root);
        stream = fopen(path, "re");
        if (!stream)
                return -ENXIO;
        n = fread(id, 1, ID_LENGTH, stream);
        fclose(stream);
        id[n] = '\0';
        return n == ID_LENGTH && is_id(id) ? 0 : -ENXIO;
}

static bool add_place(int parent, const char *name, struct journal_place *place) {
        snprintf(place->name, sizeof(place->name), "%s", name);
        place->directory = open_at(parent, name);
        return place->directory >= 0;
}

static bool is_of(const char *name, const char *id) {
        return strncmp(name, id, ID_LENGTH) == 0 && name[ID_LENGTH] == '.' &&
                is_namespace(name + ID_LENGTH + 1);
}

const char *journal_place_namespace(const struct journal_place *place) {
        return place->name[ID_LENGTH] == '.' ? place->name + ID_LENGTH + 1 : "";
}

void journal_places_close(struct journal_place places[static JOURNAL_PLACES_MAX], size_t n) {
        for (size_t i = 0; i < n; i++)
                close(places[i].directory);
}

int journal_places_open(
        const char *root, struct journal_place places[static JOURNAL_PLACES_MAX], size_t *ret_n) {
        char id[ID_LENGTH + 1];
        int parent = open_parent(root), r;
        struct dirent *entry;
        size_t n = 0;
        DIR *stream;

        if (parent < 0)
                return parent;
        r = read_id(root, id);
        stream = r < 0 ? NULL : fdopendir(parent);
        if (!stream) {
                r = r < 0 ? r : -errno;
                close(parent);
                return r;
        }
        n += add_place(parent, id, &places[n]);
        while (n < JOURNAL_PLACES_MAX && (entry = readdir(stream)))
                if (is_of(entry->d_name, id))
                        n += add_place(parent, entry->d_name, &places[n]);
        closedir(stream);
        *ret_n = n;
        return n > 0 ? 0 : -ENOENT;
}

int journal_places_total(const char *root, uint64_t *ret_bytes) {
        int parent = open_parent(root), r = 0;
        struct dirent *entry;
        uint64_t bytes = 0;
        DIR *stream;

        if (parent < 0)
                return parent;
        stream = fdopendir(parent);
        if (!stream) {
                r = -errno;
                close(parent);
                return r;
        }
        while (r >= 0 && (entry = readdir(stream))) {
                struct journal_file *files = NULL;
                size_t n = 0;
                int directory;

                if (!is_id(entry->d_name))
                        continue;
                directory = open_at(parent, entry->d_name);
                if (directory == -ENOENT || directory == -ENOTDIR || directory == -ELOOP)
                        continue;
                r = directory < 0 ? directory : journal_files_read(directory, &files, &n);
                for (size_t i = 0; i < n; i++)
                        bytes += files[i].bytes;
                free(files);
                if (directory >= 0)
                        close(directory);
        }
        closedir(stream);
        if (r >= 0)
                *ret_bytes = bytes;
        return r;
}
