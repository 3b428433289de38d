/* SPDX-License-Identifier: MIT */
/* config_condition - the entries of `conditions`, read into structures */
#ifndef CONFIG_CONFIG_CONDITION_H
#define CONFIG_CONFIG_CONDITION_H

#include "config/config_storage.h"

/* -EINVAL with key and origin.  The entries are there, their keys are known ones. */
int config_condition_read(struct config_storage *storage, struct problem *problem);

#endif
