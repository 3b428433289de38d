/* SPDX-License-Identifier: MIT */
/* config_playbook - the entries of `playbooks`, read into structures */
#ifndef CONFIG_CONFIG_PLAYBOOK_H
#define CONFIG_CONFIG_PLAYBOOK_H

#include "config/config_storage.h"

/* -EINVAL with key and origin.  The entries are there, their keys are known ones. */
int config_playbook_read(struct config_storage *storage, struct problem *problem);

#endif
