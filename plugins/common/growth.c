/* SPDX-License-Identifier: MIT */
/*
 * growth - how much a number has grown within the last minutes
 *
 * Runs in the watcher, as part of sensors.  Pure: a ring of samples, one a minute.  What tells a storm from something
 * that is merely large is that it becomes more.
 *
 * Owns nothing but the samples, which lie in the struct.  Cannot fail; right after the start nothing is known.
 * Limits: looks back ten minutes, and up to a minute more when nobody counted in between.
 */
#include "common/growth.h"

#define MINUTE_USEC UINT64_C(60000000)
#define SAMPLES (GROWTH_MINUTES + 1)

void growth_note(struct growth *growth, uint64_t now_usec, uint64_t value) {
        unsigned last = (growth->next + SAMPLES - 1) % SAMPLES;

        if (growth->n > 0 && now_usec - growth->samples[last].at_usec < MINUTE_USEC)
                return;
        growth->samples[growth->next].at_usec = now_usec;
        growth->samples[growth->next].value = value;
        growth->next = (growth->next + 1) % SAMPLES;
        growth->n += growth->n < SAMPLES;
}

bool growth_of(const struct growth *growth, uint64_t now_usec, uint64_t value, double *ret_growth) {
        bool found = false;

        /* From the oldest to the youngest that is ten minutes old, or the oldest there is. */
        for (unsigned i = 0; i < growth->n; i++) {
                unsigned at = (growth->next + SAMPLES - growth->n + i) % SAMPLES;
                uint64_t age_usec = now_usec - growth->samples[at].at_usec;

                if (age_usec < MINUTE_USEC || (found && age_usec < GROWTH_MINUTES * MINUTE_USEC))
                        break;
                *ret_growth = (double)value - (double)growth->samples[at].value;
                found = true;
        }
        return found;
}
