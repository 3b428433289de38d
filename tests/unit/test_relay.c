/* SPDX-License-Identifier: MIT */
/*
 * test_relay - next hops with dead mail are probed, and only what was tried is called dead
 *
 * Real sockets in a network of its own; time runs a hundred times faster, so that the pauses between rounds and
 * the five minutes of grace can be waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/nameser.h>
#include <math.h>

#include "base/cleanup.h"
#include "relay/relay.h"
#include "support/name_server.h"
#include "support/net_sandbox.h"
#include "support/scratch.h"
#include "support/smtp_server.h"

#define SEC UINT64_C(1000000)
#define HASTE 100

static const struct name_record records[] = {
        {"example.test", ns_t_mx, "mx1.example.test", 10},
        {"example.test", ns_t_mx, "mx2.example.test", 20},
        {"mx1.example.test", ns_t_a, "127.0.0.25", 0},
        {"mx2.example.test", ns_t_a, "127.0.0.26", 0},
        {"wrong.test", ns_t_mx, "mx.wrong.test", 10},
        {"mx.wrong.test", ns_t_a, "127.0.0.66", 0},
        {"twin.test", ns_t_mx, "mx1.example.test", 10},
        {0},
};

static const struct name_record corrected[] = {
        {"wrong.test", ns_t_mx, "mx.wrong.test", 10},
        {"mx.wrong.test", ns_t_a, "127.0.0.25", 0},
        {0},
};

/* The bench's own services, behind the hurried ones. */
static struct sg_host calm;

static uint64_t hurried_now(const struct sg_host *host) {
        return calm.now_usec(host) * HASTE;
}

static void hurried_arm(struct sg_timer *timer, uint64_t delay_usec) {
        calm.timer_arm(timer, delay_usec / HASTE);
}

static int hurried_new(const struct sg_host *host, const char *name, uint64_t delay_usec, sg_timer_fn fn,
        void *data, struct sg_timer **ret_timer) {
        return calm.timer_new(host, name, delay_usec / HASTE, fn, data, ret_timer);
}

struct fixture {
        struct scratch scratch;
        struct sensor_bench bench;
        struct name_server names;
        struct smtp_server first, second; /* 127.0.0.25 and .26 */
        void *sensor;
};

static void fixture_init(struct fixture *fixture) {
        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "etc/resolv.conf",
                "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n");
        sensor_bench_init(&fixture->bench, fixture->scratch.path);
        name_server_init(&fixture->names, &fixture->bench, "127.0.0.53", records);
        smtp_server_init(&fixture->first, &fixture->bench, "127.0.0.25", 25);
        smtp_server_init(&fixture->second, &fixture->bench, "127.0.0.26", 25);
}

static void start(struct fixture *fixture) {
        const struct sg_value options[] = {
                [RELAY_OPTION_MIN_MESSAGES] = {.type = SG_TYPE_NUMBER, .number = 10},
                [RELAY_OPTION_INTERVAL] = {.type = SG_TYPE_DURATION, .usec = 10 * SEC},
                [RELAY_OPTION_CONNECT_TIMEOUT] = {.type = SG_TYPE_DURATION, .usec = 5 * SEC},
                [RELAY_OPTION_REPLY_TIMEOUT] = {.type = SG_TYPE_DURATION, .usec = 10 * SEC},
                [RELAY_OPTION_IPV6] = {.type = SG_TYPE_BOOL, .boolean = true},
        };

        calm = fixture->bench.services;
        fixture->bench.services.now_usec = hurried_now;
        fixture->bench.services.timer_arm = hurried_arm;
        fixture->bench.services.timer_new = hurried_new;
        assert_int_equal(relay_sensor.create(&fixture->bench.services, options, &fixture->sensor), 0);
}

static void fixture_deinit(struct fixture *fixture) {
        relay_sensor.destroy(fixture->sensor);
        smtp_server_deinit(&fixture->first);
        smtp_server_deinit(&fixture->second);
        name_server_deinit(&fixture->names);
        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
}

static void feed_one(struct fixture *fixture, const char *reading, const char *instance, const char *nexthop,
        double value) {
        const struct sg_label labels[] = {{"instance", instance}, {"nexthop", nexthop}};

        sensor_bench_feed(&fixture->bench, reading, labels, 2, value);
}

/* Deferred because nobody answered. */
static void feed(struct fixture *fixture, const char *instance, const char *nexthop, double messages) {
        feed_one(fixture, "queue_nexthop_messages", instance, nexthop, messages);
        feed_one(fixture, "queue_nexthop_dead_messages", instance, nexthop, messages);
}

/* So many seconds of the hurried clock. */
static void run(struct fixture *fixture, uint64_t seconds) {
        sensor_bench_run(&fixture->bench, seconds * SEC / HASTE);
}

static double value(const struct fixture *fixture, const char *reading, const char *label) {
        const struct bench_reading *found = sensor_bench_find(&fixture->bench, reading, label);

        assert_non_null(found);
        assert_false(found->missing);
        assert_false(found->withdrawn);
        return found->value;
}

/* Lets time go by until it is so; a busy machine takes its time. */
static void expect(struct fixture *fixture, const char *reading, const char *label, double expected) {
        const struct bench_reading *found = NULL;

        for (int i = 0; i < 1000; i++) {
                found = sensor_bench_find(&fixture->bench, reading, label);
                if (found && !found->missing && !found->withdrawn && found->value == expected)
                        return;
                run(fixture, 1);
        }
        fail_msg("%s of %s does not become %g", reading, label, expected);
}

static void expect_missing(struct fixture *fixture, const char *reading, const char *label) {
        const struct bench_reading *found = NULL;

        for (int i = 0; i < 1000 && !(found && found->missing); i++) {
                run(fixture, 1);
                found = sensor_bench_find(&fixture->bench, reading, label);
        }
        assert_true(found && found->missing);
}

static bool is_missing(const struct fixture *fixture, const char *reading, const char *label) {
        const struct bench_reading *found = sensor_bench_find(&fixture->bench, reading, label);

        return found && found->missing;
}

static void addresses_that_speak_are_up_and_their_share_is_told(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.second.manner = SMTP_SERVER_SAYS_NOTHING;
        feed(&fixture, "-", "example.test", 100);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "example.test", 0.5);
        assert_true(value(&fixture, "relay_up", "example.test,127.0.0.25") == 1);
        expect(&fixture, "relay_up", "example.test,127.0.0.26", 0);
        assert_true(value(&fixture, "relay_connect_seconds", "example.test,127.0.0.26") >= 0);
        fixture_deinit(&fixture);
}

static void a_next_hop_with_little_dead_mail_is_left_alone(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        feed(&fixture, "-", "example.test", 9);
        feed(&fixture, "-", "unknown.test", NAN);
        start(&fixture);
        run(&fixture, 30);
        assert_int_equal(fixture.first.accepted, 0);
        assert_int_equal(fixture.names.asked, 0);
        assert_null(sensor_bench_find(&fixture.bench, "relay_up_ratio", "example.test"));

        /* Two instances count together. */
        feed(&fixture, "second", "example.test", 1);
        expect(&fixture, "relay_up_ratio", "example.test", 1);
        fixture_deinit(&fixture);
}

static void all_down_is_told_when_each_was_tried_and_the_return_within_an_interval(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_HANGS_UP;
        fixture.second.manner = SMTP_SERVER_SAYS_NOTHING;
        feed(&fixture, "-", "example.test", 100);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "example.test", 0);
        assert_true(value(&fixture, "relay_up", "example.test,127.0.0.25") <= 0);
        assert_true(value(&fixture, "relay_up", "example.test,127.0.0.26") <= 0);
        assert_string_equal(sensor_bench_find(&fixture.bench, "relay_up_ratio", "example.test")->sentence,
                "no address of example.test speaks SMTP: 127.0.0.25 closes the connection, 127.0.0.26 "
                "accepts "
                "connections but does not greet; 100 messages wait for it");
        fixture.first.manner = SMTP_SERVER_SPEAKS;
        expect(&fixture, "relay_up_ratio", "example.test", 0.5);
        fixture_deinit(&fixture);
}

static void a_corrected_record_counts_within_an_interval_and_the_old_address_is_withdrawn(void **state) {
        struct fixture fixture;
        uint64_t corrected_usec;

        (void)state;
        fixture_init(&fixture);
        feed(&fixture, "-", "wrong.test", 100);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "wrong.test", 0);
        assert_true(value(&fixture, "relay_up", "wrong.test,127.0.0.66") == 0);
        assert_true(is_missing(&fixture, "relay_connect_seconds", "wrong.test,127.0.0.66"));
        corrected_usec = hurried_now(&fixture.bench.services);
        fixture.names.records = corrected;
        expect(&fixture, "relay_up_ratio", "wrong.test", 1);
        assert_true(hurried_now(&fixture.bench.services) - corrected_usec < 30 * SEC);
        assert_true(value(&fixture, "relay_up", "wrong.test,127.0.0.25") == 1);
        assert_true(sensor_bench_find(&fixture.bench, "relay_up", "wrong.test,127.0.0.66")->withdrawn);
        assert_true(sensor_bench_find(&fixture.bench, "relay_connect_seconds", "wrong.test,127.0.0.66")
                            ->withdrawn);
        fixture_deinit(&fixture);
}

static void silent_name_servers_make_the_ratio_missing_and_never_zero(void **state) {
        static const enum name_server_manner manners[] = {NAME_SERVER_IS_SILENT, NAME_SERVER_FAILS};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(manners); i++) {
                struct fixture fixture;

                fixture_init(&fixture);
                feed(&fixture, "-", "wrong.test", 100);
                start(&fixture);
                expect(&fixture, "relay_up_ratio", "wrong.test", 0);
                fixture.names.manner = manners[i];
                expect_missing(&fixture, "relay_up_ratio", "wrong.test");
                assert_true(is_missing(&fixture, "relay_up", "wrong.test,127.0.0.66"));
                fixture_deinit(&fixture);
        }
}

static void a_name_without_address_is_missing_and_its_addresses_are_withdrawn(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        feed(&fixture, "-", "wrong.test", 100);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "wrong.test", 0);
        fixture.names.records = NULL;
        expect_missing(&fixture, "relay_up_ratio", "wrong.test");
        assert_true(sensor_bench_find(&fixture.bench, "relay_up", "wrong.test,127.0.0.66")->withdrawn);
        fixture_deinit(&fixture);
}

static void an_exchange_that_could_not_be_looked_up_keeps_the_ratio_from_zero(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_HANGS_UP;
        fixture.names.silent_for = "mx2.example.test";
        feed(&fixture, "-", "example.test", 100);
        start(&fixture);
        expect(&fixture, "relay_up", "example.test,127.0.0.25", 0);
        assert_true(is_missing(&fixture, "relay_up_ratio", "example.test"));
        fixture_deinit(&fixture);
}

static void what_cannot_be_probed_is_missing_with_a_reason(void **state) {
        static const char *const nexthops[] = {"unix:/run/lmtp", "[127.0.0.25]:465", "a b"};
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        for (size_t i = 0; i < ELEMENTSOF(nexthops); i++)
                feed(&fixture, "-", nexthops[i], 100);
        start(&fixture);
        run(&fixture, 10);
        for (size_t i = 0; i < ELEMENTSOF(nexthops); i++)
                assert_true(is_missing(&fixture, "relay_up_ratio", nexthops[i]));
        assert_int_equal(fixture.first.accepted, 0);
        fixture_deinit(&fixture);
}

static void two_next_hops_with_one_address_take_turns(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_SAYS_NOTHING;
        feed(&fixture, "-", "[mx1.example.test]", 100);
        feed(&fixture, "-", "twin.test", 100);
        feed(&fixture, "-", "[127.0.0.25]", 100);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "[mx1.example.test]", 0);
        expect(&fixture, "relay_up_ratio", "twin.test", 0);
        expect(&fixture, "relay_up_ratio", "[127.0.0.25]", 0);
        run(&fixture, 30);
        assert_true(fixture.first.accepted >= 3);
        assert_int_equal(fixture.first.most, 1);
        fixture_deinit(&fixture);
}

static void one_that_is_up_is_probed_more_and_more_rarely_and_forgotten_without_dead_mail(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        feed(&fixture, "-", "[127.0.0.25]", 100);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "[127.0.0.25]", 1);
        run(&fixture, 150);
        assert_in_range(fixture.first.accepted, 2, 5);
        feed(&fixture, "-", "[127.0.0.25]", NAN);
        run(&fixture, 400);
        assert_true(value(&fixture, "relay_up_ratio", "[127.0.0.25]") == 1);
        feed(&fixture, "-", "[127.0.0.25]", 0);
        run(&fixture, 250);
        assert_true(value(&fixture, "relay_up_ratio", "[127.0.0.25]") == 1);
        run(&fixture, 80);
        assert_true(sensor_bench_find(&fixture.bench, "relay_up_ratio", "[127.0.0.25]")->withdrawn);
        assert_true(sensor_bench_find(&fixture.bench, "relay_up", "[127.0.0.25],127.0.0.25")->withdrawn);
        fixture_deinit(&fixture);
}

static void of_many_next_hops_the_sixteen_largest_are_probed(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        for (int i = 1; i <= 40; i++) {
                char nexthop[32];

                snprintf(nexthop, sizeof(nexthop), "[127.0.1.%d]", i);
                feed(&fixture, "-", nexthop, 100 + i);
        }
        start(&fixture);
        for (int i = 25; i <= 40; i++) {
                char nexthop[32];

                snprintf(nexthop, sizeof(nexthop), "[127.0.1.%d]", i);
                expect(&fixture, "relay_up_ratio", nexthop, 0);
        }
        assert_null(sensor_bench_find(&fixture.bench, "relay_up_ratio", "[127.0.1.24]"));

        /* When one of them has no such mail any more, the next one comes in. */
        feed(&fixture, "-", "[127.0.1.40]", 0);
        expect(&fixture, "relay_up_ratio", "[127.0.1.24]", 0);
        assert_true(sensor_bench_find(&fixture.bench, "relay_up_ratio", "[127.0.1.40]")->withdrawn);
        fixture_deinit(&fixture);
}

static void mail_that_is_counted_a_little_after_the_start_does_not_wait_for_a_minute(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        start(&fixture);
        run(&fixture, 5);
        feed(&fixture, "-", "example.test", 100);
        run(&fixture, 25);
        assert_true(value(&fixture, "relay_up_ratio", "example.test") == 1);
        fixture_deinit(&fixture);
}

static void a_healthy_relay_costs_a_look_in_five_seconds(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        start(&fixture);
        run(&fixture, 10);
        fixture.bench.wakeups = 0;
        run(&fixture, 300);
        assert_in_range(fixture.bench.wakeups, 1, 62);
        assert_int_equal(fixture.names.asked, 0);
        fixture_deinit(&fixture);
}

static void a_server_that_refuses_is_neither_down_nor_has_it_recovered(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_IS_BUSY;
        feed(&fixture, "-", "[127.0.0.25]", 100);
        start(&fixture);
        expect(&fixture, "relay_refusing", "[127.0.0.25],127.0.0.25", 1);
        assert_non_null(strstr(
                sensor_bench_find(&fixture.bench, "relay_refusing", "[127.0.0.25],127.0.0.25")->sentence,
                "[127.0.0.25] refuses mail: 127.0.0.25 answers "));
        assert_true(is_missing(&fixture, "relay_up_ratio", "[127.0.0.25]"));
        assert_true(is_missing(&fixture, "relay_up", "[127.0.0.25],127.0.0.25"));
        fixture.first.manner = SMTP_SERVER_HANGS_UP;
        expect(&fixture, "relay_up_ratio", "[127.0.0.25]", 0);
        assert_true(value(&fixture, "relay_refusing", "[127.0.0.25],127.0.0.25") <= 0);
        fixture.first.manner = SMTP_SERVER_REFUSES_NAME;
        expect(&fixture, "relay_refusing", "[127.0.0.25],127.0.0.25", 1);
        assert_true(is_missing(&fixture, "relay_up_ratio", "[127.0.0.25]"));
        fixture.first.manner = SMTP_SERVER_SPEAKS;
        expect(&fixture, "relay_up_ratio", "[127.0.0.25]", 1);
        assert_true(value(&fixture, "relay_refusing", "[127.0.0.25],127.0.0.25") <= 0);
        assert_true(fixture.first.quits >= 2);
        fixture_deinit(&fixture);
}

static void beside_one_that_takes_mail_what_refuses_is_a_part(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_IS_BUSY;
        feed(&fixture, "-", "example.test", 100);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "example.test", 0.5);
        assert_string_equal(sensor_bench_find(&fixture.bench, "relay_up_ratio", "example.test")->sentence,
                "1 of 2 addresses of example.test take no mail: 127.0.0.25 answers 421 to the connection; "
                "mail "
                "goes by 127.0.0.26");
        fixture_deinit(&fixture);
}

/* On its way for the first time: nothing was deferred yet. */
static void crowd(struct fixture *fixture, const char *nexthop, double underway, double delivered) {
        feed_one(fixture, "queue_nexthop_messages", "-", nexthop, 0);
        feed_one(fixture, "queue_nexthop_dead_messages", "-", nexthop, 0);
        feed_one(fixture, "queue_nexthop_underway_messages", "-", nexthop, underway);
        feed_one(fixture, "queue_nexthop_delivered_total", "-", nexthop, delivered);
}

static void mail_that_does_not_move_is_enough_before_any_of_it_was_deferred(void **state) {
        struct fixture fixture;
        uint64_t began_usec;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_SAYS_NOTHING;
        crowd(&fixture, "[127.0.0.25]", 20, 0);
        start(&fixture);
        began_usec = hurried_now(&fixture.bench.services);
        expect(&fixture, "relay_up_ratio", "[127.0.0.25]", 0);
        /* At least two looks, and the silence. */
        assert_true(hurried_now(&fixture.bench.services) - began_usec >= 12 * SEC);
        fixture_deinit(&fixture);
}

static void a_message_that_others_pass_by_brings_the_dead_addresses_to_light(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_SAYS_NOTHING;
        crowd(&fixture, "example.test", 1, 10);
        feed_one(&fixture, "queue_nexthop_late_messages", "-", "example.test", 1);
        start(&fixture);
        run(&fixture, 30);
        assert_int_equal(fixture.first.accepted, 0);
        crowd(&fixture, "example.test", 1, 11);
        expect(&fixture, "relay_up_ratio", "example.test", 0.5);
        fixture_deinit(&fixture);
}

static void what_mail_is_delivered_to_is_not_called_dead(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_HANGS_UP;
        crowd(&fixture, "[127.0.0.25]", 20, 0);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "[127.0.0.25]", 0);
        crowd(&fixture, "[127.0.0.25]", 20, 5);
        expect_missing(&fixture, "relay_up_ratio", "[127.0.0.25]");
        assert_true(value(&fixture, "relay_up", "[127.0.0.25],127.0.0.25") <= 0);
        fixture_deinit(&fixture);
}

static void a_server_that_greets_late_is_down_until_it_is_given_the_time(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_IS_SLOW;
        fixture.first.greeting_usec = 20 * SEC;
        crowd(&fixture, "[127.0.0.25]", 20, 0);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "[127.0.0.25]", 0);
        expect(&fixture, "relay_up_ratio", "[127.0.0.25]", 1);
        run(&fixture, 300);
        assert_true(value(&fixture, "relay_up_ratio", "[127.0.0.25]") >= 1);
        fixture_deinit(&fixture);
}

static void what_went_through_an_old_connection_does_not_excuse_it_for_ever(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.first.manner = SMTP_SERVER_HANGS_UP;
        crowd(&fixture, "[127.0.0.25]", 20, 0);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", "[127.0.0.25]", 0);
        crowd(&fixture, "[127.0.0.25]", 20, 1);
        expect_missing(&fixture, "relay_up_ratio", "[127.0.0.25]");
        run(&fixture, 400);
        assert_true(is_missing(&fixture, "relay_up_ratio", "[127.0.0.25]"));
        run(&fixture, 400);
        assert_false(is_missing(&fixture, "relay_up_ratio", "[127.0.0.25]"));
        assert_true(value(&fixture, "relay_up_ratio", "[127.0.0.25]") <= 0);
        fixture_deinit(&fixture);
}

static void a_filter_that_is_silent_may_be_busy_and_one_that_is_gone_is_down(void **state) {
        const struct sg_label label = {"nexthop", "[127.0.0.26]:25"};
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.second.manner = SMTP_SERVER_SAYS_NOTHING;
        crowd(&fixture, label.value, 20, 0);
        sensor_bench_feed(&fixture.bench, "filter_wait_seconds", &label, 1, 400);
        start(&fixture);
        expect_missing(&fixture, "relay_up_ratio", label.value);
        run(&fixture, 100);
        assert_true(is_missing(&fixture, "relay_up_ratio", label.value));
        /* Twice a minute at most. */
        assert_in_range(fixture.second.accepted, 1, 5);
        fixture.second.manner = SMTP_SERVER_HANGS_UP;
        expect(&fixture, "relay_up_ratio", label.value, 0);
        assert_non_null(strstr(sensor_bench_find(&fixture.bench, "relay_up_ratio", label.value)->sentence,
                "no address of the filter [127.0.0.26]:25 speaks SMTP: 127.0.0.26 closes the connection"));
        fixture_deinit(&fixture);
}

static void a_filter_that_takes_mail_is_not_probed_for_it(void **state) {
        const struct sg_label label = {"nexthop", "[127.0.0.26]:25"};
        struct fixture fixture;
        unsigned accepted;

        (void)state;
        fixture_init(&fixture);
        crowd(&fixture, label.value, 20, 0);
        sensor_bench_feed(&fixture.bench, "filter_wait_seconds", &label, 1, 1);
        start(&fixture);
        expect(&fixture, "relay_up_ratio", label.value, 1);
        accepted = fixture.second.accepted;
        for (int delivered = 1; delivered < 20; delivered++) {
                crowd(&fixture, label.value, 20, delivered);
                run(&fixture, 10);
        }
        assert_in_range(fixture.second.accepted, accepted, accepted + 1);
        assert_true(value(&fixture, "relay_up_ratio", label.value) >= 1);
        fixture_deinit(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_that_speak_are_up_and_their_share_is_told),
                cmocka_unit_test(a_next_hop_with_little_dead_mail_is_left_alone),
                cmocka_unit_test(all_down_is_told_when_each_was_tried_and_the_return_within_an_interval),
                cmocka_unit_test(
                        a_corrected_record_counts_within_an_interval_and_the_old_address_is_withdrawn),
                cmocka_unit_test(silent_name_servers_make_the_ratio_missing_and_never_zero),
                cmocka_unit_test(a_name_without_address_is_missing_and_its_addresses_are_withdrawn),
                cmocka_unit_test(an_exchange_that_could_not_be_looked_up_keeps_the_ratio_from_zero),
                cmocka_unit_test(what_cannot_be_probed_is_missing_with_a_reason),
                cmocka_unit_test(two_next_hops_with_one_address_take_turns),
                cmocka_unit_test(
                        one_that_is_up_is_probed_more_and_more_rarely_and_forgotten_without_dead_mail),
                cmocka_unit_test(of_many_next_hops_the_sixteen_largest_are_probed),
                cmocka_unit_test(mail_that_is_counted_a_little_after_the_start_does_not_wait_for_a_minute),
                cmocka_unit_test(a_healthy_relay_costs_a_look_in_five_seconds),
                cmocka_unit_test(a_server_that_refuses_is_neither_down_nor_has_it_recovered),
                cmocka_unit_test(beside_one_that_takes_mail_what_refuses_is_a_part),
                cmocka_unit_test(mail_that_does_not_move_is_enough_before_any_of_it_was_deferred),
                cmocka_unit_test(a_message_that_others_pass_by_brings_the_dead_addresses_to_light),
                cmocka_unit_test(what_mail_is_delivered_to_is_not_called_dead),
                cmocka_unit_test(a_server_that_greets_late_is_down_until_it_is_given_the_time),
                cmocka_unit_test(what_went_through_an_old_connection_does_not_excuse_it_for_ever),
                cmocka_unit_test(a_filter_that_is_silent_may_be_busy_and_one_that_is_gone_is_down),
                cmocka_unit_test(a_filter_that_takes_mail_is_not_probed_for_it),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
