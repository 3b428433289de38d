/* SPDX-License-Identifier: MIT */
/* set - what the parts of postfix.set know of each other */
#ifndef POSTFIX_SET_H
#define POSTFIX_SET_H

#include "postfix/set_record.h"
#include "postfix/setting.h"

enum { SET_ARG_INSTANCE, SET_ARG_SETTINGS };

/* What a call of the verb is told, and holds. */
struct set {
        const struct sg_action *action;
        const char *instance;
        struct settings settings;
        struct main_cf_file file;
        struct set_record record;
        int lock;         /* postconf's; -1: not held */
        bool is_in_place; /* main.cf says so by this lease, but no queue manager is known to have read it */
};

/* All of it but the reload; the file is locked and judged.  0, or a negative errno value with the reason. */
int set_change(struct set *set, struct sg_outcome *outcome);

/*
 * It was done already, by the lease itself: 0 when its settings are what it made them, else -EPERM with what they are
 * and how much mail is returned for it, and outcome->is_overruled; or another negative errno value with the reason.
 */
int set_check_done(const struct set *set, const struct set_record *record, struct sg_outcome *outcome);

/*
 * Takes back what the lease of the action has changed, and has Postfix read it.  `at_once`: without a look at the mail,
 * because no queue manager has lived with it.  0, also when there was nothing to take back; or a negative errno value
 * with the reason in outcome->text.
 */
int set_take_back(const struct sg_action *action, const struct settings *settings, bool at_once,
        struct sg_outcome *outcome);

#endif
