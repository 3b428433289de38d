/* SPDX-License-Identifier: MIT */
/* queue_filters - the content filters of a spool, and the mail that waits before them */
#ifndef POSTFIX_QUEUE_FILTERS_H
#define POSTFIX_QUEUE_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <spoolguard/host.h>

#include "postfix/queue_table.h"
#include "postfix/queue_top.h"

#define QUEUE_FILTERS 8u
#define QUEUE_FILTER_SENTENCE_MAX (SG_SENTENCE_MAX + 1)

struct queue_spool;

/* Of one census. */
struct queue_filter_count {
        uint32_t number;                  /* of its name among the next hops */
        uint32_t waiting[QUEUES], oldest; /* arrival; 0: not known */
        struct queue_top domains, senders;
};

struct queue_filter_counts {
        struct queue_filter_count rows[QUEUE_FILTERS];
        size_t n;
};

/* What is known of it over time; its name is held. */
struct queue_filter_shown {
        uint32_t number;
        double seconds;                           /* as was said last; NaN: missing */
        char sentence[QUEUE_FILTER_SENTENCE_MAX]; /* the evidence, or why it is missing */
        uint64_t waiting_usec;                    /* since when some wait; 0: none does */
        uint64_t empty_usec;                      /* since when none does */
        uint64_t again_usec; /* when its silence will have been too long; 0: nobody knows */
};

struct queue_filters_shown {
        struct queue_filter_shown rows[QUEUE_FILTERS];
        size_t n;
};

/* Whether there is one, as far as main.cf or the mail says. */
bool queue_filters_are_used(const struct queue_spool *spool);
/* A message on its way to a filter, or back from it; others are not counted. */
void queue_filters_count(struct queue_spool *spool, const struct queue_message *message);

/* The reading filter_wait_seconds. */
void queue_filters_publish(struct queue_spool *spool);
void queue_filters_publish_missing(struct queue_spool *spool, const char *why);
/* When there is to be a census although nothing changes: that is what a filter that has stopped looks like. */
uint64_t queue_filters_again_usec(const struct queue_spool *spool);
void queue_filters_forget(struct queue_spool *spool);

#endif
