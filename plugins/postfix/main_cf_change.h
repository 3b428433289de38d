/* SPDX-License-Identifier: MIT */
/* main_cf_change - what differs between two texts of main.cf */
#ifndef POSTFIX_MAIN_CF_CHANGE_H
#define POSTFIX_MAIN_CF_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether both say the same of a parameter: the same value as it is written, or both nothing. */
bool main_cf_change_is_same(const char *a, const char *b, const char *name);

/*
 * Whether nothing but the `n` named parameters differs: every other line, comments and empty ones as well, is there
 * byte by byte and in the same order.
 */
bool main_cf_change_is_confined(const char *a, const char *b, const char *const *names, size_t n);

#endif
