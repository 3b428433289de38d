/* SPDX-License-Identifier: MIT */
/* bus_path - names of things as components of D-Bus object paths, escaped as sd_bus_path_encode(3) does */
#ifndef WATCHER_BUS_BUS_PATH_H
#define WATCHER_BUS_BUS_PATH_H

#include <stddef.h>

#include "engine/condition.h"

#define BUS_ROOT "/org/spoolguard1"
/* Every byte of the longest name escaped, with NUL. */
#define BUS_LEAF_MAX (3 * CONDITION_NAME_MAX + 1)
#define BUS_PATH_MAX (BUS_LEAF_MAX + 64)

void bus_path_encode(const char *name, char leaf[static BUS_LEAF_MAX]);
/* BUS_ROOT "/FOLDER/LEAF" */
void bus_path_make(const char *folder, const char *leaf, char path[static BUS_PATH_MAX]);

#endif
