/* SPDX-License-Identifier: MIT */
/* test_queue_list - messages one by one: those that the filter lets through, each once, with what is known of them */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "queue_followed_support.h"

struct heard {
        size_t n, n_domains, n_hops;
        char ids[64][SPOOL_ID_MAX], domains[64], hops[64], sender[64], reason[32], status[16], queue[16],
                instance[16];
        struct sg_queue_message last; /* its texts are not valid any more */
};

static void copy(char *target, size_t size, const char *text) {
        snprintf(target, size, "%s", text ? text : "(null)");
}

static void hear(const struct sg_queue_message *message, void *data) {
        struct heard *heard = data;

        assert_true(heard->n < 64);
        copy(heard->ids[heard->n++], SPOOL_ID_MAX, message->id);
        copy(heard->sender, sizeof(heard->sender), message->sender);
        copy(heard->reason, sizeof(heard->reason), message->reason);
        copy(heard->status, sizeof(heard->status), message->status);
        copy(heard->queue, sizeof(heard->queue), message->queue);
        copy(heard->instance, sizeof(heard->instance), message->instance);
        heard->domains[0] = heard->hops[0] = '\0';
        for (size_t i = 0; message->domains[i]; i++)
                snprintf(heard->domains + strlen(heard->domains),
                        sizeof(heard->domains) - strlen(heard->domains), "%s ", message->domains[i]);
        for (size_t i = 0; message->nexthops[i]; i++)
                snprintf(heard->hops + strlen(heard->hops), sizeof(heard->hops) - strlen(heard->hops), "%s ",
                        message->nexthops[i]);
        heard->last = *message;
}

/* All of them, `max` in each call. */
static void list(
        struct followed *followed, const struct sg_queue_filter *filter, unsigned max, struct heard *heard) {
        uint64_t cursor = 0;

        heard->n = 0;
        for (int i = 0; i < 1000; i++) {
                size_t before = heard->n;

                assert_int_equal(
                        queue_questions_list(followed->questions, filter, cursor, max, hear, heard, &cursor),
                        0);
                assert_true(heard->n - before <= max);
                if (cursor == 0)
                        return;
        }
        fail();
}

static size_t count(struct followed *followed, const struct sg_queue_filter *filter) {
        static struct heard heard;

        list(followed, filter, 7, &heard);
        return heard.n;
}

static void a_message_is_told_with_all_that_is_known(void **state) {
        struct followed *followed = *state;
        struct heard heard;
        struct spool_file file;

        spool_add(&followed->files[0],
                &(struct spool_message){.queue = "active",
                        .arrival_seconds = 1799990000,
                        .create_seconds = 1799980000,
                        .sender = "",
                        .recipients = {{.address = "a@a.test"}, {.address = "b@B.test"},
                                {.address = "c@localhost"}, {.address = "d@d.test", .done = true}}},
                &file);
        followed_start(followed, 1);
        followed_settle(followed);
        list(followed, &(struct sg_queue_filter){0}, 10, &heard);
        assert_int_equal(heard.n, 1);
        assert_string_equal(heard.ids[0], file.id);
        assert_string_equal(heard.instance, "-");
        assert_string_equal(heard.queue, "active");
        assert_string_equal(heard.sender, "<>");
        assert_string_equal(heard.domains, "a.test b.test localhost ");
        assert_string_equal(heard.hops, "a.test b.test ");
        assert_string_equal(heard.reason, "(null)");
        assert_string_equal(heard.status, "(null)");
        assert_int_equal(heard.last.recipients, 3);
        assert_int_equal(heard.last.arrival, 1799990000);
        assert_int_equal(heard.last.created, 1799980000);
        assert_int_equal(heard.last.retry, 0);
        assert_true(heard.last.size_bytes > 200);
        assert_true(heard.last.complete);

        spool_defer(&followed->files[0], file.id,
                &(struct spool_deferral){.recipient = "a@a.test",
                        .status = "4.4.1",
                        .reason = "connect to a.test[192.0.2.1]:25: Connection refused"});
        spool_defer(&followed->files[0], file.id,
                &(struct spool_deferral){.recipient = "b@b.test",
                        .status = "4.2.0",
                        .mta = "mx.b.test",
                        .diagnostic = "450 4.2.0 Greylisted",
                        .reason = "host mx.b.test[192.0.2.2] said: 450 4.2.0 Greylisted (in reply to RCPT TO "
                                  "command)"});
        spool_set_retry(&followed->files[0], &file, 1800000300);
        spool_move(&followed->files[0], &file, "deferred");
        sensor_bench_run(&followed->bench, 500000);
        list(followed, &(struct sg_queue_filter){0}, 10, &heard);
        assert_string_equal(heard.queue, "deferred");
        assert_string_equal(heard.reason, "greylist");
        assert_string_equal(heard.status, "4.2.0");
        assert_int_equal(heard.last.retry, 1800000300);
        assert_false(heard.last.postponed);
        assert_false(heard.last.duplicate_risk);
}

static void what_may_have_been_delivered_is_listed_by_its_id(void **state) {
        struct followed *followed = *state;
        struct spool_file files[2];
        struct heard heard;

        for (int i = 0; i < 2; i++) {
                spool_add(&followed->files[0],
                        &(struct spool_message){
                                .recipients = {{.address = "a@a.test"}, {.address = "b@a.test"}}},
                        &files[i]);
                spool_defer(
                        &followed->files[0], files[i].id, &(struct spool_deferral){.recipient = "a@a.test"});
        }
        spool_defer(&followed->files[0], files[1].id,
                &(struct spool_deferral){.recipient = "b@a.test",
                        .status = "4.4.2",
                        .reason = "conversation with mx.a.test[192.0.2.1] timed out while sending end of "
                                  "data -- "
                                  "message may be sent more than once"});
        followed_start(followed, 1);
        followed_settle(followed);
        list(followed, &(struct sg_queue_filter){.reason = "duplicate-risk"}, 10, &heard);
        assert_int_equal(heard.n, 1);
        assert_string_equal(heard.ids[0], files[1].id);
        assert_true(heard.last.duplicate_risk);
        assert_int_equal(count(followed, &(struct sg_queue_filter){.reason = "timeout"}), 1);
}

/* Its time is still the one at which it was written, which has a fraction like those that we choose. */
static void mail_that_an_admin_releases_is_not_postponed(void **state) {
        static const struct spool_message message = {
                .arrival_seconds = 1799990000, .recipients = {{.address = "a@a.test"}}};
        struct followed *followed = *state;
        struct spool_file files[2];
        struct heard heard;

        for (int i = 0; i < 2; i++) {
                const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                        {.tv_sec = time(NULL) + (i == 0 ? -1 : 800), .tv_nsec = 123456789}};
                struct spool_message held = message;

                held.queue = i == 0 ? "hold" : "deferred";
                spool_add(&followed->files[0], &held, &files[i]);
                utimensat(AT_FDCWD, spool_path(&followed->files[0], held.queue, files[i].id), times, 0);
        }
        followed_start(followed, 1);
        followed_settle(followed);
        list(followed, &(struct sg_queue_filter){.queue = "deferred"}, 10, &heard);
        assert_int_equal(heard.n, 1);
        assert_true(heard.last.postponed);
        spool_remove(&followed->files[0], &files[1]);
        spool_move(&followed->files[0], &files[0], "deferred");
        sensor_bench_run(&followed->bench, 500000);
        list(followed, &(struct sg_queue_filter){.queue = "deferred"}, 10, &heard);
        assert_int_equal(heard.n, 1);
        assert_string_equal(heard.ids[0], files[0].id);
        assert_true(heard.last.retry > 0);
        assert_false(heard.last.postponed);
}

static void a_file_that_was_not_read_has_only_a_name_and_a_size(void **state) {
        struct followed *followed = *state;
        struct heard heard;
        struct spool_file file;

        spool_add(&followed->files[0],
                &(struct spool_message){.queue = "incoming",
                        .unfinished = true,
                        .long_id = true,
                        .arrival_seconds = 1799990000,
                        .recipients = {{.address = "a@a.test"}}},
                &file);
        followed_start(followed, 1);
        followed_settle(followed);
        list(followed, &(struct sg_queue_filter){0}, 10, &heard);
        assert_int_equal(heard.n, 1);
        assert_string_equal(heard.ids[0], file.id);
        assert_string_equal(heard.sender, "(null)");
        assert_string_equal(heard.domains, "");
        assert_false(heard.last.complete);
        assert_int_equal(heard.last.recipients, 0);
        assert_true(heard.last.arrival > 0);
        /* Its sender is not known, which is not the same as to have no domain. */
        assert_int_equal(count(followed, &(const struct sg_queue_filter){.sender = ""}), 0);
}

static void what_is_new_is_counted_at_once_and_opened_when_it_stays(void **state) {
        struct followed *followed = *state;
        struct spool_file files[2];
        struct heard heard;
        uint64_t since;

        followed_start(followed, 1);
        followed_settle(followed);
        since = followed->bench.services.now_usec(&followed->bench.services);
        for (int i = 0; i < 2; i++)
                spool_add(&followed->files[0],
                        &(struct spool_message){.queue = "incoming",
                                .arrival_seconds = 1799990000,
                                .recipients = {{.address = "a@a.test"}}},
                        &files[i]);
        sensor_bench_run(&followed->bench, 80000);
        list(followed, &(struct sg_queue_filter){.queue = "incoming"}, 10, &heard);
        assert_int_equal(heard.n, 2);
        /* On a host so busy that this took longer, it may be known. */
        if (followed->bench.services.now_usec(&followed->bench.services) - since < 200000)
                assert_string_equal(heard.domains, "");
        spool_remove(&followed->files[0], &files[0]);
        sensor_bench_run(&followed->bench, 500000);
        list(followed, &(struct sg_queue_filter){.queue = "incoming"}, 10, &heard);
        assert_int_equal(heard.n, 1);
        assert_string_equal(heard.ids[0], files[1].id);
        assert_string_equal(heard.domains, "a.test ");
}

static void all_that_is_set_in_the_filter_must_hold(void **state) {
        struct followed *followed = *state;
        struct spool *files = &followed->files[0];
        struct spool_file file;

        spool_add(files,
                &(struct spool_message){.arrival_seconds = (uint64_t)followed_clock - 5000,
                        .sender = "x@one.test",
                        .recipients = {{.address = "a@a.test"}, {.address = "b@b.test"}}},
                &file);
        spool_defer(files, file.id, &(struct spool_deferral){.recipient = "a@a.test"});
        spool_add(files,
                &(struct spool_message){.arrival_seconds = (uint64_t)followed_clock - 500,
                        .sender = "",
                        .recipients = {{.address = "a@b.test"}}},
                NULL);
        spool_add(files,
                &(struct spool_message){.queue = "hold",
                        .arrival_seconds = (uint64_t)followed_clock - 50000,
                        .sender = "x@TWO.test",
                        .recipients = {{.address = "postmaster"}}},
                NULL);
        spool_add(&followed->files[1],
                &(struct spool_message){.queue = "hold",
                        .arrival_seconds = (uint64_t)followed_clock - 50000,
                        .sender = "x@two.test",
                        .recipients = {{.address = "a@b.test"}}},
                NULL);
        followed_start(followed, 2);
        followed_settle(followed);
#define COUNT(...) count(followed, &(const struct sg_queue_filter){__VA_ARGS__})
        assert_int_equal(COUNT(.instance = NULL), 4);
        assert_int_equal(COUNT(.instance = "-"), 3);
        assert_int_equal(COUNT(.instance = "out"), 1);
        assert_int_equal(COUNT(.queue = "deferred"), 2);
        assert_int_equal(COUNT(.queue = "hold"), 2);
        assert_int_equal(COUNT(.queue = "active"), 0);
        assert_int_equal(COUNT(.domain = "b.test"), 3);
        assert_int_equal(COUNT(.domain = "B.Test"), 3);
        assert_int_equal(COUNT(.domain = "postmaster"), 1);
        assert_int_equal(COUNT(.domain = "b.test", .queue = "hold"), 1);
        assert_int_equal(COUNT(.domain = "c.test"), 0);
        assert_int_equal(COUNT(.domain = ""), 0);
        assert_int_equal(COUNT(.sender = "<>"), 1);
        assert_int_equal(COUNT(.sender = "MAILER-DAEMON"), 1);
        assert_int_equal(COUNT(.sender = "two.test"), 2);
        assert_int_equal(COUNT(.sender = "two.test", .instance = "-"), 1);
        assert_int_equal(COUNT(.sender = "three.test"), 0);
        assert_int_equal(COUNT(.reason = "timeout"), 1);
        assert_int_equal(COUNT(.reason = "none"), 1);
        assert_int_equal(COUNT(.nexthop = "a.test"), 1);
        assert_int_equal(COUNT(.nexthop = "b.test"), 3);
        assert_int_equal(COUNT(.older_than_usec = 600 * UINT64_C(1000000)), 3);
        assert_int_equal(COUNT(.older_than_usec = 5000 * UINT64_C(1000000)), 3);
        assert_int_equal(COUNT(.older_than_usec = 5001 * UINT64_C(1000000)), 2);
        assert_int_equal(COUNT(.older_than_usec = UINT64_MAX), 0);
}

static void every_message_is_told_once_however_many_are_told_in_a_call(void **state) {
        static struct heard heard;
        struct followed *followed = *state;
        struct spool_file files[30];

        for (size_t i = 0; i < 30; i++)
                spool_add(&followed->files[i % 3 == 0],
                        &(struct spool_message){.recipients = {{.address = "a@a.test"}}}, &files[i]);
        followed_start(followed, 2);
        followed_settle(followed);
        for (unsigned max = 1; max < 34; max += 4) {
                list(followed, &(struct sg_queue_filter){0}, max, &heard);
                assert_int_equal(heard.n, 30);
                for (size_t i = 0; i < 30; i++) {
                        size_t times = 0;

                        for (size_t j = 0; j < heard.n; j++)
                                times += strcmp(heard.ids[j], files[i].id) == 0;
                        assert_int_equal(times, 1);
                }
        }
}

static void a_list_of_what_is_not_known_is_an_error(void **state) {
        struct followed *followed = *state;
        uint64_t cursor = 0;
        struct heard heard = {0};

#define LIST(...)                                                                                            \
        queue_questions_list(followed->questions, &(const struct sg_queue_filter){__VA_ARGS__}, 0, 10, hear, \
                &heard, &cursor)
        followed_start(followed, 1);
        assert_int_equal(LIST(.instance = NULL), -EAGAIN);
        followed_settle(followed);
        assert_int_equal(LIST(.instance = NULL), 0);
        assert_int_equal(LIST(.instance = "in"), -ENOENT);
        assert_int_equal(LIST(.queue = "bounce"), -EINVAL);
        assert_int_equal(LIST(.reason = "sunspots"), -EDOM);
        assert_int_equal(queue_questions_list(followed->questions, &(struct sg_queue_filter){0}, UINT64_MAX,
                                 10, hear, &heard, &cursor),
                0);
        assert_int_equal(cursor, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, followed_setup, followed_teardown)
        const struct CMUnitTest tests[] = {
                TEST(a_message_is_told_with_all_that_is_known),
                TEST(what_may_have_been_delivered_is_listed_by_its_id),
                TEST(mail_that_an_admin_releases_is_not_postponed),
                TEST(a_file_that_was_not_read_has_only_a_name_and_a_size),
                TEST(what_is_new_is_counted_at_once_and_opened_when_it_stays),
                TEST(all_that_is_set_in_the_filter_must_hold),
                TEST(every_message_is_told_once_however_many_are_told_in_a_call),
                TEST(a_list_of_what_is_not_known_is_an_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
