/* SPDX-License-Identifier: MIT */
/* print - text, tables, quantities and JSON on stdout, fit for a terminal */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/ctl.h"

#define PRINT_VALUE_MAX 48
#define PRINT_COLUMNS_MAX 10
#define PRINT_PLAIN "\x1b[0m"

/* printf to stdout, then everything in it that could move a cursor is shown as \xNN; '\n' stays. */
void print_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A word by which a state is known, in its colour on a terminal ("active", "ok", "failed"). */
void print_state(const struct ctl *ctl, const char *word);
/* The colour of such a word, ended by PRINT_PLAIN; NULL: none. */
const char *print_colour(const struct ctl *ctl, const char *word);
void print_heading(const struct ctl *ctl, const char *text);
void print_json_consume(json_t *json);

/* "80,444" */
const char *print_count(uint64_t count, char buffer[static PRINT_VALUE_MAX]);
/* "91.2%", "1.2G", "3m 10s" or a plain number, as the name of the reading says; "missing" for NaN. */
const char *print_value(const char *reading, double value, char buffer[static PRINT_VALUE_MAX]);
/* "23:01:07 today", "2026-12-24 23:01:07"; "-" for 0. */
const char *print_time(uint64_t usec, char buffer[static PRINT_VALUE_MAX]);
/* "3m 10s ago", "in 2h"; "-" for 0. */
const char *print_distance(uint64_t usec, char buffer[static PRINT_VALUE_MAX]);

/* Text from column `at` on, wrapped to the terminal, further lines indented by `indent`; then a newline. */
void print_wrapped(size_t at, size_t indent, const char *text);

struct print_table;
/* Headers ended by NULL; ">MESSAGES": its column is one of numbers, which line up at their ends. */
struct print_table *print_table_new(const char *const *headers);
/* As many cells as headers; they are copied. */
void print_table_row(struct print_table *table, const char *const *cells);
struct print_table *print_table_free(struct print_table *table);
void print_table_consume(const struct ctl *ctl, struct print_table *table);

#endif
