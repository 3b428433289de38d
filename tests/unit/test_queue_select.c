/* SPDX-License-Identifier: MIT */
/* test_queue_select - which messages the verbs are given, and when none can be named */
#include <time.h>

#include "queue_support.h"

#include "postfix/defer_log.h"

static const struct sg_value *postpone(const char *hop) {
        static struct sg_value args[2];

        args[POSTPONE_ARG_INSTANCE] = (struct sg_value){.type = SG_TYPE_TEXT, .text = "-"};
        args[POSTPONE_ARG_NEXTHOP] = (struct sg_value){.type = SG_TYPE_TEXT, .text = hop};
        return args;
}

static const struct sg_value *retry(const char *hop, double messages) {
        static struct sg_value args[4];

        args[RETRY_ARG_INSTANCE] = (struct sg_value){.type = SG_TYPE_TEXT, .text = "-"};
        args[RETRY_ARG_NEXTHOP] = (struct sg_value){.type = SG_TYPE_TEXT, .text = hop};
        args[RETRY_ARG_HOW] = (struct sg_value){.type = SG_TYPE_TEXT, .text = "batch"};
        args[RETRY_ARG_MESSAGES] = (struct sg_value){.type = SG_TYPE_NUMBER, .number = messages};
        return args;
}

/* A deferred message of that arrival; its next retry in `wait` seconds from now. */
static struct spool_file add(struct relay *relay, const char *recipient, uint64_t arrival, int wait) {
        struct spool_file file;

        spool_add(&relay->spool,
                &(struct spool_message){.arrival_seconds = arrival,
                        .next_retry_seconds = (uint64_t)(time(NULL) + wait),
                        .recipients = {{.address = recipient}}},
                &file);
        spool_defer(&relay->spool, file.id,
                &(struct spool_deferral){.recipient = recipient, .offset = file.offsets[0]});
        return file;
}

static void settle(struct relay *relay) {
        relay_expect(relay, "queue_unreadable", "-", 0);
        relay_settle(relay);
}

static void postpone_takes_what_would_be_tried_within_half_a_slice(void **state) {
        struct relay *relay = *state;
        struct spool_file overdue = add(relay, "a@dead.test", 1000, -50);
        char ids[256];

        add(relay, "a@dead.test", 1000, 600);
        add(relay, "a@alive.test", 1000, 10);
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), 1);
        assert_string_equal(ids, overdue.id);
        spool_set_retry(&relay->spool, &overdue, (uint64_t)time(NULL) + 900);
        relay_settle(relay);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), 0);
        assert_int_equal(
                relay_select(relay, &postfix_postpone, postpone("nobody.test"), ids, sizeof(ids)), 0);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone(""), ids, sizeof(ids)), 0);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("*"), ids, sizeof(ids)), 0);
}

static void mail_that_also_goes_elsewhere_is_left_alone(void **state) {
        struct relay *relay = *state;
        struct spool_file partly;
        char ids[256];

        spool_add(&relay->spool,
                &(struct spool_message){
                        .recipients = {{.address = "a@dead.test"}, {.address = "b@alive.test"}}},
                &partly);
        spool_add(&relay->spool,
                &(struct spool_message){
                        .recipients = {{.address = "a@dead.test"}, {.address = "b@here.test"}}},
                NULL);
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), 0);
        /* The other recipient is served; from then on all that is left is at the dead hop. */
        spool_move(&relay->spool, &partly, "active");
        spool_done(&relay->spool, &partly, 1);
        spool_defer(&relay->spool, partly.id, &(struct spool_deferral){.recipient = "a@dead.test"});
        spool_set_retry(&relay->spool, &partly, (uint64_t)time(NULL) + 300);
        spool_move(&relay->spool, &partly, "deferred");
        relay_settle(relay);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), 1);
        assert_string_equal(ids, partly.id);
}

static void held_and_incomplete_mail_is_never_chosen(void **state) {
        struct relay *relay = *state;
        struct spool_file held = add(relay, "a@dead.test", 1000, 0),
                          broken = add(relay, "a@dead.test", 1000, 0);
        char ids[256];

        spool_move(&relay->spool, &held, "hold");
        chmod(spool_path(&relay->spool, "deferred", broken.id), 0400);
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), 0);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 10), ids, sizeof(ids)), 0);
}

static void retry_takes_the_oldest_and_those_first_that_were_postponed(void **state) {
        struct relay *relay = *state;
        struct spool_file files[6];
        struct timespec times[2] = {
                {.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) + 800, .tv_nsec = 123456789}};
        char ids[1024], expected[1024];

        for (unsigned i = 0; i < 6; i++)
                files[i] = add(relay, "a@dead.test", 2000 - i, 700);
        utimensat(AT_FDCWD, spool_path(&relay->spool, "deferred", files[1].id), times, 0);
        utimensat(AT_FDCWD, spool_path(&relay->spool, "deferred", files[0].id), times, 0);
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 4), ids, sizeof(ids)), 4);
        snprintf(expected, sizeof(expected), "%s %s %s %s", files[1].id, files[0].id, files[5].id,
                files[4].id);
        assert_string_equal(ids, expected);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 100), ids, sizeof(ids)), 6);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 1), ids, sizeof(ids)), 1);
        assert_string_equal(ids, files[1].id);
}

static void what_was_chosen_for_a_retry_is_not_postponed_before_it_is_back(void **state) {
        struct relay *relay = *state;
        struct spool_file file = add(relay, "a@dead.test", 1000, 900);
        char ids[256];

        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 5), ids, sizeof(ids)), 1);
        spool_set_retry(&relay->spool, &file, (uint64_t)time(NULL));
        relay_settle(relay);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), 0);
        spool_move(&relay->spool, &file, "active");
        spool_defer(&relay->spool, file.id, &(struct spool_deferral){.recipient = "a@dead.test"});
        spool_move(&relay->spool, &file, "deferred");
        relay_settle(relay);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), 1);
        relay_expect(relay, "queue_retry_deferred_total", "-,dead.test", 1);
        relay_expect(relay, "queue_retry_delivered_total", "-,dead.test", 0);
        /* What is tried by Postfix's own schedule is no outcome of a retry. */
        spool_move(&relay->spool, &file, "active");
        spool_move(&relay->spool, &file, "deferred");
        relay_settle(relay);
        relay_expect(relay, "queue_nexthop_deferred_total", "-,dead.test", 2);
        relay_expect(relay, "queue_retry_deferred_total", "-,dead.test", 1);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 5), ids, sizeof(ids)), 1);
        spool_move(&relay->spool, &file, "active");
        spool_remove(&relay->spool, &file);
        relay_expect(relay, "queue_retry_delivered_total", "-,dead.test", 1);
}

static void what_may_have_been_delivered_is_not_retried(void **state) {
        struct relay *relay = *state;
        struct spool_file file;
        char ids[256];

        spool_add(&relay->spool, &(struct spool_message){.recipients = {{.address = "a@dead.test"}}}, &file);
        spool_defer(&relay->spool, file.id,
                &(struct spool_deferral){.recipient = "a@dead.test",
                        .status = "4.4.2",
                        .reason = "lost connection with mx.dead.test[192.0.2.1] while sending end of data -- "
                                  "message may be sent more than once"});
        relay_start(relay);
        settle(relay);
        assert_float_equal(relay_value(relay, "queue_reason_messages", "-,duplicate-risk"), 1, 0);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 10), ids, sizeof(ids)), 0);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), 1);
}

/* Behind what is read of a log there may stand that somebody has got it. */
static void what_has_a_log_that_is_too_long_to_read_is_not_retried(void **state) {
        struct relay *relay = *state;
        struct spool_file file;
        char ids[256];

        add(relay, "a@dead.test", 1, 600);
        file = add(relay, "b@dead.test", 2, 600);
        spool_defer_nothing(&relay->spool, file.id, DEFER_LOG_MAX);
        relay_start(relay);
        settle(relay);
        assert_float_equal(relay_value(relay, "queue_reason_messages", "-,timeout"), 2, 0);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 10), ids, sizeof(ids)), 1);
        assert_string_not_equal(ids, file.id);
}

static void nothing_is_chosen_before_everything_was_read(void **state) {
        struct relay *relay = *state;
        struct sg_value other[2];
        char ids[256], away[256];

        add(relay, "a@dead.test", 1000, 0);
        relay_start(relay);
        assert_int_equal(
                relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), -EAGAIN);
        settle(relay);
        memcpy(other, postpone("dead.test"), sizeof(other));
        other[POSTPONE_ARG_INSTANCE].text = "postfix-out";
        assert_int_equal(relay_select(relay, &postfix_postpone, other, ids, sizeof(ids)), -EAGAIN);
        snprintf(away, sizeof(away), "%s/elsewhere", relay->scratch.path);
        assert_int_equal(rename(relay->spool.path, away), 0);
        sensor_bench_run(&relay->bench, 200000);
        assert_int_equal(
                relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), -EAGAIN);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)
        const struct CMUnitTest tests[] = {
                TEST(postpone_takes_what_would_be_tried_within_half_a_slice),
                TEST(mail_that_also_goes_elsewhere_is_left_alone),
                TEST(held_and_incomplete_mail_is_never_chosen),
                TEST(retry_takes_the_oldest_and_those_first_that_were_postponed),
                TEST(what_was_chosen_for_a_retry_is_not_postponed_before_it_is_back),
                TEST(what_may_have_been_delivered_is_not_retried),
                TEST(what_has_a_log_that_is_too_long_to_read_is_not_retried),
                TEST(nothing_is_chosen_before_everything_was_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
