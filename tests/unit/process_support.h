/* SPDX-License-Identifier: MIT */
/*
 * process_support - processes that exist in a scratch /proc alone, on a machine that has been up for a month
 *
 * A test that includes it is linked with --wrap=clock_gettime: a machine that has just been booted has no process that
 * began two hours ago.
 */
#ifndef UNIT_PROCESS_SUPPORT_H
#define UNIT_PROCESS_SUPPORT_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "support/scratch.h"

#define PROCESS_UP_SECONDS (30 * 86400)

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

static const uint64_t
        *process_leapt_usec; /* set by the test: the clocks are ahead by that; NULL: they are not */

int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
        int r = __real_clock_gettime(clock, now);

        if (clock == CLOCK_BOOTTIME)
                now->tv_sec += PROCESS_UP_SECONDS;
        if (process_leapt_usec && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME))
                now->tv_sec += (time_t)(*process_leapt_usec / 1000000);
        return r;
}

/* `age` in seconds. */
static inline void process_write(
        const struct scratch *scratch, pid_t pid, const char *name, pid_t parent, int64_t age) {
        struct timespec boot;
        char path[64], text[256];

        clock_gettime(CLOCK_BOOTTIME, &boot);
        snprintf(path, sizeof(path), "proc/%d/stat", (int)pid);
        snprintf(text, sizeof(text), "%d (%s) S %d 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 %lld 1 1\n",
                (int)pid, name, (int)parent, (long long)(boot.tv_sec - age) * sysconf(_SC_CLK_TCK));
        scratch_write(scratch, path, text);
}

#endif
