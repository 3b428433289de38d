/* SPDX-License-Identifier: MIT */
/*
 * dns - do the name servers of this relay answer, and what do they say about those it sends to
 *
 * The descriptor of the plugin.  Its sensors run in the watcher: dns_servers.c asks each name server of
 * resolv.conf by itself, dns_answers.c follows the addresses of the next hops of mail.  There are
 * no verbs.  The asking itself is in plugins/common and is used by the plugin relay too.
 *
 * Owns nothing.  Links the C library and its resolver, whose packet routines are used and whose lookups, which
 * would block, are not.
 */
#include "dns/dns.h"

static const struct sg_option options[] = {
        [DNS_OPTION_INTERVAL] = {.name = "interval",
                .type = SG_TYPE_DURATION,
                .fallback = "5s",
                .doc = "How often each name server of /etc/resolv.conf is asked while mail waits or passes; "
                       "more often for a moment after a question without an answer. While nobody needs it: "
                       "one "
                       "60th as often. Over TCP it is asked every ten minutes.",
                .min = 1,
                .max = 3600},
        [DNS_OPTION_TIMEOUT] = {.name = "timeout",
                .type = SG_TYPE_DURATION,
                .fallback = "6s",
                .doc = "How long a question to a name server stays open: who answers within it is slow, not "
                       "dead. One that leaves four questions in a row unanswered, the first for so long, is "
                       "down. "
                       "A timeout of more than 5 seconds in resolv.conf makes it longer, up to ten.",
                .min = 0.1,
                .max = 30},
        [DNS_OPTION_NAMES_INTERVAL] = {.name = "names_interval",
                .type = SG_TYPE_DURATION,
                .fallback = "60s",
                .doc = "How often the addresses of the next hops that have mail in the queue are looked up; "
                       "those "
                       "that mail passes to without waiting: a tenth as often.",
                .min = 5,
                .max = 86400},
        [DNS_OPTION_IPV6] = {.name = "ipv6",
                .type = SG_TYPE_BOOL,
                .fallback = "true",
                .doc = "Count IPv6 addresses too; never when inet_protocols of Postfix leaves them "
                       "out."},
        {0},
};

static const struct sg_sensor *const sensors[] = {&dns_servers, &dns_answers, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "dns",
        .version = "1",
        .summary = "The name servers of resolv.conf one by one, and the addresses of next hops",
        .options = options,
        .sensors = sensors,
};
