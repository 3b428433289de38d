/* SPDX-License-Identifier: MIT */
/*
 * test_queue_questions - what is asked for is answered: at once, later, in part, for several spools, or not at all
 *
 * Small spools are files; large ones are put into the table without any.
 */
#include <time.h>

#include "queue_followed_support.h"

#define MANY 1000000u
#define DOMAINS 20000u

static void add(struct spool *spool, int64_t age, const char *recipient) {
        spool_add(spool,
                &(struct spool_message){.arrival_seconds = (uint64_t)(followed_clock - age),
                        .recipients = {{.address = recipient}}},
                NULL);
}

static void rows_come_by_total_then_length_then_name_and_end_at_the_limit(void **state) {
        static const char *const recipients[] = {"a@b.test", "a@a.test", "a@long.test", "a@b.test",
                "a@c.test", "a@abcdefghi.test", "a@abcdefgha.test", "a@c.test", "a@x.test", "a@x.test",
                "a@x.test"};
        static const char *const order[] = {"TOTAL", "x.test", "b.test", "c.test", "a.test", "long.test",
                "abcdefgha.test", "abcdefghi.test"};
        struct followed *followed = *state;
        struct sg_queue_shape shape = SHAPE_QUESTION("deferred");

        for (size_t i = 0; i < sizeof(recipients) / sizeof(recipients[0]); i++)
                add(&followed->files[0], 10, recipients[i]);
        followed_start(followed, 1);
        followed_settle(followed);
        for (uint32_t limit = 0; limit < 10; limit++) {
                size_t n = limit > 0 && limit < 7 ? limit + 1 : 8;

                shape.limit = limit;
                assert_int_equal(followed_ask(followed, &shape), 0);
                assert_int_equal(followed->answer.n_answers, 1);
                assert_int_equal(followed->answer.n, n);
                assert_int_equal(followed->answer.rows[0].counts[0], 11);
                for (size_t i = 0; i < n; i++)
                        assert_string_equal(followed->answer.rows[i].domain, order[i]);
        }
}

static void spools_are_asked_together_or_one_by_one(void **state) {
        struct followed *followed = *state;
        struct sg_queue_shape shape = SHAPE_QUESTION("deferred");

        add(&followed->files[0], 10, "a@a.test");
        add(&followed->files[0], 700, "a@b.test");
        add(&followed->files[1], 700, "a@b.test");
        add(&followed->files[1], 90000, "a@b.test");
        add(&followed->files[1], 10, "a@c.test");
        /* Without a domain, and only there. */
        add(&followed->files[1], 10, "a@");
        followed_start(followed, 2);
        followed_settle(followed);
        followed_expect_all(followed);
        shape.instance = "out";
        followed_expect(followed, &shape);
        assert_int_equal(followed->answer.rows[0].counts[0], 4);
        shape.instance = "-";
        followed_expect(followed, &shape);
        assert_int_equal(followed->answer.rows[0].counts[0], 2);
        shape.instance = "in";
        assert_int_equal(followed_ask(followed, &shape), -ENOENT);
        assert_int_equal(followed->answer.n_answers, 0);
}

static void only_mail_that_came_in_since_then_is_counted(void **state) {
        struct followed *followed = *state;
        struct sg_queue_shape shape = SHAPE_QUESTION("deferred", "hold");

        for (int64_t age = 0; age < 9; age++)
                add(&followed->files[0], 10 + 100 * age, age % 3 ? "a@many.test" : "a@few.test");
        add(&followed->files[1], 610, "a@other.test");
        add(&followed->files[1], 611, "a@late.test");
        followed_start(followed, 2);
        followed_settle(followed);
        for (int by_sender = 0; by_sender < 2; by_sender++)
                for (int64_t age = 0; age < 1000; age += 10) {
                        shape.by_sender = by_sender;
                        shape.arrived_since_usec = (uint64_t)(followed_clock - age) * 1000000;
                        followed_expect(followed, &shape);
                }
        shape.by_sender = false;
        shape.arrived_since_usec = (uint64_t)(followed_clock - 610) * 1000000 + 999999;
        followed_expect(followed, &shape);
        assert_int_equal(followed->answer.rows[0].counts[0], 8);
        shape.arrived_since_usec = (uint64_t)(followed_clock + 1) * 1000000;
        followed_expect(followed, &shape);
        assert_int_equal(followed->answer.rows[0].counts[0], 0);
}

static void what_makes_no_sense_is_refused(void **state) {
        struct followed *followed = *state;
        const struct sg_queue_shape good = SHAPE_QUESTION("deferred");
        struct sg_queue_shape shape = SHAPE_QUESTION("deferred", "bounce");

        followed_start(followed, 1);
        followed_settle(followed);
        assert_int_equal(followed_ask(followed, &shape), -EINVAL);
        shape = SHAPE_QUESTION(NULL);
        assert_int_equal(followed_ask(followed, &shape), -EINVAL);
        shape = good;
        shape.buckets = 0;
        assert_int_equal(followed_ask(followed, &shape), -EINVAL);
        shape.buckets = SG_QUEUE_BUCKETS_MAX + 1;
        assert_int_equal(followed_ask(followed, &shape), -EINVAL);
        shape = good;
        shape.bucket_minutes = 0;
        assert_int_equal(followed_ask(followed, &shape), -EINVAL);
        assert_int_equal(followed_ask(followed, &good), 0);
        assert_int_equal(followed->answer.n_answers, 1);
}

static void nothing_is_said_before_everything_was_read(void **state) {
        struct followed *followed = *state;
        const struct sg_queue_shape live = SHAPE_QUESTION("deferred");
        struct sg_queue_shape counted = SHAPE_QUESTION("deferred");

        counted.linear = true;
        add(&followed->files[0], 10, "a@a.test");
        followed_start(followed, 1);
        assert_int_equal(followed_ask(followed, &live), 0);
        assert_int_equal(followed->answer.error, -EAGAIN);
        assert_int_equal(followed_ask(followed, &counted), 0);
        assert_int_equal(followed->answer.error, -EAGAIN);
        followed_settle(followed);
        followed_expect(followed, &live);
        /* What is read anew meanwhile is not answered either. */
        assert_int_equal(followed_ask(followed, &counted), 0);
        assert_int_equal(followed->answer.n_answers, 0);
        followed->spools[0]->scan.wanted = true;
        sensor_bench_run(&followed->bench, 1000);
        assert_int_equal(followed->answer.error, -EAGAIN);
}

static void answers_that_must_be_counted_for_are_few_at_a_time_and_cancelled_at_the_end(void **state) {
        static struct shape_table answers[9];
        struct followed *followed = *state;
        struct sg_queue_shape shape = SHAPE_QUESTION("deferred");
        int n = 0;

        shape.linear = true;
        add(&followed->files[0], 10, "a@a.test");
        followed_start(followed, 1);
        followed_settle(followed);
        for (int i = 0; i < 9; i++) {
                answers[i] = (struct shape_table){.buckets = shape.buckets};
                assert_int_equal(
                        queue_questions_shape(followed->questions, &shape, shape_on_answer, &answers[i]),
                        i < 8 ? 0 : -EBUSY);
        }
        sensor_bench_run(&followed->bench, 3000);
        assert_int_equal(answers[0].n_answers, 1);
        assert_int_equal(answers[0].error, 0);
        followed_stop(followed);
        for (int i = 0; i < 8; i++) {
                assert_int_equal(answers[i].n_answers, 1);
                n += answers[i].error == -ECANCELED;
        }
        assert_int_not_equal(n, 0);
        assert_int_equal(answers[8].n_answers, 0);
}

/* As if it had been read from a file in deferred. */
static void add_read(struct queue_spool *spool, uint32_t i, const char *domain, const char *second) {
        struct queue_id id = {.inode = i + 1, .stamp = i % 1000000};
        struct queue_place_draft *draft = &spool->draft;
        struct queue_message *message;
        uint32_t number;

        message = queue_table_add(&spool->table, &id, &number);
        assert_non_null(message);
        queue_place_add(&spool->places, draft, domain, "hub.test");
        if (second)
                queue_place_add(&spool->places, draft, second, "hub.test");
        message->queue = QUEUE_DEFERRED;
        message->state = QUEUE_MESSAGE_READ;
        message->complete = message->has_sender = true;
        message->left = draft->total & QUEUE_LEFT_MAX;
        message->arrival = (uint32_t)followed_clock - i % 100000;
        message->place = queue_place_take_consume(&spool->places, draft) & QUEUE_NUMBER_MASK;
        message->sender = queue_names_take(&spool->places.domains, domain) & QUEUE_NUMBER_MASK;
        spool->queues[QUEUE_DEFERRED].messages++;
        spool->common->messages++;
        queue_shape_enter(spool, message);
}

/* The last answer of many rows: its sums, and when it came. */
struct sums {
        size_t n;
        uint32_t total, rows, others, first;
        bool is_done;
};

static void on_sums(int error, const struct sg_queue_shape_row *rows, size_t n_rows, void *data) {
        struct sums *sums = data;

        assert_int_equal(error, 0);
        *sums = (struct sums){
                .n = n_rows, .total = rows[0].counts[0], .first = rows[1].counts[0], .is_done = true};
        for (size_t i = 1; i < n_rows; i++) {
                sums->rows += rows[i].counts[0];
                if (strcmp(rows[i].domain, "*") == 0)
                        sums->others += rows[i].counts[0];
        }
}

static void ask_for_sums(
        struct followed *followed, const struct sg_queue_shape *shape, struct sums *ret_sums) {
        ret_sums->is_done = false;
        assert_int_equal(queue_questions_shape(followed->questions, shape, on_sums, ret_sums), 0);
        for (int i = 0; i < 1000 && !ret_sums->is_done; i++)
                sensor_bench_run(&followed->bench, 2000);
        assert_true(ret_sums->is_done);
}

static void rows_beyond_the_most_are_one_row(void **state) {
        struct followed *followed = *state;
        struct sg_queue_shape shape = SHAPE_QUESTION("deferred");
        struct sums sums;
        char domain[32];

        followed_start(followed, 1);
        followed_settle(followed);
        for (uint32_t i = 0; i < SG_QUEUE_ROWS_MAX + 500; i++) {
                snprintf(domain, sizeof(domain), "d%u.test", i);
                add_read(followed->spools[0], i, domain, i % 2 ? NULL : "big.test");
        }
        for (int linear = 0; linear < 2; linear++) {
                shape.linear = linear;
                shape.limit = 0;
                ask_for_sums(followed, &shape, &sums);
                assert_int_equal(sums.n, SG_QUEUE_ROWS_MAX + 2);
                assert_int_equal(sums.total, (SG_QUEUE_ROWS_MAX + 500) / 2 * 3);
                assert_int_equal(sums.rows, sums.total);
                assert_int_equal(sums.others, 501);
                assert_int_equal(sums.first, (SG_QUEUE_ROWS_MAX + 500) / 2);
                shape.limit = 20;
                ask_for_sums(followed, &shape, &sums);
                assert_int_equal(sums.n, 21);
                assert_int_equal(sums.others, 0);
        }
        /* Names for which there was no room are one with them. */
        add_read(followed->spools[0], MANY, "*", NULL);
        shape.limit = 0;
        ask_for_sums(followed, &shape, &sums);
        assert_int_equal(sums.rows, sums.total);
        assert_int_equal(sums.n, SG_QUEUE_ROWS_MAX + 1);
        assert_int_equal(sums.others, 503);
}

static void who_sent_most_lately_is_found_behind_those_who_sent_more_before(void **state) {
        struct followed *followed = *state;
        struct sg_queue_shape shape = SHAPE_QUESTION("deferred");
        struct sums sums;
        char domain[32];

        followed_start(followed, 1);
        followed_settle(followed);
        /* Of the ages 0 to 99999 s: the culprit has three messages of the last minute, all others older ones. */
        for (uint32_t i = 100; i < 5100; i++) {
                snprintf(domain, sizeof(domain), "d%u.test", i % 50);
                add_read(followed->spools[0], i, domain, NULL);
        }
        for (uint32_t i = 10; i < 13; i++)
                add_read(followed->spools[0], i, "culprit.test", NULL);
        shape.by_sender = true;
        shape.limit = 1;
        ask_for_sums(followed, &shape, &sums);
        assert_int_equal(sums.n, 2);
        assert_int_equal(sums.first, 100);
        shape.arrived_since_usec = (uint64_t)(followed_clock - 149) * 1000000;
        ask_for_sums(followed, &shape, &sums);
        assert_int_equal(sums.n, 2);
        assert_int_equal(sums.total, 53);
        assert_int_equal(sums.first, 3);
}

static uint64_t now_nsec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Only printed: how long it takes depends on the machine. */
static void print_times(struct followed *followed, const char *what, const struct sg_queue_shape *shape) {
        uint64_t longest = 0, sum = 0;
        struct sums sums;

        for (int i = 0; i < 100; i++) {
                uint64_t began = now_nsec(), took;

                followed_clock += 10;
                ask_for_sums(followed, shape, &sums);
                took = now_nsec() - began;
                sum += took;
                if (took > longest)
                        longest = took;
        }
        printf("%-40s %8.1f us, at most %8.1f us\n", what, (double)sum / 1e5, (double)longest / 1e3);
        assert_int_equal(sums.total, followed->spools[0]->table.n / 10 * 11);
}

static void a_million_messages_are_answered_for_at_once(void **state) {
        struct followed *followed = *state;
        struct sg_queue_shape shape = SHAPE_QUESTION("deferred");
        const uint32_t sizes[] = {1000, 80000, MANY};
        char domain[32], what[64];
        uint32_t n = 0;
        struct sums sums;

        followed_start(followed, 1);
        followed_settle(followed);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                for (; n < sizes[i]; n++) {
                        snprintf(domain, sizeof(domain), "domain%u.test", n % DOMAINS);
                        add_read(followed->spools[0], n, domain, n % 10 ? NULL : "big.test");
                }
                shape.limit = 100;
                snprintf(what, sizeof(what), "%u messages, 100 rows", n);
                print_times(followed, what, &shape);
        }
        shape.limit = 0;
        print_times(followed, "all rows", &shape);
        shape.limit = 100;
        shape.linear = true;
        followed->bench.turn_usec_max = 0;
        ask_for_sums(followed, &shape, &sums);
        printf("counted: longest turn %u us\n", (unsigned)followed->bench.turn_usec_max);
        assert_int_equal(sums.total, MANY / 10 * 11);
        shape = (const struct sg_queue_shape)SHAPE_QUESTION("deferred");
        shape.by_sender = true;
        shape.limit = 5;
        shape.arrived_since_usec = (uint64_t)(followed_clock - 100000) * 1000000;
        followed->bench.turn_usec_max = 0;
        uint64_t began = now_nsec();
        ask_for_sums(followed, &shape, &sums);
        printf("five senders since then: %.1f ms, longest turn %u us\n", (double)(now_nsec() - began) / 1e6,
                (unsigned)followed->bench.turn_usec_max);
        assert_int_equal(sums.n, 6);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, followed_setup, followed_teardown)
        const struct CMUnitTest tests[] = {
                TEST(rows_come_by_total_then_length_then_name_and_end_at_the_limit),
                TEST(spools_are_asked_together_or_one_by_one),
                TEST(only_mail_that_came_in_since_then_is_counted),
                TEST(what_makes_no_sense_is_refused),
                TEST(nothing_is_said_before_everything_was_read),
                TEST(answers_that_must_be_counted_for_are_few_at_a_time_and_cancelled_at_the_end),
                TEST(rows_beyond_the_most_are_one_row),
                TEST(who_sent_most_lately_is_found_behind_those_who_sent_more_before),
                TEST(a_million_messages_are_answered_for_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
