/* SPDX-License-Identifier: MIT */
/*
 * config_text - the serialised form of a configuration: entries to text and back
 *
 * See config.h for the form.  Entries are copies; a key occurs once.
 */
#ifndef CONFIG_CONFIG_TEXT_H
#define CONFIG_CONFIG_TEXT_H

#include "config/config.h"

#define CONFIG_KEY_MAX 256
#define CONFIG_ORIGIN_MAX 512
#define CONFIG_ENTRIES_MAX 16384u

struct config_entries {
        struct config_entry *items;
        size_t n, allocated;
};

#define CONFIG_ENTRIES_NULL ((struct config_entries){0})

/* The value of a key, replaced or new.  -EINVAL: no valid key; -E2BIG: too many. */
int config_entries_set(
        struct config_entries *entries, const char *key, const char *origin, const char *value);
const struct config_entry *config_entries_find(const struct config_entries *entries, const char *key);
/* All entries whose key begins with `prefix`. */
void config_entries_remove(struct config_entries *entries, const char *prefix);
void config_entries_deinit(struct config_entries *entries);

/* Sorts the entries.  -E2BIG: longer than CONFIG_TEXT_MAX. */
int config_text_write(struct config_entries *entries, char **ret_text, size_t *ret_size);
/* -EINVAL with the line that is wrong.  The entries must come sorted, as config_text_write() leaves them. */
int config_text_read(
        const char *text, size_t size, struct config_entries *ret_entries, struct problem *problem);

#endif
