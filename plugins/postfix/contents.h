/* SPDX-License-Identifier: MIT */
/* contents - whether selected messages are what was asked for, by what stands in them */
#ifndef POSTFIX_CONTENTS_H
#define POSTFIX_CONTENTS_H

#include <spoolguard/queue.h>

#include "postfix/hold_rules.h"
#include "postfix/order.h"

/* So long the reading may take, each time: a verb does it in check() and in run(). */
#define CONTENTS_READ_SECONDS 90u

struct contents_wanted {
        const struct sg_queue_filter *filter;
        bool only_domain;               /* all recipients that are left are in filter->domain */
        const struct sg_value *reasons; /* options of the site, as for reason_site_init(); NULL: none */
        /* What is to be held for as long as they allow; NULL: none is. */
        const struct hold_lifetimes *hold_lifetimes;
        /*
         * What is to be taken in again: nothing that may have been delivered, nor that has lived longer since it
         * arrived; NULL: none is.
         */
        const struct hold_lifetimes *requeue_lifetimes;
        unsigned read_seconds;
};

/*
 * Reads what is selected and leaves the answers in order->answers: 0 for what fits, MAIL_CHANGED for what does not or
 * cannot be understood, ORDER_AGED, ORDER_UNREAD.  0, or a negative errno value with the reason in outcome->text, and
 * then nothing is known of any.
 */
int contents_check(struct order *order, const struct contents_wanted *wanted, struct sg_outcome *outcome);

/* Whether a filter's sender is that of bounces and no domain. */
bool contents_is_null_sender(const char *sender);

#endif
