/* SPDX-License-Identifier: MIT */
/* test_queue_hostile - names, sizes and moments that somebody chose to make the sensor `queue` slow or wrong */
#include "queue_followed_support.h"

#define WIDE QUEUE_PLACE_NAMES /* domains of a message that has as many as are kept */

static void count_names(const struct sg_queue_message *message, void *data) {
        size_t *n = data;

        for (size_t i = 0; message->domains[i]; i++)
                (*n)++;
        for (size_t i = 0; message->nexthops[i]; i++)
                (*n)++;
}

static void a_page_ends_when_some_thousand_names_were_told(void **state) {
        struct followed *followed = *state;
        size_t all = 0, before;
        uint64_t cursor = 0;

        followed_start(followed, 1);
        followed_settle(followed);
        for (uint32_t i = 0; i < 40; i++)
                followed_add_read(followed->spools[0], i, WIDE);
        do {
                before = all;
                assert_int_equal(queue_questions_list(followed->questions, &(struct sg_queue_filter){0},
                                         cursor, 200, count_names, &all, &cursor),
                        0);
                assert_true(all - before <= (size_t)6 * WIDE);
        } while (cursor != 0);
        assert_int_equal(all, (size_t)40 * 2 * WIDE);
}

static void forgetting_everything_takes_as_many_steps_as_there_is_to_forget(void **state) {
        struct followed *followed = *state;
        struct queue_spool *spool;

        followed_start(followed, 1);
        followed_settle(followed);
        spool = followed->spools[0];
        for (int wide = 0; wide < 2; wide++) {
                uint32_t n = wide ? 10 : 10000, at_once = wide ? 1 : 1024;

                for (uint32_t i = 0; i < n; i++)
                        followed_add_read(spool, i, wide ? WIDE : 1);
                spool->scan.sweep_next = 0;
                assert_true(queue_scan_forget(spool));
                assert_int_equal(spool->table.n, n - at_once);
                while (queue_scan_forget(spool))
                        continue;
                assert_int_equal(spool->table.n, 0);
                assert_int_equal(spool->common->messages, 0);
                assert_int_equal(spool->queues[QUEUE_DEFERRED].messages, 0);
                assert_int_equal(spool->shape.tables[QUEUE_SHAPE_RECIPIENTS][QUEUE_DEFERRED].total, 0);
        }
}

static void a_spool_is_looked_for_when_the_old_one_is_forgotten(void **state) {
        struct followed *followed = *state;
        struct queue_spool *spool;
        char path[256], away[272];

        spool_add(
                &followed->files[0], &(struct spool_message){.recipients = {{.address = "b@a.test"}}}, NULL);
        followed_start(followed, 1);
        followed_settle(followed);
        spool = followed->spools[0];
        for (uint32_t i = 0; i < 100000; i++)
                followed_add_read(spool, i, 1);
        snprintf(path, sizeof(path), "%s", scratch_path(&followed->scratch, "var/spool/postfix"));
        snprintf(away, sizeof(away), "%s.away", path);
        assert_int_equal(rename(path, away), 0);
        assert_int_equal(rename(away, path), 0);
        while (spool->fd >= 0)
                sensor_bench_run(&followed->bench, 100);
        sensor_bench_run(&followed->bench, 2500000);
        followed_settle(followed);
        assert_int_equal(spool->table.n, 1);
        followed_expect_all(followed);
}

static void on_ages(int error, const struct sg_queue_shape_row *rows, size_t n_rows, void *data) {
        uint32_t *counts = data;

        assert_int_equal(error, 0);
        assert_int_equal(n_rows, 2);
        memcpy(counts, rows[0].counts, 11 * sizeof(*counts));
}

static void ages_are_right_when_the_clock_was_just_set(void **state) {
        static const int days[] = {400, -800, 400};
        const struct sg_queue_shape shape = SHAPE_QUESTION("deferred");
        struct followed *followed = *state;
        const uint32_t n = 200000;

        followed_start(followed, 1);
        followed_settle(followed);
        for (uint32_t i = 0; i < n; i++)
                followed_add_read(followed->spools[0], i, 1);
        for (int i = 0; i < 3; i++) {
                uint32_t counts[11] = {0};

                followed_clock += (int64_t)days[i] * 86400;
                assert_int_equal(queue_questions_shape(followed->questions, &shape, on_ages, counts), 0);
                for (int j = 0; j < 1000 && counts[0] == 0; j++)
                        sensor_bench_run(&followed->bench, 1000);
                assert_int_equal(counts[0], n);
                if (i < 2)
                        assert_int_equal(counts[i == 0 ? 10 : 1], n);
                else
                        /* They are from nothing to 999 seconds old. */
                        assert_int_equal(counts[1] + counts[2] + counts[3], n);
        }
}

/* Messages whose only next hop is that one. */
static uint32_t count_at_hop(const struct queue_spool *spool, const char *hop) {
        uint32_t number = queue_names_find(&spool->places.hops, hop), n = 0;

        for (uint32_t i = 0; i < queue_table_end(&spool->table); i++) {
                const struct queue_message *message = queue_table_at(&spool->table, i);
                const struct queue_place *place = message ? &spool->places.rows[message->place] : NULL;

                n += place && place->n_hops == 1 && queue_place_hops(place)[0] == number;
        }
        return n;
}

static void set_relay_host(struct followed *followed, const char *host) {
        char text[64];

        snprintf(text, sizeof(text), "relayhost = %s\n", host);
        scratch_write(&followed->scratch, "etc/postfix/main.cf", text);
}

static void new_routes_reach_every_message_also_when_the_listing_starts_anew(void **state) {
        struct followed *followed = *state;
        struct queue_spool *spool;

        set_relay_host(followed, "[before.test]");
        for (int i = 0; i < 100; i++)
                spool_add(&followed->files[0],
                        &(struct spool_message){.queue = "hold", .recipients = {{.address = "b@a.test"}}},
                        NULL);
        followed_start(followed, 1);
        followed_settle(followed);
        spool = followed->spools[0];
        assert_int_equal(count_at_hop(spool, "[before.test]"), 100);
        set_relay_host(followed, "[afterwards.test]");
        assert_true(queue_routes_refresh(spool));
        spool->scan.wanted = spool->scan.reread = true;
        for (int i = 0; i < 5; i++)
                assert_true(queue_scan_step(spool));
        assert_true(spool->scan.running);
        spool->scan.wanted = true; /* as an overflow of events does */
        queue_spool_work(spool);
        followed_settle(followed);
        assert_int_equal(count_at_hop(spool, "[afterwards.test]"), 100);
}

static void new_routes_reach_a_message_that_is_read_halfway_or_moves(void **state) {
        struct followed *followed = *state;
        struct queue_spool *spool;
        struct spool_file moved;

        set_relay_host(followed, "[before.test]");
        spool_add(&followed->files[0],
                &(struct spool_message){.queue = "incoming", .recipients = {{.address = "b@a.test"}}},
                &moved);
        followed_start(followed, 1);
        followed_settle(followed);
        spool = followed->spools[0];
        spool_add(&followed->files[0],
                &(struct spool_message){.queue = "hold",
                        .recipients = {{.address = "b@a.test"}},
                        .more_recipients = 20000,
                        .more_domain = "a.test"},
                NULL);
        queue_watch_drain(spool);
        while (queue_read_look(spool) || spool->reader.fd < 0)
                queue_read_file(spool);
        set_relay_host(followed, "[afterwards.test]");
        assert_true(queue_routes_refresh(spool));
        spool->scan.wanted = spool->scan.reread = true;
        while (queue_scan_step(spool) && !spool->scan.sweeping)
                /* Between the listings of hold and incoming. */
                if (spool->scan.open && spool->scan.at.queue == QUEUE_ACTIVE && moved.queue[0] == 'i') {
                        spool_move(&followed->files[0], &moved, "hold");
                        queue_watch_drain(spool);
                }
        assert_string_equal(moved.queue, "hold");
        queue_spool_work(spool);
        followed_settle(followed);
        assert_int_equal(count_at_hop(spool, "[afterwards.test]"), 2);
}

static void a_large_file_is_not_unreadable_while_it_is_read(void **state) {
        struct followed *followed = *state;
        struct queue_spool *spool;

        followed_start(followed, 1);
        followed_settle(followed);
        spool = followed->spools[0];
        spool_add(&followed->files[0],
                &(struct spool_message){.queue = "hold",
                        .recipients = {{.address = "b@a.test"}},
                        .more_recipients = 20000,
                        .more_domain = "a.test"},
                NULL);
        queue_watch_drain(spool);
        while (queue_read_look(spool) || spool->reader.fd < 0)
                queue_read_file(spool);
        spool->census.wanted = true;
        while (queue_census_step(spool))
                continue;
        assert_int_equal(spool->census.unreadable, 0);
        while (queue_read_file(spool))
                continue;
        assert_int_equal(spool->reader.fd, -1);
        spool->census.wanted = true;
        while (queue_census_step(spool))
                continue;
        assert_int_equal(spool->census.unreadable, 0);
        assert_int_equal(spool->census.read, 1);
}

static void a_domain_called_like_a_label_is_among_the_others(void **state) {
        static const char *const senders[] = {"", "", "mallory@<>", "mallory@-", "a@ordinary.test"};
        struct followed *followed = *state;
        const struct bench_reading *reading;

        for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
                spool_add(&followed->files[0],
                        &(struct spool_message){.sender = senders[i], .recipients = {{.address = "m@-"}}},
                        NULL);
        followed_start(followed, 1);
        followed_settle(followed);
        sensor_bench_run(&followed->bench, 1500000);
        reading = sensor_bench_find(&followed->bench, "queue_sender_messages", "-,<>");
        assert_non_null(reading);
        assert_float_equal(reading->value, 2, 0);
        reading = sensor_bench_find(&followed->bench, "queue_sender_messages", "-,*");
        assert_non_null(reading);
        assert_float_equal(reading->value, 2, 0);
        assert_null(sensor_bench_find(&followed->bench, "queue_sender_messages", "-,-"));
        assert_null(sensor_bench_find(&followed->bench, "queue_domain_messages", "-,deferred,-"));
}

static void spools_share_the_room_for_names(void **state) {
        struct followed *followed = *state;

        followed->common.n_spools = 4;
        followed_start(followed, 1);
        followed_settle(followed);
        for (uint32_t i = 0; i < 140; i++)
                followed_add_read(followed->spools[0], i * WIDE, WIDE);
        assert_int_equal(followed->spools[0]->places.domains.n_rows, QUEUE_NAMES_MAX / 4);
        assert_int_equal(followed->spools[0]->places.hops.n_rows, QUEUE_NAMES_MAX / 4);
        for (uint32_t i = 0; i < 3000; i++)
                followed_add_read(followed->spools[0], i * 11 + 7, WIDE);
        assert_in_range(followed->spools[0]->places.n_numbers, 1, QUEUE_PLACE_NUMBERS_MAX / 4);
}

static uint64_t clock_of_a_slow_machine(const struct sg_host *host) {
        static uint64_t now_usec = UINT64_C(1) << 50;

        (void)host;
        return now_usec += 2000;
}

static void a_storm_of_events_is_heard_a_piece_at_a_time(void **state) {
        struct followed *followed = *state;
        uint64_t (*now_usec)(const struct sg_host *host) = followed->bench.services.now_usec;
        struct queue_spool *spool;

        followed_start(followed, 1);
        followed_settle(followed);
        spool = followed->spools[0];
        for (int i = 0; i < 1000; i++)
                spool_add(&followed->files[0],
                        &(struct spool_message){.queue = "hold", .recipients = {{.address = "b@a.test"}}},
                        NULL);
        followed->bench.services.now_usec = clock_of_a_slow_machine;
        queue_watch_drain(spool);
        followed->bench.services.now_usec = now_usec;
        assert_in_range(spool->table.n, 1, 500);
        followed_settle(followed);
        sensor_bench_run(&followed->bench, 200000);
        assert_int_equal(spool->table.n, 1000);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, followed_setup, followed_teardown)
        const struct CMUnitTest tests[] = {
                TEST(a_page_ends_when_some_thousand_names_were_told),
                TEST(forgetting_everything_takes_as_many_steps_as_there_is_to_forget),
                TEST(a_spool_is_looked_for_when_the_old_one_is_forgotten),
                TEST(ages_are_right_when_the_clock_was_just_set),
                TEST(new_routes_reach_every_message_also_when_the_listing_starts_anew),
                TEST(new_routes_reach_a_message_that_is_read_halfway_or_moves),
                TEST(a_large_file_is_not_unreadable_while_it_is_read),
                TEST(a_domain_called_like_a_label_is_among_the_others),
                TEST(spools_share_the_room_for_names),
                TEST(a_storm_of_events_is_heard_a_piece_at_a_time),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
