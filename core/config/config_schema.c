/* SPDX-License-Identifier: MIT */
/*
 * config_schema - which keys exist, what they may hold, and what they are when nobody says anything
 *
 * Runs in the loader, the executor and the watcher.  Pure; const tables and the walk along them.  Adding a key
 * is adding a row here, and a slot in config.c for who uses it.
 *
 * The tree has the shape a person writes (`budget = { runs = 4 }`); the flat key leaves out sections that
 * only group (`playbooks.NAME.runs`).  What plugins accept is not known here: their option tables are.
 *
 * Fails with -EINVAL and a problem that names the key and the nearest valid one.  Limits: five levels.
 */
#include "config/config_schema.h"

#include <math.h>
#include <string.h>

#include "base/back_by.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "config/option.h"

#define CANDIDATES_MAX 32

static const char *const host_modes[] = {"enforce", "observe", NULL};
static const char *const playbook_modes[] = {"enforce", "observe", "off", NULL};
static const char *const levels[] = {"notice", "warning", "critical", NULL};
static const char *const directions[] = {"above", "below", NULL};

const struct config_field config_condition_fields[] = {
        {.rule = {.name = "summary",
                 .type = SG_TYPE_TEXT,
                 .fallback = "",
                 .doc = "One sentence for people: what is wrong while this condition is active."}},
        {.rule = {.name = "reading", .type = SG_TYPE_TEXT, .doc = "Name of the reading that is tested."}},
        {.kind = CONFIG_KIND_LABELS,
                .rule = {.name = "labels",
                        .doc = "Test only readings that have these labels, for example { path = \"/var/log\" "
                               "}."}},
        {.rule = {.name = "when",
                 .type = SG_TYPE_TEXT,
                 .fallback = "above",
                 .doc = "Trips at or above the trip level, or at or below it."},
                .choices = directions},
        {.rule = {.name = "trip", .type = SG_TYPE_NUMBER, .doc = "The level at which it becomes active."}},
        {.rule = {.name = "clear",
                 .type = SG_TYPE_NUMBER,
                 .doc = "The level at which it is over; the trip level when it is left out."}},
        {.rule = {.name = "lasting",
                 .type = SG_TYPE_DURATION,
                 .fallback = "0s",
                 .doc = "How long the trip level must hold.",
                 .max = 86400}},
        {.rule = {.name = "clear_lasting",
                 .type = SG_TYPE_DURATION,
                 .fallback = "5s",
                 .doc = "How long the clear level must hold.",
                 .max = 86400}},
        {.rule = {.name = "level",
                 .type = SG_TYPE_TEXT,
                 .fallback = "warning",
                 .doc = "How bad it is; a critical file system lifts the protections of what is merely old, "
                        "and "
                        "a notice starts playbooks, but people are never called for it."},
                .choices = levels},
        {.rule = {.name = "cause",
                 .type = SG_TYPE_NUMBER,
                 .fallback = "0",
                 .doc = "From 0 to 100, how far it explains what else is wrong: of the conditions of an "
                        "incident "
                        "the one with the highest is what people are told it is about; of equal ones the "
                        "worst.",
                 .max = 100},
                .whole = true},
        {.rule = {.name = "enabled",
                 .type = SG_TYPE_BOOL,
                 .fallback = "true",
                 .doc = "false: this condition is never active."}},
        {0},
};

static const struct config_field notify_fields[] = {
        {.rule = {.name = "command",
                 .type = SG_TYPE_LIST,
                 .fallback = "",
                 .doc = "Program and arguments to tell people with; an absolute path, not this relay's "
                        "mail."}},
        {.rule = {.name = "deadline",
                 .type = SG_TYPE_DURATION,
                 .fallback = "30s",
                 .doc = "After this time the command is stopped.",
                 .min = 1,
                 .max = 300}},
        {0},
};

static const struct config_field budget_fields[] = {
        {.rule = {.name = "runs",
                 .type = SG_TYPE_NUMBER,
                 .fallback = "4",
                 .doc = "At most this many runs in the window.",
                 .min = 1,
                 .max = 1000},
                .whole = true},
        {.rule = {.name = "per",
                 .type = SG_TYPE_DURATION,
                 .fallback = "1d",
                 .doc = "The window of the budget.",
                 .min = 60,
                 .max = 2592000}},
        {0},
};

static const struct config_field on_fields[] = {
        {.rule = {.name = "any",
                 .type = SG_TYPE_LIST,
                 .fallback = "",
                 .doc = "Starts when one of these conditions becomes active; beside \"all\", at least one of "
                        "these must be active, too."}},
        {.rule = {.name = "all",
                 .type = SG_TYPE_LIST,
                 .fallback = "",
                 .doc = "Starts when all of these conditions are active; one of them is what the run is "
                        "about."}},
        {.rule = {.name = "cleared",
                 .type = SG_TYPE_LIST,
                 .fallback = "",
                 .doc = "Starts when one of these conditions is over."}},
        {0},
};

#define PLAYBOOK_MODE                                                                            \
        {                                                                                        \
                .rule = {.name = "mode",                                                         \
                        .type = SG_TYPE_TEXT,                                                    \
                        .fallback = "enforce",                                                   \
                        .doc = "enforce; observe: only record what would have been done; off."}, \
                .choices = playbook_modes                                                        \
        }
#define PLAYBOOK_COOLDOWN                                      \
        {                                                      \
                .rule = {                                      \
                        .name = "cooldown",                    \
                        .type = SG_TYPE_DURATION,              \
                        .fallback = "5m",                      \
                        .doc = "Least time between two runs.", \
                        .max = 2592000                         \
                }                                              \
        }
#define PLAYBOOK_BUDGET                                                                    \
        {                                                                                  \
                .kind = CONFIG_KIND_SECTION,                                               \
                .rule = {.name = "budget",                                                 \
                        .doc = "How often it may run; spent means that people are told."}, \
                .fields = budget_fields, .inlined = true                                   \
        }
#define PLAYBOOK_OPTIONS                                                              \
        {                                                                             \
                .kind = CONFIG_KIND_PLAYBOOK_OPTIONS, .rule = {                       \
                        .name = "options",                                            \
                        .doc = "The values its run function gets as second argument." \
                }                                                                     \
        }

const struct config_field config_playbook_override[] = {
        PLAYBOOK_MODE,
        PLAYBOOK_OPTIONS,
        PLAYBOOK_BUDGET,
        PLAYBOOK_COOLDOWN,
        {0},
};

const struct config_field config_playbook_fields[] = {
        {.rule = {.name = "name", .type = SG_TYPE_TEXT, .doc = "As the file is called, without .lua."}},
        {.rule = {.name = "summary",
                 .type = SG_TYPE_TEXT,
                 .fallback = "",
                 .doc = "One sentence for people: what it does."}},
        {.kind = CONFIG_KIND_SECTION,
                .rule = {.name = "on", .doc = "What starts it; without this it is only run by hand."},
                .fields = on_fields,
                .inlined = true},
        {.rule = {.name = "after",
                 .type = SG_TYPE_LIST,
                 .fallback = "",
                 .doc = "Playbooks that have their turn first."}},
        PLAYBOOK_MODE,
        PLAYBOOK_OPTIONS,
        PLAYBOOK_BUDGET,
        PLAYBOOK_COOLDOWN,
        {.kind = CONFIG_KIND_FUNCTION, .rule = {.name = "run", .doc = "function(incident, options)"}},
        {0},
};

static int check_back_by(const char *where, const char *text, struct problem *problem) {
        struct back_by back_by;

        return back_by_parse(where, text, &back_by, problem);
}

const struct config_field config_schema[] = {
        {.rule = {.name = "mode",
                 .type = SG_TYPE_TEXT,
                 .fallback = "enforce",
                 .doc = "enforce, or observe: decide and record what would have been done, touch nothing."},
                .choices = host_modes},
        {.rule = {.name = "back_by",
                 .type = SG_TYPE_TEXT,
                 .fallback = "Mon 08:00",
                 .doc = "When people are next back, in local time: every week (\"Mon 08:00\"), or once "
                        "(\"2026-12-28 08:00\").  What would be lost before is prevented; after a date that "
                        "has passed nobody knows, and nothing is done for it."},
                .check = check_back_by},
        {.kind = CONFIG_KIND_SECTION,
                .rule = {.name = "notify", .doc = "How people are told when spoolguard gives up."},
                .fields = notify_fields},
        {.kind = CONFIG_KIND_NAMES,
                .rule = {.name = "conditions",
                        .doc = "Levels of the built-in conditions, and the site's own."},
                .fields = config_condition_fields},
        {.kind = CONFIG_KIND_PLUGINS, .rule = {.name = "plugins", .doc = "Options of the plugins."}},
        {.kind = CONFIG_KIND_NAMES,
                .rule = {.name = "playbooks", .doc = "Overrides for playbooks that exist."},
                .fields = config_playbook_override},
        {0},
};

bool config_name_valid(const char *name) {
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");

        return length > 0 && length < CONFIG_NAME_MAX && name[length] == '\0';
}

static const struct config_field *row_find(const struct config_field *table, const char *name) {
        for (; table && table->rule.name; table++)
                if (strcmp(table->rule.name, name) == 0)
                        return table;
        return NULL;
}

const struct config_field *config_field_find(const struct config_field *table, const char *name) {
        for (; table && table->rule.name; table++) {
                const struct config_field *found = NULL;

                if (table->inlined)
                        found = config_field_find(table->fields, name);
                else if (strcmp(table->rule.name, name) == 0)
                        found = table;
                if (found)
                        return found;
        }
        return NULL;
}

static int refuse_unknown(
        const struct config_field *table, const char *path, const char *part, struct problem *problem) {
        const char *names[CANDIDATES_MAX], *nearest;
        size_t n = 0;

        for (; table->rule.name && n < CANDIDATES_MAX; table++)
                names[n++] = table->rule.name;
        nearest = text_nearest(part, names, n);
        if (nearest)
                return problem_set(problem, "unknown key %s; did you mean \"%s\"?", path, nearest);
        return problem_set(problem, "unknown key %s", path);
}

/* The next dotted part of *path into `part`; false: there is none, or it is too long. */
static bool take_part(const char **path, char part[static CONFIG_NAME_MAX]) {
        size_t length = strcspn(*path, ".");

        if (length == 0 || length >= CONFIG_NAME_MAX)
                return false;
        memcpy(part, *path, length);
        part[length] = '\0';
        *path += length;
        if (**path == '.')
                (*path)++;
        return true;
}

static bool key_append(struct config_place *place, const char *part) {
        size_t used = strlen(place->key);

        if (used + 1 + strlen(part) >= sizeof(place->key))
                return false;
        text_format(place->key + used, sizeof(place->key) - used, "%s%s", used ? "." : "", part);
        return true;
}

/* After a field that takes names: the name and, for leaves by name, the leaf. */
static int place_names(
        struct config_place *place, const char *path, const char **rest, struct problem *problem) {
        enum config_kind kind = place->field->kind;

        if (kind == CONFIG_KIND_NAMES || kind == CONFIG_KIND_PLUGINS) {
                if (**rest == '\0')
                        return CONFIG_PLACE_TABLE;
                if (!take_part(rest, place->name) || !config_name_valid(place->name))
                        return problem_set(problem,
                                "%s: names have small letters, digits, '-' and '_', at most 63", path);
                if (!key_append(place, place->name))
                        return problem_set(problem, "the key %s is too long", path);
        }
        if (kind == CONFIG_KIND_LABELS || kind == CONFIG_KIND_PLUGINS ||
                kind == CONFIG_KIND_PLAYBOOK_OPTIONS) {
                if (**rest == '\0')
                        return CONFIG_PLACE_TABLE;
                if (!take_part(rest, place->leaf) || !key_append(place, place->leaf))
                        return problem_set(problem, "the key %s is too long", path);
        }
        return 0;
}

static bool has_fields(const struct config_field *field) {
        return field->kind == CONFIG_KIND_SECTION || field->kind == CONFIG_KIND_NAMES;
}

int config_place(const struct config_field *table, const char *path, struct config_place *ret_place,
        struct problem *problem) {
        struct config_place place = {0};
        const char *rest = path;
        char part[CONFIG_NAME_MAX];

        for (;;) {
                int r;

                if (!take_part(&rest, part))
                        return problem_set(problem, "the key %s is too long", path);
                place.field = row_find(table, part);
                if (!place.field)
                        return refuse_unknown(table, path, part, problem);
                text_copy(place.leaf, sizeof(place.leaf), part);
                if (!place.field->inlined && !key_append(&place, part))
                        return problem_set(problem, "the key %s is too long", path);

                r = place_names(&place, path, &rest, problem);
                if (r < 0)
                        return r;
                if (r == CONFIG_PLACE_TABLE || (*rest == '\0' && has_fields(place.field))) {
                        *ret_place = place;
                        return CONFIG_PLACE_TABLE;
                }
                if (!has_fields(place.field))
                        break;
                table = place.field->fields;
        }
        if (*rest != '\0')
                return problem_set(problem, "%s: \"%s\" is not a table", path, place.leaf);
        *ret_place = place;
        return 0;
}

static bool is_choice(const struct config_field *field, const char *text) {
        for (size_t i = 0; field->choices[i]; i++)
                if (strcmp(field->choices[i], text) == 0)
                        return true;
        return false;
}

static int refuse_choice(
        const struct config_field *field, const char *where, const char *text, struct problem *problem) {
        char allowed[128] = "";

        for (size_t i = 0; field->choices[i]; i++) {
                size_t used = strlen(allowed);

                text_format(
                        allowed + used, sizeof(allowed) - used, "%s\"%s\"", i ? ", " : "", field->choices[i]);
        }
        return problem_set(problem, "%s = \"%s\": allowed are %s", where, text, allowed);
}

int config_field_check(const struct config_field *field, const char *where, const char *text,
        struct sg_value *ret_value, struct problem *problem) {
        struct sg_option rule = field->rule;
        struct sg_value value;
        int r;

        rule.name = where;
        r = option_parse(&rule, text, &value, problem);
        if (r < 0)
                return r;
        if (field->whole && value.number != floor(value.number))
                return problem_set(problem, "%s = %s must be a whole number", where, text);
        if (field->choices && !is_choice(field, value.text)) {
                option_value_deinit(&value);
                return refuse_choice(field, where, text, problem);
        }
        r = field->check ? field->check(where, value.text, problem) : 0;
        if (r < 0) {
                option_value_deinit(&value);
                return r;
        }
        *ret_value = value;
        return 0;
}
