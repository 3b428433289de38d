/* SPDX-License-Identifier: MIT */
/*
 * relay_mail - what the queues say about all next hops at this moment
 *
 * Used in the watcher by relay_sensor.c.  Asks the board for what the plugin postfix publishes per next hop, summed
 * over its instances.  Which of them are content filters it says by a reading that only those have.
 *
 * Owns the lists until relay_mails_deinit().  Fails: -ENOMEM.
 * Limits: the next hops that the plugin postfix shows.
 */
#include "relay/relay_mail.h"

int relay_mails_init(struct relay_mails *mails, const struct sg_host *host) {
        const struct {
                struct next_hop_list *list;
                const char *reading;
        } lists[] = {
                {&mails->deferred, "queue_nexthop_messages"},
                {&mails->underway, "queue_nexthop_underway_messages"},
                {&mails->late, "queue_nexthop_late_messages"},
                {&mails->dead, "queue_nexthop_dead_messages"},
                {&mails->delivered, "queue_nexthop_delivered_total"},
                {&mails->filters, "filter_wait_seconds"},
        };
        int r = 0;

        *mails = (struct relay_mails){.deferred = {.n = 0}};
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && r >= 0; i++)
                r = next_hop_list_init(lists[i].list, host, lists[i].reading);
        return r;
}

void relay_mails_deinit(struct relay_mails *mails) {
        next_hop_list_deinit(&mails->deferred);
        next_hop_list_deinit(&mails->underway);
        next_hop_list_deinit(&mails->late);
        next_hop_list_deinit(&mails->dead);
        next_hop_list_deinit(&mails->delivered);
        next_hop_list_deinit(&mails->filters);
}

static double number_of(const struct next_hop_list *list, const char *nexthop, bool *is_unknown) {
        const struct next_hop_count *row = next_hop_list_find(list, nexthop);

        *is_unknown |= row && row->unknown;
        return row ? row->messages : 0;
}

struct relay_mail relay_mails_of(const struct relay_mails *mails, const char *nexthop) {
        struct relay_mail mail = {.is_unknown = false};

        mail.deferred = number_of(&mails->deferred, nexthop, &mail.is_unknown);
        mail.underway = number_of(&mails->underway, nexthop, &mail.is_unknown);
        mail.late = number_of(&mails->late, nexthop, &mail.is_unknown);
        mail.dead = number_of(&mails->dead, nexthop, &mail.is_unknown);
        mail.delivered = number_of(&mails->delivered, nexthop, &mail.is_unknown);
        return mail;
}

bool relay_mails_is_filter(const struct relay_mails *mails, const char *nexthop) {
        return next_hop_list_find(&mails->filters, nexthop) != NULL;
}
