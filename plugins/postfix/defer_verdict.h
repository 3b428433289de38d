/* SPDX-License-Identifier: MIT */
/* defer_verdict - what the log of a message's deferral says about all of it */
#ifndef POSTFIX_DEFER_VERDICT_H
#define POSTFIX_DEFER_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "postfix/reason_site.h"

struct defer_verdict {
        enum reason_class class; /* REASON_NONE: it has no entry */
        char status[32];         /* of the entry that chose the class; "" without one */
        char said[96];       /* likewise what a remote server said, every byte of it its choice; "" without */
        bool any;            /* it has an entry */
        bool duplicate_risk; /* somebody may have got the message already */
};

/*
 * site: the rows of the site, or NULL.  is_cut: there is more behind `bytes`, which may say anything.  at_filter: the
 * message was on its way to a content filter.
 */
void defer_verdict_read(const struct reason_site *site, const char *bytes, size_t size, bool is_cut,
        bool at_filter, struct defer_verdict *ret_verdict);

#endif
