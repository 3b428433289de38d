/* SPDX-License-Identifier: MIT */
/* relay_mail - what the queues say about all next hops at this moment */
#ifndef RELAY_RELAY_MAIL_H
#define RELAY_RELAY_MAIL_H

#include "common/next_hop_list.h"
#include "relay/relay_need.h"

struct relay_mails {
        struct next_hop_list deferred, underway, late, dead, delivered, filters;
};

/* -ENOMEM: half a list, by which it would look as if mail were gone; relay_mails_deinit() all the same. */
int relay_mails_init(struct relay_mails *mails, const struct sg_host *host);
void relay_mails_deinit(struct relay_mails *mails);
struct relay_mail relay_mails_of(const struct relay_mails *mails, const char *nexthop);
bool relay_mails_is_filter(const struct relay_mails *mails, const char *nexthop);

#endif
