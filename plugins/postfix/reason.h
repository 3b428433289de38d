/* SPDX-License-Identifier: MIT */
/* reason - the class of a deferral, by anchored prefix; what a remote server says never chooses it alone */
#ifndef POSTFIX_REASON_H
#define POSTFIX_REASON_H

#include <stdbool.h>

enum reason_class {
        REASON_NONE, /* no reason is known: no defer log, or not in it */
        REASON_DNS,
        REASON_TIMEOUT,
        REASON_REFUSED,
        REASON_UNREACHABLE,
        REASON_LOST, /* the connection was lost, or went silent, in the middle */
        REASON_TLS,
        REASON_GREYLIST,
        REASON_QUOTA,
        REASON_POLICY,
        REASON_REMOTE,      /* another 4xx of the remote */
        REASON_FILTER,      /* the content filter of the message did not take it */
        REASON_FILTER_DEAD, /* ... because nobody answered there; both are called "filter" */
        REASON_TRANSPORT,
        REASON_PAUSED, /* defer_transports: somebody's wish */
        REASON_LOCAL,
        REASON_DUPLICATE_RISK, /* 'message may be sent more than once' */
        REASON_OTHER,
        REASON_CLASSES,
};

/* Classes to which a site can add rows of its own (reason_site.c). */
#define REASON_SITE_CLASSES 15

struct reason {
        enum reason_class class;
        bool suspended; /* Postfix did not try: another one of this destination had failed */
        char host[256]; /* "connect to HOST[ADDRESS]:PORT": whom Postfix tried; "" when it is not said */
        char address[64];
        unsigned port;
        const char *
                reply; /* what a remote server said, in one of the texts that were classified; NULL: nothing */
};

/* `status` and `diagnostic` as in struct defer_entry. */
void reason_classify(const char *text, const char *status, const char *diagnostic, struct reason *ret_reason);
const char *reason_name(enum reason_class class); /* "timeout", "duplicate-risk", ...: the label */
/* Nobody answered at all: what a dead next hop looks like from here. */
bool reason_is_dead(enum reason_class class);
/* The class of what happened on the way to a content filter. */
enum reason_class reason_at_filter(enum reason_class class);

/* Without the prefix of a message that Postfix did not try. */
const char *reason_text(const char *text, bool *ret_suspended);
/*
 * What is behind `pattern` in `text`, or NULL: %H is HOST[ADDRESS], %P :PORT, %U HOST[path of a socket], %N the name of
 * a host or domain, %% a percent sign, and a $ at its end the end.
 */
const char *reason_match(const char *pattern, const char *text, struct reason *ret_reason);

#endif
