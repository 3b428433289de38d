/* SPDX-License-Identifier: MIT */
/*
 * option - option tables (spoolguard/value.h) made to work: parse, default, check, describe
 *
 * Runs in every role; pure.  The text form is the canonical one: it is what the frozen configuration stores,
 * what travels in requests, and what a person reads in `spoolguardctl config`.
 */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include "base/error.h"
#include "spoolguard/value.h"

#define OPTION_TEXT_MAX 512 /* of a value in its written form, with NUL */
#define OPTION_LIST_MAX 32

size_t option_count(const struct sg_option *table);                     /* NULL table: 0 */
ptrdiff_t option_find(const struct sg_option *table, const char *name); /* -1: no such row */
const char *option_type_name(enum sg_type type);                        /* "duration" */
const char *option_type_help(enum sg_type type);                        /* "90s, 15m, 24h or 7d" */

/* Parse one text against its row.  -EINVAL with what is allowed in `problem`.  Allocates texts and lists. */
int option_parse(
        const struct sg_option *row, const char *text, struct sg_value *ret_value, struct problem *problem);
void option_value_deinit(struct sg_value *value);

struct option_pair {
        const char *name, *text;
};
/*
 * One value per row: from `pairs`, else from the row's default.  -EINVAL: unknown name (with the nearest valid
 * one), bad value, or a required row without one.  On success free with option_values_free().
 */
int option_values_new(const struct sg_option *table, const struct option_pair *pairs, size_t n_pairs,
        struct sg_value **ret_values, struct problem *problem);
struct sg_value *option_values_free(const struct sg_option *table, struct sg_value *values);

/* Written form back from a value: canonical, so parse(format(v)) == v. */
void option_format(const struct sg_value *value, char *text, size_t size);

/*
 * The written form of a list: "a,b"; a comma, a backslash or a leading blank inside an item gets a backslash.
 * False when it does not fit.
 */
bool option_list_join(const char *const items[], size_t n_items, char *text, size_t size);

#endif
