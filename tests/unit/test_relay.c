/* SPDX-License-Identifier: MIT */
/* test_relay - what is said of the addresses of a next hop, and only what was tried is called dead */
#include "relay_support.h"

static const struct name_record corrected[] = {
        {"wrong.test", ns_t_mx, "mx.wrong.test", 10},
        {"mx.wrong.test", ns_t_a, "127.0.0.25", 0},
        {0},
};

static void addresses_that_speak_are_up_and_their_share_is_told(void **state) {
        struct fixture *fixture = *state;

        fixture->second.manner = SMTP_SERVER_SAYS_NOTHING;
        feed(fixture, "-", "example.test", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "example.test", 0.5);
        assert_true(bench_value(&fixture->bench, "relay_up", "example.test,127.0.0.25") == 1);
        bench_expect(&fixture->bench, "relay_up", "example.test,127.0.0.26", 0);
        assert_true(bench_value(&fixture->bench, "relay_connect_seconds", "example.test,127.0.0.26") >= 0);
}

static void feed_self(struct fixture *fixture, const char *reading, const char *instance, const char *label,
        const char *text) {
        const struct sg_label labels[] = {{"instance", instance}, {label, text}};

        sensor_bench_feed(&fixture->bench, reading, labels, 2, 1);
}

static void a_next_hop_is_probed_as_the_instance_that_has_mail_for_it(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_IS_FULL;
        fixture->second.manner = SMTP_SERVER_IS_FULL;
        feed_self(fixture, "postfix_helo_name", "-", "name", "null.example.test");
        feed_self(fixture, "postfix_bind_address", "-", "address", "127.0.0.8");
        feed_self(fixture, "postfix_helo_name", "postfix-out", "name", "out.example.test");
        feed(fixture, "-", "[127.0.0.25]", 20);
        feed(fixture, "postfix-out", "[127.0.0.25]", 5);
        feed(fixture, "postfix-out", "[127.0.0.26]", 20);
        start(fixture);
        bench_expect(&fixture->bench, "relay_refusing", "[127.0.0.25],127.0.0.25", 1);
        bench_expect(&fixture->bench, "relay_refusing", "[127.0.0.26],127.0.0.26", 1);
        assert_string_equal(fixture->first.heard, "EHLO null.example.test\r\n");
        assert_string_equal(fixture->first.peer, "127.0.0.8");
        assert_string_equal(fixture->second.heard, "EHLO out.example.test\r\n");
        assert_string_equal(fixture->second.peer, "127.0.0.1");
}

static void what_is_dead_by_the_dns_alone_is_missing_where_postfix_does_not_ask_it(void **state) {
        const struct sg_label label = {"instance", "-"};
        struct fixture *fixture = *state;

        sensor_bench_feed(&fixture->bench, "postfix_native_lookup", &label, 1, 1);
        feed(fixture, "-", "wrong.test", 20);
        feed(fixture, "-", "example.test", 20);
        feed(fixture, "-", "[127.0.0.66]", 20);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "example.test", 1);
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.66]", 0);
        bench_expect_missing(&fixture->bench, "relay_up_ratio", "wrong.test");
        run(fixture, 60);
        assert_true(bench_is_missing(&fixture->bench, "relay_up_ratio", "wrong.test"));
        sensor_bench_feed(&fixture->bench, "postfix_native_lookup", &label, 1, 0);
        bench_expect(&fixture->bench, "relay_up_ratio", "wrong.test", 0);
}

/* More than are probed, and each as good as the others: Postfix tries any five of them. */
static void of_many_equal_addresses_those_probed_are_a_part_and_their_death_is_not_that_of_all(void **state) {
        struct fixture *fixture = *state;
        struct name_record wide[15] = {{0}};
        char addresses[14][32];

        for (size_t i = 0; i < 14; i++) {
                snprintf(addresses[i], sizeof(addresses[i]), "127.0.0.%zu", i + 14);
                wide[i] = (struct name_record){"wide.test", ns_t_a, addresses[i], 0};
        }
        fixture->names.records = wide;
        /* 127.0.0.14 to .21 are probed, and 127.0.0.25 and .26 would speak. */
        feed(fixture, "-", "wide.test", 20);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up", "wide.test,127.0.0.21", 0);
        bench_expect_missing(&fixture->bench, "relay_up_ratio", "wide.test");
        run(fixture, 60);
        assert_true(bench_is_missing(&fixture->bench, "relay_up_ratio", "wide.test"));

        /* Now 127.0.0.18 to .25 are. */
        fixture->names.records = wide + 4;
        bench_expect(&fixture->bench, "relay_up_ratio", "wide.test", 1.0 / 8);
        assert_int_equal(strncmp(sensor_bench_find(&fixture->bench, "relay_up_ratio", "wide.test")->sentence,
                                 "7 of 8 probed addresses of wide.test are dead: ", 46),
                0);
}

static void all_down_is_told_when_each_was_tried_and_the_return_within_an_interval(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_HANGS_UP;
        fixture->second.manner = SMTP_SERVER_SAYS_NOTHING;
        feed(fixture, "-", "example.test", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "example.test", 0);
        assert_true(bench_value(&fixture->bench, "relay_up", "example.test,127.0.0.25") <= 0);
        assert_true(bench_value(&fixture->bench, "relay_up", "example.test,127.0.0.26") <= 0);
        assert_string_equal(bench_sentence(&fixture->bench, "relay_up_ratio", "example.test"),
                "no address of example.test speaks SMTP: 127.0.0.25 closes the connection, 127.0.0.26 "
                "accepts "
                "connections but does not greet; 100 messages wait for it");
        fixture->first.manner = SMTP_SERVER_SPEAKS;
        bench_expect(&fixture->bench, "relay_up_ratio", "example.test", 0.5);
}

static void a_corrected_record_counts_within_an_interval_and_the_old_address_is_withdrawn(void **state) {
        struct fixture *fixture = *state;
        unsigned asked;

        feed(fixture, "-", "wrong.test", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "wrong.test", 0);
        assert_true(bench_value(&fixture->bench, "relay_up", "wrong.test,127.0.0.66") == 0);
        assert_true(bench_is_missing(&fixture->bench, "relay_connect_seconds", "wrong.test,127.0.0.66"));
        asked = fixture->names.asked;
        fixture->names.records = corrected;
        bench_expect(&fixture->bench, "relay_up_ratio", "wrong.test", 1);
        /* With the lookup under way, or with the next one: three questions each. */
        assert_in_range(fixture->names.asked - asked, 1, 6);
        assert_true(bench_value(&fixture->bench, "relay_up", "wrong.test,127.0.0.25") == 1);
        assert_true(sensor_bench_find(&fixture->bench, "relay_up", "wrong.test,127.0.0.66")->withdrawn);
        assert_true(sensor_bench_find(&fixture->bench, "relay_connect_seconds", "wrong.test,127.0.0.66")
                            ->withdrawn);
}

static void expect_missing_with(struct fixture *fixture, enum name_server_manner manner) {
        feed(fixture, "-", "wrong.test", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "wrong.test", 0);
        fixture->names.manner = manner;
        bench_expect_missing(&fixture->bench, "relay_up_ratio", "wrong.test");
        assert_true(bench_is_missing(&fixture->bench, "relay_up", "wrong.test,127.0.0.66"));
}

static void silent_name_servers_make_the_ratio_missing_and_never_zero(void **state) {
        expect_missing_with(*state, NAME_SERVER_IS_SILENT);
}

static void and_so_do_those_that_fail(void **state) {
        expect_missing_with(*state, NAME_SERVER_FAILS);
}

static void a_name_without_address_is_missing_and_its_addresses_are_withdrawn(void **state) {
        struct fixture *fixture = *state;

        feed(fixture, "-", "wrong.test", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "wrong.test", 0);
        fixture->names.records = NULL;
        bench_expect_missing(&fixture->bench, "relay_up_ratio", "wrong.test");
        assert_true(sensor_bench_find(&fixture->bench, "relay_up", "wrong.test,127.0.0.66")->withdrawn);
}

static void an_exchange_that_could_not_be_looked_up_keeps_the_ratio_from_zero(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_HANGS_UP;
        fixture->names.silent_for = "mx2.example.test";
        feed(fixture, "-", "example.test", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up", "example.test,127.0.0.25", 0);
        assert_true(bench_is_missing(&fixture->bench, "relay_up_ratio", "example.test"));
}

static void what_cannot_be_probed_is_missing_with_a_reason(void **state) {
        static const char *const nexthops[] = {"unix:/run/lmtp", "[127.0.0.25]:465", "a b"};
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(nexthops); i++)
                feed(fixture, "-", nexthops[i], 100);
        start(fixture);
        run(fixture, 10);
        for (size_t i = 0; i < ELEMENTSOF(nexthops); i++)
                assert_true(bench_is_missing(&fixture->bench, "relay_up_ratio", nexthops[i]));
        assert_int_equal(fixture->first.accepted, 0);
}

static void a_server_that_refuses_is_neither_down_nor_has_it_recovered(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_IS_BUSY;
        feed(fixture, "-", "[127.0.0.25]", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_refusing", "[127.0.0.25],127.0.0.25", 1);
        assert_non_null(strstr(bench_sentence(&fixture->bench, "relay_refusing", "[127.0.0.25],127.0.0.25"),
                "[127.0.0.25] refuses mail: 127.0.0.25 answers "));
        assert_true(bench_is_missing(&fixture->bench, "relay_up_ratio", "[127.0.0.25]"));
        assert_true(bench_is_missing(&fixture->bench, "relay_up", "[127.0.0.25],127.0.0.25"));
        fixture->first.manner = SMTP_SERVER_HANGS_UP;
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.25]", 0);
        assert_true(bench_value(&fixture->bench, "relay_refusing", "[127.0.0.25],127.0.0.25") <= 0);
        fixture->first.manner = SMTP_SERVER_REFUSES_NAME;
        bench_expect(&fixture->bench, "relay_refusing", "[127.0.0.25],127.0.0.25", 1);
        assert_true(bench_is_missing(&fixture->bench, "relay_up_ratio", "[127.0.0.25]"));
        fixture->first.manner = SMTP_SERVER_SPEAKS;
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.25]", 1);
        assert_true(bench_value(&fixture->bench, "relay_refusing", "[127.0.0.25],127.0.0.25") <= 0);
        assert_true(fixture->first.quits >= 2);
}

static void beside_one_that_takes_mail_what_refuses_is_a_part(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_IS_BUSY;
        feed(fixture, "-", "example.test", 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "example.test", 0.5);
        assert_string_equal(bench_sentence(&fixture->bench, "relay_up_ratio", "example.test"),
                "1 of 2 addresses of example.test takes no mail: 127.0.0.25 answers 421 to the connection; "
                "mail "
                "goes by 127.0.0.26");
}

static void a_server_that_greets_late_is_down_until_it_is_given_the_time(void **state) {
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_IS_SLOW;
        fixture->first.greeting_usec = 20 * SEC;
        feed(fixture, "-", "[127.0.0.25]", 20);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.25]", 0);
        bench_expect(&fixture->bench, "relay_up_ratio", "[127.0.0.25]", 1);
        run(fixture, 300);
        assert_true(bench_value(&fixture->bench, "relay_up_ratio", "[127.0.0.25]") >= 1);
}

/* As Postfix does with relayhost = a, b: the second takes what the first does not. */
static void of_several_next_hops_one_that_speaks_is_enough(void **state) {
        static const char two[] = "[127.0.0.25],[127.0.0.26]";
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_HANGS_UP;
        feed(fixture, "-", two, 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", two, 0.5);
        assert_string_equal(bench_sentence(&fixture->bench, "relay_up_ratio", two),
                "1 of 2 addresses of [127.0.0.25],[127.0.0.26] is dead: 127.0.0.25 closes the connection; "
                "mail "
                "goes by 127.0.0.26");
        fixture->second.manner = SMTP_SERVER_HANGS_UP;
        bench_expect(&fixture->bench, "relay_up_ratio", two, 0);
        assert_string_equal(bench_sentence(&fixture->bench, "relay_up_ratio", two),
                "no address of [127.0.0.25],[127.0.0.26] speaks SMTP: 127.0.0.25 closes the connection, "
                "127.0.0.26 "
                "closes the connection; 100 messages wait for it");
        fixture->second.manner = SMTP_SERVER_SPEAKS;
        bench_expect(&fixture->bench, "relay_up_ratio", two, 0.5);
}

static void each_of_several_next_hops_is_tried_at_its_own_port(void **state) {
        static const char two[] = "[127.0.0.25]:2525,[127.0.0.25]";
        struct fixture *fixture = *state;

        feed(fixture, "-", two, 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up_ratio", two, 0.5);
        assert_true(
                bench_value(&fixture->bench, "relay_up", "[127.0.0.25]:2525,[127.0.0.25],127.0.0.25") == 0);
        assert_true(bench_value(&fixture->bench, "relay_up",
                            "[127.0.0.25]:2525,[127.0.0.25],127.0.0.25:25") == 1);
}

static void several_next_hops_are_not_dead_when_one_cannot_be_looked_up(void **state) {
        static const char two[] = "[127.0.0.25],twin.test";
        struct fixture *fixture = *state;

        fixture->first.manner = SMTP_SERVER_HANGS_UP;
        fixture->names.manner = NAME_SERVER_FAILS;
        feed(fixture, "-", two, 100);
        start(fixture);
        bench_expect(&fixture->bench, "relay_up", "[127.0.0.25],twin.test,127.0.0.25", 0);
        bench_expect_missing(&fixture->bench, "relay_up_ratio", two);
        run(fixture, 60);
        assert_true(bench_is_missing(&fixture->bench, "relay_up_ratio", two));
        fixture->names.manner = NAME_SERVER_ANSWERS;
        bench_expect(&fixture->bench, "relay_up_ratio", two, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                RELAY_TEST(addresses_that_speak_are_up_and_their_share_is_told),
                RELAY_TEST(a_next_hop_is_probed_as_the_instance_that_has_mail_for_it),
                RELAY_TEST(what_is_dead_by_the_dns_alone_is_missing_where_postfix_does_not_ask_it),
                RELAY_TEST(
                        of_many_equal_addresses_those_probed_are_a_part_and_their_death_is_not_that_of_all),
                RELAY_TEST(all_down_is_told_when_each_was_tried_and_the_return_within_an_interval),
                RELAY_TEST(a_corrected_record_counts_within_an_interval_and_the_old_address_is_withdrawn),
                RELAY_TEST(silent_name_servers_make_the_ratio_missing_and_never_zero),
                RELAY_TEST(and_so_do_those_that_fail),
                RELAY_TEST(a_name_without_address_is_missing_and_its_addresses_are_withdrawn),
                RELAY_TEST(an_exchange_that_could_not_be_looked_up_keeps_the_ratio_from_zero),
                RELAY_TEST(what_cannot_be_probed_is_missing_with_a_reason),
                RELAY_TEST(a_server_that_refuses_is_neither_down_nor_has_it_recovered),
                RELAY_TEST(beside_one_that_takes_mail_what_refuses_is_a_part),
                RELAY_TEST(a_server_that_greets_late_is_down_until_it_is_given_the_time),
                RELAY_TEST(of_several_next_hops_one_that_speaks_is_enough),
                RELAY_TEST(each_of_several_next_hops_is_tried_at_its_own_port),
                RELAY_TEST(several_next_hops_are_not_dead_when_one_cannot_be_looked_up),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
