/* SPDX-License-Identifier: MIT */
/* config_storage - a configuration and everything it points to, while it is made and until it is freed */
#ifndef CONFIG_CONFIG_STORAGE_H
#define CONFIG_CONFIG_STORAGE_H

#include "config/config.h"
#include "config/config_text.h"
#include "spoolguard/value.h"

struct config_block;

struct config_storage {
        struct config config; /* first: config_free() gets a pointer to it */
        struct config_entries entries;
        struct config_block *blocks;
        struct sg_value notify_command;
};

struct config_storage *config_storage_new(void); /* NULL: no memory */
struct config_storage *config_storage_free(struct config_storage *storage);

/* They live as long as the storage.  The block is zeroed.  NULL: no memory. */
void *config_storage_block(struct config_storage *storage, size_t size);
const char *config_storage_text(struct config_storage *storage, const char *text);
/* Copies of the items into `target`, which has room for CONFIG_LIST_MAX + 1.  -EINVAL: they are more. */
int config_storage_list(struct config_storage *storage, const char *const items[], const char *target[],
        struct problem *problem);

#endif
