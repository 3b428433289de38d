/* SPDX-License-Identifier: MIT */
/* queue_shape - live counts of a spool by queue, domain and age, in the buckets that qshape has by default */
#ifndef POSTFIX_QUEUE_SHAPE_H
#define POSTFIX_QUEUE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "postfix/queue_names.h"
#include "postfix/queue_table.h"

#define QUEUE_SHAPE_BUCKETS 10u
#define QUEUE_SHAPE_MINUTES 5u

struct queue_spool;
struct sg_timer;

enum queue_shape_kind { QUEUE_SHAPE_RECIPIENTS, QUEUE_SHAPE_SENDERS, QUEUE_SHAPE_KINDS };

/* A domain that counts in one queue.  By (total, length, prefix) nearly all are told apart without their text. */
struct queue_shape_entry {
        uint64_t prefix; /* first bytes of its text */
        uint64_t total;
        uint32_t name;
        uint16_t length;
};

/* Right as long as the total of the table fits into as many bits: beyond that they are not to be asked. */
typedef uint32_t queue_shape_ages[QUEUE_SHAPE_BUCKETS];

struct queue_shape_table {
        uint32_t *entry_of; /* by the number of the name; 0: none, else one more than its index */
        uint32_t n_entry_of;
        struct queue_shape_entry *entries;
        queue_shape_ages *ages; /* of the entries */
        uint32_t n, size;
        uint64_t total;
        queue_shape_ages total_ages;
};

struct queue_shape {
        struct queue_shape_table tables[QUEUE_SHAPE_KINDS][QUEUES];
        uint32_t *
                due; /* by blocks of messages: when one of them gets into its next bucket; UINT32_MAX: none does */
        uint32_t n_due, next;
        int64_t latest; /* that the wall clock was seen to say */
        uint32_t armed_for;
        struct sg_timer *timer;
        bool is_short; /* of memory: a message is not counted */
};

/* One table of the answer: which bucket an age is in, 1 to n_buckets. */
struct queue_buckets {
        unsigned n;
        int64_t seconds; /* width of the first */
        bool linear;
};

unsigned queue_bucket_of(const struct queue_buckets *buckets, int64_t age_seconds);

int queue_shape_init(struct queue_spool *spool);
void queue_shape_deinit(struct queue_spool *spool);

/* Whether qshape counts it. */
bool queue_shape_counts(const struct queue_message *message);
/* Before and after anything about a message changes that matters here; a pair may be empty. */
void queue_shape_leave(struct queue_spool *spool, struct queue_message *message);
void queue_shape_enter(struct queue_spool *spool, struct queue_message *message);

/* Gets the ages up to date, for about that long; false: some are not, and will be soon. */
bool queue_shape_catch_up(struct queue_spool *spool, uint64_t budget_usec);

/* NULL: the name does not count in that queue. */
const struct queue_shape_entry *queue_shape_find(const struct queue_shape_table *table, uint32_t name);
const uint32_t *queue_shape_ages_of(
        const struct queue_shape_table *table, const struct queue_shape_entry *entry);

#endif
