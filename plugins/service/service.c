/* SPDX-License-Identifier: MIT */
/*
 * service - restart a service that is stuck, if the site allows it
 *
 * The descriptor of the plugin.  Its one verb runs in a child of the executor, as root, and goes through systemd; there
 * is no sensor.  Which units may be restarted stands in the configuration, which is root's.  Without any the verb
 * refuses, and some it refuses whatever is configured (service_rules.c).
 *
 * Owns nothing.  Links nothing but the C library.
 */
#include "service/service.h"

static const struct sg_option options[] = {
        [SERVICE_OPTION_UNITS] = {.name = "units",
                .type = SG_TYPE_LIST,
                .fallback = "",
                .doc = "Services that playbooks may restart, by their whole names, such as "
                       "\"amavis.service\". "
                       "Never one of Postfix, whose running deliveries would be cut, of systemd itself, the "
                       "bus "
                       "or spoolguard, nor one whose restart would take one of these with it. Empty: none."},
        [SERVICE_OPTION_SETTLE] = {.name = "settle",
                .type = SG_TYPE_DURATION,
                .fallback = "5s",
                .doc = "A restarted service must stay up for so long.",
                .min = 1,
                .max = 60},
        {0},
};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "service",
        .version = "1",
        .summary = "Restarts of services from an allow-list",
        .options = options,
        .verbs = (const struct sg_verb *const[]){&service_restart, NULL},
};
