/* SPDX-License-Identifier: MIT */
/*
 * relay_say - the readings about one next hop
 *
 * Runs in the watcher, for relay_target.c.  What is said of an address follows from its last probe, what is said of
 * the next hop from all of them (relay_verdict.c), with the evidence in a sentence (relay_sentence.c).  One address
 * that takes mail is enough to say so at once; that there is none takes a word on each, and a look at the links on the
 * way at that very moment, so that a cable is not taken for a relay.
 *
 * Owns nothing.  Cannot fail: it is the host that has room for a reading or has not.
 * Limits: a change is logged, one line each way.
 */
#include "relay/relay_target.h"

#include <stdio.h>
#include <string.h>

#include "relay/relay_sentence.h"

/* Deliveries are counted, and the count is seen, a little later. */
#define LAG_USEC UINT64_C(3000000)
/* A connection that was there already may take some more mail while the server dies: that proves nothing for long. */
#define DELIVERED_USEC UINT64_C(600000000)

const struct sg_reading relay_readings[] = {
        {"relay_up", {"nexthop", "address"},
                "1: a server at this address of the next hop speaks SMTP; 0: none has for five seconds. "
                "Missing while it refuses, is not known, or cannot be reached by any route of this host."},
        {"relay_refusing", {"nexthop", "address"},
                "1: a server is there, and answers 4xx or 5xx to the connection or to EHLO; 0: not so."},
        {"relay_connect_seconds", {"nexthop", "address"}, "Time that the last connection took."},
        {"relay_up_ratio", {"nexthop"},
                "Share of the addresses of the next hop that speak SMTP and do not refuse. Missing, not 0, "
                "while the rest of them refuses, while mail is delivered all the same, and while a link on "
                "the way there is down."},
        {"network_link_up", {"interface"},
                "1: the link is up; 0: it is down, and a name server or a next hop cannot be reached "
                "because of it. For links that such a thing is reached by."},
        {0},
};

static void label_address(const struct relay_address *address, struct sg_label ret_labels[static 2]) {
        ret_labels[0] = (struct sg_label){"nexthop", address->target->nexthop};
        ret_labels[1] = (struct sg_label){"address", address->label};
}

size_t relay_say_count(const struct relay_target *target, enum relay_state state) {
        size_t n = 0;

        for (size_t i = 0; i < target->n; i++)
                n += target->addresses[i].seen.state == state;
        return n;
}

void relay_say_missing_address(struct relay_address *address, const char *why) {
        const struct sg_host *host = address->target->common->host;
        struct sg_label labels[2];

        label_address(address, labels);
        host->missing(host, "relay_up", labels, 2, why);
        host->missing(host, "relay_refusing", labels, 2, why);
        host->missing(host, "relay_connect_seconds", labels, 2, why);
}

void relay_say_withdraw_address(const struct relay_address *address) {
        const struct sg_host *host = address->target->common->host;
        struct sg_label labels[2];

        label_address(address, labels);
        host->withdraw(host, "relay_up", labels, 2);
        host->withdraw(host, "relay_refusing", labels, 2);
        host->withdraw(host, "relay_connect_seconds", labels, 2);
}

static void tell_refusing(const struct relay_address *address, const struct sg_label labels[static 2]) {
        const struct sg_host *host = address->target->common->host;
        const struct relay_sentence_address one = {
                .address = address->label, .state = RELAY_REFUSING, .why = address->why};
        const struct relay_sentence sentence = {.nexthop = address->target->nexthop,
                .messages = address->target->messages,
                .addresses = &one,
                .n = 1};
        char text[SG_SENTENCE_MAX + 1];

        relay_sentence_refusing(&sentence, text);
        host->publish_told(host, "relay_refusing", labels, 2, 1, text);
}

void relay_say_address(struct relay_address *address, const struct smtp_probe_result *result) {
        const struct sg_host *host = address->target->common->host;
        enum relay_state state = address->seen.state;
        struct sg_label labels[2];

        label_address(address, labels);
        if (result->connected)
                host->publish(host, "relay_connect_seconds", labels, 2, (double)result->connect_usec / 1e6);
        else
                host->missing(host, "relay_connect_seconds", labels, 2, address->why);
        /* What was said before holds until it is sure. */
        if (address->seen.doubted)
                return;
        if (state == RELAY_UP || state == RELAY_DOWN)
                host->publish(host, "relay_up", labels, 2, state == RELAY_UP);
        else
                host->missing(host, "relay_up", labels, 2, address->why);
        if (state == RELAY_UNKNOWN || state == RELAY_UNROUTED)
                host->missing(host, "relay_refusing", labels, 2, address->why);
        else if (state == RELAY_REFUSING)
                tell_refusing(address, labels);
        else
                host->publish(host, "relay_refusing", labels, 2, 0);
}

void relay_say_missing(struct relay_target *target, const char *why) {
        const struct sg_label label = {"nexthop", target->nexthop};

        target->common->host->missing(target->common->host, "relay_up_ratio", &label, 1, why);
}

void relay_say_withdraw(struct relay_target *target) {
        const struct sg_label label = {"nexthop", target->nexthop};

        for (size_t i = 0; i < target->n; i++)
                relay_say_withdraw_address(&target->addresses[i]);
        target->common->host->withdraw(target->common->host, "relay_up_ratio", &label, 1);
}

/* A link that is down on the way to any of the addresses, or NULL. */
static const char *link_down_to(const struct relay_target *target) {
        const char *link = NULL;

        for (size_t i = 0; i < target->n && !link; i++)
                link = relay_links_down_to(&target->common->links, &target->addresses[i].address);
        return link;
}

/* Did mail go there since none of the addresses speaks to us, and does it still. */
static bool is_delivered(const struct relay_target *target) {
        const struct sg_host *host = target->common->host;
        uint64_t since_usec = 0;

        for (size_t i = 0; i < target->n; i++)
                if (target->addresses[i].seen.failing_since_usec > since_usec)
                        since_usec = target->addresses[i].seen.failing_since_usec;
        return target->need.moved_usec > since_usec + LAG_USEC &&
                host->now_usec(host) - target->need.moved_usec < DELIVERED_USEC;
}

static void tell(struct relay_target *target, double ratio, const char *sentence) {
        const struct sg_host *host = target->common->host;
        const struct sg_label label = {"nexthop", target->nexthop};

        if (sentence)
                host->publish_told(host, "relay_up_ratio", &label, 1, ratio, sentence);
        else
                host->publish(host, "relay_up_ratio", &label, 1, ratio);
        if (ratio <= 0 && !target->is_told_dead)
                host->log(host, SG_LEVEL_INFO, "%s", sentence);
        if (ratio > 0 && target->is_told_dead)
                host->log(host, SG_LEVEL_INFO, "%s speaks SMTP again", target->nexthop);
        target->is_told_dead = ratio <= 0;
}

/* Name servers turn the addresses round; what is told is to stay the same as long as it is. */
static void put_in_order(const struct relay_target *target,
        const struct relay_address *ret_order[static RELAY_ADDRESSES_MAX]) {
        for (size_t i = 0; i < target->n; i++) {
                const struct relay_address *address = &target->addresses[i];
                size_t at = i;

                for (; at > 0 && net_address_compare(&ret_order[at - 1]->address, &address->address) > 0;
                        at--)
                        ret_order[at] = ret_order[at - 1];
                ret_order[at] = address;
        }
}

static void tell_with_evidence(struct relay_target *target, double ratio) {
        struct relay_sentence_address addresses[RELAY_ADDRESSES_MAX];
        const struct relay_sentence sentence = {.nexthop = target->nexthop,
                .is_filter = target->is_filter,
                .is_cut = target->is_cut,
                .messages = target->messages,
                .addresses = addresses,
                .n = target->n};
        const struct relay_address *order[RELAY_ADDRESSES_MAX];
        char text[SG_SENTENCE_MAX + 1];

        put_in_order(target, order);
        for (size_t i = 0; i < target->n; i++) {
                const struct relay_address *address = order[i];

                addresses[i] = (struct relay_sentence_address){
                        .address = address->label, .state = address->seen.state, .why = address->why};
        }
        if (ratio > 0)
                relay_sentence_part(&sentence, text);
        else
                relay_sentence_dead(&sentence, text);
        tell(target, ratio, text);
}

static void miss_with_evidence(
        struct relay_target *target, const struct relay_tally *tally, const char *why) {
        char text[SG_SENTENCE_MAX + 1];

        snprintf(text, sizeof(text), "%s", why);
        for (size_t i = 0; i < target->n; i++) {
                const struct relay_address *address = &target->addresses[i];

                if (address->seen.state == (tally->n[RELAY_REFUSING] > 0 ? RELAY_REFUSING : RELAY_UNKNOWN))
                        snprintf(text, sizeof(text), "%s: %s %s", why, address->label, address->why);
        }
        if (tally->link)
                snprintf(text, sizeof(text), "%s: %s", why, tally->link);
        relay_say_missing(target, text);
}

static bool has_name(const struct relay_target *target) {
        for (size_t i = 0; i < target->n_hops; i++)
                if (!target->hops[i].literal)
                        return true;
        return false;
}

void relay_say_ratio(struct relay_target *target, bool is_round_over) {
        struct relay_tally tally = {.is_incomplete = target->is_incomplete,
                .is_elsewhere = target->self.is_native && has_name(target),
                .is_cut = target->is_cut,
                .is_round_over = is_round_over};
        double ratio = 0;
        const char *why = NULL;

        for (size_t i = 0; i < target->n; i++) {
                tally.n[target->addresses[i].seen.state]++;
                tally.doubted += target->addresses[i].seen.doubted;
        }
        tally.is_delivered = is_delivered(target);
        if (tally.n[RELAY_UP] == 0 && tally.doubted == 0)
                tally.link = link_down_to(target);
        switch (relay_verdict_ratio(&tally, &ratio, &why)) {
        case RELAY_SAY:
                if (ratio >= 1)
                        tell(target, ratio, NULL);
                else
                        tell_with_evidence(target, ratio);
                break;
        case RELAY_MISS: miss_with_evidence(target, &tally, why); break;
        case RELAY_KEEP: break;
        }
}
