/* SPDX-License-Identifier: MIT */
/*
 * scratch - a temporary directory with files, gone with the test
 *
 * Runs in tests.  Real files in /tmp, so that what is tested meets real permissions, real inodes and real
 * inotify events.  What fails here ends the program: it says nothing about the code under test.
 */
#include "support/scratch.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void scratch_init(struct scratch *scratch) {
        snprintf(scratch->path, sizeof(scratch->path), "/tmp/spoolguard-test-XXXXXX");
        if (!mkdtemp(scratch->path))
                err(2, "%s", scratch->path);
        if (chmod(scratch->path, 0755) < 0)
                err(2, "%s", scratch->path);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw) {
        (void)status;
        (void)type;
        (void)ftw;
        return remove(path);
}

void scratch_deinit(struct scratch *scratch) {
        nftw(scratch->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const struct scratch *scratch, const char *name) {
        static char paths[4][PATH_MAX];
        static unsigned next;
        char *path = paths[next++ % 4];

        snprintf(path, PATH_MAX, "%s/%s", scratch->path, name);
        return path;
}

void scratch_mkdir(const struct scratch *scratch, const char *name) {
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
        for (char *slash = path + strlen(scratch->path) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                if (mkdir(path, 0755) < 0 && errno != EEXIST)
                        err(2, "%s", path);
                *slash = '/';
        }
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                err(2, "%s", path);
}

static int create(const struct scratch *scratch, const char *name) {
        const char *slash = strrchr(name, '/');
        char parent[PATH_MAX];
        int fd;

        if (slash) {
                snprintf(parent, sizeof(parent), "%.*s", (int)(slash - name), name);
                scratch_mkdir(scratch, parent);
        }
        fd = open(scratch_path(scratch, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || fchmod(fd, 0644) < 0)
                err(2, "%s", name);
        return fd;
}

static void write_all(int fd, const char *text, size_t size) {
        if (write(fd, text, size) != (ssize_t)size)
                err(2, "write");
}

void scratch_write(const struct scratch *scratch, const char *name, const char *text) {
        int fd = create(scratch, name);

        write_all(fd, text, strlen(text));
        close(fd);
}

void scratch_fill(const struct scratch *scratch, const char *name, size_t bytes) {
        static const char block[65536] = {1};
        int fd = create(scratch, name);

        for (; bytes > 0; bytes -= bytes < sizeof(block) ? bytes : sizeof(block))
                write_all(fd, block, bytes < sizeof(block) ? bytes : sizeof(block));
        /* Blocks are counted once they are allocated. */
        if (fsync(fd) < 0)
                err(2, "fsync");
        close(fd);
}
