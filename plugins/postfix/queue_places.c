/* SPDX-License-Identifier: MIT */
/*
 * queue_places - where the recipients of a message are: a set of domains and of next hops, as one number
 *
 * Runs in the watcher, as part of the sensor `queue`.  A message that goes to three domains counts once for each
 * of them; most messages go to one, and most of these share it.  So the set is kept, once, and the message has
 * its number; and a census adds up a place per message and the names per place, not per message.  How many of its
 * recipients are at which domain is part of the set when it has several; else the message knows.
 *
 * Owns the sets and the two tables of names; a place holds a reference on each of its names.
 * Limits: QUEUE_PLACE_NAMES domains of one message (it is then marked as cut, and never acted on; further
 * recipients are counted together); without room for a further place, a message is at "*".
 */
#include "postfix/queue_places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 16384u
#define NO_ROW UINT32_MAX

const uint32_t *queue_place_domains(const struct queue_place *place) {
        return place->more ? place->more : place->numbers;
}

const uint32_t *queue_place_hops(const struct queue_place *place) {
        return queue_place_domains(place) + place->n_domains;
}

static const uint32_t *counts_of(const struct queue_place *place) {
        return queue_place_hops(place) + place->n_hops;
}

uint32_t queue_place_count(const struct queue_place *place, uint16_t i, uint32_t left) {
        return place->is_counted ? counts_of(place)[i] : left;
}

uint32_t queue_place_others(const struct queue_place *place) {
        return place->is_counted ? counts_of(place)[place->n_domains] : 0;
}

/* Its index among the numbers, with a reference taken when it is new there; QUEUE_PLACE_NAMES: no room. */
static uint16_t add_name(struct queue_names *names, const char *text, uint32_t *numbers, uint16_t *n) {
        uint32_t number = queue_names_take(names, text);
        uint16_t at = names->rows[number].at;

        if (at < *n && numbers[at] == number) {
                queue_names_drop(names, number);
                return at;
        }
        if (*n == QUEUE_PLACE_NAMES) {
                queue_names_drop(names, number);
                return QUEUE_PLACE_NAMES;
        }
        numbers[*n] = number;
        names->rows[number].at = *n;
        return (*n)++;
}

void queue_place_add(
        struct queue_places *places, struct queue_place_draft *draft, const char *domain, const char *hop) {
        uint16_t n_before = draft->n_domains,
                 at = add_name(&places->domains, domain, draft->domains, &draft->n_domains);

        draft->total++;
        if (at == QUEUE_PLACE_NAMES)
                draft->others++;
        else
                draft->counts[at] = at < n_before ? draft->counts[at] + 1 : 1;
        draft->is_cut |= at == QUEUE_PLACE_NAMES ||
                add_name(&places->hops, hop ? hop : "*", draft->hops, &draft->n_hops) == QUEUE_PLACE_NAMES;
}

static void empty(struct queue_place_draft *draft) {
        draft->n_domains = draft->n_hops = 0;
        draft->others = draft->total = 0;
        draft->is_cut = draft->is_filter = false;
}

void queue_place_discard(struct queue_places *places, struct queue_place_draft *draft) {
        for (uint16_t i = 0; i < draft->n_domains; i++)
                queue_names_drop(&places->domains, draft->domains[i]);
        for (uint16_t i = 0; i < draft->n_hops; i++)
                queue_names_drop(&places->hops, draft->hops[i]);
        empty(draft);
}

static bool must_count(const struct queue_place_draft *draft) {
        return draft->n_domains > 1 || draft->others > 0 || draft->total > QUEUE_LEFT_MAX;
}

static uint32_t hash_of(const struct queue_places *places, const struct queue_place_draft *draft) {
        uint64_t hash = places->domains.seed ^ ((draft->is_cut ? 1u : 0u) | (draft->is_filter ? 2u : 0u));

        for (uint16_t i = 0; i < draft->n_domains; i++)
                hash = (hash ^ draft->domains[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 31;
        for (uint16_t i = 0; i < draft->n_hops; i++)
                hash = (hash ^ draft->hops[i]) * UINT64_C(0x9e3779b97f4a7c15);
        for (uint16_t i = 0; must_count(draft) && i < draft->n_domains; i++)
                hash = (hash ^ draft->counts[i]) * UINT64_C(0x9e3779b97f4a7c15);
        return (uint32_t)(hash >> 32);
}

static bool same(const struct queue_place *place, const struct queue_place_draft *draft) {
        return place->n_domains == draft->n_domains && place->n_hops == draft->n_hops &&
                place->is_cut == draft->is_cut && place->is_filter == draft->is_filter &&
                memcmp(queue_place_domains(place), draft->domains,
                        draft->n_domains * sizeof(draft->domains[0])) == 0 &&
                memcmp(queue_place_hops(place), draft->hops, draft->n_hops * sizeof(draft->hops[0])) == 0 &&
                place->is_counted == must_count(draft) &&
                (!place->is_counted ||
                        (queue_place_others(place) == draft->others &&
                                memcmp(counts_of(place), draft->counts,
                                        draft->n_domains * sizeof(draft->counts[0])) == 0));
}

static uint32_t free_row(struct queue_places *places) {
        uint32_t number = places->first_free, n_rows = places->n_rows + places->n_rows / 4 + 64;
        struct queue_place *rows;

        if (number == NO_ROW) {
                if (n_rows > places->n_rows_max)
                        n_rows = places->n_rows_max;
                if (n_rows <= places->n_rows)
                        return NO_ROW;
                rows = realloc(places->rows, n_rows * sizeof(*rows));
                if (!rows)
                        return NO_ROW;
                memset(rows + places->n_rows, 0, (n_rows - places->n_rows) * sizeof(*rows));
                for (uint32_t i = places->n_rows; i < n_rows; i++)
                        rows[i].next = i + 1 < n_rows ? i + 1 : NO_ROW;
                number = places->n_rows;
                places->rows = rows;
                places->n_rows = n_rows;
        }
        places->first_free = places->rows[number].next;
        return number;
}

/* Its numbers when they are not one each. */
static uint32_t more_of(uint16_t n_domains, uint16_t n_hops) {
        return 2u * n_domains + n_hops + 1;
}

static bool fill(
        struct queue_places *places, struct queue_place *place, const struct queue_place_draft *draft) {
        uint32_t *numbers = place->numbers, more = more_of(draft->n_domains, draft->n_hops);

        place->n_domains = draft->n_domains;
        place->n_hops = draft->n_hops;
        place->is_counted = must_count(draft);
        if (draft->n_domains != 1 || draft->n_hops != 1 || place->is_counted) {
                numbers = places->n_numbers + more <= places->n_numbers_max ? malloc(more * sizeof(*numbers))
                                                                            : NULL;
                if (!numbers)
                        return false;
                places->n_numbers += more;
                place->more = numbers;
        }
        memcpy(numbers, draft->domains, draft->n_domains * sizeof(*numbers));
        numbers += draft->n_domains;
        memcpy(numbers, draft->hops, draft->n_hops * sizeof(*numbers));
        if (place->is_counted) {
                numbers += draft->n_hops;
                memcpy(numbers, draft->counts, draft->n_domains * sizeof(*numbers));
                numbers[draft->n_domains] = draft->others;
        }
        return true;
}

uint32_t queue_place_take_consume(struct queue_places *places, struct queue_place_draft *draft) {
        uint32_t hash = hash_of(places, draft), number = places->buckets[hash % BUCKETS];
        struct queue_place place = {.used = true,
                .refs = 1,
                .hash = hash,
                .is_cut = draft->is_cut,
                .is_filter = draft->is_filter};

        while (number != NO_ROW && (places->rows[number].hash != hash || !same(&places->rows[number], draft)))
                number = places->rows[number].next;
        if (number != NO_ROW) {
                queue_place_discard(places, draft);
                places->rows[number].refs++;
                return number;
        }
        number = free_row(places);
        if (number == NO_ROW || !fill(places, &place, draft)) {
                if (number != NO_ROW) {
                        places->rows[number].next = places->first_free;
                        places->first_free = number;
                }
                queue_place_discard(places, draft);
                if (places->n_rows > QUEUE_PLACE_OTHERS)
                        places->rows[QUEUE_PLACE_OTHERS].refs++;
                return QUEUE_PLACE_OTHERS;
        }
        place.next = places->buckets[hash % BUCKETS];
        places->rows[number] = place;
        places->buckets[hash % BUCKETS] = number;
        empty(draft); /* its references are the place's now */
        return number;
}

void queue_place_drop(struct queue_places *places, uint32_t number) {
        struct queue_place *place = &places->rows[number];
        uint32_t *link;

        if (number == QUEUE_PLACE_UNKNOWN || --place->refs > 0)
                return;
        for (uint16_t i = 0; i < place->n_domains; i++)
                queue_names_drop(&places->domains, queue_place_domains(place)[i]);
        for (uint16_t i = 0; i < place->n_hops; i++)
                queue_names_drop(&places->hops, queue_place_hops(place)[i]);
        link = &places->buckets[place->hash % BUCKETS];
        while (*link != number)
                link = &places->rows[*link].next;
        *link = place->next;
        if (place->more)
                places->n_numbers -= more_of(place->n_domains, place->n_hops);
        free(place->more);
        *place = (struct queue_place){.next = places->first_free};
        places->first_free = number;
}

int queue_places_init(struct queue_places *places) {
        struct queue_place_draft draft = {0};

        *places = (struct queue_places){.first_free = NO_ROW,
                .n_rows_max = QUEUE_PLACES_MAX,
                .n_numbers_max = QUEUE_PLACE_NUMBERS_MAX};
        if (queue_names_init(&places->domains) < 0 || queue_names_init(&places->hops) < 0)
                goto failed;
        places->buckets = malloc(BUCKETS * sizeof(*places->buckets));
        if (!places->buckets)
                goto failed;
        memset(places->buckets, 0xff, BUCKETS * sizeof(*places->buckets));
        if (queue_place_take_consume(places, &draft) != QUEUE_PLACE_UNKNOWN)
                goto failed;
        queue_place_add(places, &draft, "*", NULL);
        draft.is_cut = true;
        if (queue_place_take_consume(places, &draft) == QUEUE_PLACE_OTHERS && places->n_rows > 0)
                return 0;
failed:
        queue_places_deinit(places);
        return -ENOMEM;
}

void queue_places_share(struct queue_places *places, uint32_t n) {
        places->n_rows_max = QUEUE_PLACES_MAX / n;
        places->n_numbers_max = QUEUE_PLACE_NUMBERS_MAX / n;
        places->domains.n_rows_max = places->hops.n_rows_max = QUEUE_NAMES_MAX / n;
}

void queue_places_deinit(struct queue_places *places) {
        for (uint32_t i = 0; i < places->n_rows; i++)
                free(places->rows[i].more);
        free(places->rows);
        free(places->buckets);
        queue_names_deinit(&places->domains);
        queue_names_deinit(&places->hops);
        *places = (struct queue_places){.first_free = NO_ROW};
}
