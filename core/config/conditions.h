/* SPDX-License-Identifier: MIT */
/* conditions - the conditions that exist without any configuration */
#ifndef CONFIG_CONDITIONS_H
#define CONFIG_CONDITIONS_H

#include "config/config_text.h"

/* Adds conditions.NAME.FIELD, origin "built-in", for every built-in condition. */
int conditions_builtin(struct config_entries *entries);
/* The built-in condition that a mistyped name may mean; NULL: none is near. */
const char *conditions_nearest(const char *name);

#endif
