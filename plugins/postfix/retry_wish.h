/* SPDX-License-Identifier: MIT */
/* retry_wish - does somebody want such mail to wait? */
#ifndef POSTFIX_RETRY_WISH_H
#define POSTFIX_RETRY_WISH_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "spoolguard/action.h"

/*
 * By main.cf as it is written, since check() may start nothing.  *ret_longest_wait is in seconds: what Postfix or we
 * give a message.  -EBUSY: its mail is paused, or nobody knows.
 */
int retry_wish_as_written(const struct sg_action *action, const char *instance, time_t *ret_longest_wait,
        struct sg_outcome *outcome);
/* As postconf has it, which knows more than the text of main.cf says. */
int retry_wish_as_it_is(
        const struct sg_action *action, const char *instance, const char *config, struct sg_outcome *outcome);
/* A file of the deferred queue was given the time of its next try by somebody else. */
bool retry_wish_is_for(time_t longest_wait, const struct stat *status);

#endif
