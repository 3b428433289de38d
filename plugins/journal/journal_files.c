/* SPDX-License-Identifier: MIT */
/*
 * journal_files - the files of one journal: which, how large, from when to when
 *
 * Runs in the watcher and in a child of the executor.  Reads directories and inodes, never contents: the names
 * of archived files carry the time of their first entry, and the time of change of an archived file is that of
 * its last entry, give or take the moment of its rotation.  Sizes are blocks on disk, since journald allocates
 * ahead and punches holes.
 *
 * Owns nothing between calls.  Fails with a negative errno value.  Limits: JOURNAL_FILES_MAX files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"

#define ID_LENGTH 32

static bool is_hex(const char *text, size_t length) {
        return strspn(text, "0123456789abcdef") >= length;
}

static bool ends_with(const char *name, const char *suffix) {
        size_t length = strlen(name), end = strlen(suffix);

        return length > end && strcmp(name + length - end, suffix) == 0;
}

/* 16 digits of hexadecimal microseconds followed by `stop`; 0: something else. */
static uint64_t parse_usec(const char *text, char stop) {
        char *end;
        uint64_t usec;

        if (!is_hex(text, 16))
                return 0;
        usec = strtoull(text, &end, 16);
        return end == text + 16 && *end == stop ? usec : 0;
}

bool journal_files_parse(const char *name, bool *ret_archived, uint64_t *ret_head_usec) {
        const char *at = strchr(name, '@');
        bool unclean = ends_with(name, ".journal~");

        if (!unclean && !ends_with(name, ".journal"))
                return false;
        *ret_archived = at || unclean;
        *ret_head_usec = 0;
        if (at && unclean)
                *ret_head_usec = parse_usec(at + 1, '-');
        else if (at && is_hex(at + 1, ID_LENGTH) && at[1 + ID_LENGTH] == '-' &&
                is_hex(at + 2 + ID_LENGTH, 16) && at[2 + ID_LENGTH + 16] == '-')
                *ret_head_usec = parse_usec(at + 3 + ID_LENGTH + 16, '.');
        return true;
}

static uint64_t to_usec(const struct timespec *time) {
        return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_nsec / 1000;
}

static int compare_age(const void *a, const void *b) {
        const struct journal_file *left = a, *right = b;

        if (left->archived != right->archived)
                return left->archived ? -1 : 1;
        if (left->head_usec != right->head_usec)
                return left->head_usec < right->head_usec ? -1 : 1;
        return strcmp(left->name, right->name);
}

static bool read_entry(int directory, const char *name, struct journal_file *ret_file) {
        struct journal_file file = {.bytes = 0};
        struct stat status;

        if (!journal_files_parse(name, &file.archived, &file.head_usec) ||
                strlen(name) >= sizeof(file.name) ||
                fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
                return false;
        memcpy(file.name, name, strlen(name) + 1);
        file.inode = status.st_ino;
        file.bytes = (uint64_t)status.st_blocks * 512;
        file.mtime_usec = to_usec(&status.st_mtim);
        if (file.head_usec == 0)
                file.head_usec = file.mtime_usec;
        *ret_file = file;
        return true;
}

/* A stream on the directory that leaves the caller's descriptor open. */
static DIR *stream_of(int directory) {
        int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;

        if (!stream && fd >= 0)
                close(fd);
        return stream;
}

int journal_files_read(int directory, struct journal_file **ret_files, size_t *ret_n) {
        struct journal_file *files = NULL, file;
        size_t n = 0, allocated = 0;
        DIR *stream = stream_of(directory);
        struct dirent *entry;

        if (!stream)
                return -errno;
        while (n < JOURNAL_FILES_MAX && (entry = readdir(stream))) {
                if (!read_entry(directory, entry->d_name, &file))
                        continue;
                if (n == allocated) {
                        struct journal_file *more;

                        allocated = allocated ? 2 * allocated : 64;
                        more = realloc(files, allocated * sizeof(*files));
                        if (!more) {
                                free(files);
                                closedir(stream);
                                return -ENOMEM;
                        }
                        files = more;
                }
                files[n++] = file;
        }
        closedir(stream);
        if (n > 0)
                qsort(files, n, sizeof(*files), compare_age);
        *ret_files = files;
        *ret_n = n;
        return 0;
}
