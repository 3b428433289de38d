/* SPDX-License-Identifier: MIT */
/*
 * hold_rules - what main.cf has to say about holding mail back, and about letting it go again
 *
 * Runs in a child of the executor.  Pure functions over the text of main.cf.  A host is responsible for the domains
 * it delivers or relays to; their mail is never held for being much.  Whether a domain is one of them can be told
 * only where main.cf lists them in plain text: a table, a file of names or an exception leaves it open, and open
 * counts as yes.  A part of an address without a dot never belongs to somebody else.
 *
 * Owns nothing.  Fails by saying that it is not known.
 * Limits: subdomains count with their domain in all the lists, though Postfix does so in some of them only.
 */
#include "postfix/hold_rules.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "postfix/main_cf.h"

/* A virtual list that is not set holds the keys of its tables. */
static const struct {
        const char *name, *fallback;
} lists[] = {
        {"mydestination", "$myhostname, localhost.$mydomain, localhost"},
        {"relay_domains", ""},
        {"virtual_alias_domains", "$virtual_alias_maps"},
        {"virtual_mailbox_domains", "$virtual_mailbox_maps"},
};

static bool is_below(const char *domain, const char *parent) {
        size_t length = strlen(domain), tail;

        parent += *parent == '.';
        tail = strlen(parent);
        if (length < tail || strcasecmp(domain + length - tail, parent) != 0)
                return false;
        return length == tail || domain[length - tail - 1] == '.';
}

static enum hold_domain look_up(char *list, const char *domain) {
        enum hold_domain answer = HOLD_DOMAIN_ELSEWHERE;
        char *rest = NULL;

        for (char *word = strtok_r(list, ", \t\r\n", &rest); word; word = strtok_r(NULL, ", \t\r\n", &rest)) {
                if (strpbrk(word, ":/!$"))
                        answer = HOLD_DOMAIN_UNKNOWN;
                else if (is_below(domain, word))
                        return HOLD_DOMAIN_OURS;
        }
        return answer;
}

enum hold_domain hold_rules_domain(const char *main_cf, const char *domain, const char **ret_parameter) {
        enum hold_domain worst = HOLD_DOMAIN_ELSEWHERE;
        char value[MAIN_CF_VALUE_MAX];

        *ret_parameter = NULL;
        if (!strchr(domain, '.')) {
                *ret_parameter = "myorigin";
                return HOLD_DOMAIN_OURS;
        }
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && worst != HOLD_DOMAIN_OURS; i++) {
                enum hold_domain answer = HOLD_DOMAIN_UNKNOWN;

                if (main_cf_expanded(main_cf, lists[i].name, lists[i].fallback, value, sizeof(value)))
                        answer = look_up(value, domain);
                if (answer == HOLD_DOMAIN_ELSEWHERE || (answer != HOLD_DOMAIN_OURS && worst == answer))
                        continue;
                worst = answer;
                *ret_parameter = lists[i].name;
        }
        return worst;
}

int hold_rules_lifetimes(const char *main_cf, struct hold_lifetimes *ret_lifetimes) {
        struct hold_lifetimes lifetimes;

        if (!main_cf_time(main_cf, "maximal_queue_lifetime", 'd', "5d", &lifetimes.mail_seconds) ||
                !main_cf_time(main_cf, "bounce_queue_lifetime", 'd', "5d", &lifetimes.bounce_seconds))
                return -EINVAL;
        /* As the queue manager does. */
        if (lifetimes.bounce_seconds > lifetimes.mail_seconds)
                lifetimes.bounce_seconds = lifetimes.mail_seconds;
        *ret_lifetimes = lifetimes;
        return 0;
}
