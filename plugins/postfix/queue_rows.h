/* SPDX-License-Identifier: MIT */
/* queue_rows - the rows of an answer: which domains it has, and what is counted for each */
#ifndef POSTFIX_QUEUE_ROWS_H
#define POSTFIX_QUEUE_ROWS_H

#include <spoolguard/queue.h>

#include "postfix/queue_spool.h"

struct queue_question {
        struct queue_spool *spools[POSTFIX_INSTANCES_MAX];
        size_t n_spools;
        bool queues[QUEUES];
        enum queue_shape_kind kind;
        struct queue_buckets buckets;
        uint32_t limit; /* of rows */
        int64_t since;  /* only of messages that arrived then or later, in seconds; 0: of all */
};

/* A domain of the answer; in other spools than this one it is found by its text. */
struct queue_row {
        struct queue_shape_entry entry; /* its total is that of all queues and spools of the question */
        struct queue_spool *spool;
};

struct queue_rows {
        struct queue_row *rows; /* by total, largest first */
        size_t n;
        bool has_others;  /* there are more than can be asked for: the rest is counted together */
        size_t n_said;    /* at most, without the first; which ones they are is known when all is counted */
        unsigned width;   /* of `counts`: the total and the buckets */
        uint32_t *counts; /* of everything, of each row, of the others */
};

/* There will not be more of them. */
size_t queue_rows_most(const struct queue_question *question);
/* Chooses the rows, and leaves the counts at 0.  0 or -ENOMEM. */
int queue_rows_init(struct queue_rows *rows, const struct queue_question *question);
void queue_rows_deinit(struct queue_rows *rows);

/* Its number in that spool; false: it has no such name. */
bool queue_rows_name(const struct queue_row *row, const struct queue_spool *spool, uint32_t *ret_name);
uint32_t *queue_rows_counts(const struct queue_rows *rows, size_t i);

/* Whether the live counts can be used: with more recipients than an answer can say they are not right. */
bool queue_rows_fit(const struct queue_question *question);
/* As many as can be said. */
void queue_rows_add(uint32_t *counted, uint32_t count);

/* From the live counts: its buckets must be the first of theirs. */
void queue_rows_count(struct queue_rows *rows, const struct queue_question *question);

/* Calls `done`; 0, or -ENOMEM and it was not called. */
int queue_rows_say(const struct queue_rows *rows, sg_queue_shape_done *done, void *data);

#endif
