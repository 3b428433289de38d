/* SPDX-License-Identifier: MIT */
/* logs_copy - a compressed copy: made, proved, dressed like its log, and named */
#ifndef LOGS_LOGS_COPY_H
#define LOGS_LOGS_COPY_H

#include "logs/logs.h"

/* What gzip ends its output with. */
struct logs_copy_end {
        uint32_t crc, size; /* of what went in; size modulo 2^32 */
};

/* A file without a name in that directory; returns its descriptor or a negative errno value. */
int logs_copy_open(int directory);
/* -ECANCELED or -EIO: gzip came to an end before its time, because of the room or for another reason. */
int logs_copy_compress(const struct sg_action *action, int log, int copy, uint64_t room);
/* Brings it to disk, and lets gzip read all of it again from there. */
int logs_copy_prove(const struct sg_action *action, int copy, struct logs_copy_end *ret_end);
/* Owner, mode, access list and times of `from`, which `status` was taken of. */
int logs_copy_dress(int from, int copy, const struct stat *status);
/* Gives it a name that nobody else has, on disk. */
int logs_copy_name(int copy, int directory, const char *name);

#endif
