/* SPDX-License-Identifier: MIT */
/* hold_rules - what main.cf has to say about holding mail back, and about letting it go again */
#ifndef POSTFIX_HOLD_RULES_H
#define POSTFIX_HOLD_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct hold_lifetimes {
        /* From the creation of a message to the failed try after which it is returned. */
        uint64_t mail_seconds, bounce_seconds;
        uint64_t margin_seconds; /* from a release to the end of the first try, at most */
};

enum hold_domain {
        HOLD_DOMAIN_ELSEWHERE,
        HOLD_DOMAIN_OURS,    /* this host is responsible for it */
        HOLD_DOMAIN_UNKNOWN, /* it may be: a list names a table, say, whose rows are not known */
};

/* main_cf: the text of the file.  ret_parameter: the setting that says so; NULL for a domain elsewhere. */
enum hold_domain hold_rules_domain(const char *main_cf, const char *domain, const char **ret_parameter);

/* 0, or -EINVAL: one of the times is set to what is none. */
int hold_rules_lifetimes(const char *main_cf, struct hold_lifetimes *ret_lifetimes);

/* In seconds, CLOCK_REALTIME: when a message of that creation time would bounce at its next failed try. */
uint64_t hold_rules_end(const struct hold_lifetimes *lifetimes, uint64_t create_seconds, bool null_sender);
/* What ends then has to be on its way out of hold/ by this time. */
uint64_t hold_rules_last_release(const struct hold_lifetimes *lifetimes, uint64_t end);
/*
 * Whether what ends then may be held: half its life is before it, or all that is held with it would have to be let
 * go for its sake soon.
 */
bool hold_rules_may_hold(
        const struct hold_lifetimes *lifetimes, uint64_t create_seconds, bool null_sender, uint64_t now);

#endif
