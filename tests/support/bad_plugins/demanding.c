/* SPDX-License-Identifier: MIT */
/* A sound plugin with an option that a site must give. */
#include <spoolguard/plugin.h>

static const struct sg_option options[] = {{.name = "server", .type = SG_TYPE_TEXT}, {0}};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER, .name = "demanding", .version = "1", .summary = "", .options = options};
