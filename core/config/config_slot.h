/* SPDX-License-Identifier: MIT */
/* config_slot - where a checked value goes: tables from names of fields to members of structures */
#ifndef CONFIG_CONFIG_SLOT_H
#define CONFIG_CONFIG_SLOT_H

#include "config/config_schema.h"
#include "config/config_storage.h"

enum config_slot_type {
        CONFIG_SLOT_TEXT,
        CONFIG_SLOT_DOUBLE,
        CONFIG_SLOT_USEC,
        CONFIG_SLOT_BOOL,
        CONFIG_SLOT_CHOICE,
        CONFIG_SLOT_LIST,
        CONFIG_SLOT_MODE,
        CONFIG_SLOT_LEVEL,
        CONFIG_SLOT_UNSIGNED
};

/* A table ends with a row without a name. */
struct config_slot {
        const char *name;
        enum config_slot_type type;
        size_t offset;
        const char *choice; /* the text that makes a bool true */
};

/* A value that was checked already, into its member of `object`. */
int config_slot_store(struct config_storage *storage, const struct config_slot *slot,
        const struct sg_value *value, void *object, struct problem *problem);

/* Checks `text` by the schema and stores it in `object`.  `where`: the key, for the problem. */
int config_slot_set(struct config_storage *storage, const struct config_slot *slots,
        const struct config_field *fields, const char *name, const char *where, const char *text,
        void *object, struct problem *problem);

/* All members whose field has a default. */
int config_slot_defaults(struct config_storage *storage, const struct config_slot *slots,
        const struct config_field *fields, void *object, struct problem *problem);

#endif
