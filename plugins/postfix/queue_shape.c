/* SPDX-License-Identifier: MIT */
/*
 * queue_shape - live counts of a spool by queue, domain and age, in the buckets that qshape has by default
 *
 * Runs in the watcher, as part of the sensor `queue`.  Whoever changes something about a message takes it out of the
 * counts before and puts it back after.  Age is what changes by itself: each block of messages keeps the second
 * at which the first of them gets into its next bucket, so that bringing a million messages up to date looks at the
 * few blocks that are due; a message changes its bucket nine times at most.  A timer does it when something
 * is due, a piece at a time, and who asks does the last of it.
 *
 * Owns the tables, one per queue and kind, the seconds of the blocks and the timer.  When memory is short a message
 * is not counted, and from then on the counts say that they are short.
 * Limits: a name has as many entries as queues it is in; the wall clock is believed, also when it goes back.
 */
#include "postfix/queue_shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/queue_spool.h"

#define BLOCK_MESSAGES 128u
#define TURN_USEC UINT64_C(2000)
#define PAUSE_USEC UINT64_C(5000)
#define SECOND_USEC UINT64_C(1000000)
#define LEAST_USEC (2 * SECOND_USEC) /* between two rounds: the ages may be late by that */
#define NEVER UINT32_MAX

static const struct queue_buckets default_buckets = {
        .n = QUEUE_SHAPE_BUCKETS, .seconds = (int64_t)QUEUE_SHAPE_MINUTES * 60};

unsigned queue_bucket_of(const struct queue_buckets *buckets, int64_t age_seconds) {
        uint64_t widths = age_seconds > 0 ? (uint64_t)(age_seconds / buckets->seconds) : 0;
        uint64_t bucket = 1;

        if (buckets->linear)
                bucket = widths + 1;
        else if (widths > 0)
                bucket = 2 + (uint64_t)(63 - __builtin_clzll(widths));
        return bucket < buckets->n ? (unsigned)bucket : buckets->n;
}

bool queue_shape_counts(const struct queue_message *message) {
        return message->complete && message->state == QUEUE_MESSAGE_READ && message->has_sender &&
                message->left > 0;
}

const struct queue_shape_entry *queue_shape_find(const struct queue_shape_table *table, uint32_t name) {
        uint32_t entry = name < table->n_entry_of ? table->entry_of[name] : 0;

        return entry > 0 ? &table->entries[entry - 1] : NULL;
}

const uint32_t *queue_shape_ages_of(
        const struct queue_shape_table *table, const struct queue_shape_entry *entry) {
        return table->ages[entry - table->entries];
}

/* Makes `entry_of` reach that name. */
static bool reach(struct queue_shape_table *table, const struct queue_names *names, uint32_t name) {
        uint32_t n = names->n_rows, *entry_of;

        if (name < table->n_entry_of)
                return true;
        entry_of = realloc(table->entry_of, n * sizeof(*entry_of));
        if (!entry_of)
                return false;
        memset(entry_of + table->n_entry_of, 0, (n - table->n_entry_of) * sizeof(*entry_of));
        table->entry_of = entry_of;
        table->n_entry_of = n;
        return true;
}

static bool resize(struct queue_shape_table *table, uint32_t size) {
        struct queue_shape_entry *entries = realloc(table->entries, size * sizeof(*entries));
        queue_shape_ages *ages;

        if (!entries)
                return false;
        table->entries = entries;
        ages = realloc(table->ages, size * sizeof(*ages));
        if (!ages)
                return false;
        table->ages = ages;
        table->size = size;
        return true;
}

static uint64_t prefix_of(const char *text) {
        uint64_t prefix = 0;

        for (int i = 0; i < 8; i++)
                prefix = prefix << 8 | (unsigned char)(*text ? *text++ : 0);
        return prefix;
}

/* The index of its entry, made when there is none; false: no memory. */
static bool need_entry(struct queue_shape_table *table, const struct queue_names *names, uint32_t name,
        uint32_t *ret_entry) {
        const char *text = names->rows[name].text;

        if (!reach(table, names, name))
                return false;
        if (table->entry_of[name] == 0) {
                if (table->n == table->size && !resize(table, table->size + table->size / 4 + 16))
                        return false;
                table->entries[table->n] = (struct queue_shape_entry){
                        .prefix = prefix_of(text), .name = name, .length = strlen(text) & UINT16_MAX};
                memset(table->ages[table->n], 0, sizeof(table->ages[0]));
                table->entry_of[name] = ++table->n;
        }
        *ret_entry = table->entry_of[name] - 1;
        return true;
}

/* The last entry takes the place of one that counts nothing. */
static void remove_entry(struct queue_shape_table *table, uint32_t i) {
        uint32_t last = --table->n;

        table->entry_of[table->entries[i].name] = 0;
        if (i != last) {
                table->entries[i] = table->entries[last];
                memcpy(table->ages[i], table->ages[last], sizeof(table->ages[0]));
                table->entry_of[table->entries[i].name] = i + 1;
        }
        if (table->size > 1024 && table->n < table->size / 8)
                resize(table, table->size / 2);
}

static bool add(struct queue_shape_table *table, const struct queue_names *names, uint32_t name,
        unsigned bucket, uint32_t count) {
        uint32_t i;

        if (count == 0)
                return true;
        if (!need_entry(table, names, name, &i))
                return false;
        table->entries[i].total += count;
        table->ages[i][bucket - 1] += count;
        table->total += count;
        table->total_ages[bucket - 1] += count;
        return true;
}

static void subtract(struct queue_shape_table *table, uint32_t name, unsigned bucket, uint32_t count) {
        uint32_t i = name < table->n_entry_of ? table->entry_of[name] : 0;

        /* 0: there was no memory for it when it was to be added. */
        if (count == 0 || i-- == 0)
                return;
        table->ages[i][bucket - 1] -= count;
        table->total -= count;
        table->total_ages[bucket - 1] -= count;
        table->entries[i].total -= count;
        if (table->entries[i].total == 0)
                remove_entry(table, i);
}

static const struct queue_place *place_of(
        const struct queue_spool *spool, const struct queue_message *message) {
        return &spool->places.rows[message->place];
}

void queue_shape_leave(struct queue_spool *spool, struct queue_message *message) {
        struct queue_shape_table *table = &spool->shape.tables[QUEUE_SHAPE_RECIPIENTS][message->queue];
        const struct queue_place *place = place_of(spool, message);
        unsigned bucket = (unsigned)message->bucket;

        if (bucket == 0)
                return;
        for (uint16_t i = 0; i < place->n_domains; i++)
                subtract(table, queue_place_domains(place)[i], bucket,
                        queue_place_count(place, i, (uint32_t)message->left));
        subtract(table, QUEUE_NAME_OTHERS, bucket, queue_place_others(place));
        subtract(&spool->shape.tables[QUEUE_SHAPE_SENDERS][message->queue], message->sender, bucket, 1);
        message->bucket = 0;
}

static void arm(struct queue_spool *spool, uint32_t due, int64_t now) {
        uint64_t delay = due > now ? (uint64_t)(due - now) * SECOND_USEC : 0;

        spool->shape.armed_for = due;
        if (due != NEVER)
                spool->host->timer_arm(spool->shape.timer, delay > LEAST_USEC ? delay : LEAST_USEC);
}

/* When a message in that bucket gets into the next one. */
static uint32_t due_of(const struct queue_message *message) {
        uint64_t age = (uint64_t)default_buckets.seconds << (message->bucket - 1),
                 at = message->arrival + age;

        return message->bucket == QUEUE_SHAPE_BUCKETS || at > NEVER - 1 ? NEVER : (uint32_t)at;
}

static bool note_due(struct queue_spool *spool, const struct queue_message *message, int64_t now) {
        struct queue_shape *shape = &spool->shape;
        uint32_t block = queue_table_number(&spool->table, message) / BLOCK_MESSAGES, due = due_of(message);
        uint32_t n = (queue_table_end(&spool->table) + BLOCK_MESSAGES - 1) / BLOCK_MESSAGES, *all;

        if (block >= shape->n_due) {
                all = realloc(shape->due, n * sizeof(*all));
                if (!all)
                        return false;
                memset(all + shape->n_due, 0xff, (n - shape->n_due) * sizeof(*all));
                shape->due = all;
                shape->n_due = n;
        }
        if (due < shape->due[block])
                shape->due[block] = due;
        if (due < shape->armed_for)
                arm(spool, due, now);
        return true;
}

void queue_shape_enter(struct queue_spool *spool, struct queue_message *message) {
        struct queue_shape_table *table = &spool->shape.tables[QUEUE_SHAPE_RECIPIENTS][message->queue];
        const struct queue_place *place = place_of(spool, message);
        const struct queue_names *names = &spool->places.domains;
        unsigned bucket;
        int64_t now;
        bool is_done;

        if (message->bucket != 0 || !queue_shape_counts(message))
                return;
        now = spool->wall_seconds();
        bucket = queue_bucket_of(&default_buckets, now - message->arrival);
        message->bucket = bucket & 15u;
        if (now > spool->shape.latest)
                spool->shape.latest = now;
        is_done = note_due(spool, message, now);
        for (uint16_t i = 0; i < place->n_domains; i++)
                is_done &= add(table, names, queue_place_domains(place)[i], bucket,
                        queue_place_count(place, i, (uint32_t)message->left));
        is_done &= add(table, names, QUEUE_NAME_OTHERS, bucket, queue_place_others(place));
        is_done &= add(
                &spool->shape.tables[QUEUE_SHAPE_SENDERS][message->queue], names, message->sender, bucket, 1);
        spool->shape.is_short |= !is_done;
}

static void shift(
        struct queue_shape_table *table, uint32_t name, unsigned from, unsigned to, uint32_t count) {
        uint32_t i = name < table->n_entry_of ? table->entry_of[name] : 0;

        if (count == 0 || i-- == 0)
                return;
        table->ages[i][from - 1] -= count;
        table->ages[i][to - 1] += count;
        table->total_ages[from - 1] -= count;
        table->total_ages[to - 1] += count;
}

static void grow_older(struct queue_spool *spool, struct queue_message *message, unsigned bucket) {
        struct queue_shape_table *table = &spool->shape.tables[QUEUE_SHAPE_RECIPIENTS][message->queue];
        const struct queue_place *place = place_of(spool, message);
        unsigned from = (unsigned)message->bucket;

        for (uint16_t i = 0; i < place->n_domains; i++)
                shift(table, queue_place_domains(place)[i], from, bucket,
                        queue_place_count(place, i, (uint32_t)message->left));
        shift(table, QUEUE_NAME_OTHERS, from, bucket, queue_place_others(place));
        shift(&spool->shape.tables[QUEUE_SHAPE_SENDERS][message->queue], message->sender, from, bucket, 1);
        message->bucket = bucket & 15u;
}

static void catch_up_block(struct queue_spool *spool, uint32_t block, int64_t now) {
        uint32_t due = NEVER;

        for (uint32_t i = 0; i < BLOCK_MESSAGES; i++) {
                struct queue_message *message = queue_table_at(&spool->table, block * BLOCK_MESSAGES + i);
                unsigned bucket;

                if (!message || message->bucket == 0)
                        continue;
                bucket = queue_bucket_of(&default_buckets, now - message->arrival);
                if (bucket != message->bucket)
                        grow_older(spool, message, bucket);
                if (due_of(message) < due)
                        due = due_of(message);
        }
        spool->shape.due[block] = due;
}

/* False: the time was over before everything was done. */
static bool catch_up(struct queue_spool *spool, int64_t now, uint64_t budget_usec) {
        uint64_t until_usec = spool->host->now_usec(spool->host) + budget_usec;
        struct queue_shape *shape = &spool->shape;

        /* The clock was set back: some messages have become younger. */
        if (now < shape->latest && shape->n_due > 0)
                memset(shape->due, 0, shape->n_due * sizeof(*shape->due));
        shape->latest = now;
        for (uint32_t n = 0; n < shape->n_due; n++) {
                uint32_t block = shape->next < shape->n_due ? shape->next : 0;

                if (shape->due[block] <= now) {
                        if (spool->host->now_usec(spool->host) >= until_usec)
                                return false;
                        catch_up_block(spool, block, now);
                }
                shape->next = block + 1;
        }
        return true;
}

/* What is left when the clock was set goes on by itself: the timer was armed by the old time. */
bool queue_shape_catch_up(struct queue_spool *spool, uint64_t budget_usec) {
        bool is_done = catch_up(spool, spool->wall_seconds(), budget_usec);

        if (!is_done)
                spool->host->timer_arm(spool->shape.timer, PAUSE_USEC);
        return is_done;
}

static void on_due(struct sg_timer *timer, void *data) {
        struct queue_spool *spool = data;
        int64_t now = spool->wall_seconds();
        uint32_t due = NEVER;

        if (!catch_up(spool, now, TURN_USEC)) {
                spool->host->timer_arm(timer, PAUSE_USEC);
                return;
        }
        for (uint32_t i = 0; i < spool->shape.n_due; i++)
                if (spool->shape.due[i] < due)
                        due = spool->shape.due[i];
        arm(spool, due, now);
}

int queue_shape_init(struct queue_spool *spool) {
        int r = spool->host->timer_new(spool->host, "queue: ages", 0, on_due, spool, &spool->shape.timer);

        spool->shape.armed_for = NEVER;
        return r;
}

void queue_shape_deinit(struct queue_spool *spool) {
        struct queue_shape *shape = &spool->shape;

        for (int kind = 0; kind < QUEUE_SHAPE_KINDS; kind++)
                for (int queue = 0; queue < QUEUES; queue++) {
                        free(shape->tables[kind][queue].entry_of);
                        free(shape->tables[kind][queue].entries);
                        free(shape->tables[kind][queue].ages);
                }
        free(shape->due);
        spool->host->timer_free(shape->timer);
        *shape = (struct queue_shape){0};
}
