/* SPDX-License-Identifier: MIT */
/*
 * test_queue_storm - counts and contents are those of the spool on disk, whatever went on, and whatever was missed
 *
 * Twenty thousand operations in a fixed random order, read as they come or not at all until the kernel's queue of
 * events overflows; then the readings are compared with a walk of the spool, with what qshape would count, and with
 * a second sensor that never saw an event.
 */
#include <time.h>

#include "queue_shape_support.h"

#define OPERATIONS 20000
#define FILES_MAX 600
#define GOING_MAX 20000

static const char *const domains[] = {"a.test", "b.test", "c.test", "d.test", "here.test"};

struct storm {
        struct relay *relay;
        struct spool_file files[FILES_MAX];
        bool stays[FILES_MAX]; /* local mail is never moved out of maildrop */
        bool complete[FILES_MAX];
        bool has_several[FILES_MAX]; /* recipients: who is done with the only one removes the message */
        size_t n;
        uint32_t seed;
};

static uint32_t draw(struct storm *storm, uint32_t below) {
        storm->seed = storm->seed * 1664525 + 1013904223;
        return (storm->seed >> 8) % below;
}

static void add(struct storm *storm) {
        char one[64], two[64];
        struct spool_message message = {
                .queue = draw(storm, 8) ? "incoming" : "maildrop",
                .sender = draw(storm, 5) ? NULL : "",
                .arrival_seconds = (uint64_t)time(NULL) - draw(storm, 100000),
                .body_bytes = 1 + draw(storm, 3000),
                .unfinished = draw(storm, 20) == 0,
        };

        snprintf(one, sizeof(one), "u@%s", domains[draw(storm, 5)]);
        snprintf(two, sizeof(two), "v@%s", domains[draw(storm, 5)]);
        message.recipients[0].address = one;
        if (draw(storm, 4) == 0)
                message.recipients[1].address = two;
        if (draw(storm, 40) == 0) {
                message.more_recipients = draw(storm, 50);
                message.more_domain = "many.test";
        }
        storm->stays[storm->n] = strcmp(message.queue, "maildrop") == 0;
        storm->complete[storm->n] = !message.unfinished;
        storm->has_several[storm->n] = message.recipients[1].address || message.more_recipients > 0;
        spool_add(&storm->relay->spool, &message, &storm->files[storm->n++]);
}

static void operate(struct storm *storm) {
        static const char *const reasons[] = {NULL,
                "host mx.test[192.0.2.1] said: 450 4.7.1 Greylisted (in reply to RCPT TO command)",
                "connect to mx.test[192.0.2.1]:25: Connection refused"};
        struct spool *spool = &storm->relay->spool;
        size_t i = storm->n ? draw(storm, (uint32_t)storm->n) : 0;
        struct spool_file *file = &storm->files[i];
        uint32_t what = draw(storm, 10);

        if (storm->n < 20 || (what == 0 && storm->n < FILES_MAX)) {
                add(storm);
        } else if (what <= 4) {
                const char *queue = relay_queues[draw(storm, 6)];

                if (strcmp(queue, file->queue) == 0 || storm->stays[i] ||
                        (strcmp(queue, "active") == 0 && !storm->complete[i]))
                        return;
                if (strcmp(queue, "active") == 0)
                        unlink(spool_path(spool, "defer", file->id));
                if (strcmp(queue, "deferred") == 0) {
                        spool_defer(spool, file->id,
                                &(struct spool_deferral){
                                        .recipient = "u@a.test", .reason = reasons[draw(storm, 3)]});
                        spool_set_retry(spool, file, 2000000000 + draw(storm, 1000));
                }
                spool_move(spool, file, queue);
        } else if (what == 5) {
                spool_remove(spool, file);
                *file = storm->files[--storm->n];
                storm->stays[i] = storm->stays[storm->n];
                storm->complete[i] = storm->complete[storm->n];
                storm->has_several[i] = storm->has_several[storm->n];
        } else if (what == 6 && strcmp(file->queue, "active") != 0) {
                storm->complete[i] = draw(storm, 2) == 0;
                chmod(spool_path(spool, file->queue, file->id), storm->complete[i] ? 0700 : 0400);
        } else if (what == 8 && strcmp(file->queue, "active") == 0 && storm->has_several[i]) {
                spool_done(spool, file, 0);
        } else if (what == 7 && strcmp(file->queue, "deferred") == 0) {
                spool_set_retry(spool, file, 2000000000 + draw(storm, 1000));
        }
}

static bool is_as_qshape(const struct relay *relay, const struct sg_queue_shape *shape) {
        static struct shape_table expected, answer;
        int64_t now = time(NULL);

        answer.buckets = shape->buckets;
        answer.n_answers = 0;
        assert_int_equal(postfix_queue.questions->shape(relay->sensor, shape, shape_on_answer, &answer), 0);
        assert_int_equal(answer.n_answers, 1);
        expected.n = 0;
        shape_expected(&relay->spool, shape, now, &expected);
        return answer.error == 0 && shape_equal(&expected, &answer, shape->buckets);
}

/* The second may be over between the answer and the count: it has some tries. */
static void expect_as_qshape(struct relay *relay) {
        for (size_t i = 0; i < sizeof(relay_queues) / sizeof(relay_queues[0]); i++)
                for (int by_sender = 0; by_sender < 2; by_sender++) {
                        struct sg_queue_shape shape = SHAPE_QUESTION(relay_queues[i]);
                        bool is_right = false;

                        shape.by_sender = by_sender;
                        for (int j = 0; j < 20 && !is_right; j++) {
                                is_right = is_as_qshape(relay, &shape);
                                sensor_bench_run(&relay->bench, 1000);
                        }
                        if (!is_right)
                                printf("%s%s\n", relay_queues[i], by_sender ? " by sender" : "");
                        assert_true(is_right);
                }
}

/*
 * Every reading that says how things are, and not what happened, is what a sensor says that has just started; what is
 * late is so by the clock, and which mail was not deferred before only one knows that has seen it.
 */
static void expect_as_at_the_start(struct relay *relay) {
        struct relay *second = calloc(1, sizeof(*second));

        assert_non_null(second);
        second->scratch = relay->scratch;
        second->spool = relay->spool;
        memcpy(second->options, relay->options, sizeof(second->options));
        relay_start(second);
        relay_expect(second, "queue_unreadable", "-", relay_value(relay, "queue_unreadable", "-"));
        relay_settle(second);
        for (unsigned i = 0; i < second->bench.n; i++) {
                const struct bench_reading *reading = &second->bench.readings[i];

                if (strstr(reading->name, "_total") || strstr(reading->name, "_seconds") ||
                        strstr(reading->name, "_growth") || strstr(reading->name, "_late_") ||
                        reading->withdrawn)
                        continue;
                if (relay_value(relay, reading->name, reading->label) != reading->value)
                        printf("%s{%s}\n", reading->name, reading->label);
                assert_float_equal(relay_value(relay, reading->name, reading->label), reading->value, 0.0001);
        }
        relay_stop(second);
        free(second);
}

static void counts_are_those_of_the_spool_after_twenty_thousand_operations(void **state) {
        static struct storm storm;

        storm = (struct storm){.relay = *state, .seed = 20261224};
        for (int i = 0; i < 200; i++)
                add(&storm);
        relay_start(storm.relay);
        for (int i = 0; i < OPERATIONS; i++) {
                operate(&storm);
                if (i % 64 == 0)
                        sensor_bench_run(&storm.relay->bench, draw(&storm, 3000));
        }
        /* What a message that is active was deferred for before, nobody can tell who did not see it; a start of
         * Postfix puts them back. */
        for (size_t i = 0; i < storm.n; i++)
                if (strcmp(storm.files[i].queue, "active") == 0)
                        spool_move(&storm.relay->spool, &storm.files[i], "incoming");
        relay_settle(storm.relay);
        relay_expect_as_found(storm.relay);
        expect_as_qshape(storm.relay);
        expect_as_at_the_start(storm.relay);
}

/* A listing is read a thousand names ahead of what is made of them. */
static void what_goes_while_it_is_being_listed_is_not_counted(void **state) {
        static struct spool_file files[GOING_MAX];
        struct relay *relay = *state;
        struct storm storm = {.relay = relay, .seed = 7};

        for (size_t i = 0; i < GOING_MAX; i++)
                spool_add(&relay->spool,
                        &(struct spool_message){.queue = "active", .recipients = {{.address = "u@a.test"}}},
                        &files[i]);
        relay_start(relay);
        for (size_t n = GOING_MAX; n > GOING_MAX / 2;) {
                size_t i = draw(&storm, (uint32_t)n);

                if (draw(&storm, 2))
                        spool_remove(&relay->spool, &files[i]);
                else
                        spool_move(&relay->spool, &files[i], "incoming");
                files[i] = files[--n];
                if (n % 512 == 0)
                        sensor_bench_run(&relay->bench, 1);
        }
        relay_settle(relay);
        relay_expect_as_found(relay);
}

static long kept_by_the_kernel(void) {
        int fd = open("/proc/sys/fs/inotify/max_queued_events", O_RDONLY);
        char text[32] = "";

        assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
        close(fd);
        return strtol(text, NULL, 10);
}

/* The kernel says once that events are lost, before those that it keeps from then on, and before those it then loses. */
static void what_is_lost_before_a_loss_is_heard_of_is_made_good(void **state) {
        static struct storm storm;
        long events = kept_by_the_kernel();

        if (events > 100000)
                skip();
        storm = (struct storm){.relay = *state, .seed = 11};
        for (int i = 0; i < 300; i++)
                add(&storm);
        relay_start(storm.relay);
        relay_expect(storm.relay, "queue_unreadable", "-", 0);
        for (int round = 0; round < 6; round++) {
                for (long i = 0; i < events; i++)
                        operate(&storm);
                sensor_bench_run(&storm.relay->bench, 1);
        }
        relay_settle(storm.relay);
        relay_expect_as_found(storm.relay);
        expect_as_qshape(storm.relay);
}

static void an_overflow_is_made_good_by_listing(void **state) {
        static struct storm storm;
        long events = kept_by_the_kernel();

        if (events > 100000)
                skip();
        storm = (struct storm){.relay = *state, .seed = 5};
        for (int i = 0; i < 300; i++)
                add(&storm);
        relay_start(storm.relay);
        relay_expect(storm.relay, "queue_unreadable", "-", 0);
        /* Nobody reads until the kernel has given up, and for a while after. */
        for (long i = 0; i < events; i++)
                operate(&storm);
        sensor_bench_run(&storm.relay->bench, 5000);
        for (int i = 0; i < 1000; i++)
                operate(&storm);
        /* What a message that is active was deferred for before, nobody can tell who did not see it; a start of
         * Postfix puts them back. */
        for (size_t i = 0; i < storm.n; i++)
                if (strcmp(storm.files[i].queue, "active") == 0)
                        spool_move(&storm.relay->spool, &storm.files[i], "incoming");
        relay_settle(storm.relay);
        relay_expect_as_found(storm.relay);
        expect_as_qshape(storm.relay);
        expect_as_at_the_start(storm.relay);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)
        const struct CMUnitTest tests[] = {
                TEST(counts_are_those_of_the_spool_after_twenty_thousand_operations),
                TEST(what_goes_while_it_is_being_listed_is_not_counted),
                TEST(an_overflow_is_made_good_by_listing),
                TEST(what_is_lost_before_a_loss_is_heard_of_is_made_good),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
