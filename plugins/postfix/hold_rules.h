/* SPDX-License-Identifier: MIT */
/* hold_rules - what main.cf has to say about holding mail back, and about letting it go again */
#ifndef POSTFIX_HOLD_RULES_H
#define POSTFIX_HOLD_RULES_H

#include <stdint.h>

/* From the creation of a message to the failed try after which it is returned. */
struct hold_lifetimes {
        uint64_t mail_seconds, bounce_seconds;
};

enum hold_domain {
        HOLD_DOMAIN_ELSEWHERE,
        HOLD_DOMAIN_OURS,    /* this host is responsible for it */
        HOLD_DOMAIN_UNKNOWN, /* it may be: a list names a table, whose rows are not known */
};

/* main_cf: the text of the file.  ret_parameter: the setting that says so; NULL for a domain elsewhere. */
enum hold_domain hold_rules_domain(const char *main_cf, const char *domain, const char **ret_parameter);

/* 0, or -EINVAL: a lifetime is set to what is no time. */
int hold_rules_lifetimes(const char *main_cf, struct hold_lifetimes *ret_lifetimes);

#endif
