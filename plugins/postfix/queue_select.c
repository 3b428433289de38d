/* SPDX-License-Identifier: MIT */
/*
 * queue_select - which messages a verb shall act on
 *
 * Runs in the watcher, as part of the sensor `queue`.  Chosen is only what is fully known: complete, read, not
 * under way.  For a next hop that means: deferred, with all the recipients that are left there.  postpone takes those that would be tried within
 * half a slice, so that a renewal chooses what needs it and not everything again, and none that was chosen for a
 * retry and is not back from it: a lease is renewed while its mail is brought back.  retry takes the oldest, those
 * first that were postponed, and never one that Postfix says may have been delivered already.  hold and requeue take
 * what passes their filter; an empty filter takes nothing.
 *
 * Owns a list of candidates while it runs.  Fails with -EAGAIN as long as not everything was listed and read: an
 * incomplete list must not look like a short one.
 * Limits: one pass over all messages in one turn of the loop, 5 ms for half a million.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "postfix/filter_args.h"
#include "postfix/queue_filter.h"
#include "postfix/queue_spool.h"
#include "postfix/selection.h"

#define RENEW_SECONDS (POSTFIX_SLICE_SECONDS / 2)

struct candidate {
        uint64_t rank; /* least first */
        uint32_t number;
};

/* The `max` candidates with the least rank: a heap, the one to go first on top. */
struct candidates {
        struct candidate *heap;
        size_t n, max;
};

static bool belongs(const struct queue_spool *spool, const struct queue_message *message, uint32_t hop) {
        const struct queue_place *place = &spool->places.rows[message->place];

        return message->queue == QUEUE_DEFERRED && message->complete && !message->moving &&
                message->state == QUEUE_MESSAGE_READ && message->left > 0 && !place->is_cut &&
                place->n_hops == 1 && queue_place_hops(place)[0] == hop;
}

static void add(const struct queue_spool *spool, struct selection_writer *writer,
        const struct queue_message *message) {
        char name[QUEUE_ID_MAX];

        queue_id_format(&message->id, name);
        selection_add(writer, name, queue_table_inode(&spool->table, message));
}

static void select_postpone(const struct queue_spool *spool, uint32_t hop, struct selection_writer *writer) {
        uint32_t end = queue_table_end(&spool->table);
        struct timespec now;
        size_t n = 0;

        clock_gettime(CLOCK_REALTIME, &now);
        for (uint32_t i = 0; i < end && n < SELECTION_MAX; i++) {
                const struct queue_message *message = queue_table_at(&spool->table, i);

                if (!message || !belongs(spool, message, hop) || message->asked ||
                        message->retry >= now.tv_sec + RENEW_SECONDS)
                        continue;
                add(spool, writer, message);
                n++;
        }
}

static void sift_down(struct candidates *candidates, size_t i) {
        struct candidate moved = candidates->heap[i];

        for (size_t child = 2 * i + 1; child < candidates->n; child = 2 * i + 1) {
                if (child + 1 < candidates->n &&
                        candidates->heap[child + 1].rank > candidates->heap[child].rank)
                        child++;
                if (candidates->heap[child].rank <= moved.rank)
                        break;
                candidates->heap[i] = candidates->heap[child];
                i = child;
        }
        candidates->heap[i] = moved;
}

static void offer(struct candidates *candidates, struct candidate candidate) {
        if (candidates->n < candidates->max) {
                candidates->heap[candidates->n++] = candidate;
                if (candidates->n == candidates->max)
                        for (size_t i = candidates->n / 2; i-- > 0;)
                                sift_down(candidates, i);
        } else if (candidate.rank < candidates->heap[0].rank) {
                candidates->heap[0] = candidate;
                sift_down(candidates, 0);
        }
}

static int compare_rank(const void *a, const void *b) {
        uint64_t left = ((const struct candidate *)a)->rank, right = ((const struct candidate *)b)->rank;

        return (left > right) - (left < right);
}

static int select_retry(
        const struct queue_spool *spool, uint32_t hop, double messages, struct selection_writer *writer) {
        uint32_t end = queue_table_end(&spool->table);
        struct candidates candidates = {.max = messages < spool->table.n ? (size_t)messages : spool->table.n};

        if (candidates.max == 0)
                return 0;
        candidates.heap = calloc(candidates.max, sizeof(*candidates.heap));
        if (!candidates.heap)
                return -ENOMEM;
        for (uint32_t i = 0; i < end; i++) {
                const struct queue_message *message = queue_table_at(&spool->table, i);

                if (message && belongs(spool, message, hop) && !message->duplicate_risk)
                        offer(&candidates,
                                (struct candidate){.number = i,
                                        .rank = message->arrival |
                                                (message->postponed ? 0 : UINT64_C(1) << 32)});
        }
        qsort(candidates.heap, candidates.n, sizeof(*candidates.heap), compare_rank);
        for (size_t i = 0; i < candidates.n; i++) {
                struct queue_message *message = queue_table_at(&spool->table, candidates.heap[i].number);

                message->asked = true;
                add(spool, writer, message);
        }
        free(candidates.heap);
        return 0;
}

/* For hold: of a message that goes elsewhere, too, the others are not kept waiting for a domain's sake. */
static bool is_for_one_domain(const struct queue_spool *spool, const struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];

        return place->n_domains == 1 && !place->is_cut;
}

/* Not fully known: it stays as it is. */
static bool may_be_moved(const struct queue_message *message) {
        return message->complete && !message->moving && message->state == QUEUE_MESSAGE_READ;
}

static int select_filtered(const struct queue_spool *spool, const struct sg_queue_filter *wanted,
        bool is_hold, struct selection_writer *writer) {
        uint32_t end = queue_table_end(&spool->table);
        struct queue_filter filter;
        size_t n = 0;
        int r = queue_filter_init(&filter, spool, wanted);

        if (r < 0 || filter.matches_none || !filter_args_choose(wanted))
                return r;
        for (uint32_t i = 0; i < end && n < SELECTION_MAX; i++) {
                const struct queue_message *message = queue_table_at(&spool->table, i);

                if (!message || !may_be_moved(message) || !queue_filter_matches(spool, &filter, message) ||
                        (is_hold && wanted->domain && !is_for_one_domain(spool, message)) ||
                        (!is_hold && message->duplicate_risk))
                        continue;
                add(spool, writer, message);
                n++;
        }
        return 0;
}

static ssize_t choose_filtered(
        const struct queue_spool *spool, const char *verb, const struct sg_value *args, int fd) {
        bool is_hold = strcmp(verb, postfix_hold.name) == 0;
        const struct sg_queue_filter wanted =
                filter_args_read(args, is_hold ? "deferred" : filter_args_requeue_from(args));
        struct selection_writer writer;
        int r;

        selection_writer_init(&writer, fd);
        r = select_filtered(spool, &wanted, is_hold, &writer);
        return r < 0 ? r : selection_finish(&writer);
}

static ssize_t choose_for_hop(
        const struct queue_spool *spool, const char *verb, const struct sg_value *args, int fd) {
        bool is_retry = strcmp(verb, postfix_retry.name) == 0;
        uint32_t hop = queue_names_find(
                &spool->places.hops, args[is_retry ? RETRY_ARG_NEXTHOP : POSTPONE_ARG_NEXTHOP].text);
        struct selection_writer writer;
        int r = 0;

        if (hop == QUEUE_NAME_NONE || hop == QUEUE_NAME_OTHERS)
                return 0;
        selection_writer_init(&writer, fd);
        if (is_retry)
                r = select_retry(spool, hop, args[RETRY_ARG_MESSAGES].number, &writer);
        else
                select_postpone(spool, hop, &writer);
        return r < 0 ? r : selection_finish(&writer);
}

static const struct {
        const struct sg_verb *verb;
        ssize_t (*choose)(
                const struct queue_spool *spool, const char *verb, const struct sg_value *args, int fd);
} choices[] = {
        {&postfix_postpone, choose_for_hop},
        {&postfix_retry, choose_for_hop},
        {&postfix_hold, choose_filtered},
        {&postfix_requeue, choose_filtered},
};

ssize_t queue_select(struct queue_spool *spool, const char *verb, const struct sg_value *args, int fd) {
        for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
                if (strcmp(choices[i].verb->name, verb) == 0)
                        return queue_spool_is_settled(spool) ? choices[i].choose(spool, verb, args, fd)
                                                             : -EAGAIN;
        return -EOPNOTSUPP;
}
