/* SPDX-License-Identifier: MIT */
/*
 * queue_select - which messages a verb shall act on
 *
 * Runs in the watcher, as part of the sensor `queue`.  Chosen is only what is fully known: complete, read, not
 * under way.  For a next hop that means: deferred, with all the recipients that are left there.  postpone takes those
 * that would be tried within half a slice, so that a renewal chooses what needs it and not everything again, none on its
 * way to a content filter, which is this host's own, and none that was chosen for a retry and is not back from it: a
 * lease is renewed while its mail is brought back.  retry takes what was postponed, and what an outage keeps
 * (queue_select_is_stranded()); as a canary also such that is due soon, and whatever a content filter did not take,
 * since only its site knows that it is back; but never what Postfix says may have been delivered already.  What is too
 * old to wait on is returned when it is tried in vain, so it goes behind all others, and is no canary unless there is
 * nothing else, and then one alone.  What the next hop itself did not want has its turn last but for that, then age
 * decides.  hold and requeue take what passes their filter; an empty filter takes nothing.
 *
 * All messages are looked at, a piece per turn of the loop, one selection after the other; what moves on meanwhile is
 * not there any more for the verb either, which looks at each again.
 *
 * Owns the selections under way, a reference on each name that one compares with, and their timer.  Fails with -EAGAIN
 * as long as not everything was listed, read and explained, also when that ends on the way: an incomplete list must not
 * look like a short one.
 */
#include "postfix/queue_select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/filter_args.h"
#include "postfix/queue_filter.h"
#include "postfix/selection.h"

#define RENEW_SECONDS (POSTFIX_SLICE_SECONDS / 2)
#define STRANDED_SECONDS 300         /* Postfix looks for what is due as often as that (queue_run_delay) */
#define TRY_SECONDS 120              /* from being chosen to the end of the try */
#define AT_STAKE (UINT64_C(1) << 34) /* above all other bits of a rank */
#define TURN_USEC UINT64_C(2000)
#define PAUSE_USEC UINT64_C(1000)
#define FOREVER_USEC UINT64_C(3600000000)
#define MESSAGES_PER_CLOCK 128u

struct candidate {
        uint64_t rank; /* least first */
        uint32_t number;
};

/* The `max` candidates with the least rank: a heap, the one to go first on top. */
struct candidates {
        struct candidate *heap;
        size_t n, max;
};

struct selecting {
        struct selecting *next;
        struct queue_spool *spool;
        const struct choice *choice;
        sg_selected_fn *done;
        void *data;
        struct selection_writer writer;
        uint32_t at; /* message */
        int64_t now;
        struct queue_filter filter; /* its hop is that of postpone and retry */
        struct candidates candidates;
        size_t candidate; /* that is written next, once they are ranked */
        bool is_ranked;
        bool is_canary; /* of retry */
};

struct queue_selects {
        const struct sg_host *host;
        struct sg_timer *timer;
        struct selecting *first; /* the one that is worked on */
};

/* One row per verb with a selector. */
struct choice {
        const struct sg_verb *verb;
        /* 1; 0: nothing can be chosen; or a negative errno value. */
        int (*begin)(struct selecting *selecting, const struct sg_value *args);
        bool (*takes)(const struct selecting *selecting, const struct queue_message *message);
        bool is_ranked; /* not all that it takes, but those that go first */
};

static bool belongs(const struct selecting *selecting, const struct queue_message *message) {
        const struct queue_place *place = &selecting->spool->places.rows[message->place];

        return message->queue == QUEUE_DEFERRED && message->complete && !message->moving &&
                message->state == QUEUE_MESSAGE_READ && message->left > 0 && !place->is_cut &&
                place->n_hops == 1 && queue_place_hops(place)[0] == selecting->filter.hop;
}

/* Chosen for a retry, and due since: Postfix has it, or is about to.  Else nothing came of that retry. */
static bool is_being_retried(const struct selecting *selecting, const struct queue_message *message) {
        return message->asked && message->retry <= selecting->now;
}

static bool postpone_takes(const struct selecting *selecting, const struct queue_message *message) {
        return belongs(selecting, message) && !selecting->spool->places.rows[message->place].is_filter &&
                !is_being_retried(selecting, message) && message->retry < selecting->now + RENEW_SECONDS;
}

/* Neither the mail nor its recipient had a part in why it waits. */
static bool is_for_an_outage(const struct queue_message *message) {
        return reason_is_dead((enum reason_class)message->reason) || message->reason == REASON_DNS ||
                message->reason == REASON_LOST;
}

bool queue_select_is_stranded(const struct queue_message *message, int64_t now_seconds) {
        return !message->postponed && !message->duplicate_risk && is_for_an_outage(message) &&
                message->retry > now_seconds + STRANDED_SECONDS;
}

static bool retry_takes(const struct selecting *selecting, const struct queue_message *message) {
        bool is_wanted = message->postponed || queue_select_is_stranded(message, selecting->now) ||
                (selecting->is_canary && is_for_an_outage(message)) || message->reason == REASON_FILTER ||
                message->reason == REASON_FILTER_DEAD;

        return is_wanted && belongs(selecting, message) && !message->duplicate_risk &&
                !is_being_retried(selecting, message);
}

/* Not delivered when it is tried now, it goes back to its sender. */
static bool is_at_stake(const struct selecting *selecting, const struct queue_message *message) {
        return queue_track_is_overdue(selecting->spool, message, selecting->now + TRY_SECONDS);
}

static uint64_t retry_rank(const struct selecting *selecting, const struct queue_message *message) {
        return message->arrival | (is_for_an_outage(message) ? 0 : UINT64_C(1) << 32) |
                (message->postponed ? 0 : UINT64_C(1) << 33) |
                (is_at_stake(selecting, message) ? AT_STAKE : 0);
}

/* They find out whether the next hop takes mail: by what loses nothing when it does not, or else by one message. */
static void choose_canaries(struct candidates *candidates) {
        size_t n = 0;

        while (n < candidates->n && candidates->heap[n].rank < AT_STAKE)
                n++;
        candidates->n = n == 0 && candidates->n > 0 ? 1 : n;
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

/* For hold: of a message that goes elsewhere, too, the others are not kept waiting for a domain's sake. */
static bool is_for_one_domain(const struct queue_spool *spool, const struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];

        return place->n_domains == 1 && !place->is_cut;
}

/* Not fully known: it stays as it is. */
static bool may_be_moved(const struct queue_message *message) {
        return message->complete && !message->moving && message->state == QUEUE_MESSAGE_READ;
}

static bool hold_takes(const struct selecting *selecting, const struct queue_message *message) {
        return may_be_moved(message) && queue_filter_matches(selecting->spool, &selecting->filter, message) &&
                (!selecting->filter.has_domain || is_for_one_domain(selecting->spool, message));
}

static bool requeue_takes(const struct selecting *selecting, const struct queue_message *message) {
        return may_be_moved(message) && !message->duplicate_risk &&
                queue_filter_matches(selecting->spool, &selecting->filter, message);
}

static int begin_for_hop(struct selecting *selecting, const char *nexthop) {
        uint32_t hop = queue_names_find(&selecting->spool->places.hops, nexthop);

        if (hop == QUEUE_NAME_NONE || hop == QUEUE_NAME_OTHERS)
                return 0;
        selecting->filter.has_hop = true;
        selecting->filter.hop = hop;
        return 1;
}

static int postpone_begin(struct selecting *selecting, const struct sg_value *args) {
        return begin_for_hop(selecting, args[POSTPONE_ARG_NEXTHOP].text);
}

static int retry_begin(struct selecting *selecting, const struct sg_value *args) {
        struct candidates *candidates = &selecting->candidates;

        selecting->is_canary = strcmp(args[RETRY_ARG_HOW].text, "canary") == 0;
        candidates->max = (size_t)args[RETRY_ARG_MESSAGES].number;
        candidates->heap = calloc(candidates->max + 1, sizeof(*candidates->heap));
        if (!candidates->heap)
                return -ENOMEM;
        return begin_for_hop(selecting, args[RETRY_ARG_NEXTHOP].text);
}

static int begin_filtered(struct selecting *selecting, const struct sg_value *args, const char *from_queue) {
        const struct sg_queue_filter wanted = filter_args_read(args, from_queue);
        int r = queue_filter_init(&selecting->filter, selecting->spool, &wanted);

        return r < 0 ? r : !selecting->filter.matches_none && filter_args_choose(&wanted);
}

static int hold_begin(struct selecting *selecting, const struct sg_value *args) {
        return begin_filtered(selecting, args, "deferred");
}

static int requeue_begin(struct selecting *selecting, const struct sg_value *args) {
        return begin_filtered(selecting, args, filter_args_requeue_from(args));
}

static const struct choice choices[] = {
        {&postfix_postpone, postpone_begin, postpone_takes, false},
        {&postfix_retry, retry_begin, retry_takes, true},
        {&postfix_hold, hold_begin, hold_takes, false},
        {&postfix_requeue, requeue_begin, requeue_takes, false},
};

/* A name that nobody has may become another one between two turns. */
static void hold_names(const struct selecting *selecting, void (*hold)(struct queue_names *, uint32_t)) {
        const struct queue_filter *filter = &selecting->filter;
        struct queue_places *places = &selecting->spool->places;

        if (filter->has_domain)
                hold(&places->domains, filter->domain);
        if (filter->has_sender)
                hold(&places->domains, filter->sender);
        if (filter->has_hop)
                hold(&places->hops, filter->hop);
}

static void add(struct selecting *selecting, const struct queue_message *message) {
        char name[QUEUE_ID_MAX];

        queue_id_format(&message->id, name);
        selection_add(&selecting->writer, name, queue_table_inode(&selecting->spool->table, message));
}

/* Over the messages: takes them, or ranks them.  False: that was all. */
static bool look_at_next(struct selecting *selecting) {
        const struct queue_table *table = &selecting->spool->table;
        const struct queue_message *message = queue_table_at(table, selecting->at);

        if (message && selecting->choice->takes(selecting, message)) {
                if (selecting->choice->is_ranked)
                        offer(&selecting->candidates,
                                (struct candidate){
                                        .number = selecting->at, .rank = retry_rank(selecting, message)});
                else
                        add(selecting, message);
        }
        return ++selecting->at < queue_table_end(table) && selecting->writer.n < SELECTION_MAX;
}

/* Over the best of them, which may have moved on.  False: that was the last one. */
static bool take_next(struct selecting *selecting) {
        const struct candidates *candidates = &selecting->candidates;
        const struct queue_message *message;

        if (selecting->candidate >= candidates->n)
                return false;
        message = queue_table_at(&selecting->spool->table, candidates->heap[selecting->candidate++].number);
        if (message && selecting->choice->takes(selecting, message))
                add(selecting, message);
        return true;
}

/* At the end, since it is not asked for when the selection fails. */
static void mark_asked(const struct selecting *selecting) {
        const struct candidates *candidates = &selecting->candidates;

        for (size_t i = 0; i < candidates->n; i++) {
                struct queue_message *message =
                        queue_table_at(&selecting->spool->table, candidates->heap[i].number);

                if (message && selecting->choice->takes(selecting, message))
                        message->asked = true;
        }
}

/* False: it is done. */
static bool step(struct selecting *selecting) {
        struct candidates *candidates = &selecting->candidates;

        if (selecting->is_ranked)
                return take_next(selecting);
        if (look_at_next(selecting))
                return true;
        selecting->is_ranked = selecting->choice->is_ranked;
        if (selecting->is_ranked)
                qsort(candidates->heap, candidates->n, sizeof(*candidates->heap), compare_rank);
        if (selecting->is_canary)
                choose_canaries(candidates);
        return selecting->is_ranked;
}

/* False: there is more to do, but the time is over. */
static bool work(struct selecting *selecting, uint64_t budget_usec) {
        const struct sg_host *host = selecting->spool->host;
        uint64_t until_usec = host->now_usec(host) + budget_usec;

        for (unsigned i = 1; step(selecting); i++)
                if (i % MESSAGES_PER_CLOCK == 0 && host->now_usec(host) >= until_usec)
                        return false;
        return true;
}

static void selecting_free(struct selecting *selecting) {
        free(selecting->candidates.heap);
        free(selecting);
}

/* Says so at its end, when it is off the list: who hears it may ask again. */
static void finish(struct selecting *selecting, int error) {
        ssize_t n = error < 0 ? error : selection_finish(&selecting->writer);

        if (n > 0 && selecting->choice->is_ranked)
                mark_asked(selecting);
        hold_names(selecting, queue_names_drop);
        selecting->done(n, selecting->data);
        selecting_free(selecting);
}

static void on_turn(struct sg_timer *timer, void *data) {
        struct queue_selects *selects = data;
        struct selecting *selecting = selects->first;
        int r;

        if (!selecting)
                return;
        /* It may have gone away meanwhile, or missed something. */
        r = queue_spool_is_explained(selecting->spool) ? 0 : -EAGAIN;
        if (r < 0 || work(selecting, TURN_USEC)) {
                selects->first = selecting->next;
                finish(selecting, r);
        }
        if (selects->first)
                selects->host->timer_arm(timer, PAUSE_USEC);
}

static void enqueue(struct queue_selects *selects, struct selecting *selecting) {
        struct selecting **link = &selects->first;

        while (*link)
                link = &(*link)->next;
        *link = selecting;
        hold_names(selecting, queue_names_hold);
        if (selects->first == selecting)
                selects->host->timer_arm(selects->timer, 0);
}

static const struct choice *choice_of(const char *verb) {
        for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
                if (strcmp(choices[i].verb->name, verb) == 0)
                        return &choices[i];
        return NULL;
}

int queue_select(struct queue_selects *selects, struct queue_spool *spool, const char *verb,
        const struct sg_value *args, int fd, sg_selected_fn *done, void *data) {
        const struct choice *choice = choice_of(verb);
        struct selecting *selecting;
        int r;

        if (!choice)
                return -EOPNOTSUPP;
        if (!queue_spool_is_explained(spool))
                return -EAGAIN;
        selecting = calloc(1, sizeof(*selecting));
        if (!selecting)
                return -ENOMEM;
        *selecting = (struct selecting){.spool = spool, .choice = choice, .done = done, .data = data};
        selecting->now = spool->wall_seconds();
        r = choice->begin(selecting, args);
        if (r > 0) {
                selection_writer_init(&selecting->writer, fd);
                enqueue(selects, selecting);
                return 0;
        }
        selecting_free(selecting);
        if (r == 0)
                done(0, data);
        return r;
}

int queue_selects_new(const struct sg_host *host, struct queue_selects **ret_selects) {
        struct queue_selects *selects = calloc(1, sizeof(*selects));
        int r;

        if (!selects)
                return -ENOMEM;
        selects->host = host;
        r = host->timer_new(host, "queue: selections", FOREVER_USEC, on_turn, selects, &selects->timer);
        if (r < 0) {
                free(selects);
                return r;
        }
        *ret_selects = selects;
        return 0;
}

struct queue_selects *queue_selects_free(struct queue_selects *selects) {
        struct selecting *selecting;

        if (!selects)
                return NULL;
        while ((selecting = selects->first)) {
                selects->first = selecting->next;
                finish(selecting, -ECANCELED);
        }
        selects->host->timer_free(selects->timer);
        free(selects);
        return NULL;
}
