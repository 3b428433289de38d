/* SPDX-License-Identifier: MIT */
/* A plugin that was built against another ABI: all but the first field may mean anything. */
#include <spoolguard/plugin.h>

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {.abi = 7, .size = 4, .name = "wrong_abi"};
