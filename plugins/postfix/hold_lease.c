/* SPDX-License-Identifier: MIT */
/*
 * hold_lease - whether a number is that of a lease of postfix.hold
 *
 * Runs in a child of the executor.  The mark of a lease is a fraction of a second, and every fraction is the mark of
 * some number (retry_time_mark()).  Who may read the time of a message that an admin, a milter or header_checks put on
 * hold can compute the number that makes it ours.  So a number that somebody names counts only when the executor has
 * it on record, for this instance, and something may be left of what it held; such numbers are few, small and given
 * out one after the other.
 *
 * Owns nothing.  Fails with a sentence that names the leases that there are.
 * Limits: it names as many as there is room for; a record that was lost with its disk makes the messages an admin's.
 */
#include "postfix/hold_lease.h"

#include <errno.h>

#include "postfix/postfix.h"

/* Of those that there are, as many are named. */
#define NAMED 6u

int hold_lease_check(
        const struct sg_action *action, const char *instance, uint64_t lease, struct sg_outcome *outcome) {
        const char *verb = postfix_hold.name, *between = "there is ";
        uint64_t other = 0;
        unsigned n = 0;

        if (lease != 0 && action->host->next_lease(action, verb, "instance", instance, lease - 1) == lease)
                return 0;
        order_refuse(outcome, -EPERM,
                "%llu is no lease of %s for instance %.60s that holds anything: ", (unsigned long long)lease,
                verb, instance);
        while ((other = action->host->next_lease(action, verb, "instance", instance, other)) != 0) {
                if (n++ == NAMED) {
                        order_say(outcome, " and more");
                        break;
                }
                order_say(outcome, "%s%llu", between, (unsigned long long)other);
                between = ", ";
        }
        order_say(outcome, n == 0 ? "there is none" : " (spoolguardctl leases)");
        return -EPERM;
}
