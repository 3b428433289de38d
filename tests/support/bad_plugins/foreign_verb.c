/* SPDX-License-Identifier: MIT */
/* A plugin that offers a verb in the name of another plugin. */
#include <spoolguard/plugin.h>

static const struct sg_verb verb = {.name = "journal.vacuum", .risk = SG_RISK_PROBE, .deadline_usec = 1};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER, .name = "foreign_verb", .verbs = (const struct sg_verb *const[]){&verb, NULL}};
