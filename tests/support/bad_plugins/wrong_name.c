/* SPDX-License-Identifier: MIT */
/* A plugin that calls itself by another name than its file has. */
#include <spoolguard/plugin.h>

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {SG_PLUGIN_HEADER, .name = "postfix"};
