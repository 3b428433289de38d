/* SPDX-License-Identifier: MIT */
/*
 * queue_census - add up all messages: by domain, next hop and reason, what is due, how old the oldest are
 *
 * Runs in the watcher, as part of the sensor `queue`.  What depends on the time (due, oldest) has to be counted
 * anew anyway, and 80,000 messages are counted in a millisecond; so all of it is, a piece per turn, instead of
 * keeping a sum for everything that can change about a message.  Numbers and bytes per queue are kept exactly by
 * queue_track.c.
 *
 * Owns the sums until they are published.  Cannot fail.
 * Limits: a message that changes while a long census runs is counted as it was, or as it is.
 */
#include <string.h>
#include <time.h>

#include "postfix/queue_spool.h"

#define MESSAGES_PER_STEP 2048u
#define DUE_SECONDS 60
#define IS_LONG_ID (UINT64_C(1) << 63)

static void start(struct queue_spool *spool) {
        struct queue_census *census = &spool->census;
        struct queue_places *places = &spool->places;
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        *census = (struct queue_census){.running = true, .now_seconds = now.tv_sec};
        for (uint32_t i = 0; i < places->n_rows; i++)
                places->rows[i].messages = places->rows[i].dead = places->rows[i].due = 0;
}

/* When it arrived, in seconds; a long ID says so even of a file that was not read.  0: not known. */
static uint32_t arrival_of(const struct queue_message *message) {
        uint64_t seconds = (message->id.stamp & ~IS_LONG_ID) >> 20;

        if (message->state == QUEUE_MESSAGE_READ)
                return message->arrival;
        return message->id.stamp & IS_LONG_ID && seconds <= UINT32_MAX ? (uint32_t)seconds : 0;
}

static void count(struct queue_spool *spool, const struct queue_message *message) {
        struct queue_census *census = &spool->census;
        struct queue_place *place = &spool->places.rows[message->place];
        uint32_t arrival = arrival_of(message), *oldest = &census->oldest[message->queue];

        if (arrival != 0 && (*oldest == 0 || arrival < *oldest))
                *oldest = arrival;
        /* Of a file that Postfix does not take for complete, only the existence is believed. */
        if (!message->complete)
                return;
        if (message->state == QUEUE_MESSAGE_READ) {
                census->read++;
                census->null_sender += message->null_sender;
        } else if (message->state == QUEUE_MESSAGE_UNREADABLE || !(message->jobs & ~(1u << QUEUE_JOB_FIND))) {
                /* The latter: read, and its file has no end. */
                census->unreadable++;
        }
        if (message->queue == QUEUE_DEFERRED) {
                census->reasons[message->reason]++;
                place->messages++;
                place->due += message->retry <= census->now_seconds + DUE_SECONDS;
        } else if (message->queue == QUEUE_ACTIVE && message->reason != REASON_NONE) {
                place->due++;
        } else {
                return;
        }
        /*
         * What the last attempt came to holds until the next one has ended: who looks now and then sees the same,
         * whatever part of the mail is under way at that moment.
         */
        place->dead += reason_is_dead((enum reason_class)message->reason);
}

/* From places to names: a message at three domains counts for each of them. */
static void fold(struct queue_places *places) {
        for (uint32_t i = 0; i < places->domains.n_rows; i++)
                places->domains.rows[i].messages = 0;
        for (uint32_t i = 0; i < places->hops.n_rows; i++)
                places->hops.rows[i].messages = places->hops.rows[i].dead = places->hops.rows[i].due = 0;
        for (uint32_t i = 0; i < places->n_rows; i++) {
                const struct queue_place *place = &places->rows[i];

                for (uint16_t j = 0; place->messages > 0 && j < place->n_domains; j++)
                        places->domains.rows[queue_place_domains(place)[j]].messages += place->messages;
                for (uint16_t j = 0; place->messages + place->due > 0 && j < place->n_hops; j++) {
                        struct queue_name *hop = &places->hops.rows[queue_place_hops(place)[j]];

                        hop->messages += place->messages;
                        hop->dead += place->dead;
                        hop->due += place->due;
                }
        }
}

bool queue_census_step(struct queue_spool *spool) {
        struct queue_census *census = &spool->census;
        uint64_t began_usec = spool->host->now_usec(spool->host);
        uint32_t end = queue_table_end(&spool->table);

        if (census->wanted)
                start(spool);
        if (!census->running)
                return false;
        for (uint32_t i = 0; i < MESSAGES_PER_STEP && census->next < end; i++) {
                const struct queue_message *message = queue_table_at(&spool->table, census->next++);

                if (message)
                        count(spool, message);
        }
        census->spent_usec += spool->host->now_usec(spool->host) - began_usec;
        if (census->next >= end) {
                census->running = false;
                fold(&spool->places);
                queue_publish(spool);
        }
        return true;
}
