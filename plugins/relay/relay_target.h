/* SPDX-License-Identifier: MIT */
/* relay_target - one next hop: its addresses, rounds of probes, and the readings about it */
#ifndef RELAY_RELAY_TARGET_H
#define RELAY_RELAY_TARGET_H

#include "common/host_lookup.h"
#include "common/next_hop_list.h"
#include "common/smtp_probe.h"
#include "relay/relay.h"
#include "relay/relay_links.h"
#include "relay/relay_need.h"
#include "relay/relay_pace.h"
#include "relay/relay_self.h"
#include "relay/relay_verdict.h"

#define RELAY_ADDRESSES_MAX 8
#define RELAY_CLAIMS_MAX 64
#define RELAY_LABEL (NET_ADDRESS_TEXT + 8) /* an address, and a port */

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
        struct relay_links links;
        uint64_t interval_usec;
        struct smtp_probe_limits limits;
        bool six;
        struct relay_claim claims[RELAY_CLAIMS_MAX];
};

struct relay_target;

/* It stays where it is while there is a probe. */
struct relay_address {
        struct relay_target *target;
        struct net_address address;
        uint16_t port;
        char label[RELAY_LABEL];
        struct relay_seen seen;
        char why[128]; /* what it does instead of taking mail */

        bool is_waiting; /* for its turn in this round */
        uint64_t began_usec;
        struct smtp_probe *probe;
        struct relay_claim *claim; /* while there is a probe */
};

/* What the lookups of a round came to so far, one for each of several next hops in turn. */
struct relay_found {
        size_t hop; /* that is being looked up */
        struct {
                struct net_address address;
                uint16_t port;
        } addresses[RELAY_ADDRESSES_MAX];
        size_t n;
        bool is_incomplete; /* there may be more */
        bool is_cut;        /* there are more that are as good */
        bool has_no_word;   /* of one of them at least */
        char why[128];      /* nothing was found of one */
};

struct relay_target {
        struct relay_common *common;
        char nexthop[NEXT_HOP_TEXT];
        struct next_hop hops[NEXT_HOPS_MAX];
        size_t n_hops;
        bool is_filter;
        struct relay_self self;
        struct relay_need need;
        double messages; /* that wait for it */

        struct sg_timer *timer;
        struct host_lookup *lookup;
        struct relay_found found;
        bool in_round, is_probeable, is_unresolved, is_incomplete;
        bool is_cut; /* mail may go to addresses that are not among these */
        struct relay_address addresses[RELAY_ADDRESSES_MAX];
        size_t n;
        uint64_t round_usec, due_usec; /* when the last one began, when the next one does */
        struct relay_pace pace;
        uint64_t mood_usec; /* since when it has been in that mood */
        bool is_told_dead;
};

int relay_target_new(struct relay_common *common, const char *nexthop, struct relay_target **ret_target);
/* NULL is fine; returns NULL.  `withdraw`: its readings end with it. */
struct relay_target *relay_target_free(struct relay_target *target, bool withdraw);
/* What its mail does now, and how many messages wait; may bring the next round forward. */
void relay_target_look(
        struct relay_target *target, const struct relay_need *need, bool is_filter, double messages);

/* relay_say.c: the readings about it. */
extern const struct sg_reading relay_readings[];
void relay_say_address(struct relay_address *address, const struct smtp_probe_result *result);
void relay_say_missing(struct relay_target *target, const char *why);
void relay_say_missing_address(struct relay_address *address, const char *why);
void relay_say_ratio(struct relay_target *target, bool is_round_over);
void relay_say_withdraw(struct relay_target *target);
void relay_say_withdraw_address(const struct relay_address *address);
size_t relay_say_count(const struct relay_target *target, enum relay_state state);

#endif
