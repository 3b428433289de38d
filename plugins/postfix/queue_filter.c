/* SPDX-License-Identifier: MIT */
/*
 * queue_filter - whether a message is one of those that were asked for
 *
 * Runs in the watcher, as part of the sensor `queue`.  The texts of a filter become numbers once, so that a million
 * messages are compared with numbers only.  Used by the list of messages and by the selections of verbs: what a
 * list shows is what a verb with the same filter acts on.
 *
 * Owns nothing.  Fails only for a queue that Postfix has not; a name that no message has matches none.
 * Limits: QUEUE_PLACE_NAMES domains and next hops of one message; what is beyond is not found.
 */
#include "postfix/queue_filter.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define IS_LONG_ID (UINT64_C(1) << 63)
#define SECOND_USEC 1000000u

int queue_filter_queue(const char *name) {
        for (int queue = 0; queue < QUEUES; queue++)
                if (strcmp(queue_names_of[queue], name) == 0)
                        return queue;
        return -EINVAL;
}

uint32_t queue_filter_arrival(const struct queue_message *message) {
        uint64_t seconds = (message->id.stamp & ~IS_LONG_ID) >> 20;

        if (message->state == QUEUE_MESSAGE_READ)
                return message->arrival;
        return message->id.stamp & IS_LONG_ID && seconds <= UINT32_MAX ? (uint32_t)seconds : 0;
}

/* False: nothing has that name. */
static bool find_name(const struct queue_names *names, const char *text, uint32_t *ret_number) {
        char lower[QUEUE_NAME_BYTES];
        size_t n = strlen(text);

        if (n >= sizeof(lower))
                return false;
        for (size_t i = 0; i <= n; i++)
                lower[i] = (char)tolower((unsigned char)text[i]);
        *ret_number = queue_names_find(names, lower);
        return *ret_number != QUEUE_NAME_NONE || n == 0;
}

static bool find_sender(const struct queue_names *names, const char *text, uint32_t *ret_number) {
        *ret_number = QUEUE_NAME_NULL;
        return strcmp(text, "<>") == 0 || strcmp(text, QUEUE_NULL_SENDER) == 0 ||
                find_name(names, text, ret_number);
}

/* Two classes may have one name. */
static bool find_reasons(const char *text, uint32_t *ret_reasons) {
        *ret_reasons = 0;
        for (unsigned class = 0; class < REASON_CLASSES; class ++)
                if (strcmp(reason_name((enum reason_class) class), text) == 0)
                        *ret_reasons |= 1u << class;
        return *ret_reasons != 0;
}

bool queue_filter_knows_reason(const char *name) {
        uint32_t reasons;

        return find_reasons(name, &reasons);
}

int queue_filter_init(struct queue_filter *ret_filter, const struct queue_spool *spool,
        const struct sg_queue_filter *wanted) {
        const struct queue_places *places = &spool->places;
        uint64_t now = (uint64_t)spool->wall_seconds();
        struct queue_filter filter = {
                .has_queue = wanted->queue,
                .has_domain = wanted->domain,
                .has_sender = wanted->sender,
                .has_hop = wanted->nexthop,
                .has_reason = wanted->reason,
        };
        int queue = wanted->queue ? queue_filter_queue(wanted->queue) : 0;
        uint64_t older = wanted->older_than_usec / SECOND_USEC;

        if (queue < 0)
                return queue;
        filter.queue = (enum queue)queue;
        filter.matches_none =
                (wanted->domain && !find_name(&places->domains, wanted->domain, &filter.domain)) ||
                (wanted->sender && !find_sender(&places->domains, wanted->sender, &filter.sender)) ||
                (wanted->nexthop && !find_name(&places->hops, wanted->nexthop, &filter.hop)) ||
                (wanted->reason && !find_reasons(wanted->reason, &filter.reasons)) || older >= now;
        if (wanted->older_than_usec > 0 && !filter.matches_none)
                filter.arrived_by = (uint32_t)(now - older);
        *ret_filter = filter;
        return 0;
}

static bool contains(const uint32_t *numbers, uint16_t n, uint32_t number) {
        for (uint16_t i = 0; i < n; i++)
                if (numbers[i] == number)
                        return true;
        return false;
}

static bool fits_envelope(const struct queue_spool *spool, const struct queue_filter *filter,
        const struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];

        return message->state == QUEUE_MESSAGE_READ &&
                (!filter->has_sender || message->sender == filter->sender) &&
                (!filter->has_domain ||
                        contains(queue_place_domains(place), place->n_domains, filter->domain)) &&
                (!filter->has_hop || contains(queue_place_hops(place), place->n_hops, filter->hop));
}

bool queue_filter_matches(const struct queue_spool *spool, const struct queue_filter *filter,
        const struct queue_message *message) {
        uint32_t arrival = filter->arrived_by > 0 ? queue_filter_arrival(message) : 0;

        if (filter->matches_none || (filter->has_queue && message->queue != (unsigned)filter->queue))
                return false;
        if (filter->arrived_by > 0 && (arrival == 0 || arrival > filter->arrived_by))
                return false;
        /* The reason of the last attempt holds until the next has ended; without one there was none. */
        if (filter->has_reason &&
                (!(filter->reasons & 1u << message->reason) ||
                        (message->reason == REASON_NONE && message->queue != QUEUE_DEFERRED)))
                return false;
        return !(filter->has_domain || filter->has_sender || filter->has_hop) ||
                fits_envelope(spool, filter, message);
}
