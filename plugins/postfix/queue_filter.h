/* SPDX-License-Identifier: MIT */
/* queue_filter - whether a message is one of those that were asked for */
#ifndef POSTFIX_QUEUE_FILTER_H
#define POSTFIX_QUEUE_FILTER_H

#include <spoolguard/queue.h>

#include "postfix/queue_spool.h"

/*
 * Of one spool, and valid until the caller returns to the event loop: a number belongs to another name once the
 * last message that had it is gone.
 */
struct queue_filter {
        bool matches_none; /* it names something that no message of the spool has */
        bool has_queue, has_domain, has_sender, has_hop, has_reason;
        enum queue queue;
        uint32_t domain, sender, hop;
        uint32_t reasons;    /* bits by class */
        uint32_t arrived_by; /* CLOCK_REALTIME in seconds; 0: any */
};

/* `instance` is not looked at: the caller chose the spool.  0, or -EINVAL for a queue that Postfix has not. */
int queue_filter_init(struct queue_filter *ret_filter, const struct queue_spool *spool,
        const struct sg_queue_filter *wanted);
/* A message that was not read matches no domain, sender, next hop or reason; of a cut place, what is kept counts. */
bool queue_filter_matches(const struct queue_spool *spool, const struct queue_filter *filter,
        const struct queue_message *message);

/* When it arrived, in seconds; a long ID says so even of a file that was not read.  0: not known. */
uint32_t queue_filter_arrival(const struct queue_message *message);
/* The queue of that name, or -EINVAL. */
int queue_filter_queue(const char *name);
/* Whether it is the label of a class of reasons. */
bool queue_filter_knows_reason(const char *name);

#endif
