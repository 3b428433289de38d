/* SPDX-License-Identifier: MIT */
/* A plugin whose descriptor ends before the fields that every ABI has. */
#include <spoolguard/plugin.h>

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {.abi = SG_PLUGIN_ABI, .size = 8, .name = "wrong_size"};
