/* SPDX-License-Identifier: MIT */
/* hold_mark - how a message that we hold is told from one that an admin holds */
#ifndef POSTFIX_HOLD_MARK_H
#define POSTFIX_HOLD_MARK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

/* Longest time from the first mark to the second, which is that of the action. */
#define HOLD_DEADLINE_SECONDS 600

/* What a message of the lease gets in deferred/, before it is moved; and in hold/. */
struct timespec hold_mark_before(uint64_t lease, time_t now);
struct timespec hold_mark_after(uint64_t lease, time_t now);

enum hold_mark {
        HOLD_MARK_NONE,    /* not of this lease */
        HOLD_MARK_OURS,    /* as we left it */
        HOLD_MARK_TOUCHED, /* of this lease, but somebody moved or changed it since */
};
/* status: of a file in hold/. */
enum hold_mark hold_mark_of(uint64_t lease, const struct stat *status);
/* Of one that was touched: it is where it was when it was marked.  directory: of hold/, read after `status`. */
bool hold_mark_is_unmoved(const struct stat *status, const struct stat *directory);

#endif
