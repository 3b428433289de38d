/* SPDX-License-Identifier: MIT */
/* dns - what the parts of this plugin know of each other */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include <spoolguard/plugin.h>

enum { DNS_OPTION_INTERVAL, DNS_OPTION_TIMEOUT, DNS_OPTION_NAMES_INTERVAL, DNS_OPTION_IPV6 };

extern const struct sg_sensor dns_servers;
extern const struct sg_sensor dns_answers;

/* dns_health.c: is a name server up, from one check after the other. */
enum dns_health_state { DNS_HEALTH_UNKNOWN, DNS_HEALTH_UP, DNS_HEALTH_DOWN };
struct dns_health {
        enum dns_health_state state;
        unsigned unanswered; /* in a row */
};
struct dns_health_pace {
        uint64_t interval_usec, timeout_usec; /* as configured */
};
void dns_health_note(struct dns_health *health, bool answered);
/* Until the next check.  `idle`: nobody needs the name servers now. */
uint64_t dns_health_wait_usec(const struct dns_health *health, const struct dns_health_pace *pace, bool idle);

#endif
