/* SPDX-License-Identifier: MIT */
/*
 * relay_pace - how soon a next hop is probed again
 *
 * Used in the watcher by relay_target.c.  A pure function.  While a next hop is down, its return is what everything
 * waits for, so it is probed at the configured interval; when it has been down for long, the interval doubles up
 * to a minute, because a dead host gains nothing from being asked more often and the mail waits for a slice
 * anyway.  One that is up is asked more and more rarely, whatever keeps its mail from going.  A server that says it is
 * too busy is not made busier by us, and a content filter has few processes, of which a probe takes one: both are
 * asked twice a minute at most.
 *
 * What is at most, with an interval of 10 seconds: six connections a minute to an address that is dead, besides a
 * second one five seconds after the first that failed; one a minute after ten minutes; two a minute to one that
 * refuses; one in five minutes to one that is up, or in a quarter of an hour when mail for it is on its way.
 *
 * Owns nothing and cannot fail.  Limits: an interval above these is taken as it is.
 */
#include "relay/relay_pace.h"

#define SECOND UINT64_C(1000000)
#define FEW_USEC (30 * SECOND)  /* to what is busy, or has few processes */
#define CALM_USEC (60 * SECOND) /* to what is up, when nothing hurries */
#define CALM_MOST_USEC (900 * SECOND)

static const struct {
        uint64_t least_usec, patience_usec, most_usec;
} paces[] = {
        [RELAY_MOOD_UP] = {0, 0, 300 * SECOND},
        [RELAY_MOOD_PART] = {0, 600 * SECOND, 60 * SECOND},
        [RELAY_MOOD_DOWN] = {0, 600 * SECOND, 60 * SECOND},
        [RELAY_MOOD_REFUSING] = {FEW_USEC, 600 * SECOND, 60 * SECOND},
        [RELAY_MOOD_UNCLEAR] = {0, 600 * SECOND, 60 * SECOND},
};

static uint64_t larger(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

uint64_t relay_pace_least_usec(uint64_t interval_usec, bool is_filter) {
        return is_filter ? larger(interval_usec, FEW_USEC) : interval_usec;
}

uint64_t relay_pace_wait_usec(const struct relay_pace *pace, uint64_t interval_usec) {
        /* Where nothing listens, no process is taken. */
        bool is_filter = pace->is_filter && pace->mood != RELAY_MOOD_DOWN;
        bool is_calm = pace->mood == RELAY_MOOD_UP && !pace->is_urgent;
        uint64_t least_usec =
                larger(relay_pace_least_usec(interval_usec, is_filter), paces[pace->mood].least_usec);
        uint64_t most_usec = is_calm ? CALM_MOST_USEC : paces[pace->mood].most_usec;

        if (is_calm)
                least_usec = larger(least_usec, CALM_USEC);
        most_usec = larger(most_usec, least_usec);
        if (pace->since_usec < paces[pace->mood].patience_usec || pace->last_usec < least_usec)
                return least_usec;
        return pace->last_usec * 2 < most_usec ? pace->last_usec * 2 : most_usec;
}
