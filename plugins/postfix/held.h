/* SPDX-License-Identifier: MIT */
/* held - what a lease holds, and what would become of it */
#ifndef POSTFIX_HELD_H
#define POSTFIX_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "postfix/hold_rules.h"
#include "postfix/mail_dir.h"

struct held {
        uint64_t ours;    /* held by the lease, as it left them */
        uint64_t touched; /* of the lease, but an admin had a word on them since: his now */
        uint64_t overdue; /* of ours: they would bounce at their first try */
        uint64_t ghosts;  /* of ours: no recipient is left, Postfix removes them at the first try */
        uint64_t unread;  /* of ours: no queue file that can be understood */
        uint64_t
                expires; /* CLOCK_REALTIME in seconds: until then the last of ours may be tried; 0: there is none */
        bool cut;        /* there are more of ours than were listed */
};

/*
 * Looks into the open hold/ of a spool.  `list_fd`: an empty memfd that becomes a sealed selection of ours that are
 * not overdue, or -1.  0, or a negative errno value.
 */
int held_look(const struct mail_dir *hold, uint64_t lease, const struct hold_lifetimes *lifetimes,
        int list_fd, struct held *ret_held);

#endif
