/* SPDX-License-Identifier: MIT */
/* release - let go of what a lease holds */
#ifndef POSTFIX_RELEASE_H
#define POSTFIX_RELEASE_H

#include "postfix/order.h"

/*
 * 0, or a negative errno value, with a sentence in outcome->text either way.  ret_complete: the lease holds nothing
 * any more; else some of it stays on hold because it would bounce, or because it could not be moved.
 */
int release_lease(const struct sg_action *action, const char *instance, uint64_t lease, bool *ret_complete,
        struct sg_outcome *outcome);

#endif
