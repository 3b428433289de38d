/* SPDX-License-Identifier: MIT */
/* overdue - how many messages would be returned to their senders if mail lived shorter */
#ifndef POSTFIX_OVERDUE_H
#define POSTFIX_OVERDUE_H

#include <stdint.h>

#include "postfix/order.h"

/* In seconds; as the queue manager would have them. */
struct overdue_lifetimes {
        uint64_t mail_seconds, bounce_seconds;
        uint64_t margin_seconds; /* from now to the end of the next try of any message */
};

struct overdue {
        uint64_t mail, bounces; /* older than that; without a sender */
        uint64_t soon;          /* will be before they are tried again */
        uint64_t unread;        /* cannot be read, and so may be */
};

/* From the text of a main.cf.  0, or -EINVAL: one of the times is set to what is none. */
int overdue_lifetimes(const char *main_cf, struct overdue_lifetimes *ret_lifetimes);

/*
 * Looks into all messages of the instance, those on hold included.  0, or a negative errno value with the reason in
 * outcome->text: -ETIME, not all of them could be read in time.
 */
int overdue_count(const struct sg_action *action, const char *instance,
        const struct overdue_lifetimes *lifetimes, struct overdue *ret_overdue, struct sg_outcome *outcome);

uint64_t overdue_total(const struct overdue *overdue);

#endif
