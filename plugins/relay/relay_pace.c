/* SPDX-License-Identifier: MIT */
/*
 * relay_pace - how soon a next hop is probed again
 *
 * Used in the watcher by relay_target.c.  A pure function.  While a next hop is down, its return is what everything
 * waits for, so it is probed at the configured interval; when it has been down for long, the interval doubles up
 * to a minute, because a dead host gains nothing from being asked more often and the mail waits for a slice
 * anyway.  One that is up is only looked after.
 *
 * Owns nothing and cannot fail.  Limits: an interval above a minute is taken as it is, up or down.
 */
#include "relay/relay.h"

#define UP_USEC UINT64_C(60000000)
#define PATIENCE_USEC UINT64_C(600000000)

uint64_t relay_pace_wait_usec(uint64_t interval_usec, uint64_t down_usec, uint64_t last_usec) {
        uint64_t most_usec = interval_usec > UP_USEC ? interval_usec : UP_USEC;

        if (down_usec == 0)
                return most_usec;
        if (down_usec < PATIENCE_USEC)
                return interval_usec;
        if (last_usec < interval_usec)
                return interval_usec;
        return last_usec * 2 < most_usec ? last_usec * 2 : most_usec;
}
