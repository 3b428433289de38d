/* SPDX-License-Identifier: MIT */
/* reload - let Postfix read its configuration again, for postfix.reload and for verbs that changed what it reads */
#ifndef POSTFIX_RELOAD_H
#define POSTFIX_RELOAD_H

#include "postfix/postfix.h"

/*
 * Whether there is a Postfix to reload: 0, or a negative errno value with the reason in outcome->text.  Changes
 * nothing, for check().
 */
int reload_check(const struct sg_action *action, const char *instance, struct sg_outcome *outcome);
/*
 * The same, and that its queue manager has read main.cf and master.cf as they are, so that a reload puts nothing in
 * force that somebody else has written and not tried yet: -EPERM when it has not.  For who has not just written one of
 * them himself.
 */
int reload_check_read(const struct sg_action *action, const char *instance, struct sg_outcome *outcome);
/*
 * One reload through systemd, and a new queue manager that stays alive.  0 or a negative errno value, what happened
 * in outcome->text: -ESRCH, Postfix is not running; -ETIME, it has no new queue manager; else systemctl failed.
 * It takes up to 12 seconds beside what systemctl takes.
 */
int reload_do(const struct sg_action *action, const char *instance, struct sg_outcome *outcome);

#endif
