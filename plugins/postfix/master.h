/* SPDX-License-Identifier: MIT */
/* master - is the Postfix of a spool alive, and which process is its queue manager */
#ifndef POSTFIX_MASTER_H
#define POSTFIX_MASTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct master_process {
        pid_t pid;
        uint64_t start_ticks; /* since boot: tells it from a later process with its number */
};

/* `root` is put in front of /proc, and is part of `spool` already. */
bool master_find(const char *root, const char *spool, pid_t *ret_master);
/* Whether a child of master is called as a queue manager is. */
bool master_is_qmgr(const char *name);
/* The youngest one, since an old one may take a moment to go. */
bool master_find_qmgr(const char *root, pid_t master, struct master_process *ret_qmgr);
/*
 * Waits for a queue manager other than `before` that stays alive for `settle_usec`.  0; -ESRCH: Postfix is
 * not running; -ETIME: there is none after `limit_usec`.
 */
int master_await_qmgr(const char *root, const char *spool, const struct master_process *before,
        uint64_t settle_usec, uint64_t limit_usec);

#endif
