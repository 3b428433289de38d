/* SPDX-License-Identifier: MIT */
/*
 * write_all - write, however often it takes
 *
 * Runs wherever a plugin hands bytes to another process through a pipe or a memfd, and may wait for it to read.
 * Owns nothing.
 */
#include "common/write_all.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, const void *bytes, size_t size) {
        const char *at = bytes;

        while (size > 0) {
                ssize_t n = write(fd, at, size);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n == 0)
                        return -EIO;
                if (n > 0) {
                        at += n;
                        size -= (size_t)n;
                }
        }
        return 0;
}
