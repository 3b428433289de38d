/* SPDX-License-Identifier: MIT */
/* relay_target - one next hop: its addresses, rounds of probes, and the readings about it */
#ifndef RELAY_RELAY_TARGET_H
#define RELAY_RELAY_TARGET_H

#include "common/host_lookup.h"
#include "common/smtp_probe.h"
#include "relay/relay.h"

/* A connection that is under way: there is never a second one to the same address and port. */
struct relay_claim {
        bool taken;
        struct net_address address;
        uint16_t port;
};

/* What all targets have in common; it outlives them. */
struct relay_common {
        const struct sg_host *host;
        struct resolver resolver;
        uint64_t interval_usec;
        struct smtp_probe_limits limits;
        bool six;
        struct relay_claim claims[RELAY_TARGETS_MAX];
};

extern const struct sg_reading relay_readings[];

struct relay_target;

int relay_target_new(struct relay_common *common, const char *nexthop, struct relay_target **ret_target);
/* NULL is fine; returns NULL.  `withdraw`: its readings end with it. */
struct relay_target *relay_target_free(struct relay_target *target, bool withdraw);
const char *relay_target_nexthop(const struct relay_target *target);

#endif
