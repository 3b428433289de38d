/* SPDX-License-Identifier: MIT */
/* main_cf_line - the lines of Postfix's main.cf, and what each of them is */
#ifndef POSTFIX_MAIN_CF_LINE_H
#define POSTFIX_MAIN_CF_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct main_cf_line {
        const char *start;
        size_t length; /* without the newline */
};

/* Takes the next line; false at the end of the text. */
bool main_cf_line_take(const char **at, struct main_cf_line *ret_line);
/* A comment or nothing but blanks: it neither sets anything nor ends what is set above it. */
bool main_cf_line_is_ignored(const struct main_cf_line *line);
/* Whether it goes on with the setting above it, if it is not ignored. */
bool main_cf_line_goes_on(const struct main_cf_line *line);
/* What it says behind the '=', blanks at both ends left out; false: it does not set `name`. */
bool main_cf_line_value(const struct main_cf_line *line, const char *name, struct main_cf_line *ret_value);
/* The same without the blanks at both ends. */
struct main_cf_line main_cf_line_trim(struct main_cf_line line);

#endif
