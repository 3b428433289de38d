/* SPDX-License-Identifier: MIT */
/*
 * fake_queue - the questions of spoolguard/queue.h, answered from tables
 *
 * For tests of the bus and its client.  The first queue that is asked for says how it is answered:
 *
 *      echo     what was asked, in words
 *      hostile  names with control bytes, bytes that are no UTF-8, turns of direction and 1,000 letters
 *      many     10,000 domains, 2,500 messages
 *      later    not before fake_queue_answer()
 *      nosuch unread toolate busy broken    -EINVAL, -EAGAIN at once, -EAGAIN afterwards, -EBUSY, -EIO
 *
 * and any other is a queue with a few domains and two messages.  The instance "nosuch" does not exist (-ENOENT), nor
 * does the reason (-EDOM).
 */
#ifndef SUPPORT_FAKE_QUEUE_H
#define SUPPORT_FAKE_QUEUE_H

#include <spoolguard/queue.h>

#define FAKE_QUEUE_OWED_MAX 64

struct fake_queue {
        struct {
                sg_queue_shape_done *done;
                void *data;
                unsigned buckets;
        } owed[FAKE_QUEUE_OWED_MAX];
        size_t n_owed;
};

int fake_queue_shape(
        struct fake_queue *queue, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *data);
int fake_queue_list(struct fake_queue *queue, const struct sg_queue_filter *filter, uint64_t cursor,
        unsigned max, sg_queue_message_each *each, void *data, uint64_t *ret_cursor);
/* To all who wait: the table, or `error` when that is not 0. */
void fake_queue_answer(struct fake_queue *queue, int error);

#endif
