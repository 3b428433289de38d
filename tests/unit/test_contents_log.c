/* SPDX-License-Identifier: MIT */
/* test_contents_log - what may have been delivered, or has lived long enough, is not taken in again by any selection */
#include "hold_support.h"
#include "postfix/defer_log.h"
#include "postfix/reason_site.h"

#define RISK                                                                                                 \
        "conversation with mx.x.test[192.0.2.1] timed out while sending end of data -- message may be sent " \
        "more than once"
#define TIMEOUT "connect to mx.x.test[192.0.2.1]:25: Connection timed out"
#define REFUSED "connect to mx.x.test[192.0.2.1]:25: Connection refused"

/* The log of files[i], as the mail owner's. */
static void defer(struct hold_relay *hold, size_t i, const char *reason) {
        const char *id = hold->relay.files[i].id;
        char path[256];

        spool_defer(&hold->relay.spool, id,
                &(struct spool_deferral){.recipient = "bob@example.test", .reason = reason});
        snprintf(path, sizeof(path), "%s", spool_path(&hold->relay.spool, "defer", id));
        verb_relay_own(&hold->relay, path);
        *strrchr(path, '/') = '\0';
        verb_relay_own(&hold->relay, path);
}

static int act(struct hold_relay *hold, const struct sg_verb *verb) {
        return verb_bench_act(&hold->relay.bench, verb);
}

static void ask_for_reason(struct hold_relay *hold, const char *reason) {
        hold_arg(hold, FILTER_ARG_REASON, reason);
        verb_relay_select(&hold->relay, 0, hold->relay.n);
}

static void what_may_have_been_delivered_is_not_requeued_whatever_was_selected(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 4);
        defer(hold, 0, RISK);
        defer(hold, 1, TIMEOUT);
        defer(hold, 2, TIMEOUT);
        defer(hold, 2, "delivery temporarily suspended: " RISK);
        /* Of the fourth there is no log. */
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_GO);
        assert_int_equal(hold->relay.bench.outcome.count, 2);
        assert_int_equal(act(hold, &postfix_requeue), 0);
        expect_text(hold, "2 of 4 requeued, 2 not as they were chosen and left alone");
        assert_true(is_as_it_was(hold, 0) && is_in(hold, 1, "maildrop"));
        assert_true(is_as_it_was(hold, 2) && is_in(hold, 3, "maildrop"));
}

static void what_may_have_been_delivered_may_be_held_and_is_not_requeued_from_there(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        defer(hold, 0, RISK);
        assert_int_equal(act(hold, &postfix_hold), 0);
        hold->args[REQUEUE_ARG_LEASE].number = LEASE;
        assert_int_equal(act(hold, &postfix_requeue), 0);
        expect_text(hold, "1 of 2 requeued, 1 not as they were chosen and left alone");
        assert_true(is_in(hold, 0, "hold") && is_in(hold, 1, "maildrop"));
}

static void a_log_that_is_not_read_to_its_end_may_say_so(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        defer(hold, 1, TIMEOUT);
        defer(hold, 0, TIMEOUT);
        spool_defer_nothing(&hold->relay.spool, hold->relay.files[0].id, DEFER_LOG_MAX);
        defer(hold, 0, RISK);
        assert_int_equal(act(hold, &postfix_requeue), 0);
        expect_text(hold, "1 of 2 requeued, 1 not as they were chosen and left alone");
        assert_true(is_as_it_was(hold, 0) && is_in(hold, 1, "maildrop"));
}

static void what_lies_in_the_place_of_a_log_lets_nothing_pass(void **state) {
        struct hold_relay *hold = *state;
        const char *log;

        add(hold, 3);
        for (size_t i = 0; i < 2; i++) {
                defer(hold, i, TIMEOUT);
                log = spool_path(&hold->relay.spool, "defer", hold->relay.files[i].id);
                assert_int_equal(unlink(log), 0);
                assert_int_equal(i == 0 ? symlink("/dev/null", log) : mkdir(log, 0700), 0);
                verb_relay_own(&hold->relay, log);
        }
        assert_int_equal(act(hold, &postfix_requeue), 0);
        expect_text(hold, "1 of 3 requeued, 2 not as they were chosen and left alone");
        assert_true(is_as_it_was(hold, 0) && is_as_it_was(hold, 1));
}

static void another_reason_than_was_asked_for_is_another_message(void **state) {
        struct hold_relay *hold = *state;
        static const struct sg_verb *const verbs[] = {&postfix_hold, &postfix_requeue};
        static const char *const goals[] = {"hold", "maildrop"};

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                const size_t first = hold->relay.n;

                add(hold, 3);
                defer(hold, first, REFUSED);
                defer(hold, first + 1, TIMEOUT);
                hold_arg(hold, FILTER_ARG_REASON, "timeout");
                act(hold, verbs[i]);
                assert_true(is_as_it_was(hold, first) && is_in(hold, first + 1, goals[i]));
                assert_true(is_as_it_was(hold, first + 2));
        }
}

static void the_way_to_a_filter_and_the_rows_of_a_site_count_as_in_the_selection(void **state) {
        static const char *const refused[] = {"connect to mx.x.test", NULL};
        struct hold_relay *hold = *state;

        for (size_t i = 0; i < 2; i++) {
                add_message(hold,
                        &(struct spool_message){.sender = "",
                                .arrival_seconds = (uint64_t)time(NULL) - 3600,
                                .next_retry_seconds = OLD_RETRY,
                                .filter = i == 0 ? "smtp:[127.0.0.1]:10024" : NULL,
                                .recipients = {{.address = "bob@example.test"}}});
                defer(hold, i, TIMEOUT);
        }
        ask_for_reason(hold, "filter");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_GO);
        assert_int_equal(hold->relay.bench.outcome.count, 1);
        ask_for_reason(hold, "refused");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_NOTHING);
        for (size_t i = 0; i < REASON_SITE_CLASSES; i++)
                if (reason_site_classes[i] == REASON_REFUSED)
                        hold->relay.options[POSTFIX_OPTION_REASONS + i].list = refused;
        assert_int_equal(act(hold, &postfix_requeue), 0);
        assert_true(is_as_it_was(hold, 0) && is_in(hold, 1, "maildrop"));
}

/* Arrived so long ago, taken in again an hour ago. */
static void add_requeued(struct hold_relay *hold, const char *sender, time_t age) {
        add_message(hold,
                &(struct spool_message){.sender = sender,
                        .arrival_seconds = (uint64_t)(time(NULL) - age),
                        .create_seconds = (uint64_t)time(NULL) - 3600,
                        .next_retry_seconds = OLD_RETRY,
                        .recipients = {{.address = "bob@example.test"}}});
}

static void mail_lives_twice_at_most(void **state) {
        struct hold_relay *hold = *state;

        scratch_write(&hold->relay.scratch, "etc/postfix/main.cf", "bounce_queue_lifetime = 2d\n");
        add_requeued(hold, "alice@example.test", 5 * DAY + 60);
        add_requeued(hold, "alice@example.test", 5 * DAY - 60);
        add_requeued(hold, "", 2 * DAY + 60);
        add_requeued(hold, "", 2 * DAY - 60);
        hold_arg(hold, FILTER_ARG_SENDER, "");
        hold->args[FILTER_ARG_OLDER_THAN].usec = 1;
        verb_relay_select(&hold->relay, 0, 4);
        assert_int_equal(act(hold, &postfix_requeue), 0);
        expect_text(hold, "2 of 4 requeued, 2 not as they were chosen and left alone");
        assert_true(is_as_it_was(hold, 0) && is_in(hold, 1, "maildrop"));
        assert_true(is_as_it_was(hold, 2) && is_in(hold, 3, "maildrop"));
}

static void without_a_lifetime_nothing_is_requeued(void **state) {
        struct hold_relay *hold = *state;

        scratch_write(&hold->relay.scratch, "etc/postfix/main.cf", "maximal_queue_lifetime = long\n");
        add(hold, 1);
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_REFUSED);
        assert_int_equal(act(hold, &postfix_requeue), -EINVAL);
        expect_text(hold, "how long mail lives is not known from main.cf");
        assert_int_equal(hold->n_calls, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_HOLD(what_may_have_been_delivered_is_not_requeued_whatever_was_selected),
                WITH_HOLD(what_may_have_been_delivered_may_be_held_and_is_not_requeued_from_there),
                WITH_HOLD(a_log_that_is_not_read_to_its_end_may_say_so),
                WITH_HOLD(what_lies_in_the_place_of_a_log_lets_nothing_pass),
                WITH_HOLD(another_reason_than_was_asked_for_is_another_message),
                WITH_HOLD(the_way_to_a_filter_and_the_rows_of_a_site_count_as_in_the_selection),
                WITH_HOLD(mail_lives_twice_at_most),
                WITH_HOLD(without_a_lifetime_nothing_is_requeued),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
