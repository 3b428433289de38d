/* SPDX-License-Identifier: MIT */
/* queue_top - the few names that most of something belongs to */
#ifndef POSTFIX_QUEUE_TOP_H
#define POSTFIX_QUEUE_TOP_H

#include <stddef.h>
#include <stdint.h>

#define QUEUE_TOP_NAMES 16u

struct queue_top_row {
        uint32_t number, count;
        uint32_t error; /* so many at most belong to others */
};

/* All zero: nothing was counted. */
struct queue_top {
        struct queue_top_row rows[QUEUE_TOP_NAMES];
        size_t n;
};

void queue_top_count(struct queue_top *top, uint32_t number);
/* Largest first.  A count is never more than the true one afterwards; what may be nothing is left out. */
void queue_top_finish(struct queue_top *top);

#endif
