/* SPDX-License-Identifier: MIT */
/* state_mirror_support - a disk that can be full, and one that copies on write, for the files of a state_file.c */
#ifndef TESTS_STATE_MIRROR_SUPPORT_H
#define TESTS_STATE_MIRROR_SUPPORT_H

#include "executor_support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

/* In memory that a forked writer shares. */
static struct disk {
        bool full;
        bool copies;    /* as btrfs says of itself */
        bool tears;     /* the first write that it does not take is begun */
        unsigned takes; /* so many writes before it is full; 0: no limit */
        dev_t device;
        ino_t inode; /* of the file on it */
} * disk;

/* In place of the library's. */
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
        struct stat st;

        if (disk && disk->inode != 0 && fstat(fd, &st) == 0 && st.st_ino == disk->inode &&
                st.st_dev == disk->device) {
                if (disk->full) {
                        if (disk->tears)
                                syscall(SYS_pwrite64, fd, bytes, size / 8, at);
                        disk->tears = false;
                        errno = ENOSPC;
                        return -1;
                }
                if (disk->takes > 0 && --disk->takes == 0)
                        disk->full = true;
        }
        return syscall(SYS_pwrite64, fd, bytes, size, at);
}

int fstatfs(int fd, struct statfs *ret_fs) {
        int r = (int)syscall(SYS_fstatfs, fd, ret_fs);

        if (r == 0 && disk && disk->copies)
                ret_fs->f_type = BTRFS_SUPER_MAGIC;
        return r;
}

struct fixture {
        char path[PATH_MAX], state[PATH_MAX], run[PATH_MAX];
};

static inline int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        if (!disk)
                disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        memset(disk, 0, sizeof(*disk));
        scratch_new(fixture->path);
        snprintf(fixture->state, sizeof(fixture->state), "%.4000s/state", fixture->path);
        snprintf(fixture->run, sizeof(fixture->run), "%.4000s/run", fixture->path);
        mkdir(fixture->state, 0750);
        mkdir(fixture->run, 0755);
        *state = fixture;
        return 0;
}

static inline int tear_down(void **state) {
        struct fixture *fixture = *state;

        scratch_free(fixture->path);
        free(fixture);
        return 0;
}

static inline bool is_there(const char *directory, const char *name) {
        char path[PATH_MAX + 32];

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        return access(path, F_OK) == 0;
}

/* The file of this name is on the disk from now on. */
static inline void put_on_disk(const struct fixture *fixture, const char *name) {
        char path[PATH_MAX + 32];
        struct stat st;

        snprintf(path, sizeof(path), "%s/%s", fixture->state, name);
        assert_int_equal(stat(path, &st), 0);
        disk->device = st.st_dev;
        disk->inode = st.st_ino;
}

/* What a reboot does to tmpfs. */
static inline void forget(const char *directory, const char *name) {
        char path[PATH_MAX + 32];

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        unlink(path);
}

#endif
