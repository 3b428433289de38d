/* SPDX-License-Identifier: MIT */
/*
 * clock - the only place that asks the kernel for the time
 *
 * Runs in every process.  Owns nothing.  The clocks are read through the vDSO, so asking is cheap and works
 * under every seccomp filter of ours; a kernel without them is not one we run on, hence no failure to report.
 *
 * CLOCK_MONOTONIC stands still while a machine sleeps.  That is wanted: a deadline measures time in which the
 * thing waited for could have happened.
 *
 * Limits: microseconds since boot and since 1970 fit in 64 bits for longer than the hardware lasts; a realtime
 * clock set before 1970 reads as a time far in the future.
 */
#include "base/clock.h"

#include <time.h>

static uint64_t clock_usec(clockid_t id) {
        struct timespec now = {0};

        clock_gettime(id, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_monotonic_usec(void) {
        return clock_usec(CLOCK_MONOTONIC);
}

uint64_t clock_asleep_usec(void) {
        uint64_t awake = clock_monotonic_usec(), boot = clock_usec(CLOCK_BOOTTIME);

        return boot > awake ? boot - awake : 0;
}

uint64_t clock_realtime_usec(void) {
        return clock_usec(CLOCK_REALTIME);
}
