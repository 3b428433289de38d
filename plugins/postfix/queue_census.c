/* SPDX-License-Identifier: MIT */
/*
 * queue_census - add up all messages: by domain, next hop and reason, what is due, how old the oldest are
 *
 * Runs in the watcher, as part of the sensor `queue`.  What depends on the time (due, oldest, about to expire) has to
 * be counted anew anyway, and 80,000 messages are counted in a millisecond; so all of it is, instead of keeping a sum
 * for everything that can change about a message.  Numbers and bytes per queue are kept exactly by queue_track.c.
 *
 * How many domains there are is up to those who send, so no stage looks at all of anything in one step: forget the
 * last sums, count messages at their places, add up the names of the places, find the largest ones, publish.
 *
 * Owns the sums until they are published.  Cannot fail.
 * Limits: what changes while a long census runs is counted as it was, or as it is, and a name that comes or goes
 * meanwhile may be counted in part.
 */
#include <string.h>

#include "postfix/queue_filter.h"
#include "postfix/queue_select.h"
#include "postfix/queue_spool.h"

#define MESSAGES_PER_STEP 2048u
#define ROWS_PER_STEP 2048u
#define NAMES_PER_STEP 1024u /* of places, which lie anywhere */
#define DUE_SECONDS 60
#define LATE_SECONDS 5 /* what meets no obstacle is gone by then */
#define NOT_OF_ITS_FILE (1u << QUEUE_JOB_FIND | 1u << QUEUE_JOB_REASON)

/* Up to when a message that expires is one that nobody is there for. */
static int64_t cliff_until(const struct queue_spool *spool, int64_t now_seconds) {
        int64_t back = (int64_t)(spool->host->back_by_usec(spool->host) / 1000000);

        return back > now_seconds ? back : now_seconds + (int64_t)spool->common->cliff_seconds;
}

static void count_cliff(struct queue_spool *spool, const struct queue_message *message) {
        uint64_t expires = message->create +
                (uint64_t)(message->null_sender ? spool->bounce_lifetime_seconds : spool->lifetime_seconds);
        struct queue_place *place = &spool->places.rows[message->place];
        struct queue_census *census = &spool->census;

        if ((int64_t)expires > census->cliff.until_seconds)
                return;
        census->cliff.messages++;
        place->cliff++;
        if (census->cliff.first_seconds == 0 || expires < census->cliff.first_seconds)
                census->cliff.first_seconds = expires;
        queue_top_count(
                &census->cliff.hops, place->n_hops > 0 ? queue_place_hops(place)[0] : QUEUE_NAME_NONE);
}

static bool is_underway(const struct queue_message *message) {
        return message->queue == QUEUE_INCOMING || message->queue == QUEUE_ACTIVE;
}

/* Held mail does not expire, and what is in maildrop has not begun to. */
static bool is_on_its_way(const struct queue_message *message) {
        return message->queue == QUEUE_INCOMING || message->queue == QUEUE_ACTIVE ||
                message->queue == QUEUE_DEFERRED;
}

static void count_envelope(struct queue_spool *spool, const struct queue_message *message) {
        struct queue_census *census = &spool->census;

        census->read++;
        census->null_sender += message->null_sender;
        census->null_senders[message->queue] += message->null_sender;
        if (!is_on_its_way(message))
                return;
        spool->places.domains.rows[message->sender].senders++;
        count_cliff(spool, message);
        if (spool->places.rows[message->place].is_filter)
                queue_filters_count(spool, message);
}

static void count(struct queue_spool *spool, const struct queue_message *message) {
        struct queue_census *census = &spool->census;
        struct queue_place *place = &spool->places.rows[message->place];
        uint32_t arrival = queue_filter_arrival(message), *oldest = &census->oldest[message->queue];

        if (arrival != 0 && (*oldest == 0 || arrival < *oldest))
                *oldest = arrival;
        /* Of a file that Postfix does not take for complete, only the existence is believed. */
        if (!message->complete)
                return;
        place->underway += is_underway(message);
        place->active += message->queue == QUEUE_ACTIVE;
        place->late += is_underway(message) && message->reason == REASON_NONE && arrival != 0 &&
                arrival + LATE_SECONDS <= census->now_seconds;
        if (message->state == QUEUE_MESSAGE_READ)
                count_envelope(spool, message);
        else if (message->state == QUEUE_MESSAGE_UNREADABLE ||
                (!(message->jobs & ~NOT_OF_ITS_FILE) && !queue_read_is_in(spool, message)))
                /* The latter: read, and its file has no end. */
                census->unreadable++;
        if (message->queue == QUEUE_DEFERRED) {
                census->reasons[message->reason]++;
                place->messages++;
                place->due += message->retry <= census->now_seconds + DUE_SECONDS;
                place->stranded += queue_select_is_stranded(message, census->now_seconds);
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

/* From a place to its names: a message at three domains counts for each of them. */
static void fold(struct queue_places *places, const struct queue_place *place) {
        for (uint16_t i = 0; place->messages + place->underway > 0 && i < place->n_domains; i++) {
                struct queue_name *domain = &places->domains.rows[queue_place_domains(place)[i]];

                domain->messages += place->messages;
                domain->underway += place->underway;
                domain->active += place->active;
        }
        for (uint16_t i = 0; place->messages + place->underway > 0 && i < place->n_hops; i++) {
                struct queue_name *hop = &places->hops.rows[queue_place_hops(place)[i]];

                hop->underway += place->underway;
                hop->late += place->late;
                hop->messages += place->messages;
                hop->dead += place->dead;
                hop->due += place->due;
                hop->stranded += place->stranded;
                hop->cliff += place->cliff;
        }
}

static uint32_t domain_deferred(const struct queue_name *name) {
        return name->messages;
}

/* What passes by in ones and twos would only change the picture all the time. */
static uint32_t crowd(uint32_t messages) {
        return messages >= QUEUE_CROWD ? messages : 0;
}

static uint32_t domain_active(const struct queue_name *name) {
        return crowd(name->active);
}

static uint32_t domain_incoming(const struct queue_name *name) {
        return crowd(name->underway - name->active);
}

/*
 * A crowd on its way is shown before the first of it is deferred, which takes half a minute when nobody answers, and so
 * is what is late.
 */
uint32_t queue_census_waiting(const struct queue_name *name) {
        return name->messages + (name->late > 0 ? name->underway : crowd(name->underway));
}

static uint32_t domain_senders(const struct queue_name *name) {
        return name->senders;
}

const queue_census_count queue_census_domains[QUEUE_RANKS] = {
        [QUEUE_RANK_DEFERRED] = domain_deferred,
        [QUEUE_RANK_ACTIVE] = domain_active,
        [QUEUE_RANK_INCOMING] = domain_incoming,
        [QUEUE_RANK_SENDERS] = domain_senders,
};

/* The `k` names with the largest counts so far. */
static void offer(struct queue_rank *rank, size_t k, const struct queue_name *rows, uint32_t number,
        queue_census_count count_of) {
        uint32_t mine = count_of(&rows[number]);
        size_t i = rank->n;

        rank->total += mine;
        if (mine == 0 || number == QUEUE_NAME_OTHERS ||
                (rank->n == k && count_of(&rows[rank->numbers[k - 1]]) >= mine))
                return;
        if (rank->n < k)
                rank->n++;
        else
                i--;
        for (; i > 0 && count_of(&rows[rank->numbers[i - 1]]) < mine; i--)
                rank->numbers[i] = rank->numbers[i - 1];
        rank->numbers[i] = number;
}

/* One row of a stage, which are given in their order; how many names it touched. */
static uint32_t forget_place(struct queue_spool *spool, uint32_t i) {
        struct queue_place *place = &spool->places.rows[i];

        place->messages = place->dead = place->due = place->stranded = 0;
        place->underway = place->active = place->late = place->cliff = 0;
        return 0;
}

static uint32_t forget_domain(struct queue_spool *spool, uint32_t i) {
        struct queue_name *name = &spool->places.domains.rows[i];

        name->messages = name->underway = name->active = name->senders = 0;
        return 0;
}

static uint32_t forget_hop(struct queue_spool *spool, uint32_t i) {
        struct queue_name *name = &spool->places.hops.rows[i];

        name->messages = name->dead = name->due = name->stranded = 0;
        name->underway = name->late = name->cliff = 0;
        return 0;
}

static uint32_t count_message(struct queue_spool *spool, uint32_t i) {
        const struct queue_message *message = queue_table_at(&spool->table, i);

        if (message)
                count(spool, message);
        return 0;
}

static uint32_t fold_place(struct queue_spool *spool, uint32_t i) {
        const struct queue_place *place = &spool->places.rows[i];

        fold(&spool->places, place);
        return (uint32_t)place->n_domains + place->n_hops;
}

static uint32_t rank_domain(struct queue_spool *spool, uint32_t i) {
        const struct queue_name *rows = spool->places.domains.rows;

        for (size_t rank = 0; rank < QUEUE_RANKS; rank++)
                offer(&spool->census.domains[rank], QUEUE_NAMES_SHOWN, rows, i, queue_census_domains[rank]);
        return 0;
}

static uint32_t rank_hop(struct queue_spool *spool, uint32_t i) {
        if (i != QUEUE_NAME_NONE)
                offer(&spool->census.hops, QUEUE_HOPS_SHOWN, spool->places.hops.rows, i,
                        queue_census_waiting);
        return 0;
}

static uint32_t places_end(const struct queue_spool *spool) {
        return spool->places.n_rows;
}

static uint32_t domains_end(const struct queue_spool *spool) {
        return spool->places.domains.n_rows;
}

static uint32_t hops_end(const struct queue_spool *spool) {
        return spool->places.hops.n_rows;
}

static uint32_t messages_end(const struct queue_spool *spool) {
        return queue_table_end(&spool->table);
}

static const struct stage {
        uint32_t (*end)(const struct queue_spool *spool);
        uint32_t (*row)(struct queue_spool *spool, uint32_t i);
        uint32_t per_step;
} stages[] = {
        {places_end, forget_place, ROWS_PER_STEP},
        {domains_end, forget_domain, ROWS_PER_STEP},
        {hops_end, forget_hop, ROWS_PER_STEP},
        {messages_end, count_message, MESSAGES_PER_STEP},
        {places_end, fold_place, ROWS_PER_STEP},
        {domains_end, rank_domain, ROWS_PER_STEP},
        {hops_end, rank_hop, ROWS_PER_STEP},
};
#define STAGES ((int)(sizeof(stages) / sizeof(stages[0])))

bool queue_census_step(struct queue_spool *spool) {
        struct queue_census *census = &spool->census;
        uint64_t began_usec = spool->host->now_usec(spool->host);
        uint32_t end, touched = 0;

        if (census->wanted) {
                *census = (struct queue_census){.running = true, .now_seconds = spool->wall_seconds()};
                census->cliff.until_seconds = cliff_until(spool, census->now_seconds);
        }
        if (!census->running)
                return false;
        end = stages[census->stage].end(spool);
        for (uint32_t i = 0;
                i < stages[census->stage].per_step && touched < NAMES_PER_STEP && census->next < end; i++)
                touched += stages[census->stage].row(spool, census->next++);
        if (census->next >= end) {
                census->next = 0;
                census->stage++;
        }
        census->spent_usec += spool->host->now_usec(spool->host) - began_usec;
        if (census->stage == STAGES) {
                census->running = false;
                queue_publish(spool);
        }
        return true;
}
