/* SPDX-License-Identifier: MIT */
/*
 * logs_writers - who still writes to a log that was rotated away
 *
 * Runs in children of the executor, as root with CAP_SYS_PTRACE.  A daemon that was not yet told to reopen its
 * log writes on to the renamed file; its lines would be lost with the inode.  Goes through /proc/PID/fd of all
 * processes: a link whose last part is the name of one of the files is compared by device and inode, and the
 * descriptor's flags say whether it can write.  Only such links are followed, so a dead network file system
 * that somebody has open does not stop us.
 *
 * Owns nothing.  Fails when /proc cannot be read at all, and then nothing may be touched.  Limits: a process
 * that ends or hides meanwhile is passed over, and so is one that maps a log without having it open.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logs/logs.h"

static int compare_names(const void *a, const void *b) {
        const struct logs_file *const *left = a, *const *right = b;

        return strcmp((*left)->name, (*right)->name);
}

static int compare_key(const void *key, const void *item) {
        const struct logs_file *const *file = item;

        return strcmp(key, (*file)->name);
}

/* /proc/PID/fdinfo/N has a line "flags:\t0102001" in octal; what cannot be read counts as a writer. */
static bool can_write(int process, const char *number) {
        char path[64], text[512], *flags;
        ssize_t n;
        int fd;

        snprintf(path, sizeof(path), "fdinfo/%.20s", number);
        fd = openat(process, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno != ENOENT;
        n = read(fd, text, sizeof(text) - 1);
        close(fd);
        if (n <= 0)
                return true;
        text[n] = '\0';
        flags = strstr(text, "flags:");
        return !flags || (strtoul(flags + strlen("flags:"), NULL, 8) & O_ACCMODE) != O_RDONLY;
}

static void look_at(int process, int descriptors, const char *number, struct logs_file *sorted[], size_t n) {
        struct logs_file **found;
        char target[4096];
        struct stat status;
        const char *name;
        ssize_t length = readlinkat(descriptors, number, target, sizeof(target) - 1);

        if (length <= 0)
                return;
        target[length] = '\0';
        name = strrchr(target, '/');
        found = name ? bsearch(name + 1, sorted, n, sizeof(struct logs_file *), compare_key) : NULL;
        if (!found || fstatat(descriptors, number, &status, 0) < 0)
                return;
        /* The same name can be in several directories; bsearch() found any of them. */
        while (found > sorted && strcmp(found[-1]->name, name + 1) == 0)
                found--;
        for (; found < sorted + n && strcmp((*found)->name, name + 1) == 0; found++)
                if ((*found)->status.st_ino == status.st_ino && (*found)->status.st_dev == status.st_dev &&
                        can_write(process, number))
                        (*found)->written = true;
}

static void look_through(int process, struct logs_file *sorted[], size_t n) {
        int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *descriptors = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!descriptors && fd >= 0)
                close(fd);
        while (descriptors && (entry = readdir(descriptors)))
                if (isdigit((unsigned char)entry->d_name[0]))
                        look_at(process, fd, entry->d_name, sorted, n);
        if (descriptors)
                closedir(descriptors);
}

int logs_writers_mark(const char *root, struct logs_file files[], size_t n) {
        struct logs_file **sorted;
        char path[LOGS_PATH_MAX];
        bool seen_any = false;
        struct dirent *entry;
        DIR *processes;

        if (n == 0)
                return 0;
        snprintf(path, sizeof(path), "%s/proc", root);
        processes = opendir(path);
        if (!processes)
                return -errno;
        sorted = calloc(n, sizeof(struct logs_file *));
        if (!sorted) {
                closedir(processes);
                return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                files[i].written = false;
                sorted[i] = &files[i];
        }
        qsort(sorted, n, sizeof(struct logs_file *), compare_names);
        while ((entry = readdir(processes))) {
                int process;

                if (!isdigit((unsigned char)entry->d_name[0]))
                        continue;
                process = openat(dirfd(processes), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (process < 0)
                        continue;
                look_through(process, sorted, n);
                close(process);
                seen_any = true;
        }
        free(sorted);
        closedir(processes);
        return seen_any ? 0 : -ENOENT; /* not even ourselves: nothing is mounted there */
}
