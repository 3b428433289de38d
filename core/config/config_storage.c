/* SPDX-License-Identifier: MIT */
/*
 * config_storage - a configuration and everything it points to, while it is made and until it is freed
 *
 * Runs in every role, below config_new() and config_free().  Pure.  What the parts of a configuration point to
 * is either an entry, or a copy made here: all copies are blocks of one list, so that a configuration that
 * turns out wrong in the middle is released as a whole one is.
 *
 * struct config_storage owns the entries, the blocks and the notify command; the pointers it hands out are
 * valid until config_storage_free().
 *
 * Fails with -ENOMEM or NULL for want of memory, and with -EINVAL for a list that is too long.  Limit:
 * CONFIG_LIST_MAX items in a list.
 */
#include "config/config_storage.h"

#include <stdlib.h>
#include <string.h>

#include "config/option.h"

struct config_block {
        struct config_block *next;
        max_align_t bytes[];
};

struct config_storage *config_storage_new(void) {
        struct config_storage *storage = calloc(1, sizeof(*storage));

        if (storage)
                storage->notify_command.type = SG_TYPE_BOOL; /* nothing to release yet */
        return storage;
}

struct config_storage *config_storage_free(struct config_storage *storage) {
        if (!storage)
                return NULL;
        while (storage->blocks) {
                struct config_block *block = storage->blocks;

                storage->blocks = block->next;
                free(block);
        }
        option_value_deinit(&storage->notify_command);
        config_entries_deinit(&storage->entries);
        free(storage);
        return NULL;
}

void *config_storage_block(struct config_storage *storage, size_t size) {
        struct config_block *block = calloc(1, sizeof(*block) + size);

        if (!block)
                return NULL;
        block->next = storage->blocks;
        storage->blocks = block;
        return block->bytes;
}

const char *config_storage_text(struct config_storage *storage, const char *text) {
        size_t size = strlen(text) + 1;
        char *copy = config_storage_block(storage, size);

        return copy ? memcpy(copy, text, size) : NULL;
}

int config_storage_list(struct config_storage *storage, const char *const items[], const char *target[],
        struct problem *problem) {
        size_t n = 0;

        for (; items[n]; n++) {
                if (n == CONFIG_LIST_MAX)
                        return problem_set(problem, "more than %d names in a list", CONFIG_LIST_MAX);
                target[n] = config_storage_text(storage, items[n]);
                if (!target[n])
                        return -ENOMEM;
        }
        target[n] = NULL;
        return 0;
}
