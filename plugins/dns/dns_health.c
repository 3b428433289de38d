/* SPDX-License-Identifier: MIT */
/*
 * dns_health - when a name server counts as down, and how soon it is asked again
 *
 * Used in the watcher by dns_servers.c.  Pure functions.  A check that got no answer has already been repeated
 * within itself, so a lost packet does not even show here; three such checks in a row are needed before the server
 * is down, and one answer brings it back.  While that is being decided, checks follow soon; a server that is down
 * is asked often, so that its return is seen, and one that nobody needs is asked rarely.
 *
 * Owns nothing and cannot fail.  Limits: nothing is said about how slow a server may be.
 */
#include "dns/dns.h"

#define UNANSWERED_MAX 3
#define DOWN_USEC UINT64_C(10000000)
#define IDLE_FACTOR 10

void dns_health_note(struct dns_health *health, bool answered) {
        if (answered) {
                health->unanswered = 0;
                health->state = DNS_HEALTH_UP;
                return;
        }
        if (health->unanswered < UNANSWERED_MAX)
                health->unanswered++;
        if (health->unanswered == UNANSWERED_MAX)
                health->state = DNS_HEALTH_DOWN;
}

uint64_t dns_health_wait_usec(
        const struct dns_health *health, const struct dns_health_pace *pace, bool idle) {
        if (health->state == DNS_HEALTH_DOWN)
                return pace->interval_usec < DOWN_USEC ? pace->interval_usec : DOWN_USEC;
        if (health->unanswered > 0)
                return pace->interval_usec < pace->timeout_usec ? pace->interval_usec : pace->timeout_usec;
        return idle ? pace->interval_usec * IDLE_FACTOR : pace->interval_usec;
}
