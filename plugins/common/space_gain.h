/* SPDX-License-Identifier: MIT */
/* space_gain - how much space came back, measured and never computed */
#ifndef COMMON_SPACE_GAIN_H
#define COMMON_SPACE_GAIN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#define SPACE_GAIN_MAX 32

/* Begins empty, with all zeros. */
struct space_gain {
        struct {
                dev_t device;
                int fd;
                struct statvfs before;
        } systems[SPACE_GAIN_MAX];
        size_t n;
};

struct space_gained {
        uint64_t bytes;
        uint64_t for_others; /* than root */
};

/*
 * How much is free now where `fd` is; it stays the caller's, and open until the end.  A file system counts once,
 * however often it is added.  Returns 0 or a negative errno value; -ENOSPC: there are SPACE_GAIN_MAX already.
 */
int space_gain_add(struct space_gain *gain, int fd);
/* How much more it is, waiting for as much as is expected, as long as it still becomes more. */
struct space_gained space_gain_end(const struct space_gain *gain, uint64_t expected_bytes);

#endif
