/* SPDX-License-Identifier: MIT */
/* test_relay_underway - mail that is on its way says which next hops to probe, and which address is not dead */
#include "relay_support.h"

/* On its way for the first time: nothing was deferred yet. */
static void crowd(struct fixture *fixture, const char *nexthop, double underway, double delivered) {
        feed_one(fixture, "queue_nexthop_messages", "-", nexthop, 0);
        feed_one(fixture, "queue_nexthop_dead_messages", "-", nexthop, 0);
        feed_one(fixture, "queue_nexthop_underway_messages", "-", nexthop, underway);
        feed_one(fixture, "queue_nexthop_delivered_total", "-", nexthop, delivered);
}

static void mail_that_does_not_move_is_enough_before_any_of_it_was_deferred(void **state) {
        struct fixture *fixture = *state;
        uint64_t began_usec;

        fixture->first.manner = SMTP_SERVER_SAYS_NOTHING;
        crowd(fixture, "[127.0.0.25]", 20, 0);
        start(fixture);
        began_usec = hurried_now(&fixture->bench.services);
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.25]", 0);
        /* At least two looks, and the silence. */
        assert_true(hurried_now(&fixture->bench.services) - began_usec >= 12 * SEC);
}

static void a_message_that_others_pass_by_brings_the_dead_addresses_to_light(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_SAYS_NOTHING;
        crowd(fixture, "example.test", 1, 10);
        feed_one(fixture, "queue_nexthop_late_messages", "-", "example.test", 1);
        start(fixture);
        run(fixture, 30);
        assert_int_equal(fixture->first.accepted, 0);
        crowd(fixture, "example.test", 1, 11);
        bench_expect(&fixture->bench, "relay_up_ratio", "example.test", 0.5);
}

static void what_mail_is_delivered_to_is_not_called_dead(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_HANGS_UP;
        crowd(fixture, "[127.0.0.25]", 20, 0);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.25]", 0);
        crowd(fixture, "[127.0.0.25]", 20, 5);
        bench_expect_missing(&fixture->bench, "relay_up_ratio", "[127.0.0.25]");
        assert_true(bench_value(&fixture->bench, "relay_up", "[127.0.0.25],127.0.0.25") <= 0);
}

static void what_went_through_an_old_connection_does_not_excuse_it_for_ever(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_HANGS_UP;
        crowd(fixture, "[127.0.0.25]", 20, 0);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.25]", 0);
        crowd(fixture, "[127.0.0.25]", 20, 1);
        bench_expect_missing(&fixture->bench, "relay_up_ratio", "[127.0.0.25]");
        run(fixture, 400);
        assert_true(bench_is_missing(&fixture->bench, "relay_up_ratio", "[127.0.0.25]"));
        run(fixture, 400);
        assert_false(bench_is_missing(&fixture->bench, "relay_up_ratio", "[127.0.0.25]"));
        assert_true(bench_value(&fixture->bench, "relay_up_ratio", "[127.0.0.25]") <= 0);
}

static void a_filter_that_is_silent_may_be_busy_and_one_that_is_gone_is_down(void **state) {
        const struct sg_label label = {"nexthop", "[127.0.0.26]:25"};
        struct fixture *fixture = *state;

        fixture->second.manner = SMTP_SERVER_SAYS_NOTHING;
        crowd(fixture, label.value, 20, 0);
        sensor_bench_feed(&fixture->bench, "filter_wait_seconds", &label, 1, 400);
        start(fixture);
        bench_expect_missing(&fixture->bench, "relay_up_ratio", label.value);
        run(fixture, 100);
        assert_true(bench_is_missing(&fixture->bench, "relay_up_ratio", label.value));
        /* Twice a minute at most. */
        assert_in_range(fixture->second.accepted, 1, 5);
        fixture->second.manner = SMTP_SERVER_HANGS_UP;
        bench_expect(&fixture->bench, "relay_up_ratio", label.value, 0);
        assert_non_null(strstr(bench_sentence(&fixture->bench, "relay_up_ratio", label.value),
                "no address of the filter [127.0.0.26]:25 speaks SMTP: 127.0.0.26 closes the connection"));
}

static void a_filter_that_takes_mail_is_not_probed_for_it(void **state) {
        const struct sg_label label = {"nexthop", "[127.0.0.26]:25"};
        struct fixture *fixture = *state;
        unsigned accepted;

        crowd(fixture, label.value, 20, 0);
        sensor_bench_feed(&fixture->bench, "filter_wait_seconds", &label, 1, 1);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", label.value, 1);
        accepted = fixture->second.accepted;
        for (int delivered = 1; delivered < 20; delivered++) {
                crowd(fixture, label.value, 20, delivered);
                run(fixture, 10);
        }
        assert_in_range(fixture->second.accepted, accepted, accepted + 1);
        assert_true(bench_value(&fixture->bench, "relay_up_ratio", label.value) >= 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                RELAY_TEST(mail_that_does_not_move_is_enough_before_any_of_it_was_deferred),
                RELAY_TEST(a_message_that_others_pass_by_brings_the_dead_addresses_to_light),
                RELAY_TEST(what_mail_is_delivered_to_is_not_called_dead),
                RELAY_TEST(what_went_through_an_old_connection_does_not_excuse_it_for_ever),
                RELAY_TEST(a_filter_that_is_silent_may_be_busy_and_one_that_is_gone_is_down),
                RELAY_TEST(a_filter_that_takes_mail_is_not_probed_for_it),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
