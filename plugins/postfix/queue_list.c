/* SPDX-License-Identifier: MIT */
/*
 * queue_list - the messages of a spool one by one, as they are asked for
 *
 * Runs in the watcher, as part of the sensor `queue`.  The place in the table is the cursor: a message never moves
 * there as long as it lives, so that each is told once however many calls it takes.
 *
 * Owns nothing; the texts that it tells are those of the tables of names.  Cannot fail.
 * Limits: LOOKED_AT messages in one call, whether they are told or not: half a millisecond; and when NAMES_TOLD domains
 * and next hops were told, no further message, for two hundred messages may have a hundred megabytes of them.
 */
#include "postfix/queue_list.h"

#include "postfix/queue_status.h"

#define LOOKED_AT 16384u
#define NAMES_TOLD 4096u
#define NAMES_PER_LOOK 64u /* are compared as fast as a message is looked at */

struct texts {
        char id[QUEUE_ID_MAX], status[QUEUE_STATUS_TEXT_MAX];
        const char *domains[QUEUE_PLACE_NAMES + 2], *hops[QUEUE_PLACE_NAMES + 2];
};

static uint32_t recipients_of(const struct queue_message *message, const struct queue_place *place) {
        uint32_t n = queue_place_others(place);

        for (uint16_t i = 0; i < place->n_domains; i++)
                n += queue_place_count(place, i, (uint32_t)message->left);
        return n;
}

static void fill_envelope(const struct queue_spool *spool, const struct queue_message *message,
        struct texts *texts, struct sg_queue_message *told) {
        const struct queue_places *places = &spool->places;
        const struct queue_place *place = &places->rows[message->place];
        size_t n = 0;

        for (uint16_t i = 0; i < place->n_domains; i++)
                texts->domains[n++] = places->domains.rows[queue_place_domains(place)[i]].text;
        if (queue_place_others(place) > 0)
                texts->domains[n++] = "*";
        texts->domains[n] = NULL;
        n = 0;
        for (uint16_t i = 0; i < place->n_hops; i++)
                /* What is delivered on this machine has none. */
                if (queue_place_hops(place)[i] != QUEUE_NAME_NONE)
                        texts->hops[n++] = places->hops.rows[queue_place_hops(place)[i]].text;
        texts->hops[n] = NULL;
        told->recipients = recipients_of(message, place);
        if (message->has_sender)
                told->sender = message->null_sender ? "<>" : places->domains.rows[message->sender].text;
}

static void tell(const struct queue_spool *spool, const struct queue_message *message, struct texts *texts,
        sg_queue_message_each *each, void *data) {
        struct sg_queue_message told = {
                .instance = spool->instance,
                .queue = queue_names_of[message->queue],
                .id = texts->id,
                .arrival = queue_filter_arrival(message),
                .size_bytes = message->size_bytes,
                .domains = texts->domains,
                .nexthops = texts->hops,
                .complete = message->complete,
                .postponed = message->queue == QUEUE_DEFERRED && message->postponed,
                .duplicate_risk = message->duplicate_risk,
        };

        queue_id_format(&message->id, texts->id);
        texts->domains[0] = texts->hops[0] = NULL;
        if (message->state == QUEUE_MESSAGE_READ) {
                fill_envelope(spool, message, texts, &told);
                told.created = message->create;
        }
        if (message->queue == QUEUE_DEFERRED)
                told.retry = message->retry;
        if (message->reason != REASON_NONE)
                told.reason = reason_name((enum reason_class)message->reason);
        if (queue_status_format(message, texts->status))
                told.status = texts->status;
        each(&told, data);
}

static uint32_t names_of(const struct queue_spool *spool, const struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];

        return (uint32_t)place->n_domains + place->n_hops;
}

bool queue_list(const struct queue_spool *spool, const struct queue_filter *filter, uint32_t *next,
        unsigned *max, sg_queue_message_each *each, void *data) {
        uint32_t end = queue_table_end(&spool->table), looked_at = 0, told = 0;
        struct texts texts;

        for (; *next<end && * max> 0 && looked_at < LOOKED_AT && told < NAMES_TOLD; (*next)++) {
                const struct queue_message *message = queue_table_at(&spool->table, *next);

                if (!message)
                        continue;
                looked_at++;
                if (filter->has_domain || filter->has_hop)
                        looked_at += names_of(spool, message) / NAMES_PER_LOOK;
                if (!queue_filter_matches(spool, filter, message))
                        continue;
                tell(spool, message, &texts, each, data);
                told += names_of(spool, message);
                (*max)--;
        }
        return *next < end;
}
