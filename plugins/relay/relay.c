/* SPDX-License-Identifier: MIT */
/*
 * relay - does the next hop of the mail that waits speak SMTP
 *
 * The descriptor of the plugin.  Its sensor runs in the watcher: relay_sensor.c chooses the next hops, from what the
 * plugin postfix counts as deferred because of a dead next hop, relay_target.c looks after one of them.  There are
 * no verbs.  Lookups and probes themselves are in plugins/common.
 *
 * Owns nothing.  Links the C library and its resolver, whose packet routines are used and whose lookups, which
 * would block, are not.
 */
#include "relay/relay.h"

static const struct sg_option options[] = {
        [RELAY_OPTION_MIN_MESSAGES] = {.name = "min_messages",
                .type = SG_TYPE_NUMBER,
                .fallback = "10",
                .doc = "A next hop is probed when at least so many messages are deferred because it does not "
                       "take mail at all. The 16 with the most messages are.",
                .min = 1,
                .max = 1000000},
        [RELAY_OPTION_INTERVAL] = {.name = "interval",
                .type = SG_TYPE_DURATION,
                .fallback = "15s",
                .doc = "How often a next hop that is down is looked up and probed; after ten minutes more "
                       "and more rarely, down to once a minute, as for one that is up.",
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
                .doc = "How long a server has to greet, and to answer to EHLO.",
                .min = 1,
                .max = 300},
        [RELAY_OPTION_IPV6] = {.name = "ipv6",
                .type = SG_TYPE_BOOL,
                .fallback = "true",
                .doc = "Probe IPv6 addresses too; false fits inet_protocols = ipv4 in Postfix."},
        {0},
};

static const struct sg_sensor *const sensors[] = {&relay_sensor, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "relay",
        .version = "1",
        .summary = "Whether next hops with deferred mail speak SMTP",
        .options = options,
        .sensors = sensors,
};
