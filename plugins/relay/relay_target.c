/* SPDX-License-Identifier: MIT */
/*
 * relay_target - look up a next hop, probe its addresses, have said what came out, and again
 *
 * Runs in the watcher, one for each next hop that relay_sensor.c chose.  Each round begins with a new lookup, so a
 * corrected record counts within one interval; what is known of an address is kept as long as it is in the answer.
 * All addresses are tried at the same time, since each dead one takes seconds, and a round with a failure that is not
 * sure yet is followed by another one soon; relay_pace.c says how much later, and why nobody is bothered by it.
 *
 * When the name servers are silent, when they know no address, when one of several mail exchanges could not be looked
 * up, or when we could not open a socket, the share is missing and the reason goes with it.
 *
 * Several next hops, of which Postfix tries the next one when the first cannot be reached, are looked up one after the
 * other and then are one: mail waits only when no address of any of them takes it.
 *
 * Owns its lookup, its probes and its timer.  Fails at creation only for want of memory.
 * Limits: RELAY_ADDRESSES_MAX addresses, in the order of preference, as Postfix tries five; of several next hops each has
 * its part of these.  When there are more that are as good, that all of these are dead proves nothing, and the share is
 * missing.  No server that waits for TLS before it says a word, no unix sockets.
 */
#include "relay/relay_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Another next hop has a connection to the same address. */
#define BUSY_USEC UINT64_C(500000)
#define TRIED 5
#define PAUSE_LEAST_USEC UINT64_C(1000000)

static void go_on(struct relay_target *target);

static enum relay_mood mood_of(const struct relay_target *target) {
        size_t up = relay_say_count(target, RELAY_UP), refusing = relay_say_count(target, RELAY_REFUSING),
               down = relay_say_count(target, RELAY_DOWN);

        if (up > 0)
                return refusing + down > 0 ? RELAY_MOOD_PART : RELAY_MOOD_UP;
        if (refusing > 0)
                return RELAY_MOOD_REFUSING;
        return down > 0 ? RELAY_MOOD_DOWN : RELAY_MOOD_UNCLEAR;
}

/* How long after its beginning the round that has just ended is to be followed by the next one. */
static uint64_t wait_after(struct relay_target *target, uint64_t now_usec) {
        struct relay_pace *pace = &target->pace;
        enum relay_mood mood = mood_of(target);
        uint64_t again_usec = UINT64_MAX;

        if (mood != pace->mood || target->mood_usec == 0) {
                pace->mood = mood;
                pace->last_usec = 0;
                target->mood_usec = now_usec;
        }
        pace->since_usec = now_usec - target->mood_usec;
        pace->is_filter = target->is_filter;
        pace->is_urgent = target->need.level == RELAY_NEED_URGENT;
        pace->last_usec = relay_pace_wait_usec(pace, target->common->interval_usec);
        for (size_t i = 0; i < target->n; i++) {
                const struct relay_seen *seen = &target->addresses[i].seen;

                if (seen->doubted && relay_verdict_again_usec(seen) < again_usec)
                        again_usec = relay_verdict_again_usec(seen);
        }
        if (again_usec < target->round_usec + pace->last_usec)
                return again_usec > target->round_usec ? again_usec - target->round_usec : 0;
        return pace->last_usec;
}

static void wait_for_round(struct relay_target *target, uint64_t wait_usec) {
        const struct sg_host *host = target->common->host;
        uint64_t now_usec = host->now_usec(host), due_usec = target->round_usec + wait_usec;

        if (due_usec < now_usec + PAUSE_LEAST_USEC)
                due_usec = now_usec + PAUSE_LEAST_USEC;
        target->due_usec = due_usec;
        host->timer_arm(target->timer, due_usec - now_usec);
}

static void end_round(struct relay_target *target) {
        const struct sg_host *host = target->common->host;

        target->in_round = false;
        wait_for_round(target, wait_after(target, host->now_usec(host)));
}

static struct relay_claim *claim(
        struct relay_common *common, const struct net_address *address, uint16_t port) {
        struct relay_claim *free_one = NULL;

        for (size_t i = 0; i < RELAY_CLAIMS_MAX; i++) {
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

static void end_probe(struct relay_address *address) {
        address->probe = smtp_probe_free(address->probe);
        if (address->claim)
                address->claim->taken = false;
        address->claim = NULL;
}

static bool is_round_over(const struct relay_target *target) {
        for (size_t i = 0; i < target->n; i++)
                if (target->addresses[i].is_waiting || target->addresses[i].probe)
                        return false;
        return true;
}

static void on_probed(const struct smtp_probe_result *result, void *data) {
        struct relay_address *address = data;
        struct relay_target *target = address->target;
        const struct sg_host *host = target->common->host;
        const struct relay_manner manner = {.is_filter = target->is_filter, .port = address->port};

        snprintf(address->why, sizeof(address->why), "%s", result->why ? result->why : "");
        relay_verdict_note(&address->seen, &manner, &target->common->limits, result, address->began_usec,
                host->now_usec(host));
        relay_say_address(address, result);
        end_probe(address);
        relay_say_ratio(target, is_round_over(target));
        go_on(target);
}

/* False: its turn has not come. */
static bool probe(struct relay_address *address) {
        struct relay_target *target = address->target;
        struct relay_common *common = target->common;
        struct smtp_probe_limits limits = relay_verdict_limits(&address->seen, &common->limits);
        const struct net_address *from =
                address->address.family == AF_INET ? &target->self.four : &target->self.six;
        const struct smtp_probe_call call = {.to = address->address,
                .port = address->port,
                .name = target->self.name[0] ? target->self.name : NULL,
                .from = from};

        address->claim = claim(common, &address->address, address->port);
        if (!address->claim)
                return false;
        address->is_waiting = false;
        address->began_usec = common->host->now_usec(common->host);
        if (smtp_probe_new(common->host, &call, &limits, on_probed, address, &address->probe) < 0) {
                end_probe(address);
                relay_verdict_forget(&address->seen);
                relay_say_missing_address(address, "no socket could be opened to probe it");
                relay_say_ratio(target, is_round_over(target));
        }
        return true;
}

/* Begin what can be begun; when nothing is left, the round is over. */
static void go_on(struct relay_target *target) {
        bool is_waiting = false;

        for (size_t i = 0; i < target->n; i++)
                if (target->addresses[i].is_waiting && !probe(&target->addresses[i]))
                        is_waiting = true;
        if (is_waiting)
                target->common->host->timer_arm(target->timer, BUSY_USEC);
        else if (is_round_over(target))
                end_round(target);
}

static bool is_at(const struct relay_address *address, const struct net_address *other, uint16_t port) {
        return address->port == port && net_address_compare(&address->address, other) == 0;
}

static bool is_found(const struct relay_found *found, const struct net_address *address, uint16_t port) {
        for (size_t i = 0; i < found->n; i++)
                if (found->addresses[i].port == port &&
                        net_address_compare(&found->addresses[i].address, address) == 0)
                        return true;
        return false;
}

/* The port is told where it is not the one of the first next hop. */
static void label(struct relay_address *address) {
        char text[NET_ADDRESS_TEXT];

        net_address_print(&address->address, text);
        if (address->port == address->target->hops[0].port)
                snprintf(address->label, sizeof(address->label), "%s", text);
        else
                snprintf(address->label, sizeof(address->label), strchr(text, ':') ? "[%s]:%u" : "%s:%u",
                        text, address->port);
}

/* What the lookups found, with what is known from before; addresses that are gone are withdrawn. */
static void take_addresses(struct relay_target *target) {
        const struct relay_found *found = &target->found;
        struct relay_address before[RELAY_ADDRESSES_MAX];
        size_t n_before = target->n;

        memcpy(before, target->addresses, sizeof(before));
        for (size_t i = 0; i < n_before; i++)
                if (!is_found(found, &before[i].address, before[i].port))
                        relay_say_withdraw_address(&before[i]);
        for (target->n = 0; target->n < found->n; target->n++) {
                struct relay_address *address = &target->addresses[target->n];

                *address = (struct relay_address){.target = target,
                        .address = found->addresses[target->n].address,
                        .port = found->addresses[target->n].port,
                        .is_waiting = true};
                label(address);
                for (size_t i = 0; i < n_before; i++)
                        if (is_at(&before[i], &address->address, address->port)) {
                                address->seen = before[i].seen;
                                memcpy(address->why, before[i].why, sizeof(address->why));
                        }
        }
        target->is_incomplete = found->is_incomplete || found->has_no_word;
        target->is_cut = found->is_cut;
}

static void forget_states(struct relay_target *target, const char *why) {
        for (size_t i = 0; i < target->n; i++) {
                relay_verdict_forget(&target->addresses[i].seen);
                relay_say_missing_address(&target->addresses[i], why);
        }
}

/* Postfix tries so many, the best first (smtp_mx_address_limit); among equals it takes any. */
static bool leaves_out(const struct host_lookup_result *result, size_t places) {
        unsigned out = result->cut_preference;

        if (result->n_addresses > places && result->addresses[places].preference < out)
                out = result->addresses[places].preference;
        if (out == HOST_LOOKUP_NONE_CUT)
                return false;
        return result->n_addresses < TRIED || out <= result->addresses[TRIED - 1].preference;
}

/* Of several next hops each has its part of the places: the last one may be the one that answers. */
static void gather(struct relay_target *target, const struct host_lookup_result *result) {
        struct relay_found *found = &target->found;
        size_t places = RELAY_ADDRESSES_MAX / target->n_hops;

        for (size_t i = 0; i < result->n_addresses && i < places; i++) {
                uint16_t port = target->hops[found->hop].port;

                if (is_found(found, &result->addresses[i].address, port))
                        continue;
                found->addresses[found->n].address = result->addresses[i].address;
                found->addresses[found->n++].port = port;
        }
        found->is_incomplete |= result->incomplete;
        found->is_cut |= leaves_out(result, places);
        /* That one could not be asked for says more than that another one is unknown. */
        if (result->outcome == HOST_LOOKUP_NO_WORD ||
                (result->outcome == HOST_LOOKUP_NONE && !found->has_no_word))
                snprintf(found->why, sizeof(found->why), "%s", result->why);
        found->has_no_word |= result->outcome == HOST_LOOKUP_NO_WORD;
}

static void end_lookups(struct relay_target *target) {
        const struct relay_found *found = &target->found;

        if (found->n == 0 && found->has_no_word)
                forget_states(target, found->why);
        else
                take_addresses(target);
        target->is_unresolved = found->n == 0;
        if (target->is_unresolved)
                relay_say_missing(target, found->why);
        go_on(target);
}

static void look_up(struct relay_target *target);

static void on_looked_up(const struct host_lookup_result *result, void *data) {
        struct relay_target *target = data;

        gather(target, result);
        target->lookup = host_lookup_free(target->lookup);
        if (++target->found.hop < target->n_hops)
                look_up(target);
        else
                end_lookups(target);
}

static void look_up(struct relay_target *target) {
        struct relay_common *common = target->common;

        if (host_lookup_new(&common->resolver, &target->hops[target->found.hop], common->six, on_looked_up,
                    target, &target->lookup) == 0)
                return;
        relay_say_missing(target, "it could not be looked up for want of memory or descriptors");
        end_round(target);
}

/* Its mail is the better probe, and a process of a content filter is not taken for less. */
static bool is_answering_mail(const struct relay_target *target) {
        return target->is_filter && target->pace.mood != RELAY_MOOD_DOWN && target->round_usec != 0 &&
                target->need.moved_usec > target->round_usec;
}

static void begin_round(struct relay_target *target) {
        const struct sg_host *host = target->common->host;

        if (is_answering_mail(target)) {
                target->round_usec = host->now_usec(host);
                end_round(target);
                return;
        }
        target->in_round = true;
        target->round_usec = host->now_usec(host);
        target->found = (struct relay_found){.n = 0};
        (void)resolver_refresh(&target->common->resolver);
        relay_self_see(host, target->nexthop, &target->self);
        look_up(target);
}

/* The next round, or the same one after a wait for another target's connection. */
static void on_timer(struct sg_timer *timer, void *data) {
        struct relay_target *target = data;

        (void)timer;
        if (target->in_round)
                go_on(target);
        else
                begin_round(target);
}

void relay_target_look(
        struct relay_target *target, const struct relay_need *need, bool is_filter, double messages) {
        uint64_t least_usec = relay_pace_least_usec(target->common->interval_usec, is_filter);

        target->need = *need;
        target->messages = messages;
        target->is_filter = is_filter;
        if (!target->is_probeable || !target->need.is_news)
                return;
        /* Not the same trouble as before, so patience begins anew. */
        target->mood_usec = 0;
        if (!target->in_round && target->round_usec != 0 &&
                target->round_usec + least_usec < target->due_usec)
                wait_for_round(target, least_usec);
}

/* NULL: it can. */
static const char *why_not_probed(struct relay_target *target) {
        target->n_hops = next_hop_parse_list(target->nexthop, target->hops);
        if (target->n_hops == 0)
                return "it is not a host that can be probed";
        for (size_t i = 0; i < target->n_hops; i++)
                if (next_hop_is_wrapped(&target->hops[i]))
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
        target->is_probeable = !why;
        if (why)
                relay_say_missing(target, why);
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
        if (!target)
                return NULL;
        if (withdraw)
                relay_say_withdraw(target);
        host_lookup_free(target->lookup);
        for (size_t i = 0; i < target->n; i++)
                end_probe(&target->addresses[i]);
        target->common->host->timer_free(target->timer);
        free(target);
        return NULL;
}
