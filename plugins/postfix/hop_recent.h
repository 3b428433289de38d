/* SPDX-License-Identifier: MIT */
/* hop_recent - what became of the mail for a next hop within the last minutes */
#ifndef POSTFIX_HOP_RECENT_H
#define POSTFIX_HOP_RECENT_H

#include <stdint.h>

#define HOP_RECENT_STEP_USEC UINT64_C(5000000)
#define HOP_RECENT_STEPS 120u /* ten minutes */
#define HOP_RECENT_WINDOW_USEC (HOP_RECENT_STEPS * HOP_RECENT_STEP_USEC)

/* How a message left the active queue. */
enum hop_outcome {
        HOP_DELIVERED,
        HOP_REFUSED, /* the server answered, and put it off */
        HOP_OTHER,   /* not answered, bounced, greylisted: says nothing about whether it takes mail */
        HOP_OUTCOMES,
};

/* All zero: nothing became known yet. */
struct hop_recent {
        struct {
                uint32_t step; /* since the clock began; 0: nothing */
                uint32_t counts[HOP_OUTCOMES];
        } ring[HOP_RECENT_STEPS];
        uint64_t last_usec[HOP_OUTCOMES]; /* 0: never */
};

struct hop_recent_sum {
        uint64_t counts[HOP_OUTCOMES];
        uint64_t total;
        uint64_t since_usec; /* how long ago the first of them may have been; 0: there are none */
};

/* CLOCK_MONOTONIC. */
void hop_recent_note(struct hop_recent *recent, enum hop_outcome outcome, uint64_t now_usec);
/* What happened in the step of that time is as if it had not been. */
void hop_recent_forget(struct hop_recent *recent, uint64_t now_usec);
/* From one time to another, with the step that it begins in. */
void hop_recent_add_up(const struct hop_recent *recent, uint64_t from_usec, uint64_t now_usec,
        struct hop_recent_sum *ret_sum);

#endif
