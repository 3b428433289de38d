/* SPDX-License-Identifier: MIT */
/*
 * journal_gain - how much space came back, measured and never computed
 *
 * Runs in a child of the executor.  Both what root can write (f_bfree) and what is left for everybody else
 * (f_bavail): on a full ext4 the reserve of root fills first, and until it has, nothing that came back is of use
 * to a service.  The space of a removed file may come back a little later, so it is asked for until as much is
 * there as was removed, or a moment has passed; of what was seen, the most counts, since others go on writing.
 *
 * Owns nothing; each file system counts once, however many places are on it.
 * Fails with a negative errno value, at the beginning only.
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "journal/journal.h"

#define SETTLE_ROUNDS 20
#define SETTLE_NSEC 100000000

static bool is_known(const struct journal_gain *gain, dev_t device) {
        for (size_t i = 0; i < gain->n; i++)
                if (gain->systems[i].device == device)
                        return true;
        return false;
}

int journal_gain_begin(const struct journal_place places[static JOURNAL_PLACES_MAX], size_t n,
        struct journal_gain *ret_gain) {
        struct journal_gain gain = {.n = 0};

        for (size_t i = 0; i < n; i++) {
                struct statvfs fs;
                struct stat status;

                if (fstat(places[i].directory, &status) < 0 || fstatvfs(places[i].directory, &fs) < 0)
                        return -errno;
                if (is_known(&gain, status.st_dev))
                        continue;
                gain.systems[gain.n].device = status.st_dev;
                gain.systems[gain.n].free = (uint64_t)fs.f_bfree * fs.f_frsize;
                gain.systems[gain.n].available = (uint64_t)fs.f_bavail * fs.f_frsize;
                gain.systems[gain.n].directory = places[i].directory;
                gain.n++;
        }
        *ret_gain = gain;
        return 0;
}

static uint64_t more(uint64_t after, uint64_t before) {
        return after > before ? after - before : 0;
}

static void measure(const struct journal_gain *gain, uint64_t *ret_free, uint64_t *ret_available) {
        *ret_free = *ret_available = 0;
        for (size_t i = 0; i < gain->n; i++) {
                struct statvfs fs;

                if (fstatvfs(gain->systems[i].directory, &fs) < 0)
                        continue;
                *ret_free += more((uint64_t)fs.f_bfree * fs.f_frsize, gain->systems[i].free);
                *ret_available += more((uint64_t)fs.f_bavail * fs.f_frsize, gain->systems[i].available);
        }
}

/* btrfs gives space back with a transaction only; where some has come nobody waits for what others have yet to write. */
static void commit(const struct journal_gain *gain) {
        for (size_t i = 0; i < gain->n; i++)
                (void)syncfs(gain->systems[i].directory);
}

void journal_gain_end(const struct journal_gain *gain, uint64_t expected_bytes, uint64_t *ret_free,
        uint64_t *ret_available) {
        const struct timespec pause = {.tv_nsec = SETTLE_NSEC};
        uint64_t free_bytes, available;

        measure(gain, ret_free, ret_available);
        for (unsigned i = 0; i < SETTLE_ROUNDS && *ret_free < expected_bytes; i++) {
                if (*ret_free == 0 && i == SETTLE_ROUNDS / 2)
                        commit(gain);
                nanosleep(&pause, NULL);
                measure(gain, &free_bytes, &available);
                if (free_bytes < *ret_free)
                        continue;
                *ret_free = free_bytes;
                *ret_available = available;
        }
}
