/* SPDX-License-Identifier: MIT */
/* plugin_open - one shared object: may it be opened, and is what it exports sound? */
#ifndef PLUGIN_PLUGIN_OPEN_H
#define PLUGIN_PLUGIN_OPEN_H

#include "plugin/plugin.h"

/*
 * Opens NAME.so in the directory.  `plugin` has its name and path already; afterwards `sg` is set, or `refused`
 * says in one line why not.
 */
void plugin_open(struct plugin *plugin, int directory_fd, uid_t owner);

/* NULL: fine.  Else what is wrong with the owner or mode of a plugin or of its directory. */
const char *plugin_open_distrust(uid_t file_owner, mode_t mode, uid_t owner);

#endif
