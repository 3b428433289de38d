/* SPDX-License-Identifier: MIT */
/*
 * queue_names - domains and next hops as small numbers, with what is counted under each
 *
 * Runs in the watcher, as part of the sensor `queue`.  Every name is kept once and counted by its users; a name
 * nobody uses any more is forgotten, together with its counters, so that mail to ever new domains cannot make
 * the table grow for ever.
 *
 * Owns the texts.  When memory or n_rows_max is spent, further names are all "*".
 * Limits: the number of buckets is fixed, so that no turn of the loop ever pays for making more of them; the
 * hash is seeded at random, since senders choose the names.
 */
#include "postfix/queue_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS 16384u
#define NO_ROW UINT32_MAX

static uint32_t hash_of(const struct queue_names *names, const char *text) {
        uint64_t hash = names->seed;

        for (; *text; text++) {
                hash = (hash ^ (unsigned char)*text) * UINT64_C(0x9e3779b97f4a7c15);
                hash ^= hash >> 29;
        }
        return (uint32_t)(hash ^ (hash >> 32));
}

int queue_names_init(struct queue_names *names) {
        *names = (struct queue_names){.first_free = NO_ROW, .n_rows_max = QUEUE_NAMES_MAX};
        names->buckets = malloc(BUCKETS * sizeof(*names->buckets));
        if (!names->buckets)
                return -ENOMEM;
        memset(names->buckets, 0xff, BUCKETS * sizeof(*names->buckets));
        if (getrandom(&names->seed, sizeof(names->seed), GRND_NONBLOCK) < 0)
                names->seed = (uintptr_t)names->buckets;
        if (queue_names_take(names, "") != QUEUE_NAME_NONE ||
                queue_names_take(names, "*") != QUEUE_NAME_OTHERS ||
                queue_names_take(names, QUEUE_NULL_SENDER) != QUEUE_NAME_NULL) {
                queue_names_deinit(names);
                return -ENOMEM;
        }
        return 0;
}

void queue_names_deinit(struct queue_names *names) {
        for (uint32_t i = 0; i < names->n_rows; i++)
                free(names->rows[i].text);
        free(names->rows);
        free(names->buckets);
        *names = (struct queue_names){.first_free = NO_ROW};
}

static uint32_t find(const struct queue_names *names, const char *text, uint32_t hash) {
        uint32_t number = names->buckets[hash % BUCKETS];

        while (number != NO_ROW &&
                (names->rows[number].hash != hash || strcmp(names->rows[number].text, text) != 0))
                number = names->rows[number].next;
        return number;
}

uint32_t queue_names_find(const struct queue_names *names, const char *text) {
        uint32_t number = find(names, text, hash_of(names, text));

        return number == NO_ROW ? QUEUE_NAME_NONE : number;
}

/* A row for one name more, or NO_ROW. */
static uint32_t free_row(struct queue_names *names) {
        struct queue_name *rows;
        uint32_t number = names->first_free, n_rows = names->n_rows + names->n_rows / 4 + 64;

        if (n_rows > names->n_rows_max)
                n_rows = names->n_rows_max;
        if (number == NO_ROW && n_rows <= names->n_rows)
                return NO_ROW;
        if (number == NO_ROW) {
                rows = realloc(names->rows, n_rows * sizeof(*rows));
                if (!rows)
                        return NO_ROW;
                memset(rows + names->n_rows, 0, (n_rows - names->n_rows) * sizeof(*rows));
                for (uint32_t i = names->n_rows; i < n_rows; i++)
                        rows[i].next = i + 1 < n_rows ? i + 1 : NO_ROW;
                number = names->n_rows;
                names->rows = rows;
                names->n_rows = n_rows;
        }
        names->first_free = names->rows[number].next;
        return number;
}

uint32_t queue_names_take(struct queue_names *names, const char *text) {
        uint32_t hash = hash_of(names, text), number = find(names, text, hash);
        struct queue_name *row;
        char *copy;

        if (number == NO_ROW) {
                copy = strdup(text);
                number = copy ? free_row(names) : NO_ROW;
                if (number == NO_ROW) {
                        free(copy);
                        number = QUEUE_NAME_OTHERS;
                        if (names->n_rows <= number)
                                return NO_ROW;
                } else {
                        row = &names->rows[number];
                        *row = (struct queue_name){
                                .text = copy, .next = names->buckets[hash % BUCKETS], .hash = hash};
                        names->buckets[hash % BUCKETS] = number;
                }
        }
        names->rows[number].refs++;
        return number;
}

void queue_names_hold(struct queue_names *names, uint32_t number) {
        names->rows[number].refs++;
}

void queue_names_drop(struct queue_names *names, uint32_t number) {
        struct queue_name *row = &names->rows[number];
        uint32_t *link;

        if (--row->refs > 0)
                return;
        link = &names->buckets[row->hash % BUCKETS];
        while (*link != number)
                link = &names->rows[*link].next;
        *link = row->next;
        free(row->text);
        *row = (struct queue_name){.next = names->first_free};
        names->first_free = number;
}
