/* SPDX-License-Identifier: MIT */
/*
 * relay - does the next hop of the mail that waits speak SMTP
 *
 * The descriptor of the plugin.  Its sensor runs in the watcher: relay_sensor.c chooses the next hops, from what the
 * plugin postfix says about their mail, relay_target.c looks after one of them, relay_links.c after the links to them.
 * What a probe means is decided in relay_verdict.c, how soon there is another one in relay_pace.c.  There are no verbs.
 * Lookups and probes themselves are in plugins/common.
 *
 * Owns nothing.  Links the C library and its resolver, whose packet routines are used and whose lookups, which
 * would block, are not.
 */
#include "relay/relay.h"

static const struct sg_option options[] = {
        [RELAY_OPTION_MIN_MESSAGES] = {.name = "min_messages",
                .type = SG_TYPE_NUMBER,
                .fallback = "5",
                .doc = "A next hop is probed when at least so many messages wait for it: at once when nobody "
                       "answered them or they do not move, else after a while; and when three are late, or "
                       "one is and others pass it by. The 16 with the most are.",
                .min = 1,
                .max = 1000000},
        [RELAY_OPTION_INTERVAL] = {.name = "interval",
                .type = SG_TYPE_DURATION,
                .fallback = "10s",
                .doc = "How often a next hop that is down is looked up and probed; after ten minutes more "
                       "and more rarely, down to once a minute. One that refuses, and a content filter, are "
                       "asked twice a minute at most, one that is up down to once in five minutes, or in a "
                       "quarter of an hour when its mail moves.",
                .min = 5,
                .max = 3600},
        [RELAY_OPTION_CONNECT_TIMEOUT] = {.name = "connect_timeout",
                .type = SG_TYPE_DURATION,
                .fallback = "5s",
                .doc = "How long an address has to accept a connection.",
                .min = 1,
                .max = 60},
        [RELAY_OPTION_REPLY_TIMEOUT] = {.name = "reply_timeout",
                .type = SG_TYPE_DURATION,
                .fallback = "10s",
                .doc = "How long a server has to greet, and after that to answer to our name; one that "
                       "was silent then has three times as long.",
                .min = 1,
                .max = 300},
        [RELAY_OPTION_IPV6] = {.name = "ipv6",
                .type = SG_TYPE_BOOL,
                .fallback = "true",
                .doc = "Probe IPv6 addresses too; never when inet_protocols of Postfix leaves them "
                       "out."},
        {0},
};

static const struct sg_sensor *const sensors[] = {&relay_sensor, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "relay",
        .version = "1",
        .summary = "Whether next hops that mail waits for speak SMTP, and the links to them are up",
        .options = options,
        .sensors = sensors,
};
