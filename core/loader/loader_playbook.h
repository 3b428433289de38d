/* SPDX-License-Identifier: MIT */
/* loader_playbook - evaluate one playbook file in a process of its own */
#ifndef LOADER_LOADER_PLAYBOOK_H
#define LOADER_LOADER_PLAYBOOK_H

#include "config/config_text.h"

#define LOADER_PLAYBOOK_USEC (2 * UINT64_C(1000000))

/*
 * Adds playbooks.NAME.* of the file to `entries`.  -EINVAL: the file cannot be used, `problem` is
 * "FILE:LINE: reason", and nothing was added.
 */
int loader_playbook(const char *file, const char *name, const char *source, size_t size, const char *prelude,
        struct config_entries *entries, struct problem *problem);

#endif
