/* SPDX-License-Identifier: MIT */
/*
 * verb_relay - a spool, a selection and a Postfix that does not deliver, for tests of plugin postfix
 *
 * Tests run as root give the spool to an unprivileged mail owner, others own it themselves.
 */
#ifndef SUPPORT_VERB_RELAY_H
#define SUPPORT_VERB_RELAY_H

#include <sys/stat.h>

#include "postfix/postfix.h"
#include "support/scratch.h"
#include "support/spool.h"
#include "support/verb_bench.h"

#define VERB_RELAY_MESSAGES 64

struct verb_relay {
        struct verb_bench bench; /* first: a tool finds its relay */
        struct scratch scratch;
        struct spool spool;
        struct sg_value args[4], options[POSTFIX_OPTIONS];
        const char *spools[2];
        uid_t owner;
        struct spool_file files[VERB_RELAY_MESSAGES];
        size_t n;
        pid_t master; /* 0: Postfix is down */
        int orders, answers;
};

void verb_relay_init(struct verb_relay *relay);
void verb_relay_deinit(struct verb_relay *relay);
/* A message in deferred/, with that time of its next try. */
struct spool_file *verb_relay_add(struct verb_relay *relay, uint64_t next_retry_seconds);
/* All of the spool becomes the mail owner's; verb_relay_add() does so for its file. */
void verb_relay_own(const struct verb_relay *relay, const char *path);
/* Selects files[first] and the n - 1 behind it; n 0 makes an empty selection. */
void verb_relay_select(struct verb_relay *relay, size_t first, size_t n);
/* The sealed memfd becomes the selection. */
void verb_relay_take_selection(struct verb_relay *relay, int fd);

struct stat verb_relay_stat(const struct verb_relay *relay, const struct spool_file *file);
/* CLOCK_REALTIME; time() may be a tick behind what a verb took for now. */
time_t verb_relay_now(void);
void verb_relay_set_time(
        const struct verb_relay *relay, const struct spool_file *file, time_t seconds, long nsec);

/* Processes that are called master and qmgr, and pid/master.pid; /proc is that of the host. */
void verb_relay_start(struct verb_relay *relay);
void verb_relay_stop(struct verb_relay *relay);
/* As a reload does; or the queue manager is gone. */
void verb_relay_new_qmgr(struct verb_relay *relay);
void verb_relay_end_qmgr(struct verb_relay *relay);

#endif
