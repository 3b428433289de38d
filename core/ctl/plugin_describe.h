/* SPDX-License-Identifier: MIT */
/* plugin_describe - all that a plugin says of itself, for people and as JSON */
#ifndef CTL_PLUGIN_DESCRIBE_H
#define CTL_PLUGIN_DESCRIBE_H

#include <jansson.h>

#include "ctl/ctl.h"
#include "spoolguard/plugin.h"

json_t *plugin_describe_json(const struct sg_plugin *plugin);
void plugin_describe_text(const struct ctl *ctl, const struct sg_plugin *plugin);

#endif
