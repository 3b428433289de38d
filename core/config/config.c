/* SPDX-License-Identifier: MIT */
/*
 * config - the frozen configuration: from the serialised text to plain structures
 *
 * Runs in the executor and the watcher, and in the loader as its own last check.  Pure.  The text was made by
 * a process that evaluated other people's Lua, so every value is checked here again by the same rows that the
 * loader used (config_schema.c), and a key that no reader knows is refused before any of them looks.  This
 * file reads what stands alone: mode, back_by, notify, prelude and problems; config_condition.c and config_playbook.c
 * read what has names.
 *
 * struct config owns everything it points to (config_storage.c) until config_free(); pointers taken from it
 * live as long as it does.
 *
 * Fails with -EINVAL and a problem that names key and origin, or -ENOMEM.  Limits: those of the two readers,
 * and PROBLEMS_MAX problems.
 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config_condition.h"
#include "config/config_group.h"
#include "config/config_playbook.h"
#include "config/config_schema.h"
#include "config/config_slot.h"
#include "config/config_storage.h"
#include "config/option.h"

#define PROBLEMS_MAX 256

/* The value of a key of the top level or of notify, by its schema row. */
static int read_value(struct config_storage *storage, const char *key, struct sg_value *ret_value,
        struct problem *problem) {
        const struct config_entry *entry = config_find(&storage->config, key);
        struct config_place place;
        int r;

        r = config_place(config_schema, key, &place, problem);
        if (r != 0)
                return -EINVAL;
        return config_field_check(
                place.field, key, entry ? entry->value : place.field->rule.fallback, ret_value, problem);
}

static int read_top(struct config_storage *storage, struct problem *problem) {
        static const struct config_slot slots[] = {
                {"mode", CONFIG_SLOT_MODE, offsetof(struct config, mode), NULL},
                {"notify.deadline", CONFIG_SLOT_USEC, offsetof(struct config, notify_deadline_usec), NULL},
        };
        struct config *config = &storage->config;
        struct sg_value back_by;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(slots); i++) {
                struct sg_value value;

                r = read_value(storage, slots[i].name, &value, problem);
                if (r < 0)
                        return r;
                r = config_slot_store(storage, &slots[i], &value, config, problem);
                option_value_deinit(&value);
                if (r < 0)
                        return r;
        }
        r = read_value(storage, "back_by", &back_by, problem);
        if (r < 0)
                return r;
        r = back_by_parse("back_by", back_by.text, &config->back_by, problem);
        option_value_deinit(&back_by);
        if (r < 0)
                return r;
        r = read_value(storage, "notify.command", &storage->notify_command, problem);
        if (r < 0)
                return r;
        config->notify_command = storage->notify_command.list;
        if (config->notify_command[0] && config->notify_command[0][0] != '/')
                return problem_set(problem, "%s: notify.command must begin with an absolute path, not \"%s\"",
                        config_find(config, "notify.command")->origin, config->notify_command[0]);
        return 0;
}

static int read_problems(struct config_storage *storage, struct problem *problem) {
        const char **problems = config_storage_block(storage, (PROBLEMS_MAX + 1) * sizeof(*problems));
        size_t n = 0;

        if (!problems)
                return -ENOMEM;
        for (size_t i = 0; i < storage->entries.n; i++) {
                const struct config_entry *entry = &storage->entries.items[i];

                if (strncmp(entry->key, "problem.", strlen("problem.")) != 0)
                        continue;
                if (n == PROBLEMS_MAX || !text_is_clean(entry->value))
                        return problem_set(problem, "%s: not clean text, or more than %d problems",
                                entry->key, PROBLEMS_MAX);
                problems[n++] = entry->value;
        }
        storage->config.problems = problems;
        return 0;
}

/* Keys that no reader looks at. */
static int refuse_unknown_keys(const struct config_storage *storage, struct problem *problem) {
        static const char *const exact[] = {
                "mode", "back_by", "prelude", "notify.command", "notify.deadline"};
        static const char *const named[] = {"conditions.", "plugins.", "playbooks.", "problem."};

        for (size_t i = 0; i < storage->entries.n; i++) {
                const struct config_entry *entry = &storage->entries.items[i];
                char name[CONFIG_NAME_MAX];
                bool known = false;

                for (size_t j = 0; j < ELEMENTSOF(exact); j++)
                        known |= strcmp(entry->key, exact[j]) == 0;
                for (size_t j = 0; j < ELEMENTSOF(named) - 1; j++)
                        known |= config_group_split(entry->key, named[j], name) != NULL;
                known |= strncmp(entry->key, "problem.", strlen("problem.")) == 0;
                if (!known || !text_is_clean(entry->origin))
                        return problem_set(problem, "unknown key %s", entry->key);
        }
        return 0;
}

int config_new(const char *text, size_t size, struct config **ret_config, struct problem *problem) {
        static int (*const readers[])(struct config_storage *, struct problem *) = {
                read_top, config_condition_read, config_playbook_read, read_problems};
        const struct config_entry *prelude;
        struct config_storage *storage;
        int r;

        storage = config_storage_new();
        if (!storage)
                return -ENOMEM;
        r = config_text_read(text, size, &storage->entries, problem);
        storage->config.entries = storage->entries.items;
        storage->config.n_entries = storage->entries.n;
        if (r >= 0)
                r = refuse_unknown_keys(storage, problem);
        for (size_t i = 0; i < ELEMENTSOF(readers) && r >= 0; i++)
                r = readers[i](storage, problem);
        if (r < 0) {
                config_storage_free(storage);
                return r;
        }
        prelude = config_find(&storage->config, "prelude");
        storage->config.prelude = prelude ? prelude->value : "";
        *ret_config = &storage->config;
        return 0;
}

struct config *config_free(struct config *config) {
        config_storage_free((struct config_storage *)config);
        return NULL;
}

static int compare_key(const void *key, const void *entry) {
        return strcmp(key, ((const struct config_entry *)entry)->key);
}

const struct config_entry *config_find(const struct config *config, const char *key) {
        if (config->n_entries == 0)
                return NULL;
        return bsearch(key, config->entries, config->n_entries, sizeof(*config->entries), compare_key);
}
