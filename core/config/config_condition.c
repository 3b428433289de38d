/* SPDX-License-Identifier: MIT */
/*
 * config_condition - the entries of `conditions`, read into structures
 *
 * Runs in every role, below config_new().  Pure.  Each field is checked by its row of config_schema.c; here
 * follows what can be judged of a condition as a whole only: that a new one says what it looks at and where
 * it trips, that it clears on the right side of its trip level, and that the levels of a ratio can be reached
 * at all, because a level beyond would keep silent for ever.
 *
 * Owns nothing; structures, texts and labels live in the storage.
 *
 * Fails with -EINVAL and a problem that names key and origin, or -ENOMEM.  Limits: CONFIG_CONDITIONS_MAX
 * conditions, as many labels of one as struct config_condition has places for, 255 bytes in a label's value.
 */
#include "config/config_condition.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/conditions.h"
#include "config/config_group.h"
#include "config/config_slot.h"

#define LABELS_MAX (ELEMENTSOF(((struct config_condition *)0)->labels) - 1)

static const struct config_slot condition_slots[] = {
        {"summary", CONFIG_SLOT_TEXT, offsetof(struct config_condition, summary), NULL},
        {"reading", CONFIG_SLOT_TEXT, offsetof(struct config_condition, reading), NULL},
        {"when", CONFIG_SLOT_CHOICE, offsetof(struct config_condition, below), "below"},
        {"trip", CONFIG_SLOT_DOUBLE, offsetof(struct config_condition, trip), NULL},
        {"clear", CONFIG_SLOT_DOUBLE, offsetof(struct config_condition, clear), NULL},
        {"lasting", CONFIG_SLOT_USEC, offsetof(struct config_condition, lasting_usec), NULL},
        {"clear_lasting", CONFIG_SLOT_USEC, offsetof(struct config_condition, clear_lasting_usec), NULL},
        {"level", CONFIG_SLOT_LEVEL, offsetof(struct config_condition, level), NULL},
        {"cause", CONFIG_SLOT_UNSIGNED, offsetof(struct config_condition, cause), NULL},
        {"enabled", CONFIG_SLOT_BOOL, offsetof(struct config_condition, enabled), NULL},
        {0},
};

static int add_label(struct config_storage *storage, struct config_condition *condition, const char *name,
        const char *value, struct problem *problem) {
        size_t n = 0;

        while (n < LABELS_MAX && condition->labels[n].name)
                n++;
        if (n == LABELS_MAX || !text_is_clean(value) || strlen(value) > 255)
                return problem_set(problem, "conditions.%s.labels: at most %zu labels, of 255 bytes each",
                        condition->name, LABELS_MAX);
        condition->labels[n].name = config_storage_text(storage, name);
        condition->labels[n].value = config_storage_text(storage, value);
        return condition->labels[n].name && condition->labels[n].value ? 0 : -ENOMEM;
}

static int condition_entry(struct config_storage *storage, const struct config_entry *entry, const char *rest,
        struct config_condition *condition, struct problem *problem) {
        if (strncmp(rest, "labels.", strlen("labels.")) == 0)
                return add_label(storage, condition, rest + strlen("labels."), entry->value, problem);
        return config_slot_set(storage, condition_slots, config_condition_fields, rest, entry->key,
                entry->value, condition, problem);
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
                        "%s that level",
                        clear ? clear->origin : origin, condition->name, condition->clear, condition->trip,
                        trip->origin, condition->below ? "at or below" : "at or above");
        return 0;
}

static int read_group(struct config_storage *storage, const struct config_group *group,
        struct config_condition *condition, struct problem *problem) {
        const struct config_entry *trip = NULL, *clear = NULL;
        const char *origin = group->entries[0].origin;
        int r;

        condition->name = config_storage_text(storage, group->name);
        if (!condition->name)
                return -ENOMEM;
        r = config_slot_defaults(storage, condition_slots, config_condition_fields, condition, problem);
        for (size_t i = 0; r >= 0 && i < group->n; i++) {
                const struct config_entry *entry = &group->entries[i];
                const char *rest = entry->key + group->prefix;

                trip = strcmp(rest, "trip") == 0 ? entry : trip;
                clear = strcmp(rest, "clear") == 0 ? entry : clear;
                /* Defaults that were filled in say nothing of who wants this condition. */
                if (strcmp(origin, "built-in") == 0)
                        origin = entry->origin;
                r = condition_entry(storage, entry, rest, condition, problem);
        }
        return r < 0 ? r : condition_finish(condition, trip, clear, origin, problem);
}

int config_condition_read(struct config_storage *storage, struct problem *problem) {
        struct config *config = &storage->config;
        struct config_group group;

        config->conditions =
                config_storage_block(storage, CONFIG_CONDITIONS_MAX * sizeof(*config->conditions));
        if (!config->conditions)
                return -ENOMEM;
        for (size_t i = 0; config_group_next(&storage->entries, "conditions.", &i, &group);) {
                int r;

                if (config->n_conditions == CONFIG_CONDITIONS_MAX)
                        return problem_set(problem, "more than %d conditions", CONFIG_CONDITIONS_MAX);
                r = read_group(storage, &group, &config->conditions[config->n_conditions], problem);
                if (r < 0)
                        return r;
                config->n_conditions++;
        }
        return 0;
}

const struct config_condition *config_condition(const struct config *config, const char *name) {
        for (size_t i = 0; i < config->n_conditions; i++)
                if (strcmp(config->conditions[i].name, name) == 0)
                        return &config->conditions[i];
        return NULL;
}
