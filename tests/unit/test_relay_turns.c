/* SPDX-License-Identifier: MIT */
/* test_relay_turns - which next hops are probed, how often, and when they are forgotten */
#include "relay_support.h"

static void a_next_hop_with_little_dead_mail_is_left_alone(void **state) {
        struct fixture *fixture = *state;

        feed(fixture, "-", "example.test", 9);
        feed(fixture, "-", "unknown.test", NAN);
        start(fixture);
        run(fixture, 30);
        assert_int_equal(fixture->first.accepted, 0);
        assert_int_equal(fixture->names.asked, 0);
        assert_null(sensor_bench_find(&fixture->bench, "relay_up_ratio", "example.test"));

        /* Two instances count together. */
        feed(fixture, "second", "example.test", 1);
        bench_expect(&fixture->bench, "relay_up_ratio", "example.test", 1);
}

static void two_next_hops_with_one_address_take_turns(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_SAYS_NOTHING;
        feed(fixture, "-", "[mx1.example.test]", 100);
        feed(fixture, "-", "twin.test", 100);
        feed(fixture, "-", "[127.0.0.25]", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "[mx1.example.test]", 0);
        bench_expect(&fixture->bench, "relay_up_ratio", "twin.test", 0);
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.25]", 0);
        run(fixture, 30);
        assert_true(fixture->first.accepted >= 3);
        assert_int_equal(fixture->first.most, 1);
}

static void one_that_is_up_is_probed_more_and_more_rarely_and_forgotten_without_dead_mail(void **state) {
        struct fixture *fixture = *state;

        feed(fixture, "-", "[127.0.0.25]", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.25]", 1);
        run(fixture, 150);
        assert_in_range(fixture->first.accepted, 2, 5);
        feed(fixture, "-", "[127.0.0.25]", NAN);
        run(fixture, 400);
        assert_true(bench_value(&fixture->bench, "relay_up_ratio", "[127.0.0.25]") == 1);
        feed(fixture, "-", "[127.0.0.25]", 0);
        run(fixture, 250);
        assert_true(bench_value(&fixture->bench, "relay_up_ratio", "[127.0.0.25]") == 1);
        run(fixture, 80);
        assert_true(sensor_bench_find(&fixture->bench, "relay_up_ratio", "[127.0.0.25]")->withdrawn);
        assert_true(sensor_bench_find(&fixture->bench, "relay_up", "[127.0.0.25],127.0.0.25")->withdrawn);
}

static void of_many_next_hops_the_sixteen_largest_are_probed(void **state) {
        struct fixture *fixture = *state;

        for (int i = 1; i <= 40; i++) {
                char nexthop[32];

                snprintf(nexthop, sizeof(nexthop), "[127.0.1.%d]", i);
                feed(fixture, "-", nexthop, 100 + i);
        }
        start(fixture);
        for (int i = 25; i <= 40; i++) {
                char nexthop[32];

                snprintf(nexthop, sizeof(nexthop), "[127.0.1.%d]", i);
                bench_expect(&fixture->bench, "relay_up_ratio", nexthop, 0);
        }
        assert_null(sensor_bench_find(&fixture->bench, "relay_up_ratio", "[127.0.1.24]"));

        /* When one of them has no such mail any more, the next one comes in. */
        feed(fixture, "-", "[127.0.1.40]", 0);
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.1.24]", 0);
        assert_true(sensor_bench_find(&fixture->bench, "relay_up_ratio", "[127.0.1.40]")->withdrawn);
}

static void mail_that_is_counted_a_little_after_the_start_does_not_wait_for_a_minute(void **state) {
        struct fixture *fixture = *state;

        start(fixture);
        run(fixture, 5);
        feed(fixture, "-", "example.test", 100);
        run(fixture, 25);
        assert_true(bench_value(&fixture->bench, "relay_up_ratio", "example.test") == 1);
}

static void a_healthy_relay_costs_a_look_in_five_seconds(void **state) {
        struct fixture *fixture = *state;

        start(fixture);
        run(fixture, 10);
        fixture->bench.wakeups = 0;
        run(fixture, 300);
        assert_in_range(fixture->bench.wakeups, 1, 62);
        assert_int_equal(fixture->names.asked, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                RELAY_TEST(a_next_hop_with_little_dead_mail_is_left_alone),
                RELAY_TEST(two_next_hops_with_one_address_take_turns),
                RELAY_TEST(one_that_is_up_is_probed_more_and_more_rarely_and_forgotten_without_dead_mail),
                RELAY_TEST(of_many_next_hops_the_sixteen_largest_are_probed),
                RELAY_TEST(mail_that_is_counted_a_little_after_the_start_does_not_wait_for_a_minute),
                RELAY_TEST(a_healthy_relay_costs_a_look_in_five_seconds),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
