/* SPDX-License-Identifier: MIT */
/*
 * hold_mark - how a message that we hold is told from one that an admin holds
 *
 * Runs in a child of the executor.  Pure.  The mtime of a file in hold/ means nothing to Postfix, so it carries the
 * lease: the fraction of a second is the lease's mark, and the second is that in which the mark was set.  A rename
 * changes the ctime: what an admin released and held again is his since then, and shows it by a ctime that is later
 * than the mtime.  So does what was changed where it lies, as `postfix set-permissions` and a restored spool change
 * all of it; but nothing gets into hold/ without a new mtime of that directory.  As long as that is not later than
 * the mark, nobody has moved the message.
 *
 * Before the move the same mark is set with a time an hour ahead: the queue manager leaves the message alone while
 * it is moved, and what a crash leaves behind in hold/ without its second mark is known by it, too.  Released, it is
 * due at once.
 *
 * Owns nothing.  Cannot fail.  Limits: what an admin releases and holds again within two seconds after us, or within
 * ten minutes after us when we did not come to the second mark, is taken for ours.  One that was changed where it
 * lies, and then others were moved, is taken for an admin's.
 */
#include "postfix/hold_mark.h"

#include "postfix/retry_time.h"

#define AHEAD_SECONDS 3600
#define SLACK_SECONDS 2

struct timespec hold_mark_before(uint64_t lease, time_t now) {
        return (struct timespec){now + AHEAD_SECONDS, (long)retry_time_mark(lease)};
}

struct timespec hold_mark_after(uint64_t lease, time_t now) {
        return (struct timespec){now, (long)retry_time_mark(lease)};
}

enum hold_mark hold_mark_of(uint64_t lease, const struct stat *status) {
        time_t since_after, since_before;

        if ((uint64_t)status->st_mtim.tv_nsec != retry_time_mark(lease))
                return HOLD_MARK_NONE;
        since_after = status->st_ctim.tv_sec - status->st_mtim.tv_sec;
        since_before = since_after + AHEAD_SECONDS;
        if ((since_after >= -SLACK_SECONDS && since_after <= SLACK_SECONDS) ||
                (since_before >= -SLACK_SECONDS && since_before <= HOLD_DEADLINE_SECONDS))
                return HOLD_MARK_OURS;
        return HOLD_MARK_TOUCHED;
}

bool hold_mark_is_unmoved(const struct stat *status, const struct stat *directory) {
        /* A mark from before the move lies ahead of its ctime, and the move came after it. */
        return status->st_ctim.tv_sec >= status->st_mtim.tv_sec &&
                directory->st_mtim.tv_sec <= status->st_mtim.tv_sec + SLACK_SECONDS;
}
