/* SPDX-License-Identifier: MIT */
/*
 * gentle - the order in which space is made, from what costs nothing to what cannot be had back
 *
 * Runs in: executor.  Pure, owns nothing, cannot fail.
 *
 * A lossy verb may reach for young data only when everything that is gentler had its turn in this incident.  First
 * comes what nobody misses: files that are deleted already, and the ballast.  Then what is only packed or put
 * aside.  Of the data that does get lost, the journal goes first, because syslog has most of it as well, then what
 * is rotated and old; the log that is being written is cut last.
 *
 * A step that nothing can take any more is not waited for: otherwise a playbook that is switched off, or spent,
 * would keep the disk full.
 *
 * Limits: a step has its turn as a whole, whatever its arguments.  A watcher that was taken over can have a step
 * look where there is nothing, and so be done with it early.  What it gains is little: the floor still holds until
 * the executor itself has measured that the file system is critical, what goes is in the record before, and
 * which conditions an incident is about is not asked here at all, because they are the watcher's word.
 */
#include "executor/gentle.h"

#include <string.h>

const char *const gentle_steps[GENTLE_STEPS] = {"logs.reopen", "disk.free_ballast", "logs.compress",
        "logs.rotate", "journal.vacuum", "logs.drop_rotated", "logs.trim"};

size_t gentle_before(const char *verb) {
        size_t n = 0;

        while (n < GENTLE_STEPS && strcmp(gentle_steps[n], verb) != 0)
                n++;
        return n;
}

bool gentle_spent(const char *verb, const struct gentle_step steps[static GENTLE_STEPS]) {
        size_t n = gentle_before(verb);

        for (size_t i = 0; i < n; i++)
                if (steps[i].to_come && !steps[i].had_turn)
                        return false;
        return true;
}
