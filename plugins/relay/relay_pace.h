/* SPDX-License-Identifier: MIT */
/* relay_pace - how soon a next hop is probed again */
#ifndef RELAY_RELAY_PACE_H
#define RELAY_RELAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum relay_mood {
        RELAY_MOOD_UP,   /* all addresses that count */
        RELAY_MOOD_PART, /* some are, some are not */
        RELAY_MOOD_DOWN,
        RELAY_MOOD_REFUSING,
        RELAY_MOOD_UNCLEAR,
};

struct relay_pace {
        enum relay_mood mood;
        bool is_filter, is_urgent;
        uint64_t since_usec; /* for how long it has been in that mood */
        uint64_t last_usec;  /* what relay_pace_wait_usec() said last, in that mood; or 0 */
};

/* From the beginning of one round of probes to that of the next. */
uint64_t relay_pace_wait_usec(const struct relay_pace *pace, uint64_t interval_usec);
/* The same when there is news and it cannot be too soon. */
uint64_t relay_pace_least_usec(uint64_t interval_usec, bool is_filter);

#endif
