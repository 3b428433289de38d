/* SPDX-License-Identifier: MIT */
/* test_contents - a selection that names other mail than was asked for moves none of it */
#include "hold_support.h"
#include "postfix/contents.h"
#include "postfix/owner_reader.h"

#define HOUR ((time_t)3600)
#define OTHERS "1 of 2 held, 1 not as they were chosen and left alone"

/* Young, from `sender`, for one or two. */
static struct spool_file *add_mail(
        struct hold_relay *hold, const char *sender, const char *first, const char *second) {
        return add_message(hold,
                &(struct spool_message){.sender = sender,
                        .arrival_seconds = (uint64_t)time(NULL) - 3600,
                        .next_retry_seconds = OLD_RETRY,
                        .recipients = {{.address = first}, {.address = second}}});
}

static void ask_for(struct hold_relay *hold, int row, const char *text) {
        hold_arg(hold, FILTER_ARG_SENDER, "");
        hold_arg(hold, FILTER_ARG_DOMAIN, "");
        hold_arg(hold, row, text);
        verb_relay_select(&hold->relay, 0, hold->relay.n);
}

static int act(struct hold_relay *hold, const struct sg_verb *verb) {
        return verb_bench_act(&hold->relay.bench, verb);
}

static void other_peoples_mail_is_not_held_for_a_flood(void **state) {
        static const char *const senders[] = {"<>", "Flood.Test"};
        static const char *const others[] = {
                "alice@example.test", "a@sub.flood.test", "flood.test@x.test", "x@notflood.test", "flood"};
        struct hold_relay *hold = *state;
        size_t wanted = 0;

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                add_mail(hold, others[i], "bob@example.test", NULL);
        for (size_t i = 0; i < ELEMENTSOF(senders); i++) {
                ask_for(hold, FILTER_ARG_SENDER, senders[i]);
                hold->n_calls = 0;
                assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_NOTHING);
                assert_int_equal(hold->relay.bench.outcome.count, 0);
                act(hold, &postfix_hold);
                assert_int_equal(hold->n_calls, 0);
                act(hold, &postfix_requeue);
                assert_int_equal(hold->n_calls, 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                assert_true(is_as_it_was(hold, i));
        /* In between there is what was meant. */
        wanted = hold->relay.n;
        add_mail(hold, "mallory@FLOOD.test", "bob@example.test", NULL);
        ask_for(hold, FILTER_ARG_SENDER, "flood.test");
        assert_int_equal(act(hold, &postfix_hold), 0);
        expect_held(hold, "1 of 6 held, 5 not as they were chosen and left alone");
        assert_true(is_in(hold, wanted, "hold") && is_as_it_was(hold, 0));
}

static void held_for_a_domain_is_what_goes_nowhere_else(void **state) {
        struct hold_relay *hold = *state;

        add_mail(hold, "alice@example.test", "bob@x.test", "bert@X.test");
        add_mail(hold, "alice@example.test", "bob@x.test", "carol@y.test");
        add_mail(hold, "alice@example.test", "carol@y.test", NULL);
        add_mail(hold, "alice@example.test", "x.test", NULL);
        ask_for(hold, FILTER_ARG_DOMAIN, "x.test");
        assert_int_equal(act(hold, &postfix_hold), 0);
        expect_held(hold, "2 of 4 held, 2 not as they were chosen and left alone");
        assert_true(is_in(hold, 0, "hold") && is_as_it_was(hold, 1) && is_as_it_was(hold, 2));
}

static void requeued_for_a_domain_is_what_goes_there_too(void **state) {
        struct hold_relay *hold = *state;

        add_mail(hold, "alice@example.test", "bob@x.test", "carol@y.test");
        add_mail(hold, "alice@example.test", "carol@y.test", NULL);
        /* It was for the domain, and is done. */
        add_mail(hold, "alice@example.test", "bob@x.test", "carol@y.test");
        spool_done(&hold->relay.spool, &hold->relay.files[2], 0);
        ask_for(hold, FILTER_ARG_DOMAIN, "x.test");
        assert_int_equal(act(hold, &postfix_requeue), 0);
        expect_text(hold, "1 of 3 requeued, 2 not as they were chosen and left alone");
        assert_true(is_in(hold, 0, "maildrop") && is_as_it_was(hold, 1) && is_in(hold, 2, "deferred"));
}

static void what_is_held_by_a_lease_has_to_fit_as_well(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        assert_int_equal(act(hold, &postfix_hold), 0);
        hold->args[REQUEUE_ARG_LEASE].number = LEASE;
        ask_for(hold, FILTER_ARG_SENDER, "flood.test");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_NOTHING);
        ask_for(hold, FILTER_ARG_SENDER, "<>");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_GO);
}

static void what_is_younger_than_asked_for_stays(void **state) {
        struct hold_relay *hold = *state;

        add_of_age(hold, 3 * HOUR, true);
        add_of_age(hold, 3600, true);
        ask_for(hold, FILTER_ARG_SENDER, "<>");
        hold->args[FILTER_ARG_OLDER_THAN].usec = UINT64_C(7200000000);
        assert_int_equal(act(hold, &postfix_hold), 0);
        expect_held(hold, OTHERS);
        assert_true(is_in(hold, 0, "hold") && is_as_it_was(hold, 1));
}

static void a_sender_that_changed_after_the_selection_counts_as_it_is_now(void **state) {
        struct hold_relay *hold = *state;
        const char *path;
        char bytes[4096], *at;
        ssize_t n;
        int fd;

        add_mail(hold, "mallory@flood.test", "bob@example.test", NULL);
        add_mail(hold, "mallory@flood.test", "bob@example.test", NULL);
        ask_for(hold, FILTER_ARG_SENDER, "flood.test");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_GO);
        assert_int_equal(hold->relay.bench.outcome.count, 2);
        path = spool_path(&hold->relay.spool, "deferred", hold->relay.files[0].id);
        fd = open(path, O_RDWR);
        n = read(fd, bytes, sizeof(bytes));
        at = memmem(bytes, (size_t)n, "flood", 5);
        assert_non_null(at);
        assert_int_equal(pwrite(fd, "queen", 5, at - bytes), 5);
        close(fd);
        verb_relay_set_time(&hold->relay, &hold->relay.files[0], OLD_RETRY, 0);
        assert_int_equal(act(hold, &postfix_hold), 0);
        expect_held(hold, OTHERS);
        assert_true(is_as_it_was(hold, 0) && is_in(hold, 1, "hold"));
}

/* This test is linked so that the plugin asks its reader here. */
int __wrap_owner_reader_ask(const struct mail_dir *dir, unsigned read_seconds, int extra_fd,
        owner_reader_fn fn, void *data, void *ret_answer, size_t size);
int __real_owner_reader_ask(const struct mail_dir *dir, unsigned read_seconds, int extra_fd,
        owner_reader_fn fn, void *data, void *ret_answer, size_t size);

static size_t n_lies;
static int lie;
static void (*afterwards)(void);

int __wrap_owner_reader_ask(const struct mail_dir *dir, unsigned read_seconds, int extra_fd,
        owner_reader_fn fn, void *data, void *ret_answer, size_t size) {
        int r = __real_owner_reader_ask(dir, read_seconds, extra_fd, fn, data, ret_answer, size);

        if (size == n_lies)
                memset(ret_answer, lie, size);
        if (afterwards)
                afterwards();
        return r;
}

static void an_answer_that_no_reader_gives_lets_nothing_pass(void **state) {
        static const int lies[] = {MAIL_GONE, ORDER_WAITS, 0x7f, 0x80, 0xff};
        struct hold_relay *hold = *state;

        add(hold, 3);
        n_lies = 3;
        for (size_t i = 0; i < ELEMENTSOF(lies); i++) {
                lie = lies[i];
                act(hold, &postfix_hold);
                expect_held(hold, "0 of 3 held, 3 not as they were chosen and left alone");
        }
        n_lies = 0;
        assert_int_equal(hold->n_calls, 0);
}

static struct hold_relay *tried;

/* Taken up and deferred again, which may have been in the middle of the end of its data. */
static void try_first(void) {
        struct spool_file *file = &tried->relay.files[0];

        usleep(20000);
        hold_move(tried, file, "deferred", "active");
        hold_move(tried, file, "active", "deferred");
}

static void what_is_tried_after_its_log_was_read_is_not_requeued(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        tried = hold;
        afterwards = try_first;
        act(hold, &postfix_requeue);
        afterwards = NULL;
        expect_text(hold, "1 of 2 requeued, 1 not as they were chosen and left alone");
        assert_true(is_as_it_was(hold, 0) && is_in(hold, 1, "maildrop"));
}

static void what_cannot_be_understood_is_left_alone(void **state) {
        struct hold_relay *hold = *state;
        int fd;

        add(hold, 2);
        fd = open(spool_path(&hold->relay.spool, "deferred", hold->relay.files[0].id), O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, "\377\377\377\377\377", 5), 5);
        close(fd);
        verb_relay_set_time(&hold->relay, &hold->relay.files[0], OLD_RETRY, 0);
        assert_int_equal(act(hold, &postfix_hold), 0);
        expect_held(hold, OTHERS);
        assert_true(is_as_it_was(hold, 0));
}

static int take_one(struct order *order, const char *id, struct mail_file *file, void *data) {
        (void)order, (void)id, (void)file, (void)data;
        return 0;
}

static void what_time_was_too_short_for_has_its_turn_later(void **state) {
        const struct sg_queue_filter filter = {.instance = "-", .queue = "deferred", .sender = "<>"};
        struct contents_wanted wanted = {.filter = &filter};
        struct hold_relay *hold = *state;
        struct sg_outcome outcome;
        struct tally tally;
        struct order order;

        add(hold, 3);
        assert_int_equal(order_open_queue(&hold->relay.bench.action, "-", "deferred", &order, &outcome), 0);
        assert_int_equal(contents_check(&order, &wanted, &outcome), 0);
        order_each(&order, take_one, NULL, &tally);
        assert_int_equal(tally.done, 0);
        assert_int_equal(tally.unread, 3);
        tally_describe(&tally, "held", outcome.text);
        assert_string_equal(outcome.text, "0 of 3 held, 3 not read for want of time");
        wanted.read_seconds = 60;
        assert_int_equal(contents_check(&order, &wanted, &outcome), 0);
        order_each(&order, take_one, NULL, &tally);
        assert_int_equal(tally.done, 3);
        order_close(&order);
}

static void what_would_expire_on_hold_is_not_held_and_the_rest_comes_back_in_time(void **state) {
        const uint64_t now = (uint64_t)time(NULL), first = now - 3600 + 86400 - 900 - HOLD_DEADLINE_SECONDS;
        struct hold_relay *hold = *state;

        scratch_write(&hold->relay.scratch, "etc/postfix/main.cf", "bounce_queue_lifetime = 1d\n");
        add_of_age(hold, 3600, true);
        add_of_age(hold, 60, true);
        add_of_age(hold, 13 * HOUR, true);
        ask_for(hold, FILTER_ARG_SENDER, "<>");
        assert_int_equal(act(hold, &postfix_hold), 0);
        expect_held(hold, "2 of 3 held, 1 would expire too soon");
        assert_true(is_as_it_was(hold, 2));
        /* Less than the 72 hours that a lease may last else. */
        assert_in_range(hold->relay.bench.outcome.until_usec, first * 1000000, (first + 5) * 1000000);
        /* Other mail lives longer. */
        add_of_age(hold, 26 * HOUR, false);
        verb_relay_select(&hold->relay, 3, 1);
        hold_arg(hold, FILTER_ARG_SENDER, "flood.test");
        assert_int_equal(act(hold, &postfix_hold), 0);
        expect_held(hold, "1 of 1 held");
        assert_in_range(hold->relay.bench.outcome.until_usec, first * 1000000, (first + 5) * 1000000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_HOLD(other_peoples_mail_is_not_held_for_a_flood),
                WITH_HOLD(held_for_a_domain_is_what_goes_nowhere_else),
                WITH_HOLD(requeued_for_a_domain_is_what_goes_there_too),
                WITH_HOLD(what_is_held_by_a_lease_has_to_fit_as_well),
                WITH_HOLD(what_is_younger_than_asked_for_stays),
                WITH_HOLD(a_sender_that_changed_after_the_selection_counts_as_it_is_now),
                WITH_HOLD(an_answer_that_no_reader_gives_lets_nothing_pass),
                WITH_HOLD(what_is_tried_after_its_log_was_read_is_not_requeued),
                WITH_HOLD(what_cannot_be_understood_is_left_alone),
                WITH_HOLD(what_time_was_too_short_for_has_its_turn_later),
                WITH_HOLD(what_would_expire_on_hold_is_not_held_and_the_rest_comes_back_in_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
