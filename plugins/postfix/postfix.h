/* SPDX-License-Identifier: MIT */
/* postfix - what the parts of this plugin know of each other */
#ifndef POSTFIX_POSTFIX_H
#define POSTFIX_POSTFIX_H

#include <spoolguard/plugin.h>
#include <sys/types.h>

#include "postfix/instance.h"
#include "postfix/reason.h"

/* Rows of the option table (postfix.c); behind the last one, one for each class of reasons that a site can add to. */
enum {
        POSTFIX_OPTION_SPOOLS,
        POSTFIX_OPTION_MESSAGES_MAX,
        POSTFIX_OPTION_CLIFF_HOURS,
        POSTFIX_OPTION_REASONS,
        POSTFIX_OPTIONS = POSTFIX_OPTION_REASONS + REASON_SITE_CLASSES,
};

/* Rows of the argument tables of the verbs; the selector reads the same values. */
enum { POSTPONE_ARG_INSTANCE, POSTPONE_ARG_NEXTHOP };
enum { RETRY_ARG_INSTANCE, RETRY_ARG_NEXTHOP, RETRY_ARG_HOW, RETRY_ARG_MESSAGES };
enum { RELOAD_ARG_INSTANCE };
enum { REFRESH_RESOLVER_ARG_INSTANCE };
enum { RELEASE_ARG_INSTANCE, RELEASE_ARG_LEASE };

/* Longest wait that postfix.postpone gives a message, and the part of it over which the ends are spread. */
#define POSTFIX_SLICE_SECONDS 900
#define POSTFIX_SPREAD_SECONDS 300

extern const struct sg_sensor
        postfix_queue; /* its name is "queue"; selects for all verbs that take messages */
extern const struct sg_sensor postfix_resolver;
extern const struct sg_verb postfix_postpone;
extern const struct sg_verb postfix_retry;
extern const struct sg_verb postfix_reload;
extern const struct sg_verb postfix_refresh_resolver;
extern const struct sg_verb postfix_hold;
extern const struct sg_verb postfix_release;
extern const struct sg_verb postfix_requeue;
extern const struct sg_verb postfix_set;

#endif
