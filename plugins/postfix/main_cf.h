/* SPDX-License-Identifier: MIT */
/* main_cf - values of Postfix's main.cf, read as text */
#ifndef POSTFIX_MAIN_CF_H
#define POSTFIX_MAIN_CF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAIN_CF_MAX (256u << 10) /* of the file is read */
#define MAIN_CF_VALUE_MAX 4096

/*
 * The value of a parameter, continuation lines joined by blanks, the last setting wins.  False: it is not set (or
 * does not fit, which is as good as not known).
 */
bool main_cf_value(const char *text, const char *name, char *ret_value, size_t size);

/* How many lines set the parameter, whether their value can be read or not. */
unsigned main_cf_times_set(const char *text, const char *name);

/* It is set, and not to nothing; what does not fit is something, too. */
bool main_cf_says(const char *text, const char *name);

/*
 * The value with `fallback` for one that is not set, and with $name, ${name} and $(name) replaced, one level deep;
 * a name without a value becomes nothing.
 */
bool main_cf_expanded(const char *text, const char *name, const char *fallback, char *ret_value, size_t size);

/*
 * The same of a time such as "5d", in seconds; `unit` is the one of a plain number.  False: it is none, or
 * longer than Postfix allows a queue lifetime to be.
 */
bool main_cf_time(const char *text, const char *name, char unit, const char *fallback, uint64_t *ret_seconds);

/* How long the queue manager lets mail get, and mail without a sender.  False: one of the times is none. */
bool main_cf_lifetimes(const char *text, uint64_t *ret_mail_seconds, uint64_t *ret_bounce_seconds);

#endif
