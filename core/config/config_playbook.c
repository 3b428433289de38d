/* SPDX-License-Identifier: MIT */
/*
 * config_playbook - the entries of `playbooks`, read into structures
 *
 * Runs in every role, below config_new().  Pure.  Fields are checked by their rows of config_schema.c; what
 * the loader adds of its own (file, source, failure) and options, which bring their type along, are checked
 * here.  A playbook whose file could not be used is kept with its failure, so that people see it.  Names in
 * `any`, `all`, `cleared` and `after` may be those of things that do not exist: they never match.
 *
 * Owns nothing; source, file, failure and options point into the entries, all else lives in the storage.
 *
 * Fails with -EINVAL and a problem that names the key, or -ENOMEM.  Limits: CONFIG_PLAYBOOKS_MAX playbooks,
 * CONFIG_OPTIONS_MAX options of one, CONFIG_LIST_MAX names in its lists, CONFIG_SOURCE_MAX bytes of source.
 */
#include "config/config_playbook.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config_group.h"
#include "config/config_slot.h"
#include "config/option.h"

#define CONFIG_OPTIONS_MAX 32

static const struct config_slot playbook_slots[] = {
        {"summary", CONFIG_SLOT_TEXT, offsetof(struct config_playbook, summary), NULL},
        {"any", CONFIG_SLOT_LIST, offsetof(struct config_playbook, any), NULL},
        {"all", CONFIG_SLOT_LIST, offsetof(struct config_playbook, all), NULL},
        {"cleared", CONFIG_SLOT_LIST, offsetof(struct config_playbook, cleared), NULL},
        {"after", CONFIG_SLOT_LIST, offsetof(struct config_playbook, after), NULL},
        {"runs", CONFIG_SLOT_UNSIGNED, offsetof(struct config_playbook, runs), NULL},
        {"per", CONFIG_SLOT_USEC, offsetof(struct config_playbook, per_usec), NULL},
        {"cooldown", CONFIG_SLOT_USEC, offsetof(struct config_playbook, cooldown_usec), NULL},
        {"mode", CONFIG_SLOT_MODE, offsetof(struct config_playbook, mode), NULL},
        {0},
};

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

static int playbook_entry(struct config_storage *storage, const struct config_entry *entry, const char *rest,
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
        return config_slot_set(storage, playbook_slots, config_playbook_fields, rest, entry->key,
                entry->value, playbook, problem);
}

static int read_group(struct config_storage *storage, const struct config_group *group,
        struct config_playbook *playbook, struct problem *problem) {
        int r;

        playbook->name = config_storage_text(storage, group->name);
        playbook->options = config_storage_block(storage, CONFIG_OPTIONS_MAX * sizeof(*playbook->options));
        if (!playbook->name || !playbook->options)
                return -ENOMEM;
        r = config_slot_defaults(storage, playbook_slots, config_playbook_fields, playbook, problem);
        for (size_t i = 0; r >= 0 && i < group->n; i++)
                r = playbook_entry(storage, &group->entries[i], group->entries[i].key + group->prefix,
                        playbook, problem);
        if (r < 0)
                return r;
        if (!playbook->file || !playbook->failed == !playbook->source)
                return problem_set(
                        problem, "playbooks.%s has not both a file and a source or a failure", group->name);
        return 0;
}

int config_playbook_read(struct config_storage *storage, struct problem *problem) {
        struct config *config = &storage->config;
        struct config_group group;

        config->playbooks = config_storage_block(storage, CONFIG_PLAYBOOKS_MAX * sizeof(*config->playbooks));
        if (!config->playbooks)
                return -ENOMEM;
        for (size_t i = 0; config_group_next(&storage->entries, "playbooks.", &i, &group);) {
                int r;

                if (config->n_playbooks == CONFIG_PLAYBOOKS_MAX)
                        return problem_set(problem, "more than %d playbooks", CONFIG_PLAYBOOKS_MAX);
                r = read_group(storage, &group, &config->playbooks[config->n_playbooks], problem);
                if (r < 0)
                        return r;
                config->n_playbooks++;
        }
        return 0;
}

const struct config_playbook *config_playbook(const struct config *config, const char *name) {
        for (size_t i = 0; i < config->n_playbooks; i++)
                if (strcmp(config->playbooks[i].name, name) == 0)
                        return &config->playbooks[i];
        return NULL;
}

int config_no_playbook(const struct config *config, const char *name, struct problem *problem) {
        const char *names[CONFIG_PLAYBOOKS_MAX];

        for (size_t i = 0; i < config->n_playbooks; i++)
                names[i] = config->playbooks[i].name;
        const char *near = text_nearest(name, names, config->n_playbooks);

        return problem_set(problem, "there is no playbook '%s'%s%s%s", name, near ? ", did you mean '" : "",
                near ? near : "", near ? "'?" : "");
}
