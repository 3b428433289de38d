/* SPDX-License-Identifier: MIT */
/*
 * desk_lease_look - what is said of a lease is true: somebody else may have changed what it had changed
 *
 * Runs in: executor.  What lapses is done again all the time; what does not would be called in force until its end,
 * whatever became of it.  So its verb is asked once a minute whether it is (desk_lease_work.c).  Who has made
 * something else of it has the last word: nothing is set again, and the lease stays, since a new one would be against
 * that word.  But its state says so, and people are called once, because what it was taken for is not prevented
 * any more.  When what it had changed is so again it is in force again.
 *
 * Fails: a verb that cannot say it changes nothing of what is told.  Limits: who changes it back within a minute is not
 * seen.
 */
#include "executor/desk_lease.h"

#include <string.h>

#include "base/text.h"

static void call(struct desk *desk, const struct lease *lease) {
        char text[WIRE_LONG_MAX], name[32];

        text_format(name, sizeof(name), "lease/%llu", (unsigned long long)lease->id);
        text_format(text, sizeof(text),
                "Lease %llu (%s) is not in force any more.  It was taken because %s.\n"
                "Now %s.\n"
                "That is left as it is, also when the lease ends.  If it was not meant, set again what the "
                "lease had set, and it is in force again.  If it was, `spoolguardctl return %llu` ends the "
                "lease.",
                (unsigned long long)lease->id, lease->verb, lease->reason, lease->text,
                (unsigned long long)lease->id);
        desk_escalate(desk, lease->incident == desk->ledger->incident.id ? lease->incident : 0,
                "lease-overruled", name, text);
}

void desk_lease_looked(
        struct desk *desk, struct lease *lease, enum wire_status status, const struct sg_outcome *outcome) {
        const enum lease_seen seen = lease_seen(lease, status, outcome->is_overruled);

        if (seen == LEASE_SEEN_NOTHING ||
                (seen == LEASE_SEEN_STILL_OVERRULED && strcmp(lease->text, outcome->text) == 0))
                return;
        TEXT_COPY(lease->text, outcome->text);
        lease->state = seen == LEASE_SEEN_IN_FORCE ? WIRE_LEASE_IN_FORCE : WIRE_LEASE_OVERRULED;
        if (seen != LEASE_SEEN_STILL_OVERRULED)
                desk_lease_record(
                        desk, seen == LEASE_SEEN_IN_FORCE ? "lease-renewed" : "lease-overruled", lease);
        desk_lease_keep(desk, lease);
        if (seen == LEASE_SEEN_OVERRULED)
                call(desk, lease);
}
