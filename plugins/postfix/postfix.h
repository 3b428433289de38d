/* SPDX-License-Identifier: MIT */
/* postfix - what the parts of this plugin know of each other */
#ifndef POSTFIX_POSTFIX_H
#define POSTFIX_POSTFIX_H

#include <spoolguard/plugin.h>
#include <sys/types.h>

/*
 * Rows of the option table (postfix.c).  A spool directory names its instance: "/var/spool/postfix" is "-", what
 * postmulti calls the default one; any other is called as its last component, and so is its configuration
 * directory below /etc.
 */
enum { POSTFIX_OPTION_SPOOLS };

/* Rows of the argument tables of the verbs; the selector reads the same values. */
enum { POSTPONE_ARG_INSTANCE, POSTPONE_ARG_NEXTHOP };
enum { RETRY_ARG_INSTANCE, RETRY_ARG_NEXTHOP, RETRY_ARG_HOW, RETRY_ARG_MESSAGES };
enum { RELOAD_ARG_INSTANCE };

/* Longest wait that postfix.postpone gives a message, and the part of it over which the ends are spread. */
#define POSTFIX_SLICE_SECONDS 900
#define POSTFIX_SPREAD_SECONDS 300

extern const struct sg_sensor postfix_queue; /* its name is "queue"; selects for postpone and retry */
extern const struct sg_verb postfix_postpone;
extern const struct sg_verb postfix_retry;
extern const struct sg_verb postfix_reload;

/* instance.c: "-" for "/var/spool/postfix"; false: not a usable path. */
#define POSTFIX_INSTANCE_MAX 64
bool postfix_instance_of(const char *spool, char ret_instance[static POSTFIX_INSTANCE_MAX]);
/* The spool of an instance among the configured ones, or NULL. */
const char *postfix_spool_of(const char *const *spools, const char *instance);

#endif
