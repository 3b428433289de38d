/* SPDX-License-Identifier: MIT */
/* relay_self - as what Postfix comes to a next hop */
#ifndef RELAY_RELAY_SELF_H
#define RELAY_RELAY_SELF_H

#include <spoolguard/host.h>

#include "common/dns_message.h"

struct relay_self {
        char name[DNS_NAME_MAX];      /* that it says; "": nothing is known */
        struct net_address four, six; /* that it comes from; of no family: nothing is known */
        bool is_native;               /* it does not ask the name servers itself where the next hop is */
};

/* As main.cf says for the instance of Postfix that has most mail for it, or else for the default one. */
void relay_self_see(const struct sg_host *host, const char *nexthop, struct relay_self *ret_self);

#endif
