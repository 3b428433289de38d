/* SPDX-License-Identifier: MIT */
/*
 * text_file - a short text file of the system as one string
 *
 * Runs in the watcher, for main.cf and transport tables, and in children of the executor, where what main.cf says
 * decides which directory root works in; so a reader can ask for nothing but what root alone wrote.  A fifo or a
 * device in its place is not waited for.
 *
 * Owns nothing; the text is the caller's.  Fails with a negative errno value.
 * Limits: a file that is longer than the caller wants is cut, and a NUL byte ends it.
 */
#include "postfix/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTES 4096u

static int check(int fd, bool trusted) {
        struct stat status;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return -EINVAL;
        if (trusted &&
                ((status.st_uid != 0 && status.st_uid != geteuid()) || status.st_mode & (S_IWGRP | S_IWOTH)))
                return -EPERM;
        return 0;
}

static int read_all(int fd, size_t max, char **text) {
        size_t used = 0, size = FIRST_BYTES;
        ssize_t n = 1;

        *text = malloc(size);
        if (!*text)
                return -ENOMEM;
        while (n > 0 && used < max) {
                size_t room = size - used - 1;

                if (room == 0) {
                        char *grown = realloc(*text, 2 * size);

                        if (!grown)
                                return -ENOMEM;
                        *text = grown;
                        size *= 2;
                        continue;
                }
                n = read(fd, *text + used, room < max - used ? room : max - used);
                if (n < 0)
                        return -errno;
                used += (size_t)n;
        }
        (*text)[used] = '\0';
        return 0;
}

int text_file_read(const char *path, size_t max, bool trusted, char **ret_text) {
        int r, fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        char *text = NULL;

        if (fd < 0)
                return -errno;
        r = check(fd, trusted);
        if (r >= 0)
                r = read_all(fd, max, &text);
        close(fd);
        if (r < 0) {
                free(text);
                return r;
        }
        *ret_text = text;
        return 0;
}
