/* SPDX-License-Identifier: MIT */
/* queue_followed_support - spools that are followed by the parts of the sensor, with a wall clock made by hand */
#ifndef UNIT_QUEUE_FOLLOWED_SUPPORT_H
#define UNIT_QUEUE_FOLLOWED_SUPPORT_H

#include "queue_shape_support.h"

#include "postfix/queue_questions.h"
#include "postfix/queue_spool.h"

#define FOLLOWED_SPOOLS 2

static int64_t followed_clock;

static inline int64_t followed_wall_seconds(void) {
        return followed_clock;
}

struct followed {
        struct scratch scratch;
        struct sensor_bench bench;
        struct queue_common common;
        struct spool files[FOLLOWED_SPOOLS]; /* of the instances "-" and "out" */
        struct queue_spool *spools[FOLLOWED_SPOOLS + 1];
        struct queue_questions *questions;
        struct shape_table expected, answer;
};

static inline int followed_setup(void **state) {
        struct followed *followed = calloc(1, sizeof(*followed));

        if (!followed)
                return -1;
        followed_clock = 1800000000;
        scratch_init(&followed->scratch);
        scratch_write(&followed->scratch, "etc/postfix/main.cf", "mydestination = localhost\n");
        scratch_write(&followed->scratch, "etc/postfix-out/main.cf", "mydestination =\n");
        spool_init(&followed->files[0], followed->scratch.path);
        scratch_mkdir(&followed->scratch, "var/spool/postfix/bounce");
        scratch_mkdir(&followed->scratch, "var/spool/postfix-out/bounce");
        spool_open(&followed->files[1], scratch_path(&followed->scratch, "var/spool/postfix-out"));
        followed->common.messages_max = QUEUE_MESSAGES_MAX;
        sensor_bench_init(&followed->bench, followed->scratch.path);
        *state = followed;
        return 0;
}

static inline void followed_start(struct followed *followed, size_t n) {
        static const struct postfix_instance instances[FOLLOWED_SPOOLS] = {
                {.name = "-", .config = "/etc/postfix", .spool = "/var/spool/postfix"},
                {.name = "out", .config = "/etc/postfix-out", .spool = "/var/spool/postfix-out"},
        };

        for (size_t i = 0; i < n; i++) {
                assert_int_equal(queue_spool_new(&followed->bench.services, &instances[i], &followed->common,
                                         &followed->spools[i]),
                        0);
                followed->spools[i]->wall_seconds = followed_wall_seconds;
        }
        assert_int_equal(
                queue_questions_new(&followed->bench.services, followed->spools, &followed->questions), 0);
}

static inline void followed_stop(struct followed *followed) {
        followed->questions = queue_questions_free(followed->questions);
        for (size_t i = 0; i < FOLLOWED_SPOOLS; i++)
                followed->spools[i] = queue_spool_free(followed->spools[i]);
}

static inline int followed_teardown(void **state) {
        struct followed *followed = *state;

        followed_stop(followed);
        sensor_bench_deinit(&followed->bench);
        scratch_deinit(&followed->scratch);
        free(followed);
        return 0;
}

static inline void followed_settle(struct followed *followed) {
        bool is_settled = false;

        for (int i = 0; i < 1000 && !is_settled; i++) {
                sensor_bench_run(&followed->bench, 10000);
                is_settled = true;
                for (size_t j = 0; followed->spools[j]; j++)
                        is_settled &= queue_spool_is_explained(followed->spools[j]);
        }
        assert_true(is_settled);
}

/* As if it had been read from a file in deferred. */
static inline struct queue_message *followed_add_read(
        struct queue_spool *spool, uint32_t i, unsigned domains) {
        struct queue_id id = {.inode = i + 1, .stamp = i % 1000000};
        struct queue_place_draft *draft = &spool->draft;
        struct queue_message *message;
        uint32_t number;
        char domain[32];

        message = queue_table_add(&spool->table, &id, &number);
        assert_non_null(message);
        for (unsigned j = 0; j < domains; j++) {
                snprintf(domain, sizeof(domain), "d%u.test", domains > 1 ? i + j : 0);
                queue_place_add(&spool->places, draft, domain, domain);
        }
        message->queue = QUEUE_DEFERRED;
        message->state = QUEUE_MESSAGE_READ;
        message->complete = message->has_sender = true;
        message->left = draft->total & QUEUE_LEFT_MAX;
        message->arrival = (uint32_t)followed_clock - i % 1000;
        message->place = queue_place_take_consume(&spool->places, draft) & QUEUE_NUMBER_MASK;
        message->sender = queue_names_take(&spool->places.domains, "sender.test") & QUEUE_NUMBER_MASK;
        spool->queues[QUEUE_DEFERRED].messages++;
        spool->common->messages++;
        queue_shape_enter(spool, message);
        return message;
}

/* The answer is in followed->answer, once it was given. */
static inline int followed_ask(struct followed *followed, const struct sg_queue_shape *shape) {
        followed->answer.n_answers = 0;
        followed->answer.buckets = shape->buckets;
        return queue_questions_shape(followed->questions, shape, shape_on_answer, &followed->answer);
}

static inline bool followed_is_right(struct followed *followed, const struct sg_queue_shape *shape) {
        assert_int_equal(followed_ask(followed, shape), 0);
        for (int i = 0; i < 500 && followed->answer.n_answers == 0; i++)
                sensor_bench_run(&followed->bench, 2000);
        assert_int_equal(followed->answer.n_answers, 1);
        assert_int_equal(followed->answer.error, 0);
        followed->expected.n = 0;
        for (size_t i = 0; followed->spools[i]; i++)
                if (!shape->instance || strcmp(followed->spools[i]->instance, shape->instance) == 0)
                        shape_expected(&followed->files[i], shape, followed_clock, &followed->expected);
        return shape_equal(&followed->expected, &followed->answer, shape->buckets);
}

/* What the sensor says is what is in the files, within two seconds. */
static inline void followed_expect(struct followed *followed, const struct sg_queue_shape *shape) {
        bool is_right = followed_is_right(followed, shape);

        for (int i = 0; i < 200 && !is_right; i++) {
                sensor_bench_run(&followed->bench, 10000);
                is_right = followed_is_right(followed, shape);
        }
        if (!is_right) {
                shape_print("expected", &followed->expected, shape->buckets);
                shape_print("answered", &followed->answer, shape->buckets);
        }
        assert_true(is_right);
}

/* The same by recipients and senders, in all the ways that a table can be asked for. */
static inline void followed_expect_all(struct followed *followed) {
        static const struct {
                unsigned buckets, minutes;
                bool linear;
        } widths[] = {{10, 5, false}, {6, 5, false}, {1, 5, false}, {10, 7, false}, {20, 5, false},
                {10, 60, true}, {SG_QUEUE_BUCKETS_MAX, 1, true}, {12, 1, false}};
        static const char *const queues[][7] = {{"incoming", "active"}, {"deferred"}, {"hold"},
                {"incoming", "active", "deferred", "hold"},
                {"maildrop", "incoming", "active", "deferred", "hold", "corrupt"}};

        for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
                for (size_t j = 0; j < sizeof(widths) / sizeof(widths[0]); j++)
                        for (int by_sender = 0; by_sender < 2; by_sender++)
                                followed_expect(followed,
                                        &(struct sg_queue_shape){.queues = queues[i],
                                                .by_sender = by_sender,
                                                .linear = widths[j].linear,
                                                .buckets = widths[j].buckets,
                                                .bucket_minutes = widths[j].minutes});
}

#endif
