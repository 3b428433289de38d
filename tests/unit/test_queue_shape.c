/* SPDX-License-Identifier: MIT */
/* test_queue_shape - the table by domain and age is what qshape would count in the files */
#include <time.h>

#include "base/clock.h"

#include "queue_followed_support.h"

static struct spool_file add(struct followed *followed, const char *queue, int64_t age, const char *sender,
        const char *recipient) {
        struct spool_file file;

        spool_add(&followed->files[0],
                &(struct spool_message){.queue = queue,
                        .arrival_seconds = (uint64_t)(followed_clock - age),
                        .sender = sender,
                        .recipients = {{.address = recipient}}},
                &file);
        return file;
}

static void addresses_count_under_the_domains_that_qshape_gives_them(void **state) {
        static const char *const addresses[] = {"bob@a.test", "Bob@A.TEST", "bob@a.test.", "bob@.a..test.",
                "bob@a...test", "a@b@c.test", "\"a@b\"@c.test", "bob", "Bob.", "bob@", "bob@...", "bob@*",
                "bob@[192.0.2.1]", "", "postmaster", "bob@b\303\274cher.test", "x@mailer-daemon"};
        struct followed *followed = *state;

        for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
                add(followed, i % 2 ? "deferred" : "hold", (int64_t)i * 1000, addresses[i],
                        addresses[sizeof(addresses) / sizeof(addresses[0]) - 1 - i]);
        followed_start(followed, 1);
        followed_settle(followed);
        followed_expect_all(followed);
        assert_true(followed->expected.n > 8);
}

static void every_recipient_still_to_do_counts_at_its_domain(void **state) {
        struct followed *followed = *state;
        const struct sg_queue_shape shape = SHAPE_QUESTION("deferred", "active");
        struct spool_file file;

        spool_add(&followed->files[0],
                &(struct spool_message){
                        .recipients = {{.address = "a@a.test"}, {.address = "b@b.test"},
                                {.address = "c@a.test"}, {.address = "d@c.test", .done = true},
                                {.address = "e@b.test", .done = true}}},
                NULL);
        spool_add(&followed->files[0],
                &(struct spool_message){.recipients = {{.address = "a@a.test", .done = true}}}, NULL);
        spool_add(&followed->files[0],
                &(struct spool_message){.recipients = {{.address = "b@b.test"}},
                        .more_recipients = 900,
                        .more_domain = "a.test"},
                &file);
        followed_start(followed, 1);
        followed_settle(followed);
        followed_expect_all(followed);
        followed_is_right(followed, &shape);
        assert_int_equal(followed->answer.rows[0].counts[0], 904);
        assert_string_equal(followed->answer.rows[1].domain, "a.test");
        assert_int_equal(followed->answer.rows[1].counts[0], 902);
        assert_int_equal(followed->answer.rows[2].counts[0], 2);
        /* Delivered while it is active. */
        spool_move(&followed->files[0], &file, "active");
        followed_expect(followed, &shape);
        spool_done(&followed->files[0], &file, 0);
        followed_expect(followed, &shape);
        assert_int_equal(followed->answer.rows[0].counts[0], 903);
        spool_move(&followed->files[0], &file, "hold");
        followed_expect(followed, &SHAPE_QUESTION("hold"));
        assert_int_equal(followed->answer.rows[0].counts[0], 900);
}

/* A machine with other things to do: between two looks at its clock a millisecond goes by. */
static uint64_t clock_of_the_busy(const struct sg_host *host) {
        struct sensor_bench *bench = (struct sensor_bench *)(uintptr_t)host;

        bench->leapt_usec += 1000;
        return clock_monotonic_usec() + bench->leapt_usec;
}

/* More events than such a machine hears in one turn. */
static void make_a_noise(struct followed *followed) {
        scratch_write(&followed->scratch, "var/spool/postfix/hold/one", "");
        scratch_write(&followed->scratch, "var/spool/postfix/hold/two", "");
        for (unsigned i = 0; i < 1000; i++) {
                chmod(spool_path(&followed->files[0], "hold", "one"), i % 2 ? 0600 : 0400);
                chmod(spool_path(&followed->files[0], "hold", "two"), i % 2 ? 0600 : 0400);
        }
}

/* It is looked for in active when all that was heard of is that it changed there. */
static void what_moved_on_before_anybody_looked_is_read_again(void **state) {
        struct followed *followed = *state;
        struct spool_file file;

        spool_add(&followed->files[0],
                &(struct spool_message){.recipients = {{.address = "a@a.test"}, {.address = "b@b.test"}}},
                &file);
        followed_start(followed, 1);
        spool_move(&followed->files[0], &file, "active");
        followed_settle(followed);
        spool_done(&followed->files[0], &file, 0);
        make_a_noise(followed);
        spool_move(&followed->files[0], &file, "deferred");
        spool_move(&followed->files[0], &file, "hold");
        followed->bench.services.now_usec = clock_of_the_busy;
        followed_expect(followed, &SHAPE_QUESTION("hold"));
        assert_int_equal(followed->answer.rows[0].counts[0], 1);
}

/* So busy that each turn ends after one piece of work. */
static uint64_t clock_of_one_piece_a_turn(const struct sg_host *host) {
        struct sensor_bench *bench = (struct sensor_bench *)(uintptr_t)host;

        bench->leapt_usec += QUEUE_TURN_USEC;
        return clock_monotonic_usec() + bench->leapt_usec;
}

/* The first recipient is passed in the first piece, and done before the last one is read. */
static void what_is_done_while_the_rest_is_still_being_read_is_read_again(void **state) {
        static const struct {
                unsigned more_recipients; /* few: they are looked at again while it is active */
                const char *const queues[3];
        } ways[] = {{900, {NULL}}, {1200, {"deferred", "hold"}}, {1200, {"hold"}}};
        struct followed *followed = *state;
        uint64_t (*clock)(const struct sg_host *) = followed->bench.services.now_usec;
        char domain[256] = "";

        while (strlen(domain) < 100)
                strcat(domain, "long.");
        strcat(domain, "test");
        followed_start(followed, 1);
        followed_settle(followed);
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
                struct queue_spool *spool = followed->spools[0];
                const char *queue = "active";
                struct spool_file file;

                followed->bench.services.now_usec = clock_of_one_piece_a_turn;
                spool_add(&followed->files[0],
                        &(struct spool_message){.queue = queue,
                                .recipients = {{.address = "a@a.test"}},
                                .more_recipients = ways[i].more_recipients,
                                .more_domain = domain},
                        &file);
                while (spool->reader.fd < 0)
                        sensor_bench_run(&followed->bench, 1);
                spool_done(&followed->files[0], &file, 0);
                for (size_t j = 0; ways[i].queues[j]; j++) {
                        queue = ways[i].queues[j];
                        spool_move(&followed->files[0], &file, queue);
                }
                followed->bench.services.now_usec = clock;
                followed_expect(followed, &SHAPE_QUESTION(queue));
        }
}

static void what_qshape_ignores_is_not_counted(void **state) {
        const struct sg_queue_shape shape = SHAPE_QUESTION("incoming", "deferred", "hold");
        struct followed *followed = *state;
        struct spool_file file;

        spool_add(&followed->files[0],
                &(struct spool_message){
                        .queue = "incoming", .unfinished = true, .recipients = {{.address = "a@a.test"}}},
                NULL);
        spool_add(&followed->files[0],
                &(struct spool_message){.mode = 0600, .recipients = {{.address = "a@a.test"}}}, &file);
        scratch_write(&followed->scratch, "var/spool/postfix/hold/4D3A2123456", "this is no queue file");
        chmod(spool_path(&followed->files[0], "hold", "4D3A2123456"), 0700);
        followed_start(followed, 1);
        followed_settle(followed);
        followed_expect_all(followed);
        assert_int_equal(followed->answer.n, 1);
        chmod(spool_path(&followed->files[0], "deferred", file.id), 0700);
        followed_expect(followed, &shape);
        assert_int_equal(followed->answer.n, 2);
        chmod(spool_path(&followed->files[0], "deferred", file.id), 0600);
        followed_expect(followed, &shape);
        assert_int_equal(followed->answer.n, 1);
}

static void ages_move_on_without_an_event_and_back_with_the_clock(void **state) {
        struct followed *followed = *state;
        const struct sg_queue_shape shape = SHAPE_QUESTION("deferred"),
                                    by_sender = {.queues = shape.queues,
                                            .by_sender = true,
                                            .buckets = 10,
                                            .bucket_minutes = 5};

        for (int64_t i = 0; i < 700; i++)
                add(followed, "deferred", i % 7 ? i * i % 90001 : 300 << i % 9, i % 3 ? "a@x.test" : "",
                        i % 5 ? "b@a.test" : "b@b.test");
        add(followed, "deferred", -1000, NULL, "future@a.test");
        followed_start(followed, 1);
        followed_settle(followed);
        for (unsigned i = 0; i < 60; i++) {
                static const int64_t steps[] = {1, 2, 0, 298, 1, 1, 37, 4800, 900, -1, -3000, 1};

                assert_true(followed_is_right(followed, &shape));
                assert_true(followed_is_right(followed, &by_sender));
                followed_clock += steps[i % 12];
        }
        followed_clock += 400000;
        assert_true(followed_is_right(followed, &shape));
        assert_int_equal(followed->answer.rows[0].counts[10], 701);
        followed_clock -= 400000;
        assert_true(followed_is_right(followed, &shape));
}

static int64_t clock_start;

static int64_t clock_that_runs(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return followed_clock + now.tv_sec - clock_start;
}

static void ages_move_on_when_nobody_asks(void **state) {
        struct followed *followed = *state;
        const struct queue_shape_table *table;
        struct timespec now;

        add(followed, "deferred", 297, NULL, "b@a.test");
        followed_start(followed, 1);
        clock_gettime(CLOCK_MONOTONIC, &now);
        clock_start = now.tv_sec;
        followed->spools[0]->wall_seconds = clock_that_runs;
        followed_settle(followed);
        table = &followed->spools[0]->shape.tables[QUEUE_SHAPE_RECIPIENTS][QUEUE_DEFERRED];
        assert_int_equal(table->total_ages[0], 1);
        for (int i = 0; i < 600 && table->total_ages[1] == 0; i++)
                sensor_bench_run(&followed->bench, 10000);
        assert_int_equal(table->total_ages[0], 0);
        assert_int_equal(table->total_ages[1], 1);
}

static void counts_go_with_the_message_and_change_with_its_file(void **state) {
        struct followed *followed = *state;
        struct spool_file one, two, other;

        one = add(followed, "deferred", 10, NULL, "b@a.test");
        two = add(followed, "deferred", 5000, "", "b@b.test");
        followed_start(followed, 1);
        followed_settle(followed);
        followed_expect_all(followed);
        spool_move(&followed->files[0], &one, "hold");
        followed_expect_all(followed);
        spool_move(&followed->files[0], &two, "active");
        followed_expect_all(followed);
        spool_move(&followed->files[0], &one, "maildrop");
        followed_expect_all(followed);
        spool_move(&followed->files[0], &one, "incoming");
        spool_move(&followed->files[0], &two, "deferred");
        followed_expect_all(followed);
        /* Another message under the same ID. */
        spool_remove(&followed->files[0], &two);
        spool_add(&followed->files[0],
                &(struct spool_message){.id = two.id,
                        .arrival_seconds = (uint64_t)followed_clock - 700,
                        .sender = "x@c.test",
                        .recipients = {{.address = "x@d.test"}, {.address = "x@e.test"}}},
                &other);
        followed_expect_all(followed);
        spool_remove(&followed->files[0], &one);
        spool_remove(&followed->files[0], &other);
        followed_expect_all(followed);
        assert_int_equal(followed->answer.n, 1);
        assert_int_equal(followed->answer.rows[0].counts[0], 0);
}

static void a_spool_that_goes_away_takes_its_counts_with_it(void **state) {
        struct followed *followed = *state;
        const struct sg_queue_shape shape = SHAPE_QUESTION("deferred");
        char path[256], away[272];

        add(followed, "deferred", 10, NULL, "b@a.test");
        followed_start(followed, 1);
        followed_settle(followed);
        snprintf(path, sizeof(path), "%s", scratch_path(&followed->scratch, "var/spool/postfix"));
        snprintf(away, sizeof(away), "%s.away", path);
        assert_int_equal(rename(path, away), 0);
        sensor_bench_run(&followed->bench, 100000);
        assert_int_equal(followed_ask(followed, &shape), 0);
        assert_int_equal(followed->answer.error, -EAGAIN);
        assert_int_equal(rename(away, path), 0);
        sensor_bench_run(&followed->bench, 2500000);
        followed_settle(followed);
        followed_expect_all(followed);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, followed_setup, followed_teardown)
        const struct CMUnitTest tests[] = {
                TEST(addresses_count_under_the_domains_that_qshape_gives_them),
                TEST(every_recipient_still_to_do_counts_at_its_domain),
                TEST(what_moved_on_before_anybody_looked_is_read_again),
                TEST(what_is_done_while_the_rest_is_still_being_read_is_read_again),
                TEST(what_qshape_ignores_is_not_counted),
                TEST(ages_move_on_without_an_event_and_back_with_the_clock),
                TEST(ages_move_on_when_nobody_asks),
                TEST(counts_go_with_the_message_and_change_with_its_file),
                TEST(a_spool_that_goes_away_takes_its_counts_with_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
