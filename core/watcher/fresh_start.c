/* SPDX-License-Identifier: MIT */
/*
 * fresh_start - when a watcher that has to be started anew may end
 *
 * Runs in: watcher.  Pure.  What it is shut out of it cannot read, and goes on by what was true before: the routes of
 * a main.cf that was replaced, without the instance that was added.  That is answered by a new process, and ending
 * costs the runs that are under way.  So a quiet moment is waited for; but a night in which one run follows the other
 * may have none, and is the one on which an admin mends main.cf.  Then the runs are worth less than what they go by.
 * What a run has changed stays with its lease, and the open incident is handed to the next watcher.
 *
 * A wish is granted soon, since a resolv.conf that was corrected is read by nobody until then; but who writes a file
 * every ten seconds does not get a new process for each time.
 *
 * Owns nothing.  Cannot fail.
 */
#include "watcher/fresh_start.h"

enum fresh_start_answer fresh_start_decide(
        struct fresh_start *fresh_start, bool is_wished, bool is_quiet, uint64_t now_usec) {
        if (!is_wished) {
                fresh_start->wished_usec = 0;
                return FRESH_START_NO;
        }
        if (fresh_start->wished_usec == 0)
                fresh_start->wished_usec = now_usec;
        if (now_usec - fresh_start->born_usec < FRESH_START_AGE_USEC)
                return FRESH_START_NO;
        if (is_quiet)
                return FRESH_START_QUIET;
        return now_usec - fresh_start->wished_usec >= FRESH_START_WAIT_USEC ? FRESH_START_OVERDUE
                                                                            : FRESH_START_NO;
}
