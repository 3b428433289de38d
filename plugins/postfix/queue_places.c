/* SPDX-License-Identifier: MIT */
/*
 * queue_places - where the recipients of a message are: a set of domains and of next hops, as one number
 *
 * Runs in the watcher, as part of the sensor `queue`.  A message that goes to three domains counts once for each
 * of them; most messages go to one, and most of these share it.  So the set is kept, once, and the message has
 * its number; and a census adds up a place per message and the names per place, not per message.
 *
 * Owns the sets and the two tables of names; a place holds a reference on each of its names.
 * Limits: QUEUE_PLACE_NAMES domains of one message (it is then marked as cut, and never acted on); without
 * room for a further place, a message is at "*".
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

static int add_number(uint32_t *numbers, uint16_t *n, uint32_t number) {
        for (uint16_t i = 0; i < *n; i++)
                if (numbers[i] == number)
                        return 0;
        if (*n == QUEUE_PLACE_NAMES)
                return -ENOSPC;
        numbers[(*n)++] = number;
        return 1;
}

static void add_name(
        struct queue_names *names, const char *text, uint32_t *numbers, uint16_t *n, bool *is_cut) {
        uint32_t number = queue_names_take(names, text);
        int r = add_number(numbers, n, number);

        if (r <= 0)
                queue_names_drop(names, number);
        *is_cut |= r < 0;
}

void queue_place_add(
        struct queue_places *places, struct queue_place_draft *draft, const char *domain, const char *hop) {
        add_name(&places->domains, domain, draft->domains, &draft->n_domains, &draft->is_cut);
        add_name(&places->hops, hop ? hop : "*", draft->hops, &draft->n_hops, &draft->is_cut);
}

void queue_place_discard(struct queue_places *places, struct queue_place_draft *draft) {
        for (uint16_t i = 0; i < draft->n_domains; i++)
                queue_names_drop(&places->domains, draft->domains[i]);
        for (uint16_t i = 0; i < draft->n_hops; i++)
                queue_names_drop(&places->hops, draft->hops[i]);
        draft->n_domains = draft->n_hops = 0;
        draft->is_cut = false;
}

static uint32_t hash_of(const struct queue_places *places, const struct queue_place_draft *draft) {
        uint64_t hash = places->domains.seed ^ draft->is_cut;

        for (uint16_t i = 0; i < draft->n_domains; i++)
                hash = (hash ^ draft->domains[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 31;
        for (uint16_t i = 0; i < draft->n_hops; i++)
                hash = (hash ^ draft->hops[i]) * UINT64_C(0x9e3779b97f4a7c15);
        return (uint32_t)(hash >> 32);
}

static bool same(const struct queue_place *place, const struct queue_place_draft *draft) {
        return place->n_domains == draft->n_domains && place->n_hops == draft->n_hops &&
                place->is_cut == draft->is_cut &&
                memcmp(queue_place_domains(place), draft->domains,
                        draft->n_domains * sizeof(draft->domains[0])) == 0 &&
                memcmp(queue_place_hops(place), draft->hops, draft->n_hops * sizeof(draft->hops[0])) == 0;
}

static uint32_t free_row(struct queue_places *places) {
        uint32_t number = places->first_free, n_rows = places->n_rows ? 2 * places->n_rows : 64;
        struct queue_place *rows;

        if (number == NO_ROW) {
                if (n_rows > QUEUE_PLACES_MAX)
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

static bool fill(struct queue_place *place, const struct queue_place_draft *draft) {
        uint32_t *numbers = place->numbers;

        place->n_domains = draft->n_domains;
        place->n_hops = draft->n_hops;
        if (draft->n_domains != 1 || draft->n_hops != 1) {
                numbers = malloc((size_t)(draft->n_domains + draft->n_hops + 1) * sizeof(*numbers));
                if (!numbers)
                        return false;
                place->more = numbers;
        }
        memcpy(numbers, draft->domains, draft->n_domains * sizeof(*numbers));
        memcpy(numbers + draft->n_domains, draft->hops, draft->n_hops * sizeof(*numbers));
        return true;
}

uint32_t queue_place_take_consume(struct queue_places *places, struct queue_place_draft *draft) {
        uint32_t hash = hash_of(places, draft), number = places->buckets[hash % BUCKETS];
        struct queue_place place = {.used = true, .refs = 1, .hash = hash, .is_cut = draft->is_cut};

        while (number != NO_ROW && (places->rows[number].hash != hash || !same(&places->rows[number], draft)))
                number = places->rows[number].next;
        if (number != NO_ROW) {
                queue_place_discard(places, draft);
                places->rows[number].refs++;
                return number;
        }
        number = free_row(places);
        if (number == NO_ROW || !fill(&place, draft)) {
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
        *draft = (struct queue_place_draft){0}; /* its references are the place's now */
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
        free(place->more);
        *place = (struct queue_place){.next = places->first_free};
        places->first_free = number;
}

int queue_places_init(struct queue_places *places) {
        struct queue_place_draft nowhere = {0}, others = {0};

        *places = (struct queue_places){.first_free = NO_ROW};
        if (queue_names_init(&places->domains) < 0 || queue_names_init(&places->hops) < 0)
                goto failed;
        places->buckets = malloc(BUCKETS * sizeof(*places->buckets));
        if (!places->buckets)
                goto failed;
        memset(places->buckets, 0xff, BUCKETS * sizeof(*places->buckets));
        queue_place_add(places, &others, "*", NULL);
        others.is_cut = true;
        if (queue_place_take_consume(places, &nowhere) == QUEUE_PLACE_UNKNOWN &&
                queue_place_take_consume(places, &others) == QUEUE_PLACE_OTHERS && places->n_rows > 0)
                return 0;
failed:
        queue_places_deinit(places);
        return -ENOMEM;
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
