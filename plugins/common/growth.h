/* SPDX-License-Identifier: MIT */
/* growth - how much a number has grown within the last minutes */
#ifndef COMMON_GROWTH_H
#define COMMON_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

#define GROWTH_MINUTES 10u

/* All zero: nothing is known yet. */
struct growth {
        struct {
                uint64_t at_usec;
                uint64_t value;
        } samples[GROWTH_MINUTES + 1];
        unsigned n, next;
};

/* The value of now; CLOCK_MONOTONIC. */
void growth_note(struct growth *growth, uint64_t now_usec, uint64_t value);
/* Since ten minutes ago, or since the first value.  False: that is less than a minute ago. */
bool growth_of(const struct growth *growth, uint64_t now_usec, uint64_t value, double *ret_growth);

#endif
