/* SPDX-License-Identifier: MIT */
/*
 * config_group - the entries of one name: all of "conditions.NAME.REST"
 *
 * Runs in every role, below config_new().  Pure.  Entries come sorted by their keys (config_text.c refuses
 * others), so all entries of one name follow each other, and a group is a piece of their array.
 *
 * Owns nothing; a group points into the entries it was found in.  Fails not: a key of another form is not of
 * the section, and config.c refuses such keys before anything is read.  Limit: CONFIG_NAME_MAX for a name.
 */
#include "config/config_group.h"

#include <string.h>

#include "config/config_schema.h"

const char *config_group_split(const char *key, const char *section, char name[static CONFIG_NAME_MAX]) {
        size_t length = strlen(section);

        if (strncmp(key, section, length) != 0)
                return NULL;
        key += length;
        length = strcspn(key, ".");
        if (length >= CONFIG_NAME_MAX || key[length] != '.')
                return NULL;
        memcpy(name, key, length);
        name[length] = '\0';
        return config_name_valid(name) ? key + length + 1 : NULL;
}

bool config_group_next(const struct config_entries *entries, const char *section, size_t *position,
        struct config_group *ret_group) {
        for (; *position < entries->n; (*position)++) {
                const struct config_entry *first = &entries->items[*position];
                const char *rest = config_group_split(first->key, section, ret_group->name);
                size_t left = entries->n - *position, n = 1;

                if (!rest)
                        continue;
                ret_group->prefix = (size_t)(rest - first->key);
                while (n < left && strncmp(first[n].key, first->key, ret_group->prefix) == 0)
                        n++;
                ret_group->entries = first;
                ret_group->n = n;
                *position += n;
                return true;
        }
        return false;
}
