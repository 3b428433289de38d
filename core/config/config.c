/* SPDX-License-Identifier: MIT */
/*
 * config - the frozen configuration: from the serialised text to plain structures
 *
 * Runs in the executor and the watcher, and in the loader as its own last check.  Pure.  The text was made by
 * a process that evaluated other people's Lua, so every value is checked here again by the same rows that the
 * loader used (config_schema.c): types, ranges, choices, names, that a condition clears on the right side of
 * its trip level, and that the levels of a ratio can be reached.  Names in `after`, `any`, `all` and
 * `cleared` may be those of things that do not exist: they never match.
 *
 * struct config owns everything it points to, in one list of blocks that config_free() releases; pointers
 * taken from it live as long as it does.
 *
 * Fails with -EINVAL and a problem that names key and origin, or -ENOMEM.  Limits: CONFIG_CONDITIONS_MAX,
 * CONFIG_PLAYBOOKS_MAX, CONFIG_LIST_MAX items in the lists of a playbook, CONFIG_OPTIONS_MAX options of one.
 */
#include "config/config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/conditions.h"
#include "config/config_schema.h"
#include "config/config_text.h"
#include "config/option.h"

#define CONFIG_OPTIONS_MAX 32
#define LABELS_MAX (ELEMENTSOF(((struct config_condition *)0)->labels) - 1)
#define PROBLEMS_MAX 256

struct block {
        struct block *next;
        max_align_t bytes[];
};

struct storage {
        struct config config; /* first: config_free() gets a pointer to it */
        struct config_entries entries;
        struct block *blocks;
        struct sg_value notify_command;
};

enum slot_type {
        SLOT_TEXT,
        SLOT_DOUBLE,
        SLOT_USEC,
        SLOT_BOOL,
        SLOT_CHOICE,
        SLOT_LIST,
        SLOT_MODE,
        SLOT_LEVEL,
        SLOT_UNSIGNED
};

/* Where a checked value goes; `choice` is the text that makes a bool true. */
struct slot {
        const char *name;
        enum slot_type type;
        size_t offset;
        const char *choice;
};

static const struct slot condition_slots[] = {
        {"summary", SLOT_TEXT, offsetof(struct config_condition, summary), NULL},
        {"reading", SLOT_TEXT, offsetof(struct config_condition, reading), NULL},
        {"when", SLOT_CHOICE, offsetof(struct config_condition, below), "below"},
        {"trip", SLOT_DOUBLE, offsetof(struct config_condition, trip), NULL},
        {"clear", SLOT_DOUBLE, offsetof(struct config_condition, clear), NULL},
        {"lasting", SLOT_USEC, offsetof(struct config_condition, lasting_usec), NULL},
        {"clear_lasting", SLOT_USEC, offsetof(struct config_condition, clear_lasting_usec), NULL},
        {"level", SLOT_LEVEL, offsetof(struct config_condition, level), NULL},
        {"enabled", SLOT_BOOL, offsetof(struct config_condition, enabled), NULL},
        {0},
};

static const struct slot playbook_slots[] = {
        {"summary", SLOT_TEXT, offsetof(struct config_playbook, summary), NULL},
        {"any", SLOT_LIST, offsetof(struct config_playbook, any), NULL},
        {"all", SLOT_LIST, offsetof(struct config_playbook, all), NULL},
        {"cleared", SLOT_LIST, offsetof(struct config_playbook, cleared), NULL},
        {"after", SLOT_LIST, offsetof(struct config_playbook, after), NULL},
        {"runs", SLOT_UNSIGNED, offsetof(struct config_playbook, runs), NULL},
        {"per", SLOT_USEC, offsetof(struct config_playbook, per_usec), NULL},
        {"cooldown", SLOT_USEC, offsetof(struct config_playbook, cooldown_usec), NULL},
        {"mode", SLOT_MODE, offsetof(struct config_playbook, mode), NULL},
        {0},
};

static const char *const mode_names[] = {
        [CONFIG_MODE_OFF] = "off",
        [CONFIG_MODE_OBSERVE] = "observe",
        [CONFIG_MODE_ENFORCE] = "enforce",
};

const char *config_mode_name(enum config_mode mode) {
        return (size_t)mode < ELEMENTSOF(mode_names) ? mode_names[mode] : "unknown";
}

static enum config_mode mode_parse(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(mode_names); i++)
                if (strcmp(mode_names[i], name) == 0)
                        return (enum config_mode)i;
        return CONFIG_MODE_OFF;
}

const char *config_level_name(enum config_level level) {
        if (level == CONFIG_LEVEL_WARNING)
                return "warning";
        return level == CONFIG_LEVEL_CRITICAL ? "critical" : "notice";
}

static enum config_level level_parse(const char *name) {
        enum config_level level = CONFIG_LEVEL_NOTICE;

        while (level < CONFIG_LEVEL_CRITICAL && strcmp(config_level_name(level), name) != 0)
                level++;
        return level;
}

static void *block_new(struct storage *storage, size_t size) {
        struct block *block = calloc(1, sizeof(*block) + size);

        if (!block)
                return NULL;
        block->next = storage->blocks;
        storage->blocks = block;
        return block->bytes;
}

static const char *copy_text(struct storage *storage, const char *text) {
        size_t size = strlen(text) + 1;
        char *copy = block_new(storage, size);

        return copy ? memcpy(copy, text, size) : NULL;
}

static int copy_list(
        struct storage *storage, const char *const items[], const char *target[], struct problem *problem) {
        size_t n = 0;

        for (; items[n]; n++) {
                if (n == CONFIG_LIST_MAX)
                        return problem_set(problem, "more than %d names in a list", CONFIG_LIST_MAX);
                target[n] = copy_text(storage, items[n]);
                if (!target[n])
                        return -ENOMEM;
        }
        target[n] = NULL;
        return 0;
}

static int slot_store(struct storage *storage, const struct slot *slot, const struct sg_value *value,
        void *object, struct problem *problem) {
        void *target = (char *)object + slot->offset;

        switch (slot->type) {
        case SLOT_TEXT:
                *(const char **)target = copy_text(storage, value->text);
                return *(const char **)target ? 0 : -ENOMEM;
        case SLOT_DOUBLE: *(double *)target = value->number; return 0;
        case SLOT_USEC: *(uint64_t *)target = value->usec; return 0;
        case SLOT_BOOL: *(bool *)target = value->boolean; return 0;
        case SLOT_CHOICE: *(bool *)target = strcmp(value->text, slot->choice) == 0; return 0;
        case SLOT_LIST: return copy_list(storage, value->list, target, problem);
        case SLOT_MODE: *(enum config_mode *)target = mode_parse(value->text); return 0;
        case SLOT_LEVEL: *(enum config_level *)target = level_parse(value->text); return 0;
        case SLOT_UNSIGNED: *(unsigned *)target = (unsigned)value->number; return 0;
        }
        return -EINVAL;
}

/* Checks `text` by the schema and stores it in `object`.  `where`: the key, for the problem. */
static int slot_set(struct storage *storage, const struct slot *slots, const struct config_field *fields,
        const char *name, const char *where, const char *text, void *object, struct problem *problem) {
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
        r = slot_store(storage, slots, &value, object, problem);
        option_value_deinit(&value);
        return r;
}

static int slot_defaults(struct storage *storage, const struct slot *slots, const struct config_field *fields,
        void *object, struct problem *problem) {
        for (const struct slot *slot = slots; slot->name; slot++) {
                const struct config_field *field = config_field_find(fields, slot->name);
                int r;

                if (!field || !field->rule.fallback)
                        continue;
                r = slot_set(storage, slots, fields, slot->name, slot->name, field->rule.fallback, object,
                        problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * "conditions.NAME.rest": the name into `name`, and the rest.  NULL: not of that form.  Entries are sorted, so
 * all entries of one name follow each other.
 */
static const char *split_key(const char *key, const char *prefix, char name[static CONFIG_NAME_MAX]) {
        size_t length = strlen(prefix);

        if (strncmp(key, prefix, length) != 0)
                return NULL;
        key += length;
        length = strcspn(key, ".");
        if (length >= CONFIG_NAME_MAX || key[length] != '.')
                return NULL;
        memcpy(name, key, length);
        name[length] = '\0';
        return config_name_valid(name) ? key + length + 1 : NULL;
}

static int add_label(struct storage *storage, struct config_condition *condition, const char *name,
        const char *value, struct problem *problem) {
        size_t n = 0;

        while (n < LABELS_MAX && condition->labels[n].name)
                n++;
        if (n == LABELS_MAX || !text_is_clean(value) || strlen(value) > 255)
                return problem_set(problem, "conditions.%s.labels: at most %zu labels, of 255 bytes each",
                        condition->name, LABELS_MAX);
        condition->labels[n].name = copy_text(storage, name);
        condition->labels[n].value = copy_text(storage, value);
        return condition->labels[n].name && condition->labels[n].value ? 0 : -ENOMEM;
}

static int condition_entry(struct storage *storage, const struct config_entry *entry, const char *rest,
        struct config_condition *condition, struct problem *problem) {
        if (strncmp(rest, "labels.", strlen("labels.")) == 0)
                return add_label(storage, condition, rest + strlen("labels."), entry->value, problem);
        return slot_set(storage, condition_slots, config_condition_fields, rest, entry->key, entry->value,
                condition, problem);
}

/* Readings that are called a ratio lie between 0 and 1: a level beyond would never be reached, in silence. */
static int check_ratio(const struct config_condition *condition, const char *level, double value,
        const struct config_entry *entry, struct problem *problem) {
        static const char suffix[] = "_ratio";
        size_t length = strlen(condition->reading), tail = sizeof(suffix) - 1;

        if (length < tail || strcmp(condition->reading + length - tail, suffix) != 0 ||
                (value >= 0 && value <= 1))
                return 0;
        return problem_set(problem,
                "%s: conditions.%s.%s = %.15g is no level of %s, which lies between 0 and 1", entry->origin,
                condition->name, level, value, condition->reading);
}

/* The condition as a whole, once all its entries were seen; `trip` and `clear` are those of its levels, or NULL. */
static int condition_finish(struct config_condition *condition, const struct config_entry *trip,
        const struct config_entry *clear, const char *origin, struct problem *problem) {
        int r;

        if (!condition->reading || !*condition->reading || !trip) {
                const char *meant = conditions_nearest(condition->name);

                return problem_set(problem,
                        "%s: there is no condition \"%s\"%s%s%s, and a new one needs both \"reading\" and "
                        "\"trip\"",
                        origin, condition->name, meant ? "; did you mean \"" : "", meant ? meant : "",
                        meant ? "\"" : "");
        }
        if (!clear)
                condition->clear = condition->trip;
        r = check_ratio(condition, "trip", condition->trip, trip, problem);
        if (r >= 0 && clear)
                r = check_ratio(condition, "clear", condition->clear, clear, problem);
        if (r < 0)
                return r;
        if (condition->below ? condition->clear < condition->trip : condition->clear > condition->trip)
                return problem_set(problem,
                        "%s: conditions.%s.clear = %.15g is on the wrong side of trip = %.15g (%s): it trips "
                        "%s that "
                        "level",
                        clear ? clear->origin : origin, condition->name, condition->clear, condition->trip,
                        trip->origin, condition->below ? "at or below" : "at or above");
        return 0;
}

static int read_conditions(struct storage *storage, struct problem *problem) {
        const struct config_entries *entries = &storage->entries;
        struct config *config = &storage->config;

        config->conditions = block_new(storage, CONFIG_CONDITIONS_MAX * sizeof(*config->conditions));
        if (!config->conditions)
                return -ENOMEM;
        for (size_t i = 0; i < entries->n;) {
                struct config_condition *condition = &config->conditions[config->n_conditions];
                char name[CONFIG_NAME_MAX], prefix[CONFIG_KEY_MAX];
                const struct config_entry *entry = &entries->items[i], *trip = NULL, *clear = NULL;
                const char *origin = entry->origin;
                int r;

                if (!split_key(entries->items[i].key, "conditions.", name)) {
                        i++;
                        continue;
                }
                if (config->n_conditions == CONFIG_CONDITIONS_MAX)
                        return problem_set(problem, "more than %d conditions", CONFIG_CONDITIONS_MAX);
                condition->name = copy_text(storage, name);
                if (!condition->name)
                        return -ENOMEM;
                r = slot_defaults(storage, condition_slots, config_condition_fields, condition, problem);
                text_format(prefix, sizeof(prefix), "conditions.%s.", name);
                for (; r >= 0 && i < entries->n; i++) {
                        const char *rest;

                        entry = &entries->items[i];
                        if (strncmp(entry->key, prefix, strlen(prefix)) != 0)
                                break;
                        rest = entry->key + strlen(prefix);
                        trip = strcmp(rest, "trip") == 0 ? entry : trip;
                        clear = strcmp(rest, "clear") == 0 ? entry : clear;
                        /* Defaults that were filled in say nothing of who wants this condition. */
                        if (strcmp(origin, "built-in") == 0)
                                origin = entry->origin;
                        r = condition_entry(storage, entry, rest, condition, problem);
                }
                if (r >= 0)
                        r = condition_finish(condition, trip, clear, origin, problem);
                if (r < 0)
                        return r;
                config->n_conditions++;
        }
        return 0;
}

/* "n:0.5", "s:200M" or "b:true" */
static bool typed_value_valid(const char *value) {
        static const struct sg_option number = {.name = "option", .type = SG_TYPE_NUMBER};
        struct sg_value parsed;

        if (strnlen(value, OPTION_TEXT_MAX) == OPTION_TEXT_MAX || !*value || value[1] != ':')
                return false;
        if (*value == 'n')
                return option_parse(&number, value + 2, &parsed, NULL) >= 0;
        if (*value == 'b')
                return strcmp(value + 2, "true") == 0 || strcmp(value + 2, "false") == 0;
        return *value == 's' && text_is_clean(value + 2);
}

static int playbook_entry(struct storage *storage, const struct config_entry *entry, const char *rest,
        struct config_playbook *playbook, struct problem *problem) {
        const struct {
                const char *name;
                const char **target;
                size_t max;
                bool lines; /* text with lines, not one for people */
        } plain[] = {
                {"file", &playbook->file, CONFIG_ORIGIN_MAX, false},
                {"failed", &playbook->failed, sizeof(struct problem), false},
                {"source", &playbook->source, CONFIG_SOURCE_MAX + 1, true},
        };

        if (strncmp(rest, "options.", strlen("options.")) == 0) {
                if (playbook->n_options == CONFIG_OPTIONS_MAX || !typed_value_valid(entry->value))
                        return problem_set(problem, "%s: no valid option, or more than %d", entry->key,
                                CONFIG_OPTIONS_MAX);
                playbook->options[playbook->n_options++] =
                        (struct config_option){.name = rest + strlen("options."), .value = entry->value};
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(plain); i++)
                if (strcmp(rest, plain[i].name) == 0) {
                        if (strlen(entry->value) >= plain[i].max ||
                                (!plain[i].lines && !text_is_clean(entry->value)))
                                return problem_set(problem, "%s is too long or not clean text", entry->key);
                        *plain[i].target = entry->value;
                        return 0;
                }
        return slot_set(storage, playbook_slots, config_playbook_fields, rest, entry->key, entry->value,
                playbook, problem);
}

static int read_playbooks(struct storage *storage, struct problem *problem) {
        const struct config_entries *entries = &storage->entries;
        struct config *config = &storage->config;

        config->playbooks = block_new(storage, CONFIG_PLAYBOOKS_MAX * sizeof(*config->playbooks));
        if (!config->playbooks)
                return -ENOMEM;
        for (size_t i = 0; i < entries->n;) {
                struct config_playbook *playbook = &config->playbooks[config->n_playbooks];
                char name[CONFIG_NAME_MAX], prefix[CONFIG_KEY_MAX];
                int r;

                if (!split_key(entries->items[i].key, "playbooks.", name)) {
                        i++;
                        continue;
                }
                if (config->n_playbooks == CONFIG_PLAYBOOKS_MAX)
                        return problem_set(problem, "more than %d playbooks", CONFIG_PLAYBOOKS_MAX);
                playbook->name = copy_text(storage, name);
                playbook->options = block_new(storage, CONFIG_OPTIONS_MAX * sizeof(*playbook->options));
                if (!playbook->name || !playbook->options)
                        return -ENOMEM;
                r = slot_defaults(storage, playbook_slots, config_playbook_fields, playbook, problem);
                text_format(prefix, sizeof(prefix), "playbooks.%s.", name);
                for (; r >= 0 && i < entries->n &&
                        strncmp(entries->items[i].key, prefix, strlen(prefix)) == 0;
                        i++)
                        r = playbook_entry(storage, &entries->items[i],
                                entries->items[i].key + strlen(prefix), playbook, problem);
                if (r < 0)
                        return r;
                if (!playbook->file || !playbook->failed == !playbook->source)
                        return problem_set(
                                problem, "playbooks.%s has not both a file and a source or a failure", name);
                config->n_playbooks++;
        }
        return 0;
}

/* The value of a key of the top level or of notify, by its schema row. */
static int read_value(
        struct storage *storage, const char *key, struct sg_value *ret_value, struct problem *problem) {
        const struct config_entry *entry = config_find(&storage->config, key);
        struct config_place place;
        int r;

        r = config_place(config_schema, key, &place, problem);
        if (r != 0)
                return -EINVAL;
        return config_field_check(
                place.field, key, entry ? entry->value : place.field->rule.fallback, ret_value, problem);
}

static int read_top(struct storage *storage, struct problem *problem) {
        struct config *config = &storage->config;
        struct sg_value value;
        int r;

        r = read_value(storage, "mode", &value, problem);
        if (r < 0)
                return r;
        config->mode = mode_parse(value.text);
        option_value_deinit(&value);

        r = read_value(storage, "notify.deadline", &value, problem);
        if (r < 0)
                return r;
        config->notify_deadline_usec = value.usec;

        r = read_value(storage, "notify.command", &storage->notify_command, problem);
        if (r < 0)
                return r;
        config->notify_command = storage->notify_command.list;
        if (config->notify_command[0] && config->notify_command[0][0] != '/')
                return problem_set(problem, "%s: notify.command must begin with an absolute path, not \"%s\"",
                        config_find(config, "notify.command")->origin, config->notify_command[0]);
        return 0;
}

static int read_problems(struct storage *storage, struct problem *problem) {
        const char **problems = block_new(storage, (PROBLEMS_MAX + 1) * sizeof(*problems));
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

/* Keys that no reader above looks at. */
static int refuse_unknown_keys(const struct storage *storage, struct problem *problem) {
        static const char *const exact[] = {"mode", "prelude", "notify.command", "notify.deadline"};
        static const char *const named[] = {"conditions.", "plugins.", "playbooks.", "problem."};

        for (size_t i = 0; i < storage->entries.n; i++) {
                const struct config_entry *entry = &storage->entries.items[i];
                char name[CONFIG_NAME_MAX];
                bool known = false;

                for (size_t j = 0; j < ELEMENTSOF(exact); j++)
                        known |= strcmp(entry->key, exact[j]) == 0;
                for (size_t j = 0; j < ELEMENTSOF(named) - 1; j++)
                        known |= split_key(entry->key, named[j], name) != NULL;
                known |= strncmp(entry->key, "problem.", strlen("problem.")) == 0;
                if (!known || !text_is_clean(entry->origin))
                        return problem_set(problem, "unknown key %s", entry->key);
        }
        return 0;
}

int config_new(const char *text, size_t size, struct config **ret_config, struct problem *problem) {
        static int (*const readers[])(struct storage *, struct problem *) = {
                read_top, read_conditions, read_playbooks, read_problems};
        const struct config_entry *prelude;
        struct storage *storage;
        int r;

        storage = calloc(1, sizeof(*storage));
        if (!storage)
                return -ENOMEM;
        storage->notify_command.type = SG_TYPE_BOOL;
        r = config_text_read(text, size, &storage->entries, problem);
        storage->config.entries = storage->entries.items;
        storage->config.n_entries = storage->entries.n;
        if (r >= 0)
                r = refuse_unknown_keys(storage, problem);
        for (size_t i = 0; i < ELEMENTSOF(readers) && r >= 0; i++)
                r = readers[i](storage, problem);
        if (r < 0) {
                config_free(&storage->config);
                return r;
        }
        prelude = config_find(&storage->config, "prelude");
        storage->config.prelude = prelude ? prelude->value : "";
        *ret_config = &storage->config;
        return 0;
}

struct config *config_free(struct config *config) {
        struct storage *storage = (struct storage *)config;

        if (!storage)
                return NULL;
        while (storage->blocks) {
                struct block *block = storage->blocks;

                storage->blocks = block->next;
                free(block);
        }
        option_value_deinit(&storage->notify_command);
        config_entries_deinit(&storage->entries);
        free(storage);
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

const struct config_condition *config_condition(const struct config *config, const char *name) {
        for (size_t i = 0; i < config->n_conditions; i++)
                if (strcmp(config->conditions[i].name, name) == 0)
                        return &config->conditions[i];
        return NULL;
}

const struct config_playbook *config_playbook(const struct config *config, const char *name) {
        for (size_t i = 0; i < config->n_playbooks; i++)
                if (strcmp(config->playbooks[i].name, name) == 0)
                        return &config->playbooks[i];
        return NULL;
}

int config_keep_good_playbooks(const struct config *last, const char *next, size_t size, char **ret_text,
        size_t *ret_size, struct problem *problem) {
        struct config_entries entries = CONFIG_ENTRIES_NULL;
        struct config *config = NULL;
        int r;

        r = config_new(next, size, &config, problem);
        if (r >= 0)
                r = config_text_read(next, size, &entries, problem);
        for (size_t i = 0; r >= 0 && i < config->n_playbooks; i++) {
                const struct config_playbook *failed = &config->playbooks[i];
                const struct config_playbook *good = config_playbook(last, failed->name);
                char prefix[CONFIG_KEY_MAX];

                if (!failed->failed || !good || good->failed)
                        continue;
                text_format(prefix, sizeof(prefix), "playbooks.%s.", failed->name);
                config_entries_remove(&entries, prefix);
                for (size_t j = 0; r >= 0 && j < last->n_entries; j++)
                        if (strncmp(last->entries[j].key, prefix, strlen(prefix)) == 0)
                                r = config_entries_set(&entries, last->entries[j].key,
                                        last->entries[j].origin, last->entries[j].value);
        }
        if (r >= 0)
                r = config_text_write(&entries, ret_text, ret_size);
        config_entries_deinit(&entries);
        config_free(config);
        return r;
}
