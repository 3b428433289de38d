/* SPDX-License-Identifier: MIT */
/*
 * hop_recent - what became of the mail for a next hop within the last minutes
 *
 * Runs in the watcher, as part of the sensor `queue`.  Pure: a ring of five seconds each, so that what happens now
 * shows at once, and what was ten minutes ago is forgotten without anybody doing anything.
 *
 * Owns nothing but the counts, which lie in the struct.  Cannot fail.
 * Limits: the oldest five seconds count as a whole or not at all; UINT32_MAX of a kind in each.
 */
#include "postfix/hop_recent.h"

#include <string.h>

/* The first one is 1, which tells it from none. */
static uint32_t step_of(uint64_t usec) {
        return (uint32_t)(usec / HOP_RECENT_STEP_USEC + 1);
}

void hop_recent_note(struct hop_recent *recent, enum hop_outcome outcome, uint64_t now_usec) {
        uint32_t step = step_of(now_usec);
        size_t i = step % HOP_RECENT_STEPS;

        if (recent->ring[i].step != step) {
                memset(&recent->ring[i], 0, sizeof(recent->ring[i]));
                recent->ring[i].step = step;
        }
        if (recent->ring[i].counts[outcome] < UINT32_MAX)
                recent->ring[i].counts[outcome]++;
        recent->last_usec[outcome] = now_usec;
}

void hop_recent_forget(struct hop_recent *recent, uint64_t now_usec) {
        uint32_t step = step_of(now_usec);

        if (recent->ring[step % HOP_RECENT_STEPS].step == step)
                memset(&recent->ring[step % HOP_RECENT_STEPS], 0, sizeof(recent->ring[0]));
}

void hop_recent_add_up(const struct hop_recent *recent, uint64_t from_usec, uint64_t now_usec,
        struct hop_recent_sum *ret_sum) {
        uint32_t from = step_of(from_usec), now = step_of(now_usec), first = 0;

        *ret_sum = (struct hop_recent_sum){.total = 0};
        for (size_t i = 0; i < HOP_RECENT_STEPS; i++) {
                uint32_t step = recent->ring[i].step;

                if (step == 0 || step < from || step > now || now - step >= HOP_RECENT_STEPS)
                        continue;
                for (int outcome = 0; outcome < HOP_OUTCOMES; outcome++) {
                        ret_sum->counts[outcome] += recent->ring[i].counts[outcome];
                        ret_sum->total += recent->ring[i].counts[outcome];
                }
                if (first == 0 || step < first)
                        first = step;
        }
        if (first > 0)
                ret_sum->since_usec = now_usec - (uint64_t)(first - 1) * HOP_RECENT_STEP_USEC;
}
