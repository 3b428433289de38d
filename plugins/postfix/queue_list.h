/* SPDX-License-Identifier: MIT */
/* queue_list - the messages of a spool one by one, as they are asked for */
#ifndef POSTFIX_QUEUE_LIST_H
#define POSTFIX_QUEUE_LIST_H

#include "postfix/queue_filter.h"

/*
 * Messages from the number *next on, `max` at most, which is counted down; *next is moved behind the last one that
 * was looked at.  True: there are more to look at.
 */
bool queue_list(const struct queue_spool *spool, const struct queue_filter *filter, uint32_t *next,
        unsigned *max, sg_queue_message_each *each, void *data);

#endif
