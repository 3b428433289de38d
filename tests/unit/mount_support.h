/* SPDX-License-Identifier: MIT */
/* mount_support - a mount namespace of the test's own */
#ifndef TEST_MOUNT_SUPPORT_H
#define TEST_MOUNT_SUPPORT_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static inline bool write_map(const char *file, const char *text) {
        int fd = open(file, O_WRONLY | O_CLOEXEC);
        bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

        if (fd >= 0)
                close(fd);
        return done;
}

/* A user of its own, whom the new file systems know. */
static inline bool own_user(void) {
        char uid_map[64], gid_map[64];

        snprintf(uid_map, sizeof(uid_map), "0 %u 1", geteuid());
        snprintf(gid_map, sizeof(gid_map), "0 %u 1", getegid());
        return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_map("/proc/self/uid_map", uid_map) &&
                write_map("/proc/self/setgroups", "deny") && write_map("/proc/self/gid_map", gid_map);
}

/* Mounts of its own, which the host never sees; root makes them directly, others within a user namespace. */
static inline int mount_setup(void **state) {
        (void)state;
        if ((unshare(CLONE_NEWNS) < 0 && !own_user()) ||
                mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                perror("a mount namespace");
                return -1;
        }
        return 0;
}

#endif
