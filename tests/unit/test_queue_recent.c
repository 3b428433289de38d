/* SPDX-License-Identifier: MIT */
/* test_queue_recent - a next hop that answers and refuses, told from one that is well, busy, choosy or dead */
#include <time.h>

#include "queue_time_support.h"

#define HOP "-,relay.test"
#define REFUSED "host mx.relay.test[192.0.2.1] said: 451 4.3.0 try later (in reply to RCPT TO command)"

static struct spool_file add(struct relay *relay, const char *filter) {
        struct spool_file file;

        spool_add(&relay->spool,
                &(struct spool_message){.queue = "active",
                        .arrival_seconds = (uint64_t)time(NULL),
                        .filter = filter,
                        .recipients = {{.address = "bob@relay.test"}}},
                &file);
        return file;
}

static void come_back(struct relay *relay, struct spool_file *file, const char *status,
        const char *diagnostic, const char *reason) {
        spool_defer(&relay->spool, file->id,
                &(struct spool_deferral){.recipient = "bob@relay.test",
                        .status = status,
                        .diagnostic = diagnostic,
                        .reason = reason});
        spool_move(&relay->spool, file, "deferred");
}

/* So many messages that are tried and put off; all are on their way at once. */
static void put_off(
        struct relay *relay, int n, const char *status, const char *diagnostic, const char *reason) {
        struct spool_file files[32];

        for (int i = 0; i < n; i++)
                files[i] = add(relay, NULL);
        relay_look(relay);
        for (int i = 0; i < n; i++)
                come_back(relay, &files[i], status, diagnostic, reason);
        relay_look(relay);
}

static void a_relay_that_puts_off_everything_refuses(void **state) {
        struct relay *relay = *state;

        relay_start_by_hand(relay);
        put_off(relay, 12, "4.3.0", "451 4.3.0 try later", REFUSED);
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
        assert_non_null(strstr(relay_sentence(relay, "nexthop_refused_ratio", HOP),
                "relay.test answers, but refuses: 12 of 12 messages in "));
        assert_non_null(
                strstr(relay_sentence(relay, "nexthop_refused_ratio", HOP), " s, '451 4.3.0 try later'"));
        /* Nobody tries it now: that is no recovery, and no proof. */
        relay_pass(relay, 660);
        relay_await(relay, "nexthop_refused_ratio", HOP, -1);
}

static void untried_copies_of_a_greeting_that_refused_count_as_well(void **state) {
        struct relay *relay = *state;

        relay_start_by_hand(relay);
        put_off(relay, 10, "4.3.2", NULL,
                "delivery temporarily suspended: host mx.relay.test[192.0.2.1] refused to talk to me: 421 "
                "4.3.2 'full' "
                "\x1b[1m");
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
        assert_non_null(
                strstr(relay_sentence(relay, "nexthop_refused_ratio", HOP), "'421 4.3.2 ?full? ?[1m'"));
}

static void greylisting_full_mailboxes_and_silence_are_no_refusals(void **state) {
        static const struct {
                const char *status, *diagnostic, *reason;
        } cases[] = {
                {"4.7.1", "450 4.7.1 Greylisted",
                        "host mx.relay.test[192.0.2.1] said: 450 4.7.1 Greylisted (in reply to RCPT TO "
                        "command)"},
                {"4.2.2", "452 4.2.2 Mailbox full",
                        "host mx.relay.test[192.0.2.1] said: 452 4.2.2 Mailbox full (in reply to RCPT TO "
                        "command)"},
                {"4.4.1", NULL, "connect to mx.relay.test[192.0.2.1]:25: Connection timed out"},
                {"4.4.3", NULL,
                        "Host or domain name not found. Name service error for name=relay.test type=MX: Host "
                        "not "
                        "found, try again"},
        };
        struct relay *relay = *state;

        relay_start_by_hand(relay);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                put_off(relay, 6, cases[i].status, cases[i].diagnostic, cases[i].reason);
        assert_float_equal(relay_value(relay, "nexthop_refused_ratio", HOP), -2, 0);
}

static void of_four_messages_nobody_can_tell_a_share(void **state) {
        struct relay *relay = *state;

        relay_start_by_hand(relay);
        put_off(relay, 4, "4.3.0", "451 4.3.0 try later", REFUSED);
        assert_float_equal(relay_value(relay, "nexthop_refused_ratio", HOP), -2, 0);
        put_off(relay, 1, "4.3.0", "451 4.3.0 try later", REFUSED);
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
}

static void deliveries_count_against_it_whether_they_were_seen_or_not(void **state) {
        struct relay *relay = *state;
        struct spool_file files[12];

        relay_start_by_hand(relay);
        put_off(relay, 12, "4.3.0", "451 4.3.0 try later", REFUSED);
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
        /* Gone before anybody could look: as far as is known, all of them were for it. */
        for (int i = 0; i < 12; i++) {
                files[i] = add(relay, NULL);
                spool_remove(&relay->spool, &files[i]);
        }
        relay_look(relay);
        relay_await(relay, "nexthop_refused_ratio", HOP, 0.5);
        for (int i = 0; i < 12; i++)
                files[i] = add(relay, NULL);
        relay_look(relay);
        for (int i = 0; i < 12; i++)
                spool_remove(&relay->spool, &files[i]);
        relay_look(relay);
        relay_await(relay, "nexthop_refused_ratio", HOP, 12.0 / 36);
}

/* So many messages at once, which are seen on their way or not. */
static void deliver(struct relay *relay, const char *recipient, int n, bool is_seen) {
        struct spool_file files[128];

        assert_in_range(n, 1, 128);
        for (int i = 0; i < n; i++) {
                spool_add(&relay->spool,
                        &(struct spool_message){.queue = "active",
                                .arrival_seconds = (uint64_t)time(NULL),
                                .recipients = {{.address = recipient}}},
                        &files[i]);
                if (!is_seen)
                        spool_remove(&relay->spool, &files[i]);
        }
        relay_look(relay);
        for (int i = 0; i < n && is_seen; i++)
                spool_remove(&relay->spool, &files[i]);
        relay_look(relay);
}

/* It may have been the one that takes mail fastest: a slow one elsewhere is no witness against it. */
static void a_few_deliveries_elsewhere_are_no_proof_that_it_took_none_of_what_was_missed(void **state) {
        struct relay *relay = *state;

        relay_start_by_hand(relay);
        put_off(relay, 12, "4.3.0", "451 4.3.0 try later", REFUSED);
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
        deliver(relay, "bob@well.test", 3, true);
        deliver(relay, "bob@well.test", 120, false);
        relay_await(relay, "nexthop_refused_ratio", HOP, 12.0 / (12 + 30));
}

static void when_nearly_all_mail_was_seen_to_go_elsewhere_what_was_missed_went_there_as_well(void **state) {
        struct relay *relay = *state;

        relay_start_by_hand(relay);
        put_off(relay, 12, "4.3.0", "451 4.3.0 try later", REFUSED);
        deliver(relay, "bob@well.test", 40, true);
        deliver(relay, "bob@well.test", 20, false);
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
}

static void mail_that_stays_on_this_machine_went_elsewhere_as_well(void **state) {
        struct relay *relay = *state;

        relay_start_by_hand(relay);
        put_off(relay, 12, "4.3.0", "451 4.3.0 try later", REFUSED);
        deliver(relay, "root@here.test", 40, true);
        deliver(relay, "root@here.test", 20, false);
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
}

/* How long the sensor waits from an event until it looks. */
static int (*bench_watch_new)(const struct sg_host *host, const char *name, int fd, unsigned ready,
        sg_watch_fn fn, void *data, struct sg_watch **ret_watch);
static sg_watch_fn on_events;
static bool is_hearing;
static uint64_t heard_usec;

static void hear(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        is_hearing = true;
        on_events(watch, fd, ready, data);
        is_hearing = false;
}

static int watch_new(const struct sg_host *host, const char *name, int fd, unsigned ready, sg_watch_fn fn,
        void *data, struct sg_watch **ret_watch) {
        on_events = fn;
        return bench_watch_new(host, name, fd, ready, hear, data, ret_watch);
}

static void note_arm(struct sg_timer *timer, uint64_t delay_usec) {
        if (is_hearing)
                heard_usec = delay_usec;
        relay_arm_soon(timer, delay_usec);
}

static uint64_t until_it_looks(struct relay *relay) {
        struct spool_file file;

        heard_usec = 0;
        file = add(relay, NULL);
        for (int i = 0; i < 1000 && heard_usec == 0; i++)
                sensor_bench_run(&relay->bench, STEP_REAL_USEC);
        spool_remove(&relay->spool, &file);
        relay_look(relay);
        return heard_usec;
}

/* What is delivered on this machine takes some milliseconds: most of it would be missed. */
static void while_somebody_refuses_it_looks_before_mail_for_this_machine_is_gone(void **state) {
        struct relay *relay = *state;

        relay_start_by_hand(relay);
        bench_watch_new = relay->bench.services.watch_new;
        relay->bench.services.watch_new = watch_new;
        relay->bench.services.timer_arm = note_arm;
        until_it_looks(relay);
        assert_in_range(until_it_looks(relay), 5000, 50000);
        put_off(relay, 1, "4.3.0", "451 4.3.0 try later", REFUSED);
        assert_in_range(until_it_looks(relay), 1, 1000);
        relay_pass(relay, 660);
        until_it_looks(relay);
        assert_in_range(until_it_looks(relay), 5000, 50000);
}

static void a_relay_that_takes_mail_again_is_well_at_once(void **state) {
        struct relay *relay = *state;
        struct spool_file files[12];

        relay_start_by_hand(relay);
        put_off(relay, 12, "4.3.0", "451 4.3.0 try later", REFUSED);
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
        relay_pass(relay, 30);
        for (int i = 0; i < 12; i++)
                files[i] = add(relay, NULL);
        relay_look(relay);
        for (int i = 0; i < 12; i++)
                spool_remove(&relay->spool, &files[i]);
        relay_look(relay);
        relay_await(relay, "nexthop_refused_ratio", HOP, 0);
        assert_string_equal(relay_sentence(relay, "nexthop_refused_ratio", HOP), "");
        /* What it refused then still waits for its next try; but nobody can say that it refuses. */
        relay_pass(relay, 660);
        relay_await(relay, "nexthop_refused_ratio", HOP, -2);
}

static void deliveries_elsewhere_do_not_count_for_it(void **state) {
        struct relay *relay = *state;
        struct spool_file files[24];

        relay_start_by_hand(relay);
        put_off(relay, 12, "4.3.0", "451 4.3.0 try later", REFUSED);
        for (int i = 0; i < 24; i++)
                spool_add(&relay->spool,
                        &(struct spool_message){.queue = "active",
                                .arrival_seconds = (uint64_t)time(NULL),
                                .recipients = {{.address = "bob@well.test"}}},
                        &files[i]);
        relay_look(relay);
        for (int i = 0; i < 24; i++)
                spool_remove(&relay->spool, &files[i]);
        relay_look(relay);
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
        assert_float_equal(relay_value(relay, "nexthop_refused_ratio", "-,well.test"), -2, 0);
}

static void what_was_deferred_before_the_start_says_nothing_about_now(void **state) {
        struct relay *relay = *state;

        for (int i = 0; i < 20; i++) {
                struct spool_file file = add(relay, NULL);

                come_back(relay, &file, "4.3.0", "451 4.3.0 try later", REFUSED);
        }
        relay_start_by_hand(relay);
        relay_await(relay, "queue_reason_messages", "-,remote", 20);
        relay_look(relay);
        assert_float_equal(relay_value(relay, "nexthop_refused_ratio", HOP), -2, 0);
}

static void a_content_filter_is_no_relay_that_refuses(void **state) {
        struct relay *relay = *state;
        struct spool_file files[12];

        relay_start_by_hand(relay);
        for (int i = 0; i < 12; i++)
                files[i] = add(relay, "smtp:[127.0.0.1]:10024");
        relay_look(relay);
        for (int i = 0; i < 12; i++)
                come_back(relay, &files[i], "4.5.0", "451 4.5.0 no scanner",
                        "host 127.0.0.1[127.0.0.1] said: 451 4.5.0 no scanner (in reply to end of DATA "
                        "command)");
        relay_await(relay, "queue_reason_messages", "-,filter", 12);
        relay_look(relay);
        assert_float_equal(relay_value(relay, "nexthop_refused_ratio", "-,[127.0.0.1]:10024"), -2, 0);
}

/* Of many next hops those that nothing is heard of any more make room, and let go of their names. */
static void more_next_hops_than_are_kept_are_forgotten_in_turn(void **state) {
        struct relay *relay = *state;
        struct spool_file files[96];
        char recipient[32];

        relay_start_by_hand(relay);
        put_off(relay, 12, "4.3.0", "451 4.3.0 try later", REFUSED);
        relay_await(relay, "nexthop_refused_ratio", HOP, 1);
        for (int i = 0; i < 96; i++) {
                snprintf(recipient, sizeof(recipient), "bob@d%d.test", i);
                spool_add(&relay->spool,
                        &(struct spool_message){.queue = "active",
                                .arrival_seconds = (uint64_t)time(NULL),
                                .recipients = {{.address = recipient}}},
                        &files[i]);
        }
        relay_look(relay);
        for (int i = 0; i < 96; i++)
                spool_remove(&relay->spool, &files[i]);
        relay_look(relay);
        assert_float_equal(relay_value(relay, "nexthop_refused_ratio", HOP), -2, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        a_relay_that_puts_off_everything_refuses, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        untried_copies_of_a_greeting_that_refused_count_as_well, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        greylisting_full_mailboxes_and_silence_are_no_refusals, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        of_four_messages_nobody_can_tell_a_share, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(deliveries_count_against_it_whether_they_were_seen_or_not,
                        relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        a_few_deliveries_elsewhere_are_no_proof_that_it_took_none_of_what_was_missed,
                        relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        when_nearly_all_mail_was_seen_to_go_elsewhere_what_was_missed_went_there_as_well,
                        relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        mail_that_stays_on_this_machine_went_elsewhere_as_well, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        while_somebody_refuses_it_looks_before_mail_for_this_machine_is_gone, relay_setup,
                        relay_teardown),
                cmocka_unit_test_setup_teardown(
                        a_relay_that_takes_mail_again_is_well_at_once, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        deliveries_elsewhere_do_not_count_for_it, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(what_was_deferred_before_the_start_says_nothing_about_now,
                        relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        a_content_filter_is_no_relay_that_refuses, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        more_next_hops_than_are_kept_are_forgotten_in_turn, relay_setup, relay_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
