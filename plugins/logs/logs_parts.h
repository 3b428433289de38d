/* SPDX-License-Identifier: MIT */
/*
 * logs_parts - the sensor of the logs, and what its parts do with it
 *
 * logs_sensor.c decides when something is done, and says what came of it; logs_look.c measures what inotify names,
 * logs_round.c finds what names cannot tell; both take what they measured to logs_observe.c.  Each calls only those
 * named after it.
 */
#ifndef LOGS_LOGS_PARTS_H
#define LOGS_LOGS_PARTS_H

#include "logs/logs_sensor.h"

#define LOGS_ROOTS_MAX 32

struct logs {
        const struct sg_host *host;
        int fd;
        struct sg_watch *readable; /* NULL: nobody listens */
        struct sg_timer *timer;
        struct logs_events events;

        struct logs_root roots[LOGS_ROOTS_MAX];
        struct logs_state states[LOGS_ROOTS_MAX];
        size_t n_roots;
        struct logs_directories directories; /* of the last whole walk */
        struct logs_table table;
        struct logs_growers growers;
        struct logs_select *select; /* what logs.trim is to act on is being chosen */
        struct logs_deleted deleted;

        bool walking, walk_wanted, walked_once, look_again, told_unwatched;
        struct logs_walk walk;
        struct logs_table walked;
        uint64_t walked_bytes[LOGS_ROOTS_MAX];
        uint64_t walk_began_usec, walk_not_before_usec;
};

static inline uint64_t logs_parts_now(const struct logs *logs) {
        return logs->host->now_usec(logs->host);
}

/* logs_observe.c: what one file grew by */
struct logs_entry logs_observe_entry(const struct logs_directory *directory, const struct statx *status);
/* Takes note of what the file grew by since `before`; NULL: it is new. */
void logs_observe(struct logs *logs, const struct logs_entry *before, struct logs_entry *now,
        const struct logs_directory *directory, int fd, const char *name);

/* logs_look.c: what changed since the last look */
/* Returns whether there will be more to see, whether anybody says so or not. */
bool logs_look(struct logs *logs);
/* As the pace of the directory wants it. */
void logs_look_listen(struct logs *logs, struct logs_directory *directory);

/* logs_round.c: the walk through all files */
void logs_round_begin(struct logs *logs);
/* Some milliseconds of it; false: it is over, and its results are there. */
bool logs_round_turn(struct logs *logs);

#endif
