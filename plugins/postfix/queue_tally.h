/* SPDX-License-Identifier: MIT */
/* queue_tally - an answer in buckets that nobody keeps: counted over all messages, a piece at a time */
#ifndef POSTFIX_QUEUE_TALLY_H
#define POSTFIX_QUEUE_TALLY_H

#include "postfix/queue_rows.h"

struct queue_tally;

/* `spools` of the question must live until it is freed.  0 or -ENOMEM. */
int queue_tally_new(const struct queue_question *question, sg_queue_shape_done *done, void *data,
        struct queue_tally **ret_tally);
/* Without a word to who asked. */
struct queue_tally *queue_tally_free(struct queue_tally *tally);

/* Goes on for about that long; false: all is counted. */
bool queue_tally_step(struct queue_tally *tally, uint64_t budget_usec);
/* Instead of all steps: the live counts, where they have the answer. */
void queue_tally_take(struct queue_tally *tally);
/* Says the answer, or `error` if that is not 0. */
void queue_tally_say(struct queue_tally *tally, int error);

#endif
