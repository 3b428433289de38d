/* SPDX-License-Identifier: MIT */
/* held - what a lease holds, and what would become of it */
#ifndef POSTFIX_HELD_H
#define POSTFIX_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "postfix/hold_mark.h"
#include "postfix/hold_rules.h"
#include "postfix/mail_dir.h"

struct held {
        uint64_t ours;    /* held by the lease, as it left them */
        uint64_t touched; /* of the lease, but moved or changed since: an admin's now, or it cannot be told */
        uint64_t overdue; /* of ours: they would bounce at their first try */
        uint64_t ghosts;  /* of ours: no recipient is left, Postfix removes them at the first try */
        uint64_t unread;  /* of ours: no queue file that can be understood */
        uint64_t
                expires; /* CLOCK_REALTIME in seconds: until then the last of ours may be tried; 0: there is none */
        uint64_t expires_first; /* the same of the first of ours */
        uint64_t later;         /* of ours: not read, and so not listed */
};

/* So long all the reading may take; a cold disk may need more for what a bad night leaves in hold/. */
#define HELD_READ_SECONDS 240u

/*
 * Looks into the open hold/ of a spool.  What of ours was changed where it lies is marked anew.  `list_fd`: an empty
 * memfd that becomes a sealed selection of ours that are not overdue, or -1.  0, or a negative errno value.
 */
int held_look(const struct mail_dir *hold, uint64_t lease, const struct hold_lifetimes *lifetimes,
        unsigned read_seconds, int list_fd, struct held *ret_held);

/* Of a file there; one that was changed where it lies is ours. */
enum hold_mark held_mark(const struct mail_dir *hold, uint64_t lease, const struct stat *status);

#endif
