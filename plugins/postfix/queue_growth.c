/* SPDX-License-Identifier: MIT */
/*
 * queue_growth - how much a number has grown within the last minutes
 *
 * Runs in the watcher, as part of the sensor `queue`.  Pure: a ring of samples, one a minute.  What tells a storm of
 * bounces from a queue that is merely full of them is that they become more; counted over all queues, that does not
 * change when some are put on hold because of it, or let go again.
 *
 * Owns nothing but the samples, which lie in the struct.  Cannot fail; right after the start nothing is known.
 * Limits: looks back ten minutes, and up to a minute more when nobody counted in between.
 */
#include "postfix/queue_growth.h"

#define MINUTE_USEC UINT64_C(60000000)
#define SAMPLES (QUEUE_GROWTH_MINUTES + 1)

void queue_growth_note(struct queue_growth *growth, uint64_t now_usec, uint32_t value) {
        unsigned last = (growth->next + SAMPLES - 1) % SAMPLES;

        if (growth->n > 0 && now_usec - growth->samples[last].at_usec < MINUTE_USEC)
                return;
        growth->samples[growth->next].at_usec = now_usec;
        growth->samples[growth->next].value = value;
        growth->next = (growth->next + 1) % SAMPLES;
        growth->n += growth->n < SAMPLES;
}

bool queue_growth_of(
        const struct queue_growth *growth, uint64_t now_usec, uint32_t value, double *ret_growth) {
        bool found = false;

        /* From the oldest to the youngest that is ten minutes old, or the oldest there is. */
        for (unsigned i = 0; i < growth->n; i++) {
                unsigned at = (growth->next + SAMPLES - growth->n + i) % SAMPLES;
                uint64_t age_usec = now_usec - growth->samples[at].at_usec;

                if (age_usec < MINUTE_USEC || (found && age_usec < QUEUE_GROWTH_MINUTES * MINUTE_USEC))
                        break;
                *ret_growth = (double)value - growth->samples[at].value;
                found = true;
        }
        return found;
}
