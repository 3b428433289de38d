/* SPDX-License-Identifier: MIT */
/* allowance - so many at once and so many an hour: a token bucket, zeroed to begin with */
#ifndef EXECUTOR_ALLOWANCE_H
#define EXECUTOR_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct allowance {
        double tokens;
        uint64_t at_usec; /* monotonic; 0: never asked */
        bool told;        /* for the caller: the refusal was logged */
};

/* True when one more is within the allowance, which it then uses up. */
static inline bool allowance_take(
        struct allowance *allowance, unsigned burst, unsigned per_hour, uint64_t now_usec) {
        if (allowance->at_usec == 0)
                allowance->tokens = burst;
        else
                allowance->tokens +=
                        (double)(now_usec - allowance->at_usec) * per_hour / (double)USEC_PER_HOUR;
        if (allowance->tokens > burst)
                allowance->tokens = burst;
        allowance->at_usec = now_usec;
        if (allowance->tokens < 1)
                return false;
        allowance->tokens -= 1;
        allowance->told = false;
        return true;
}

/* How long after a refusal the next one is granted. */
static inline uint64_t allowance_wait(const struct allowance *allowance, unsigned per_hour) {
        return allowance->tokens < 1 ? (uint64_t)((1 - allowance->tokens) * (double)USEC_PER_HOUR / per_hour)
                                     : 0;
}

#endif
