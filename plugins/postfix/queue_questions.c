/* SPDX-License-Identifier: MIT */
/*
 * queue_questions - what people ask about the queues, put to the spools that it is about
 *
 * Runs in the watcher, as part of the sensor `queue`.  In the buckets of qshape, or fewer of them, the answer is there
 * at once from the live counts, or with many rows in the next turn of the loop; in others, or when the clock was set,
 * or about mail that came in lately, all messages are counted, a piece per turn, one question after the other.  A spool
 * that is not there has no mail, and says so only when it is asked for by its name.
 *
 * Owns the tallies under way and their timer.  Answers -EAGAIN while a spool is not read completely, or is read
 * again: a table that is not complete would look like one that is.
 * Limits: TALLIES_MAX questions that must be counted for, further ones are refused; POSTFIX_INSTANCES_MAX spools.
 */
#include "postfix/queue_questions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/queue_list.h"
#include "postfix/queue_rows.h"
#include "postfix/queue_tally.h"

#define TALLIES_MAX 8u
#define CATCH_UP_USEC UINT64_C(300)
#define TURN_USEC UINT64_C(2000)
#define PAUSE_USEC UINT64_C(1000)
#define ROWS_AT_ONCE 2000u
#define CURSOR_SPOOL (UINT64_C(1) << 32)
#define FOREVER_USEC UINT64_C(3600000000)
#define SECOND_USEC UINT64_C(1000000)

struct asked {
        struct queue_question question;
        struct queue_tally *tally;
        bool is_only_long; /* the live counts have the answer */
};

struct queue_questions {
        const struct sg_host *host;
        struct queue_spool *const *spools;
        struct sg_timer *timer;
        struct asked asked[TALLIES_MAX]; /* the first one is worked on */
        size_t n_asked;
};

/* Without an instance: all that are there. */
static bool is_asked(const struct queue_spool *spool, const char *instance) {
        return instance ? strcmp(spool->instance, instance) == 0 : spool->fd >= 0;
}

/* -ENOENT, or how many. */
static int spools_of(const struct queue_questions *questions, const char *instance,
        struct queue_spool *ret_spools[static POSTFIX_INSTANCES_MAX]) {
        int n = 0;

        for (struct queue_spool *const *spool = questions->spools; *spool && n < (int)POSTFIX_INSTANCES_MAX;
                spool++)
                if (is_asked(*spool, instance))
                        ret_spools[n++] = *spool;
        return n == 0 && instance ? -ENOENT : n;
}

/* 0, or why there is no answer about them. */
static int check_spools(struct queue_spool *const *spools, size_t n, bool needs_reasons) {
        for (size_t i = 0; i < n; i++) {
                if (!queue_spool_is_settled(spools[i]) ||
                        (needs_reasons && !queue_spool_is_explained(spools[i])))
                        return -EAGAIN;
                if (spools[i]->shape.is_short)
                        return -ENOMEM;
        }
        return n > 0 ? 0 : -EAGAIN;
}

static int understand(const struct queue_questions *questions, const struct sg_queue_shape *shape,
        struct queue_question *ret_question) {
        struct queue_question question = {
                .kind = shape->by_sender ? QUEUE_SHAPE_SENDERS : QUEUE_SHAPE_RECIPIENTS,
                .buckets = {.n = shape->buckets,
                        .seconds = (int64_t)shape->bucket_minutes * 60,
                        .linear = shape->linear},
                .limit = shape->limit,
                .since = (int64_t)(shape->arrived_since_usec / SECOND_USEC),
        };
        int n;

        if (!shape->queues[0] || shape->buckets == 0 || shape->buckets > SG_QUEUE_BUCKETS_MAX ||
                shape->bucket_minutes == 0)
                return -EINVAL;
        for (const char *const *name = shape->queues; *name; name++) {
                int queue = queue_filter_queue(*name);

                if (queue < 0)
                        return queue;
                question.queues[queue] = true;
        }
        if (question.limit == 0 || question.limit > SG_QUEUE_ROWS_MAX)
                question.limit = SG_QUEUE_ROWS_MAX;
        n = spools_of(questions, shape->instance, question.spools);
        if (n < 0)
                return n;
        question.n_spools = (size_t)n;
        *ret_question = question;
        return 0;
}

static int answer_at_once(const struct queue_question *question, sg_queue_shape_done *done, void *data) {
        struct queue_rows rows;
        int r;

        r = queue_rows_init(&rows, question);
        if (r < 0)
                return r;
        queue_rows_count(&rows, question);
        r = queue_rows_say(&rows, done, data);
        queue_rows_deinit(&rows);
        return r;
}

/*
 * Whether the live counts have the answer: not when the clock was just set, and all ages are others, not with more
 * recipients than can be said, and not about a part of the messages.
 */
static bool is_live(const struct queue_question *question) {
        const struct queue_buckets *buckets = &question->buckets;
        bool is_caught_up = true;

        if (question->since > 0 || buckets->linear || buckets->n > QUEUE_SHAPE_BUCKETS ||
                buckets->seconds != (int64_t)QUEUE_SHAPE_MINUTES * 60 || !queue_rows_fit(question))
                return false;
        for (size_t i = 0; i < question->n_spools; i++)
                is_caught_up &= queue_shape_catch_up(question->spools[i], CATCH_UP_USEC / question->n_spools);
        return is_caught_up;
}

static int answer_later(struct queue_questions *questions, const struct queue_question *question,
        bool is_only_long, sg_queue_shape_done *done, void *data) {
        struct asked *asked = &questions->asked[questions->n_asked];
        int r;

        *asked = (struct asked){.question = *question, .is_only_long = is_only_long};
        r = queue_tally_new(question, done, data, &asked->tally);
        if (r == 0 && questions->n_asked++ == 0)
                questions->host->timer_arm(questions->timer, 0);
        return r;
}

int queue_questions_shape(struct queue_questions *questions, const struct sg_queue_shape *shape,
        sg_queue_shape_done *done, void *data) {
        struct queue_question question;
        int r = understand(questions, shape, &question);

        if (r < 0)
                return r;
        r = check_spools(question.spools, question.n_spools, false);
        if (r == 0) {
                bool live = is_live(&question);

                if (live && queue_rows_most(&question) <= ROWS_AT_ONCE)
                        r = answer_at_once(&question, done, data);
                else if (questions->n_asked == TALLIES_MAX)
                        return -EBUSY;
                else
                        r = answer_later(questions, &question, live, done, data);
        }
        if (r < 0)
                done(r, NULL, 0, data);
        return 0;
}

/* False: it is all counted. */
static bool count(struct asked *asked) {
        asked->is_only_long &= is_live(&asked->question);
        if (!asked->is_only_long)
                return queue_tally_step(asked->tally, TURN_USEC);
        queue_tally_take(asked->tally);
        return false;
}

/* The first one, off the list before it speaks: who hears it may ask again. */
static void finish(struct queue_questions *questions, int error) {
        struct queue_tally *tally = questions->asked[0].tally;

        memmove(questions->asked, questions->asked + 1, --questions->n_asked * sizeof(questions->asked[0]));
        queue_tally_say(tally, error);
        queue_tally_free(tally);
}

static void on_turn(struct sg_timer *timer, void *data) {
        struct queue_questions *questions = data;
        struct asked *asked = &questions->asked[0];
        int r;

        if (questions->n_asked == 0)
                return;
        /* It may have gone away meanwhile, or missed something. */
        r = check_spools(asked->question.spools, asked->question.n_spools, false);
        if (r < 0 || !count(asked))
                finish(questions, r);
        if (questions->n_asked > 0)
                questions->host->timer_arm(timer, PAUSE_USEC);
}

/* The cursor is the place of the spool among all of them, and that of a message in it. */
int queue_questions_list(const struct queue_questions *questions, const struct sg_queue_filter *wanted,
        uint64_t cursor, unsigned max, sg_queue_message_each *each, void *data, uint64_t *ret_cursor) {
        struct queue_spool *spools[POSTFIX_INSTANCES_MAX];
        uint32_t at = (uint32_t)(cursor / CURSOR_SPOOL), next = (uint32_t)(cursor % CURSOR_SPOOL),
                 n_spools = 0;
        struct queue_filter filter;
        int r = spools_of(questions, wanted->instance, spools);

        if (wanted->queue && queue_filter_queue(wanted->queue) < 0)
                return -EINVAL;
        if (wanted->reason && !queue_filter_knows_reason(wanted->reason))
                return -EDOM;
        if (r >= 0)
                r = check_spools(spools, (size_t)r, wanted->reason);
        if (r < 0)
                return r;
        while (questions->spools[n_spools])
                n_spools++;
        while (at < n_spools && !is_asked(questions->spools[at], wanted->instance)) {
                at++;
                next = 0;
        }
        *ret_cursor = 0;
        if (at >= n_spools)
                return 0;
        r = queue_filter_init(&filter, questions->spools[at], wanted);
        if (r < 0)
                return r;
        if (queue_list(questions->spools[at], &filter, &next, &max, each, data))
                *ret_cursor = at * CURSOR_SPOOL + next;
        else if (at + 1 < n_spools)
                *ret_cursor = (at + 1) * CURSOR_SPOOL;
        return 0;
}

int queue_questions_new(const struct sg_host *host, struct queue_spool *const *spools,
        struct queue_questions **ret_questions) {
        struct queue_questions *questions = calloc(1, sizeof(*questions));
        int r;

        if (!questions)
                return -ENOMEM;
        questions->host = host;
        questions->spools = spools;
        r = host->timer_new(host, "queue: answers", FOREVER_USEC, on_turn, questions, &questions->timer);
        if (r < 0) {
                free(questions);
                return r;
        }
        *ret_questions = questions;
        return 0;
}

struct queue_questions *queue_questions_free(struct queue_questions *questions) {
        if (!questions)
                return NULL;
        while (questions->n_asked > 0)
                finish(questions, -ECANCELED);
        questions->host->timer_free(questions->timer);
        free(questions);
        return NULL;
}
