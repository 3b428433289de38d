/* SPDX-License-Identifier: MIT */
/* reason_site - the rows that a site adds to the table of reasons */
#ifndef POSTFIX_REASON_SITE_H
#define POSTFIX_REASON_SITE_H

#include <spoolguard/value.h>
#include <stddef.h>

#include "postfix/reason.h"

struct reason_site_row {
        const char *pattern; /* as in reason_match() */
        enum reason_class class;
};

struct reason_site {
        struct reason_site_row *rows; /* longest pattern first */
        size_t n;
};

/* The classes of the lists of options, in their order. */
extern const enum reason_class reason_site_classes[REASON_SITE_CLASSES];

/*
 * `lists` are REASON_SITE_CLASSES values, whose texts stay the caller's and must outlive `site`.  0, -ENOMEM, or -EINVAL
 * with the first pattern that cannot be understood in *ret_bad; the others are taken all the same.
 */
int reason_site_init(struct reason_site *site, const struct sg_value *lists, const char **ret_bad);
void reason_site_deinit(struct reason_site *site);

/* reason_classify() with the rows of the site before ours.  NULL: there are none. */
void reason_site_classify(const struct reason_site *site, const char *text, const char *status,
        const char *diagnostic, struct reason *ret_reason);

#endif
