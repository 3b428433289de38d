/* SPDX-License-Identifier: MIT */
/* queue_growth - how much a number has grown within the last minutes */
#ifndef POSTFIX_QUEUE_GROWTH_H
#define POSTFIX_QUEUE_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

#define QUEUE_GROWTH_MINUTES 10u

/* All zero: nothing is known yet. */
struct queue_growth {
        struct {
                uint64_t at_usec;
                uint32_t value;
        } samples[QUEUE_GROWTH_MINUTES + 1];
        unsigned n, next;
};

/* The value of now; CLOCK_MONOTONIC. */
void queue_growth_note(struct queue_growth *growth, uint64_t now_usec, uint32_t value);
/* Since ten minutes ago, or since the first value.  False: that is less than a minute ago. */
bool queue_growth_of(
        const struct queue_growth *growth, uint64_t now_usec, uint32_t value, double *ret_growth);

#endif
