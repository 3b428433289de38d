/* SPDX-License-Identifier: MIT */
/* queue_questions - what people ask about the queues, put to the spools that it is about */
#ifndef POSTFIX_QUEUE_QUESTIONS_H
#define POSTFIX_QUEUE_QUESTIONS_H

#include <spoolguard/queue.h>

#include "postfix/queue_spool.h"

/* `spools` are ended by NULL, POSTFIX_INSTANCES_MAX at most, and live until it is freed. */
struct queue_questions;
int queue_questions_new(const struct sg_host *host, struct queue_spool *const *spools,
        struct queue_questions **ret_questions);
/* Who waits for an answer is told -ECANCELED. */
struct queue_questions *queue_questions_free(struct queue_questions *questions);

/* As in struct sg_queue_questions. */
int queue_questions_shape(struct queue_questions *questions, const struct sg_queue_shape *shape,
        sg_queue_shape_done *done, void *data);
int queue_questions_list(const struct queue_questions *questions, const struct sg_queue_filter *wanted,
        uint64_t cursor, unsigned max, sg_queue_message_each *each, void *data, uint64_t *ret_cursor);

#endif
