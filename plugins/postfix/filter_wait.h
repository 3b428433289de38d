/* SPDX-License-Identifier: MIT */
/* filter_wait - how long mail waits before a content filter that does not keep up */
#ifndef POSTFIX_FILTER_WAIT_H
#define POSTFIX_FILTER_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#define FILTER_WAIT_WINDOW_SECONDS 300u /* what left within it tells the pace */
#define FILTER_WAIT_STUCK_SECONDS 300.0 /* from then on it is stuck; the condition trips at that */

enum filter_probe {
        FILTER_PROBE_UNTOLD,   /* nobody asked, or it says nothing */
        FILTER_PROBE_ANSWERED, /* an address of it speaks SMTP */
        FILTER_PROBE_FAILED,   /* none does */
};

struct filter_wait {
        uint64_t underway;        /* messages that wait, incoming or active */
        uint64_t deferred;        /* ... or that came back from it, and wait for their next try */
        uint64_t oldest_seconds;  /* age of the oldest of them */
        uint64_t watched_seconds; /* for which some were there, FILTER_WAIT_WINDOW_SECONDS at most */
        uint64_t left;            /* messages that it took within that time */
        uint64_t came_back;       /* messages that it did not take within that time */
        double quiet_seconds;     /* since it took the last one, or since some wait when that is later */
        double turn_seconds;      /* between two that it took, before it took the last one; 0: not known */
        enum filter_probe probe;
};

/* Seconds; 0: it keeps up. */
double filter_wait_decide(const struct filter_wait *wait);
/* Seconds until it has stopped if it goes on to take nothing; infinite: it has, or time alone does not tell. */
double filter_wait_again(const struct filter_wait *wait);
/* Of what two instances of Postfix know of one filter, whether the first is to be told.  NaN: it is not known. */
bool filter_wait_is_worse(double seconds, double than);

#endif
