/* SPDX-License-Identifier: MIT */
/* A plugin with a default that its own option table refuses, and with an option that a site must give. */
#include <spoolguard/plugin.h>

static const struct sg_option options[] = {
        {.name = "must", .type = SG_TYPE_TEXT},
        {.name = "level", .type = SG_TYPE_RATIO, .fallback = "85%"},
        {0},
};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER, .name = "bad_default", .options = options};
