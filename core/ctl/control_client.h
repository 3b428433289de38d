/* SPDX-License-Identifier: MIT */
/* control_client - ask the executor itself, over the socket that heeds only root */
#ifndef CTL_CONTROL_CLIENT_H
#define CTL_CONTROL_CLIENT_H

#include "base/error.h"
#include "ctl/ctl.h"
#include "wire/wire.h"

/*
 * Sends the request and waits up to `timeout_msec` for the answer, which lands in `problem` in either case:
 * CTL_GOOD it was done, CTL_TROUBLE it was refused, CTL_UNREACHABLE there was nobody to ask.
 */
enum ctl_exit control_client_ask(const struct ctl *ctl, const struct wire_control_request *request,
        int timeout_msec, struct problem *problem);

#endif
