/* SPDX-License-Identifier: MIT */
/*
 * hold_rules - what main.cf has to say about holding mail back, and about letting it go again
 *
 * Runs in a child of the executor.  Pure functions over the text of main.cf.  A host is responsible for the domains
 * it delivers or relays to; their mail is never held for being much.  Whether a domain is one of them can be told
 * only where main.cf lists them in plain text: a table, a file of names, an exception or a condition leaves it open,
 * and open counts as yes; so does an address in brackets, which may be this host's own.  A part of an address without
 * a dot never belongs to somebody else.
 *
 * Owns nothing.  Fails by saying that it is not known.
 * Limits: subdomains count with their domain in all the lists, though Postfix does so in some of them only.
 */
#include "postfix/hold_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "postfix/hold_mark.h"
#include "postfix/main_cf.h"

/* A release comes between two scans of the deferred queue, and the try may take as long as a slow site does. */
#define MARGIN_SECONDS UINT64_C(900)
#define MARGIN_SCANS 2

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

static enum hold_domain look_up_list(
        const char *main_cf, const char *name, const char *fallback, const char *domain) {
        char value[MAIN_CF_VALUE_MAX];
        enum hold_domain answer;

        if (!main_cf_expanded(main_cf, name, fallback, value, sizeof(value)))
                return HOLD_DOMAIN_UNKNOWN;
        answer = look_up(value, domain);
        /* ${name?text} is a condition, and nothing is left of it in the expanded value. */
        if (answer == HOLD_DOMAIN_ELSEWHERE && main_cf_value(main_cf, name, value, sizeof(value)) &&
                strpbrk(value, "?:"))
                return HOLD_DOMAIN_UNKNOWN;
        return answer;
}

enum hold_domain hold_rules_domain(const char *main_cf, const char *domain, const char **ret_parameter) {
        enum hold_domain worst = HOLD_DOMAIN_ELSEWHERE;

        *ret_parameter = NULL;
        if (!strchr(domain, '.')) {
                *ret_parameter = "myorigin";
                return HOLD_DOMAIN_OURS;
        }
        if (domain[0] == '[') {
                *ret_parameter = "inet_interfaces";
                return HOLD_DOMAIN_UNKNOWN;
        }
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && worst != HOLD_DOMAIN_OURS; i++) {
                enum hold_domain answer = look_up_list(main_cf, lists[i].name, lists[i].fallback, domain);

                if (answer == HOLD_DOMAIN_ELSEWHERE || (answer != HOLD_DOMAIN_OURS && worst == answer))
                        continue;
                worst = answer;
                *ret_parameter = lists[i].name;
        }
        return worst;
}

int hold_rules_lifetimes(const char *main_cf, struct hold_lifetimes *ret_lifetimes) {
        struct hold_lifetimes lifetimes;
        uint64_t scan_seconds;

        if (!main_cf_lifetimes(main_cf, &lifetimes.mail_seconds, &lifetimes.bounce_seconds) ||
                !main_cf_time(main_cf, "queue_run_delay", 's', "300s", &scan_seconds))
                return -EINVAL;
        lifetimes.margin_seconds =
                scan_seconds > MARGIN_SECONDS / MARGIN_SCANS ? MARGIN_SCANS * scan_seconds : MARGIN_SECONDS;
        *ret_lifetimes = lifetimes;
        return 0;
}

static uint64_t lifetime(const struct hold_lifetimes *lifetimes, bool null_sender) {
        return null_sender ? lifetimes->bounce_seconds : lifetimes->mail_seconds;
}

uint64_t hold_rules_end(const struct hold_lifetimes *lifetimes, uint64_t create_seconds, bool null_sender) {
        return create_seconds + lifetime(lifetimes, null_sender);
}

uint64_t hold_rules_last_release(const struct hold_lifetimes *lifetimes, uint64_t end) {
        const uint64_t lead = lifetimes->margin_seconds + HOLD_DEADLINE_SECONDS;

        return end > lead ? end - lead : 0;
}

bool hold_rules_may_hold(
        const struct hold_lifetimes *lifetimes, uint64_t create_seconds, bool null_sender, uint64_t now) {
        const uint64_t end = hold_rules_end(lifetimes, create_seconds, null_sender);

        return now + lifetime(lifetimes, null_sender) / 2 < hold_rules_last_release(lifetimes, end);
}
