/* SPDX-License-Identifier: MIT */
/* queue_recent - the next hops of a spool of which something became known within the last minutes */
#ifndef POSTFIX_QUEUE_RECENT_H
#define POSTFIX_QUEUE_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postfix/hop_recent.h"

#define QUEUE_RECENT_HOPS 64u
#define QUEUE_RECENT_WORDS 96 /* of what a server said last */

struct queue_spool;
struct queue_message;

struct queue_recent_hop {
        uint32_t number; /* of its name, which is held */
        bool is_shown;
        char said[QUEUE_RECENT_WORDS]; /* with its last refusal; a stranger's words, made harmless */
        struct hop_recent recent;
};

struct queue_recent {
        struct queue_recent_hop *rows; /* NULL: none yet */
        size_t n;
        struct hop_recent unread; /* messages that were gone before anybody saw where they went */
        struct hop_recent here;   /* messages that were delivered on this machine */
        uint64_t alert_usec;      /* since when all mail is looked at as it passes; 0: it is not */
};

/* A message left active: for good, or it came back and `reason` says why; `said`: the words of the server, or "". */
void queue_recent_left(struct queue_spool *spool, const struct queue_message *message);
void queue_recent_deferred(struct queue_spool *spool, const struct queue_message *message, const char *said);
/* NULL: nothing is known of that next hop. */
const struct hop_recent *queue_recent_of(const struct queue_spool *spool, uint32_t number);

/* The reading nexthop_refused_ratio. */
void queue_recent_publish(struct queue_spool *spool);
void queue_recent_publish_missing(const struct queue_spool *spool, const char *why);
void queue_recent_forget(struct queue_spool *spool);

#endif
