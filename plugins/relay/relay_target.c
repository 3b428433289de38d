/* SPDX-License-Identifier: MIT */
/*
 * relay_target - look up a next hop, probe its addresses one after the other, say what came out, and again
 *
 * Runs in the watcher, one for each next hop that relay_sensor.c chose.  Each round begins with a new lookup, so a
 * corrected record counts within one interval; what is known of an address is kept as long as it is in the answer.
 *
 * That a next hop is dead (relay_up_ratio 0) is only said when there are addresses and each of them was tried and
 * failed.  When the name servers are silent, when they know no address, when one of several mail exchanges could
 * not be looked up, or when we could not open a socket, the ratio is missing and the reason goes with it.
 *
 * Owns its lookup, its probe and its timer.  Fails at creation only for want of memory.
 * Limits: ADDRESSES_MAX addresses, in the order of preference, as Postfix tries five.
 */
#include "relay/relay_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/next_hop_list.h"

#define ADDRESSES_MAX 8
/* Another next hop has a connection to the same address. */
#define BUSY_USEC UINT64_C(500000)
#define PAUSE_LEAST_USEC UINT64_C(1000000)

enum state { STATE_UNKNOWN, STATE_UP, STATE_DOWN };

struct address {
        struct net_address address;
        char label[NET_ADDRESS_TEXT];
        enum state state;
};

struct relay_target {
        struct relay_common *common;
        char nexthop[NEXT_HOP_TEXT];
        struct next_hop hop;

        struct sg_timer *timer;
        struct host_lookup *lookup;
        struct smtp_probe *probe;
        struct relay_claim *claim; /* while there is a probe */

        struct address addresses[ADDRESSES_MAX];
        size_t n, next; /* next: the one that is probed, in a round */
        bool in_round, incomplete;
        uint64_t round_usec, down_since_usec, wait_usec;
        enum state state; /* of all addresses together, as it was told last */
        char cause[192];  /* the last address that failed, and why */
};

const struct sg_reading relay_readings[] = {
        {"relay_up", {"nexthop", "address"},
                "1: a server at this address of the next hop speaks SMTP; 0: none does."},
        {"relay_connect_seconds", {"nexthop", "address"}, "Time that the last connection took."},
        {"relay_up_ratio", {"nexthop"}, "Share of the addresses of the next hop that speak SMTP."},
        {0},
};

static void probe_next(struct relay_target *target);

static void label_address(const struct relay_target *target, const struct address *address,
        struct sg_label ret_labels[static 2]) {
        ret_labels[0] = (struct sg_label){"nexthop", target->nexthop};
        ret_labels[1] = (struct sg_label){"address", address->label};
}

static void withdraw_address(const struct relay_target *target, const struct address *address) {
        const struct sg_host *host = target->common->host;
        struct sg_label labels[2];

        label_address(target, address, labels);
        host->withdraw(host, "relay_up", labels, 2);
        host->withdraw(host, "relay_connect_seconds", labels, 2);
}

static void miss_address(const struct relay_target *target, struct address *address, const char *why) {
        const struct sg_host *host = target->common->host;
        struct sg_label labels[2];

        label_address(target, address, labels);
        host->missing(host, "relay_up", labels, 2, why);
        host->missing(host, "relay_connect_seconds", labels, 2, why);
        address->state = STATE_UNKNOWN;
}

static void miss_ratio(const struct relay_target *target, const char *why) {
        const struct sg_label label = {"nexthop", target->nexthop};

        target->common->host->missing(target->common->host, "relay_up_ratio", &label, 1, why);
}

static size_t count(const struct relay_target *target, enum state state) {
        size_t n = 0;

        for (size_t i = 0; i < target->n; i++)
                n += target->addresses[i].state == state;
        return n;
}

static void tell(struct relay_target *target, enum state state) {
        const struct sg_host *host = target->common->host;

        if (target->state != state && state == STATE_DOWN)
                host->log(host, SG_LEVEL_INFO, "no address of %s speaks SMTP (the last one tried: %s)",
                        target->nexthop, target->cause);
        if (target->state == STATE_DOWN && state == STATE_UP)
                host->log(host, SG_LEVEL_INFO, "%s speaks SMTP again", target->nexthop);
        target->state = state;
}

/* One address that is up is enough to say so; that all are down takes a word on each. */
static void publish_ratio(struct relay_target *target, bool round_over) {
        const struct sg_host *host = target->common->host;
        const struct sg_label label = {"nexthop", target->nexthop};
        size_t up = count(target, STATE_UP);

        if (up > 0) {
                host->publish(host, "relay_up_ratio", &label, 1, (double)up / (double)target->n);
                tell(target, STATE_UP);
        } else if (target->incomplete) {
                miss_ratio(target, "not every mail exchange could be looked up");
        } else if (count(target, STATE_UNKNOWN) == 0) {
                host->publish(host, "relay_up_ratio", &label, 1, 0);
                tell(target, STATE_DOWN);
        } else if (round_over) {
                miss_ratio(target, "not every address could be probed");
        }
}

static void end_round(struct relay_target *target) {
        const struct sg_host *host = target->common->host;
        uint64_t now_usec = host->now_usec(host), spent_usec = now_usec - target->round_usec;
        bool up = count(target, STATE_UP) > 0;

        target->in_round = false;
        if (up)
                target->down_since_usec = 0;
        else if (target->down_since_usec == 0)
                target->down_since_usec = target->round_usec;
        target->wait_usec = relay_pace_wait_usec(target->common->interval_usec,
                up ? 0 : now_usec - target->down_since_usec + 1, target->wait_usec);
        host->timer_arm(target->timer,
                spent_usec + PAUSE_LEAST_USEC > target->wait_usec ? PAUSE_LEAST_USEC
                                                                  : target->wait_usec - spent_usec);
}

static struct relay_claim *claim(
        struct relay_common *common, const struct net_address *address, uint16_t port) {
        struct relay_claim *free_one = NULL;

        for (size_t i = 0; i < RELAY_TARGETS_MAX; i++) {
                struct relay_claim *one = &common->claims[i];

                if (!one->taken)
                        free_one = one;
                else if (one->port == port && net_address_compare(&one->address, address) == 0)
                        return NULL;
        }
        if (free_one)
                *free_one = (struct relay_claim){.taken = true, .address = *address, .port = port};
        return free_one;
}

static void end_probe(struct relay_target *target) {
        target->probe = smtp_probe_free(target->probe);
        if (target->claim)
                target->claim->taken = false;
        target->claim = NULL;
}

static void on_probed(const struct smtp_probe_result *result, void *data) {
        struct relay_target *target = data;
        struct address *address = &target->addresses[target->next];
        const struct sg_host *host = target->common->host;
        struct sg_label labels[2];

        label_address(target, address, labels);
        address->state = result->speaks ? STATE_UP : STATE_DOWN;
        if (!result->speaks)
                snprintf(target->cause, sizeof(target->cause), "%s: %s", address->label, result->why);
        host->publish(host, "relay_up", labels, 2, result->speaks);
        if (result->connected)
                host->publish(host, "relay_connect_seconds", labels, 2, (double)result->connect_usec / 1e6);
        else
                host->missing(host, "relay_connect_seconds", labels, 2, result->why);
        end_probe(target);
        target->next++;
        publish_ratio(target, target->next == target->n);
        probe_next(target);
}

static void probe_next(struct relay_target *target) {
        struct relay_common *common = target->common;

        for (; target->next < target->n; target->next++) {
                struct address *address = &target->addresses[target->next];

                target->claim = claim(common, &address->address, target->hop.port);
                if (!target->claim) {
                        common->host->timer_arm(target->timer, BUSY_USEC);
                        return;
                }
                if (smtp_probe_new(common->host, &address->address, target->hop.port, &common->limits,
                            on_probed, target, &target->probe) == 0)
                        return;
                end_probe(target);
                miss_address(target, address, "no socket could be opened to probe it");
                publish_ratio(target, target->next + 1 == target->n);
        }
        end_round(target);
}

static bool still_listed(const struct host_lookup_result *result, const struct net_address *address) {
        for (size_t i = 0; i < result->n_addresses && i < ADDRESSES_MAX; i++)
                if (net_address_compare(&result->addresses[i].address, address) == 0)
                        return true;
        return false;
}

/* What the lookup found, with what is known from before; addresses that are gone are withdrawn. */
static void take_addresses(struct relay_target *target, const struct host_lookup_result *result) {
        struct address before[ADDRESSES_MAX];
        size_t n_before = target->n;

        memcpy(before, target->addresses, sizeof(before));
        for (size_t i = 0; i < n_before; i++)
                if (!still_listed(result, &before[i].address))
                        withdraw_address(target, &before[i]);
        for (target->n = 0; target->n < result->n_addresses && target->n < ADDRESSES_MAX; target->n++) {
                struct address *address = &target->addresses[target->n];

                *address = (struct address){.address = result->addresses[target->n].address};
                net_address_print(&address->address, address->label);
                for (size_t i = 0; i < n_before; i++)
                        if (net_address_compare(&before[i].address, &address->address) == 0)
                                address->state = before[i].state;
        }
        target->incomplete = result->incomplete;
}

static void on_looked_up(const struct host_lookup_result *result, void *data) {
        struct relay_target *target = data;

        if (result->outcome == HOST_LOOKUP_NO_WORD)
                for (size_t i = 0; i < target->n; i++)
                        miss_address(target, &target->addresses[i], result->why);
        else
                take_addresses(target, result);
        if (result->outcome != HOST_LOOKUP_FOUND) {
                miss_ratio(target, result->why);
                target->next = target->n;
        }
        target->lookup = host_lookup_free(target->lookup);
        probe_next(target);
}

/* The next round, or the same one after a wait for another target's connection. */
static void on_timer(struct sg_timer *timer, void *data) {
        struct relay_target *target = data;
        const struct sg_host *host = target->common->host;

        (void)timer;
        if (target->in_round) {
                probe_next(target);
                return;
        }
        target->in_round = true;
        target->round_usec = host->now_usec(host);
        target->next = 0;
        (void)resolver_refresh(&target->common->resolver);
        if (host_lookup_new(&target->common->resolver, &target->hop, target->common->six, on_looked_up,
                    target, &target->lookup) < 0) {
                miss_ratio(target, "it could not be looked up for want of memory or descriptors");
                end_round(target);
        }
}

/* NULL: it can. */
static const char *why_not_probed(struct relay_target *target) {
        if (!next_hop_parse(target->nexthop, &target->hop))
                return "it is not a host that can be probed";
        if (next_hop_is_wrapped(&target->hop))
                return "its server speaks TLS from the first byte, which is not probed";
        return NULL;
}

int relay_target_new(struct relay_common *common, const char *nexthop, struct relay_target **ret_target) {
        struct relay_target *target = calloc(1, sizeof(*target));
        const char *why;
        int r = 0;

        if (!target)
                return -ENOMEM;
        target->common = common;
        snprintf(target->nexthop, sizeof(target->nexthop), "%s", nexthop);
        why = why_not_probed(target);
        if (why)
                miss_ratio(target, why);
        else
                r = common->host->timer_new(
                        common->host, "relay: next probe", 0, on_timer, target, &target->timer);
        if (r < 0) {
                free(target);
                return r;
        }
        *ret_target = target;
        return 0;
}

struct relay_target *relay_target_free(struct relay_target *target, bool withdraw) {
        const struct sg_host *host;
        struct sg_label label;

        if (!target)
                return NULL;
        host = target->common->host;
        label = (struct sg_label){"nexthop", target->nexthop};
        for (size_t i = 0; withdraw && i < target->n; i++)
                withdraw_address(target, &target->addresses[i]);
        if (withdraw)
                host->withdraw(host, "relay_up_ratio", &label, 1);
        host_lookup_free(target->lookup);
        end_probe(target);
        host->timer_free(target->timer);
        free(target);
        return NULL;
}

const char *relay_target_nexthop(const struct relay_target *target) {
        return target->nexthop;
}
