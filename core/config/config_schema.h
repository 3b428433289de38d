/* SPDX-License-Identifier: MIT */
/*
 * config_schema - which keys exist, what they may hold, and what they are when nobody says anything
 *
 * One truth: the loader checks Lua tables against these rows, config_new() checks the text form against the
 * same rows, and the reference page is made from them.
 */
#ifndef CONFIG_CONFIG_SCHEMA_H
#define CONFIG_CONFIG_SCHEMA_H

#include "config/config_text.h"
#include "spoolguard/value.h"

enum config_kind {
        CONFIG_KIND_FIELD = 0, /* one value, by `rule` and `choices` */
        CONFIG_KIND_SECTION,   /* a table with the keys of `fields` */
        CONFIG_KIND_NAMES,     /* a table of names, each a table with the keys of `fields` */
        CONFIG_KIND_LABELS,    /* a table of label name = text */
        CONFIG_KIND_PLUGINS,   /* a table of plugin names, each a table by that plugin's option table */
        CONFIG_KIND_PLAYBOOK_OPTIONS, /* a table of option = number, text or boolean */
        CONFIG_KIND_FUNCTION,         /* only in playbook files */
};

struct config_field {
        enum config_kind kind;
        struct sg_option rule;             /* name, and for a field: type, default, doc, min, max */
        const char *const *choices;        /* the only texts allowed, ended by NULL */
        const struct config_field *fields; /* ended by a row without a name */
        bool inlined;                      /* a section whose name is not part of the flat key */
        bool whole;                        /* a number without a fraction */
        /* What can be judged of a text beyond that: 0, or -EINVAL with what is allowed; `where` names it. */
        int (*check)(const char *where, const char *text, struct problem *problem);
};

extern const struct config_field config_schema[];            /* spoolguard.lua and conf.d */
extern const struct config_field config_condition_fields[];  /* conditions.NAME */
extern const struct config_field config_playbook_override[]; /* playbooks.NAME in the configuration */
extern const struct config_field config_playbook_fields[];   /* the table of a playbook file */

/* What the path of a Lua key ("playbooks.x.budget.runs") stands for. */
struct config_place {
        const struct config_field *field;
        char key[CONFIG_KEY_MAX];   /* flat: "playbooks.x.runs" */
        char name[CONFIG_NAME_MAX]; /* of the condition, plugin or playbook; "" if none */
        char leaf[CONFIG_NAME_MAX]; /* the last part: an option, a label, the field */
};

#define CONFIG_PLACE_TABLE 1 /* the path is that of a table, not of a value */
/*
 * 0: a value.  CONFIG_PLACE_TABLE: a table, of which only `field` is said.  -EINVAL: unknown key (with the nearest
 * valid one), a bad name, or a path that goes on below a value.
 */
int config_place(const struct config_field *table, const char *path, struct config_place *ret_place,
        struct problem *problem);

/* The field of a flat name ("runs") in a table, inlined sections included; NULL: none. */
const struct config_field *config_field_find(const struct config_field *table, const char *name);

/* Check a written value by a field's rule and choices; `where` names it in the problem. */
int config_field_check(const struct config_field *field, const char *where, const char *text,
        struct sg_value *ret_value, struct problem *problem);

bool config_name_valid(const char *name); /* [a-z0-9-_]+, shorter than CONFIG_NAME_MAX */

#endif
