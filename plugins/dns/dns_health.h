/* SPDX-License-Identifier: MIT */
/* dns_health - is a name server any good, from what became of the last questions, and when to ask again */
#ifndef DNS_DNS_HEALTH_H
#define DNS_DNS_HEALTH_H

#include "dns/dns_window.h"

enum dns_health_state {
        DNS_HEALTH_UNKNOWN,
        DNS_HEALTH_UP,
        DNS_HEALTH_DOWN,    /* it does not answer */
        DNS_HEALTH_USELESS, /* it answers, with errors only */
};

struct dns_health {
        enum dns_health_state state;
        bool told_root;      /* it has answered for the root before */
        uint64_t since_usec; /* down: the first question without an answer */
};

struct dns_health_pace {
        uint64_t interval_usec, patience_usec; /* between two questions; how long one stays open */
};

/*
 * `root`: questions for the root, that nearly every server can say something about.  `mail`: questions for what mail
 * needs, which are only asked when it is suspected, or has never said a word about the root.
 */
void dns_health_judge(struct dns_health *health, const struct dns_window *root, const struct dns_window *mail,
        const struct dns_health_pace *pace, uint64_t now_usec);
/* Nothing but errors for the root, from one that ought to know: `others_tell`, another server does. */
bool dns_health_is_suspect(const struct dns_health *health, const struct dns_window *root, bool others_tell);

/* It says nothing about the root, neither good nor bad, and never did: then names are to be tried as well. */
bool dns_health_is_wordless(
        const struct dns_window *root, const struct dns_health_pace *pace, uint64_t now_usec);
/* Those of the two that show whether it lives. */
const struct dns_window *dns_health_lead(const struct dns_window *root, const struct dns_window *mail,
        const struct dns_health_pace *pace, uint64_t now_usec);

/*
 * From here on, `lead` is what the above says.  The questions in a row that one has waited for in vain, as it counts
 * for being down.
 */
struct dns_row dns_health_row(
        const struct dns_window *lead, const struct dns_health_pace *pace, uint64_t now_usec);
/* After such a time without an answer, a question is in doubt. */
uint64_t dns_health_doubt_usec(const struct dns_window *lead, const struct dns_health_pace *pace);
/* From now until the next question is due; 0: now.  `idle`: nobody needs the name servers. */
uint64_t dns_health_wait_usec(const struct dns_health *health, const struct dns_window *lead,
        const struct dns_health_pace *pace, bool idle, uint64_t now_usec);

#endif
