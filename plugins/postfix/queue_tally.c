/* SPDX-License-Identifier: MIT */
/*
 * queue_tally - an answer in buckets that nobody keeps: counted over all messages, a piece at a time
 *
 * Runs in the watcher, as part of the sensor `queue`.  The rows are chosen at the start, by the live totals, and all
 * that an answer can have when only a part of the messages counts: which names have most of that part is known at the
 * end.  Ages are those of that moment.
 *
 * Owns its rows, a table from names to rows for each spool, and a reference on each name in them, since a name that
 * nobody has may become another one between two pieces.  Fails for want of memory at the start.
 * Limits: a message that changes while it runs counts as it was, or as it is; a domain that comes up while it runs is
 * in the first row only.
 */
#include "postfix/queue_tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES_PER_CLOCK 1024u

struct tally_spool {
        uint32_t *row_of; /* by the number of the name; 0: none, else one more than its index */
        uint32_t n_row_of;
        int64_t now;
};

struct queue_tally {
        struct queue_question question;
        sg_queue_shape_done *done;
        void *data;
        struct queue_rows rows;
        size_t at;
        uint32_t next; /* message of that spool */
        struct tally_spool spools[POSTFIX_INSTANCES_MAX];
};

static int map_names(struct queue_tally *tally, size_t i) {
        struct queue_spool *spool = tally->question.spools[i];
        struct tally_spool *mine = &tally->spools[i];
        uint32_t name;

        mine->now = spool->wall_seconds();
        mine->n_row_of = spool->places.domains.n_rows;
        mine->row_of = calloc(mine->n_row_of, sizeof(*mine->row_of));
        if (!mine->row_of)
                return -ENOMEM;
        for (size_t row = 0; row < tally->rows.n; row++)
                if (queue_rows_name(&tally->rows.rows[row], spool, &name)) {
                        mine->row_of[name] = (uint32_t)row + 1;
                        queue_names_hold(&spool->places.domains, name);
                }
        return 0;
}

int queue_tally_new(const struct queue_question *question, sg_queue_shape_done *done, void *data,
        struct queue_tally **ret_tally) {
        struct queue_tally *tally = calloc(1, sizeof(*tally));
        int r;

        if (!tally)
                return -ENOMEM;
        tally->question = *question;
        tally->done = done;
        tally->data = data;
        r = queue_rows_init(&tally->rows, question);
        for (size_t i = 0; i < question->n_spools && r >= 0; i++)
                r = map_names(tally, i);
        if (r < 0) {
                queue_tally_free(tally);
                return r;
        }
        *ret_tally = tally;
        return 0;
}

struct queue_tally *queue_tally_free(struct queue_tally *tally) {
        if (!tally)
                return NULL;
        for (size_t i = 0; i < tally->question.n_spools; i++) {
                for (uint32_t name = 0; tally->spools[i].row_of && name < tally->spools[i].n_row_of; name++)
                        if (tally->spools[i].row_of[name] > 0)
                                queue_names_drop(&tally->question.spools[i]->places.domains, name);
                free(tally->spools[i].row_of);
        }
        queue_rows_deinit(&tally->rows);
        free(tally);
        return NULL;
}

static void add(const struct queue_tally *tally, uint32_t name, unsigned bucket, uint32_t count) {
        const struct tally_spool *mine = &tally->spools[tally->at];
        uint32_t row = name < mine->n_row_of ? mine->row_of[name] : 0, *counts;

        counts = queue_rows_counts(&tally->rows, 0);
        queue_rows_add(&counts[0], count);
        queue_rows_add(&counts[bucket], count);
        counts = queue_rows_counts(&tally->rows, row > 0 ? row : tally->rows.n + 1);
        queue_rows_add(&counts[0], count);
        queue_rows_add(&counts[bucket], count);
}

static void count(const struct queue_tally *tally, const struct queue_message *message) {
        const struct queue_spool *spool = tally->question.spools[tally->at];
        const struct queue_place *place = &spool->places.rows[message->place];
        unsigned bucket =
                queue_bucket_of(&tally->question.buckets, tally->spools[tally->at].now - message->arrival);

        if (message->arrival < tally->question.since)
                return;
        if (tally->question.kind == QUEUE_SHAPE_SENDERS) {
                add(tally, message->sender, bucket, 1);
                return;
        }
        for (uint16_t i = 0; i < place->n_domains; i++)
                add(tally, queue_place_domains(place)[i], bucket,
                        queue_place_count(place, i, (uint32_t)message->left));
        add(tally, QUEUE_NAME_OTHERS, bucket, queue_place_others(place));
}

bool queue_tally_step(struct queue_tally *tally, uint64_t budget_usec) {
        const struct sg_host *host = tally->question.spools[0]->host;
        uint64_t until_usec = host->now_usec(host) + budget_usec;

        for (; tally->at < tally->question.n_spools; tally->at++, tally->next = 0) {
                const struct queue_table *table = &tally->question.spools[tally->at]->table;

                while (tally->next < queue_table_end(table)) {
                        const struct queue_message *message = queue_table_at(table, tally->next++);

                        if (message && queue_shape_counts(message) && tally->question.queues[message->queue])
                                count(tally, message);
                        if (tally->next % MESSAGES_PER_CLOCK == 0 && host->now_usec(host) >= until_usec)
                                return true;
                }
        }
        return false;
}

void queue_tally_take(struct queue_tally *tally) {
        queue_rows_count(&tally->rows, &tally->question);
}

void queue_tally_say(struct queue_tally *tally, int error) {
        if (error == 0)
                error = queue_rows_say(&tally->rows, tally->done, tally->data);
        if (error < 0)
                tally->done(error, NULL, 0, tally->data);
}
