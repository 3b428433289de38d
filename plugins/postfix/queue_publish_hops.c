/* SPDX-License-Identifier: MIT */
/*
 * queue_publish_hops - which next hops have readings of their own, and what those say
 *
 * Runs in the watcher, as part of the sensor `queue`.  After each census those with most messages are shown.  One that
 * has no message left stays for ten minutes more, so that what became of its mail can be followed to the end; only a
 * larger one takes its place before.
 *
 * Owns a reference on each name that is shown, so that its counters stay.  Cannot fail.
 * Limits: QUEUE_HOPS_SHOWN; further ones are not shown.
 */
#include <string.h>

#include "postfix/queue_spool.h"

#define KEEP_USEC UINT64_C(600000000)

#define CLIFF "queue_nexthop_cliff_messages"

static const char *const hop_readings[] = {"queue_nexthop_messages", "queue_nexthop_dead_messages",
        "queue_nexthop_due_messages", "queue_nexthop_underway_messages", "queue_nexthop_late_messages",
        "queue_nexthop_stranded_messages", CLIFF, "queue_nexthop_delivered_total",
        "queue_nexthop_deferred_total", "queue_retry_delivered_total", "queue_retry_deferred_total",
        "queue_retry_put_off_total", "queue_retry_bounced_total"};
#define HOP_READINGS (sizeof(hop_readings) / sizeof(hop_readings[0]))

/* Valid as long as the hop is shown. */
static void label(const struct queue_spool *spool, uint32_t number, struct sg_label ret_labels[static 2]) {
        ret_labels[0] = (struct sg_label){"instance", spool->instance};
        ret_labels[1] = (struct sg_label){"nexthop", spool->places.hops.rows[number].text};
}

static void withdraw_hop(struct queue_spool *spool, size_t i) {
        uint32_t number = spool->shown_hops[i].number;
        struct sg_label labels[2];

        label(spool, number, labels);
        for (size_t j = 0; j < HOP_READINGS; j++)
                spool->host->withdraw(spool->host, hop_readings[j], labels, 2);
        queue_names_drop(&spool->places.hops, number);
        spool->shown_hops[i] = spool->shown_hops[--spool->n_shown_hops];
}

static void show_hop(struct queue_spool *spool, uint32_t number) {
        const struct queue_name *rows = spool->places.hops.rows;
        size_t smallest = 0;

        for (size_t i = 0; i < spool->n_shown_hops; i++) {
                if (spool->shown_hops[i].number == number)
                        return;
                if (queue_census_waiting(&rows[spool->shown_hops[i].number]) <
                        queue_census_waiting(&rows[spool->shown_hops[smallest].number]))
                        smallest = i;
        }
        if (spool->n_shown_hops == QUEUE_HOPS_SHOWN) {
                if (queue_census_waiting(&rows[spool->shown_hops[smallest].number]) >=
                        queue_census_waiting(&rows[number]))
                        return;
                withdraw_hop(spool, smallest);
        }
        queue_names_hold(&spool->places.hops, number);
        spool->shown_hops[spool->n_shown_hops++] = (struct queue_shown_hop){.number = number};
}

void queue_publish_hops(struct queue_spool *spool) {
        uint64_t now_usec = spool->host->now_usec(spool->host);
        struct queue_names *hops = &spool->places.hops;
        const struct queue_rank *rank = &spool->census.hops;
        struct sg_label labels[2];

        for (size_t i = 0; i < rank->n; i++)
                if (hops->rows[rank->numbers[i]].text)
                        show_hop(spool, rank->numbers[i]);
        for (size_t i = spool->n_shown_hops; i-- > 0;) {
                struct queue_shown_hop *shown = &spool->shown_hops[i];
                const struct queue_name *hop = &hops->rows[shown->number];
                const double values[HOP_READINGS] = {hop->messages, hop->dead, hop->due, hop->underway,
                        hop->late, hop->stranded, hop->cliff, (double)hop->delivered, (double)hop->deferred,
                        (double)hop->retry_delivered, (double)hop->retry_deferred, (double)hop->retry_put_off,
                        (double)hop->retry_bounced};

                if (hop->messages + hop->underway > 0)
                        shown->zero_since_usec = 0;
                else if (shown->zero_since_usec == 0)
                        shown->zero_since_usec = now_usec;
                if (shown->zero_since_usec != 0 && now_usec - shown->zero_since_usec >= KEEP_USEC) {
                        withdraw_hop(spool, i);
                        continue;
                }
                label(spool, shown->number, labels);
                for (size_t j = 0; j < HOP_READINGS; j++)
                        if (spool->lifetimes_known || strcmp(hop_readings[j], CLIFF) != 0)
                                spool->host->publish(spool->host, hop_readings[j], labels, 2, values[j]);
                        else
                                spool->host->missing(spool->host, CLIFF, labels, 2,
                                        "the queue lifetimes of main.cf are not known");
        }
}

void queue_publish_hops_missing(const struct queue_spool *spool, const char *why) {
        struct sg_label labels[2];

        for (size_t i = 0; i < spool->n_shown_hops; i++) {
                label(spool, spool->shown_hops[i].number, labels);
                for (size_t j = 0; j < HOP_READINGS; j++)
                        spool->host->missing(spool->host, hop_readings[j], labels, 2, why);
        }
}

void queue_publish_hops_forget(struct queue_spool *spool) {
        while (spool->n_shown_hops > 0)
                queue_names_drop(&spool->places.hops, spool->shown_hops[--spool->n_shown_hops].number);
}
