/* SPDX-License-Identifier: MIT */
/* order - have the daemon do something: over D-Bus, or as root by the executor itself */
#ifndef CTL_ORDER_H
#define CTL_ORDER_H

#include "base/error.h"
#include "ctl/ctl.h"
#include "wire/wire.h"

/* The same order in both tongues. */
struct order {
        const char *member; /* of org.spoolguard1.Control */
        int type;           /* of its one argument, as in dbus/dbus-protocol.h; DBUS_TYPE_INVALID: none */
        const void *argument;
        struct wire_control_request request;
};

/* As client_call(); what was said to it, if anything, is in `ret_answer` in either case. */
enum ctl_exit order_give(const struct ctl *ctl, const struct order *order, struct problem *ret_answer);

#endif
