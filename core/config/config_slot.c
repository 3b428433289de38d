/* SPDX-License-Identifier: MIT */
/*
 * config_slot - where a checked value goes: tables from names of fields to members of structures
 *
 * Runs in every role, below config_new().  Pure.  A text is checked by the row of its field in
 * config_schema.c, and what comes out is stored in the member that the slot of the same name says: a new field
 * is a row there, a row in a table of slots, and no code.  A slot's type must be that of its member and agree
 * with the type of its field; nothing here can check the first of these.
 *
 * Owns nothing; texts and lists are copied into the storage.
 *
 * Fails with -EINVAL and a problem that names the key, or -ENOMEM.  Limits: those of config_storage.c.
 */
#include "config/config_slot.h"

#include <string.h>

#include "config/option.h"

int config_slot_store(struct config_storage *storage, const struct config_slot *slot,
        const struct sg_value *value, void *object, struct problem *problem) {
        void *target = (char *)object + slot->offset;

        switch (slot->type) {
        case CONFIG_SLOT_TEXT:
                *(const char **)target = config_storage_text(storage, value->text);
                return *(const char **)target ? 0 : -ENOMEM;
        case CONFIG_SLOT_DOUBLE: *(double *)target = value->number; return 0;
        case CONFIG_SLOT_USEC: *(uint64_t *)target = value->usec; return 0;
        case CONFIG_SLOT_BOOL: *(bool *)target = value->boolean; return 0;
        case CONFIG_SLOT_CHOICE: *(bool *)target = strcmp(value->text, slot->choice) == 0; return 0;
        case CONFIG_SLOT_LIST: return config_storage_list(storage, value->list, target, problem);
        case CONFIG_SLOT_MODE: *(enum config_mode *)target = config_mode_of(value->text); return 0;
        case CONFIG_SLOT_LEVEL: *(enum config_level *)target = config_level_of(value->text); return 0;
        case CONFIG_SLOT_UNSIGNED: *(unsigned *)target = (unsigned)value->number; return 0;
        }
        return -EINVAL;
}

int config_slot_set(struct config_storage *storage, const struct config_slot *slots,
        const struct config_field *fields, const char *name, const char *where, const char *text,
        void *object, struct problem *problem) {
        const struct config_field *field = config_field_find(fields, name);
        struct sg_value value;
        int r;

        while (slots->name && strcmp(slots->name, name) != 0)
                slots++;
        if (!slots->name || !field)
                return problem_set(problem, "unknown key %s", where);
        r = config_field_check(field, where, text, &value, problem);
        if (r < 0)
                return r;
        r = config_slot_store(storage, slots, &value, object, problem);
        option_value_deinit(&value);
        return r;
}

int config_slot_defaults(struct config_storage *storage, const struct config_slot *slots,
        const struct config_field *fields, void *object, struct problem *problem) {
        for (const struct config_slot *slot = slots; slot->name; slot++) {
                const struct config_field *field = config_field_find(fields, slot->name);
                int r;

                if (!field || !field->rule.fallback)
                        continue;
                r = config_slot_set(storage, slots, fields, slot->name, slot->name, field->rule.fallback,
                        object, problem);
                if (r < 0)
                        return r;
        }
        return 0;
}
