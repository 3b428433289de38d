/* SPDX-License-Identifier: MIT */
/* config_group - the entries of one name: all of "conditions.NAME.REST" */
#ifndef CONFIG_CONFIG_GROUP_H
#define CONFIG_CONFIG_GROUP_H

#include "config/config_text.h"

struct config_group {
        char name[CONFIG_NAME_MAX];
        const struct config_entry *entries;
        size_t n;
        size_t prefix; /* length of "conditions.NAME.": the rest of a key begins there */
};

/* "conditions.NAME.REST": the name into `name`, and the rest.  NULL: not of that form. */
const char *config_group_split(const char *key, const char *section, char name[static CONFIG_NAME_MAX]);

/* The next group of a section ("conditions."); *position begins at 0.  False: there is none. */
bool config_group_next(const struct config_entries *entries, const char *section, size_t *position,
        struct config_group *ret_group);

#endif
