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

/* A deferred message of that arrival; its next retry in `wait` seconds from now.  `reason` NULL: nobody answered. */
static struct spool_file add_for(struct relay *relay, const char *recipient, uint64_t arrival, int wait,
        const char *status, const char *reason) {
        struct spool_file file;

        spool_add(&relay->spool,
                &(struct spool_message){.arrival_seconds = arrival,
                        .next_retry_seconds = (uint64_t)(time(NULL) + wait),
                        .recipients = {{.address = recipient}}},
                &file);
        spool_defer(&relay->spool, file.id,
                &(struct spool_deferral){.recipient = recipient,
                        .offset = file.offsets[0],
                        .status = status,
                        .reason = reason});
        return file;
}

static struct spool_file add(struct relay *relay, const char *recipient, uint64_t arrival, int wait) {
        return add_for(relay, recipient, arrival, wait, NULL, NULL);
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

/* As postfix.postpone does it. */
static void put_off(struct relay *relay, const struct spool_file *file) {
        struct timespec times[2] = {
                {.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) + 800, .tv_nsec = 123456789}};

        assert_int_equal(utimensat(AT_FDCWD, spool_path(&relay->spool, "deferred", file->id), times, 0), 0);
}

static void retry_takes_the_oldest_and_those_first_that_were_postponed(void **state) {
        struct relay *relay = *state;
        struct spool_file files[6];
        char ids[1024], expected[1024];

        for (unsigned i = 0; i < 6; i++)
                files[i] = add(relay, "a@dead.test", 2000 - i, 700);
        put_off(relay, &files[1]);
        put_off(relay, &files[0]);
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

static void of_what_nobody_postponed_only_an_outage_is_a_reason_to_retry_it(void **state) {
        static const struct {
                const char *status, *reason;
                bool is_taken;
        } cases[] = {
                {"4.4.1", "connect to mx.dead.test[192.0.2.1]:25: Connection refused", true},
                {"4.4.1", "connect to mx.dead.test[192.0.2.1]:25: Network is unreachable", true},
                {"4.4.3",
                        "Host or domain name not found. Name service error for name=dead.test type=MX: Host "
                        "not found, try again",
                        true},
                {"4.4.2",
                        "lost connection with mx.dead.test[192.0.2.1] while receiving the initial server "
                        "greeting",
                        true},
                {"4.4.1",
                        "delivery temporarily suspended: connect to mx.dead.test[192.0.2.1]:25: Connection "
                        "timed out",
                        true},
                {"4.7.1",
                        "host mx.dead.test[192.0.2.1] said: 450 4.7.1 <a@dead.test>: Recipient address "
                        "rejected: Greylisted (in reply to RCPT TO command)",
                        false},
                {"4.2.2",
                        "host mx.dead.test[192.0.2.1] said: 452 4.2.2 Mailbox full (in reply to RCPT TO "
                        "command)",
                        false},
                {"4.3.0",
                        "host mx.dead.test[192.0.2.1] said: 451 4.3.0 try later (in reply to RCPT TO "
                        "command)",
                        false},
                {"4.3.2", "deferred transport", false},
        };
        struct relay *relay = *state;
        char ids[2048] = "", expected[2048] = "";
        ssize_t n = 0;

        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct spool_file file =
                        add_for(relay, "a@dead.test", 1000 + i, 3000, cases[i].status, cases[i].reason);

                if (!cases[i].is_taken)
                        continue;
                snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%s%s",
                        n++ > 0 ? " " : "", file.id);
        }
        /* Postfix itself is about to try this one. */
        add_for(relay, "a@dead.test", 1, 200, cases[0].status, cases[0].reason);
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 100), ids, sizeof(ids)), n);
        assert_string_equal(ids, expected);
        relay_expect(relay, "queue_nexthop_stranded_messages", "-,dead.test", (double)n);
}

static void what_the_next_hop_did_not_want_has_its_turn_last(void **state) {
        struct relay *relay = *state;
        struct spool_file unwanted = add_for(relay, "a@dead.test", 1000, 700, "4.3.0",
                "host mx.dead.test[192.0.2.1] said: 451 4.3.0 try later (in reply to RCPT TO command)");
        struct spool_file dead = add(relay, "a@dead.test", 2000, 700);
        char ids[1024], expected[1024];

        put_off(relay, &unwanted);
        put_off(relay, &dead);
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 10), ids, sizeof(ids)), 2);
        snprintf(expected, sizeof(expected), "%s %s", dead.id, unwanted.id);
        assert_string_equal(ids, expected);
        relay_expect(relay, "queue_nexthop_stranded_messages", "-,dead.test", 0);
}

static void mail_for_a_content_filter_is_never_postponed(void **state) {
        struct relay *relay = *state;
        struct spool_file file;
        char ids[256];

        spool_add(&relay->spool,
                &(struct spool_message){.filter = "smtp-amavis:[127.0.0.1]:10024",
                        .next_retry_seconds = (uint64_t)time(NULL) + 100,
                        .recipients = {{.address = "a@dead.test"}}},
                &file);
        spool_defer(&relay->spool, file.id, &(struct spool_deferral){.recipient = "a@dead.test"});
        relay_start(relay);
        settle(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,[127.0.0.1]:10024", 1);
        assert_int_equal(
                relay_select(relay, &postfix_postpone, postpone("[127.0.0.1]:10024"), ids, sizeof(ids)), 0);
}

static void a_canary_may_be_one_that_is_due_soon(void **state) {
        struct relay *relay = *state;
        struct spool_file soon = add(relay, "a@dead.test", 2000, 100);
        struct sg_value canary[4];
        char ids[256];

        relay_start(relay);
        settle(relay);
        memcpy(canary, retry("dead.test", 5), sizeof(canary));
        assert_int_equal(relay_select(relay, &postfix_retry, canary, ids, sizeof(ids)), 0);
        canary[RETRY_ARG_HOW].text = "canary";
        assert_int_equal(relay_select(relay, &postfix_retry, canary, ids, sizeof(ids)), 1);
        assert_string_equal(ids, soon.id);
}

static void what_a_content_filter_did_not_take_is_retried_whenever_it_is_due(void **state) {
        static const char lost[] = "lost connection with 127.0.0.1[127.0.0.1] while sending end of data -- "
                                   "message may be sent more than once";
        const char *const reasons[] = {"connect to 127.0.0.1[127.0.0.1]:10024: Connection refused",
                "lost connection with 127.0.0.1[127.0.0.1] while receiving the initial server greeting",
                lost};
        struct relay *relay = *state;
        struct spool_file files[3];
        char ids[1024], expected[1024];

        for (unsigned i = 0; i < 3; i++) {
                spool_add(&relay->spool,
                        &(struct spool_message){.filter = "scan:[127.0.0.1]:10024",
                                .arrival_seconds = 1000 + i,
                                .next_retry_seconds = (uint64_t)time(NULL) + 100,
                                .recipients = {{.address = "a@own.test"}}},
                        &files[i]);
                spool_defer(&relay->spool, files[i].id,
                        &(struct spool_deferral){
                                .recipient = "a@own.test", .status = "4.4.2", .reason = reasons[i]});
        }
        relay_start(relay);
        settle(relay);
        assert_int_equal(
                relay_select(relay, &postfix_retry, retry("[127.0.0.1]:10024", 10), ids, sizeof(ids)), 2);
        snprintf(expected, sizeof(expected), "%s %s", files[0].id, files[1].id);
        assert_string_equal(ids, expected);
}

static void what_became_of_a_retry_is_told_apart(void **state) {
        static const struct spool_deferral full = {.recipient = "a@dead.test",
                .status = "4.2.2",
                .reason = "host mx.dead.test[192.0.2.1] said: 452 4.2.2 Mailbox full (in reply to RCPT TO "
                          "command)"};
        struct relay *relay = *state;
        struct spool_file files[3];
        char ids[1024];

        for (unsigned i = 0; i < 3; i++)
                files[i] = add(relay, "a@dead.test", 1000 + i, 900);
        scratch_mkdir(&relay->scratch, SPOOL_DIRECTORY "/bounce");
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 5), ids, sizeof(ids)), 3);
        for (unsigned i = 0; i < 3; i++) {
                unlink(spool_path(&relay->spool, "defer", files[i].id));
                spool_move(&relay->spool, &files[i], "active");
        }
        spool_defer(&relay->spool, files[0].id, &full);
        spool_move(&relay->spool, &files[0], "deferred");
        spool_defer(&relay->spool, files[1].id, &(struct spool_deferral){.recipient = "a@dead.test"});
        spool_move(&relay->spool, &files[1], "deferred");
        relay_settle(relay);
        snprintf(ids, sizeof(ids), SPOOL_DIRECTORY "/bounce/%s", files[2].id);
        scratch_write(&relay->scratch, ids, "<a@dead.test>: unknown\n");
        relay_settle(relay);
        spool_remove(&relay->spool, &files[2]);
        relay_expect(relay, "queue_retry_bounced_total", "-,dead.test", 1);
        relay_expect(relay, "queue_retry_deferred_total", "-,dead.test", 2);
        relay_expect(relay, "queue_retry_put_off_total", "-,dead.test", 1);
        relay_expect(relay, "queue_retry_delivered_total", "-,dead.test", 0);
}

/* The executor may have refused it: then the time of its next try is what it was. */
static void what_was_chosen_in_vain_is_postponed_and_chosen_again(void **state) {
        struct relay *relay = *state;
        struct spool_file file = add(relay, "a@dead.test", 1000, 400);
        char ids[256];

        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 5), ids, sizeof(ids)), 1);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 5), ids, sizeof(ids)), 1);
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("dead.test"), ids, sizeof(ids)), 1);
        spool_set_retry(&relay->spool, &file, (uint64_t)time(NULL));
        relay_settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 5), ids, sizeof(ids)), 0);
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
        spool_set_retry(&relay->spool, &file, (uint64_t)time(NULL) + 900);
        relay_settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 5), ids, sizeof(ids)), 1);
        spool_move(&relay->spool, &file, "active");
        spool_remove(&relay->spool, &file);
        relay_expect(relay, "queue_retry_delivered_total", "-,dead.test", 1);
}

static const struct sg_value *canary(const char *hop, double messages) {
        struct sg_value *args = (struct sg_value *)retry(hop, messages);

        args[RETRY_ARG_HOW].text = "canary";
        return args;
}

static void no_canary_is_returned_when_it_fails_as_long_as_there_are_others(void **state) {
        const uint64_t now = (uint64_t)time(NULL);
        struct relay *relay = *state;
        struct spool_file young[2], old[3];
        char ids[512], expected[1200];

        for (unsigned i = 0; i < 3; i++)
                old[i] = add(relay, "a@dead.test", 1000 + i, 700);
        put_off(relay, &old[0]);
        young[0] = add(relay, "a@dead.test", now - 4 * 86400, 700);
        young[1] = add(relay, "a@dead.test", now - 86400, 700);
        /* Its time is not over yet, but would be before a try is. */
        add(relay, "a@dead.test", now - 5 * 86400 + 30, 700);
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, canary("dead.test", 5), ids, sizeof(ids)), 2);
        snprintf(expected, sizeof(expected), "%s %s", young[0].id, young[1].id);
        assert_string_equal(ids, expected);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 4), ids, sizeof(ids)), 4);
        snprintf(expected, sizeof(expected), "%s %s %s %s", young[0].id, young[1].id, old[0].id, old[1].id);
        assert_string_equal(ids, expected);
}

static void a_bounce_is_a_canary_by_its_own_lifetime(void **state) {
        struct relay *relay = *state;
        struct spool_file mail = {.id = ""}, bounce = {.id = ""};
        struct spool_file *const files[] = {&mail, &bounce};
        char ids[256];

        scratch_write(&relay->scratch, "etc/postfix/main.cf", "bounce_queue_lifetime = 1d\n");
        for (unsigned i = 0; i < 2; i++) {
                spool_add(&relay->spool,
                        &(struct spool_message){.sender = i == 1 ? "" : "alice@example.test",
                                .arrival_seconds = (uint64_t)time(NULL) - 2 * 86400 - i,
                                .next_retry_seconds = (uint64_t)(time(NULL) + 700),
                                .recipients = {{.address = "a@dead.test"}}},
                        files[i]);
                spool_defer(&relay->spool, files[i]->id,
                        &(struct spool_deferral){.recipient = "a@dead.test", .offset = files[i]->offsets[0]});
        }
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, canary("dead.test", 5), ids, sizeof(ids)), 1);
        assert_string_equal(ids, mail.id);
}

static void where_all_would_be_returned_one_is_tried(void **state) {
        struct relay *relay = *state;
        struct spool_file oldest = add(relay, "a@dead.test", 1000, 700);
        char ids[256];

        for (unsigned i = 1; i < 8; i++)
                add(relay, "a@dead.test", 1000 + i, 700);
        relay_start(relay);
        settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, canary("dead.test", 5), ids, sizeof(ids)), 1);
        assert_string_equal(ids, oldest.id);
}

static void what_may_have_been_delivered_is_not_retried(void **state) {
        const struct timespec postponed[2] = {
                {.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) + 800, .tv_nsec = 123456789}};
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
        /* Not even when it was postponed with the rest. */
        assert_int_equal(
                utimensat(AT_FDCWD, spool_path(&relay->spool, "deferred", file.id), postponed, 0), 0);
        relay_settle(relay);
        assert_int_equal(relay_select(relay, &postfix_retry, retry("dead.test", 10), ids, sizeof(ids)), 0);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup_leaping, relay_teardown)
        const struct CMUnitTest tests[] = {
                TEST(postpone_takes_what_would_be_tried_within_half_a_slice),
                TEST(mail_that_also_goes_elsewhere_is_left_alone),
                TEST(held_and_incomplete_mail_is_never_chosen),
                TEST(retry_takes_the_oldest_and_those_first_that_were_postponed),
                TEST(of_what_nobody_postponed_only_an_outage_is_a_reason_to_retry_it),
                TEST(what_the_next_hop_did_not_want_has_its_turn_last),
                TEST(mail_for_a_content_filter_is_never_postponed),
                TEST(a_canary_may_be_one_that_is_due_soon),
                TEST(what_a_content_filter_did_not_take_is_retried_whenever_it_is_due),
                TEST(what_became_of_a_retry_is_told_apart),
                TEST(what_was_chosen_in_vain_is_postponed_and_chosen_again),
                TEST(what_was_chosen_for_a_retry_is_not_postponed_before_it_is_back),
                TEST(no_canary_is_returned_when_it_fails_as_long_as_there_are_others),
                TEST(a_bounce_is_a_canary_by_its_own_lifetime),
                TEST(where_all_would_be_returned_one_is_tried),
                TEST(what_may_have_been_delivered_is_not_retried),
                TEST(what_has_a_log_that_is_too_long_to_read_is_not_retried),
                TEST(nothing_is_chosen_before_everything_was_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
