/* SPDX-License-Identifier: MIT */
/*
 * clock - the only place that asks the kernel for the time
 *
 * One unit everywhere: microseconds in uint64_t, `_usec` in the name.  Monotonic for durations, realtime for
 * people and records.  Code that must run on a simulated clock takes a struct loop (loop.h) and asks that.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)
#define USEC_NEVER UINT64_MAX

uint64_t clock_monotonic_usec(void);
uint64_t clock_realtime_usec(void);
uint64_t clock_asleep_usec(void); /* for how long the machine slept since it booted */

#endif
