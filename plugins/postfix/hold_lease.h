/* SPDX-License-Identifier: MIT */
/* hold_lease - whether a number is that of a lease of postfix.hold */
#ifndef POSTFIX_HOLD_LEASE_H
#define POSTFIX_HOLD_LEASE_H

#include "postfix/order.h"

/* 0, or -EPERM with a sentence in outcome->text that names those that there are. */
int hold_lease_check(
        const struct sg_action *action, const char *instance, uint64_t lease, struct sg_outcome *outcome);

#endif
