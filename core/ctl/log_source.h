/* SPDX-License-Identifier: MIT */
/* log_source - the record, as the daemon hands it out or as the file holds it */
#ifndef CTL_LOG_SOURCE_H
#define CTL_LOG_SOURCE_H

#include "ctl/client.h"
#include "record/record.h"

struct log {
        struct record *kept; /* ring of `limit`, see log_at() */
        size_t limit, n;     /* n: all that were added */
        uint64_t after;      /* only numbers above this are kept */
        uint64_t newest;     /* number of the last one that was seen, kept or not */
        size_t bad;          /* slots that are torn or foreign */
};

/* 0 or -ENOMEM. */
int log_init(struct log *log, size_t limit);
void log_deinit(struct log *log);
void log_clear(struct log *log);
/* How many are kept, and the i-th of them, oldest first. */
size_t log_count(const struct log *log);
const struct record *log_at(const struct log *log, size_t i);

/* Adds all of the daemon's copy; as client_call(). */
enum ctl_exit log_read_daemon(struct client *client, struct log *log, struct problem *problem);
/* Adds all of the file, and says on stderr that it is the file, or why it cannot be read and `problem`. */
enum ctl_exit log_read_file(const struct ctl *ctl, struct log *log, const struct problem *problem);

#endif
