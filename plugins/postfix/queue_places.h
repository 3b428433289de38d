/* SPDX-License-Identifier: MIT */
/* queue_places - where the recipients of a message are: a set of domains and of next hops, as one number */
#ifndef POSTFIX_QUEUE_PLACES_H
#define POSTFIX_QUEUE_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "postfix/queue_names.h"

#define QUEUE_PLACES_MAX 262144u
#define QUEUE_PLACE_NAMES 1024u /* domains of one message that are kept, and next hops */
#define QUEUE_PLACE_NUMBERS_MAX \
        (16u << 20) /* kept of all places together beyond one domain and hop: 64 MiB */
#define QUEUE_LEFT_MAX \
        131071u /* recipients that a message counts itself: its place does when there are more */

/* Two places that are always there. */
enum {
        QUEUE_PLACE_UNKNOWN, /* no domain at all: not read, or not readable */
        QUEUE_PLACE_OTHERS,  /* the domain "*", for want of room */
};

struct queue_place {
        uint32_t refs, next, hash;
        uint32_t messages, dead, due, stranded, underway, active, late, cliff; /* of the census that runs */
        uint16_t n_domains, n_hops;
        bool used, is_cut;          /* is_cut: there are more than these */
        bool is_filter;             /* its hop is the content filter of the message */
        bool is_counted;            /* the recipients of each domain belong to it */
        uint32_t numbers[2], *more; /* domains, then hops, then counts; `more` when that is not one each */
};

struct queue_places {
        struct queue_place *rows;
        uint32_t n_rows, first_free;
        uint32_t n_numbers; /* in `more` of all */
        uint32_t n_rows_max, n_numbers_max;
        uint32_t *buckets;
        struct queue_names domains, hops;
};

/* Collects the recipients of one message; one draft of the same places at a time. */
struct queue_place_draft {
        uint32_t domains[QUEUE_PLACE_NAMES], hops[QUEUE_PLACE_NAMES], counts[QUEUE_PLACE_NAMES];
        uint32_t others, total; /* recipients: at domains beyond these; all */
        uint16_t n_domains, n_hops;
        bool is_cut, is_filter;
};

int queue_places_init(struct queue_places *places);
void queue_places_deinit(struct queue_places *places);
/* From now on at most what there is room for in each of `n`. */
void queue_places_share(struct queue_places *places, uint32_t n);

/* One recipient.  `hop` NULL: one that must never be acted on. */
void queue_place_add(
        struct queue_places *places, struct queue_place_draft *draft, const char *domain, const char *hop);
void queue_place_discard(struct queue_places *places, struct queue_place_draft *draft);
/* The draft becomes a place, with one reference more; it is empty afterwards. */
uint32_t queue_place_take_consume(struct queue_places *places, struct queue_place_draft *draft);
void queue_place_drop(struct queue_places *places, uint32_t number);

const uint32_t *queue_place_domains(const struct queue_place *place);
const uint32_t *queue_place_hops(const struct queue_place *place);
/* Recipients at the i-th domain, and beyond the last one, of a message that has `left` (QUEUE_LEFT_MAX at most). */
uint32_t queue_place_count(const struct queue_place *place, uint16_t i, uint32_t left);
uint32_t queue_place_others(const struct queue_place *place);

#endif
