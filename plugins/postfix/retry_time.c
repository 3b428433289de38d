/* SPDX-License-Identifier: MIT */
/*
 * retry_time - when a deferred message is tried next, and the mark that says who chose that
 *
 * Runs in a child of the executor.  Pure.  Postfix keeps the time of a deferred message's next try as the
 * mtime of its file, in whole seconds.  Ours has a fraction that is derived from the lease, so that what
 * belongs to a lease is known from the files alone, and Postfix's own next word on the message wipes it out.
 *
 * The times of many messages must not meet in one second, neither when a slice ends by itself nor when a
 * lease is returned; the spread comes from the ID, so a renewal does not shuffle them.
 *
 * Owns nothing.  Cannot fail.  Limits: a file that was restored from elsewhere with its fraction of a second
 * carries the mark of a given lease once in a thousand million times.
 */
#include "postfix/retry_time.h"

#include "postfix/postfix.h"

#define USECS UINT64_C(1000000)
#define FRACTIONS UINT64_C(999) /* those that do not end on a whole microsecond */

/* Without a divisor in common with the number of marks, so neighbours lie far apart and none comes twice. */
#define STRIDE UINT64_C(618033989)

/* The package's prerm script reckons the same, for when nothing of this is installed any more. */
uint32_t retry_time_mark(uint64_t lease) {
        const uint64_t marks = USECS * FRACTIONS;
        uint64_t mark = lease % marks * STRIDE % marks;

        return (uint32_t)(mark / FRACTIONS * 1000 + 1 + mark % FRACTIONS);
}

/* FNV-1a: inode numbers of neighbouring files differ in a digit or two, and that has to spread. */
static time_t spread(const char *id) {
        uint32_t hash = 2166136261u;

        for (; *id; id++)
                hash = (hash ^ (unsigned char)*id) * 16777619u;
        return (time_t)(hash % POSTFIX_SPREAD_SECONDS);
}

time_t retry_time_postponed(time_t now, const char *id) {
        return now + POSTFIX_SLICE_SECONDS - spread(id);
}

time_t retry_time_returned(time_t now, const char *id, time_t planned) {
        time_t paced = now + spread(id);

        return paced < planned ? paced : planned;
}
