/* SPDX-License-Identifier: MIT */
/* main_cf - values of Postfix's main.cf, read as text */
#ifndef POSTFIX_MAIN_CF_H
#define POSTFIX_MAIN_CF_H

#include <stdbool.h>
#include <stddef.h>

#define MAIN_CF_VALUE_MAX 4096

/*
 * The value of a parameter, continuation lines joined by blanks, the last setting wins.  False: it is not set (or
 * does not fit, which is as good as not known).
 */
bool main_cf_value(const char *text, const char *name, char *ret_value, size_t size);

/*
 * The same with `fallback` for one that is not set, and with $name, ${name} and $(name) replaced, one level deep;
 * a name without a value becomes nothing.
 */
bool main_cf_expanded(const char *text, const char *name, const char *fallback, char *ret_value, size_t size);

#endif
