/* SPDX-License-Identifier: MIT */
/* test_dns - the addresses of next hops with mail: how many, their changes, and whether anything answers there */
#include "dns_support.h"

static const struct name_record corrected[] = {
        {"example.test", ns_t_mx, "mx.example.test", 10},
        {"mx.example.test", ns_t_a, "192.0.2.25", 0},
        {0},
};

static const struct name_record turned[] = {
        {"example.test", ns_t_mx, "mx.example.test", 10},
        {"mx.example.test", ns_t_a, "192.0.2.25", 0},
        {"mx.example.test", ns_t_a, "192.0.2.66", 0},
        {0},
};

static const struct name_record turned_round[] = {
        {"example.test", ns_t_mx, "mx.example.test", 10},
        {"mx.example.test", ns_t_a, "192.0.2.66", 0},
        {"mx.example.test", ns_t_a, "192.0.2.25", 0},
        {0},
};

static void a_change_of_the_address_is_counted_and_told_in_one_line(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        feed_mail(fixture, "[192.0.2.9]:25", 5);
        feed_mail(fixture, "not a host", 5);
        bench_expect(&fixture->bench, "dns_answer_addresses", "example.test", 1);
        assert_true(bench_value(&fixture->bench, "dns_answer_changes_total", "example.test") == 0);
        assert_null(sensor_bench_find(&fixture->bench, "dns_answer_addresses", "[192.0.2.9]:25"));
        assert_null(sensor_bench_find(&fixture->bench, "dns_answer_addresses", "not a host"));
        assert_string_equal(log_lines, "");

        fixture->server.records = corrected;
        bench_expect(&fixture->bench, "dns_answer_changes_total", "example.test", 1);
        assert_string_equal(log_lines,
                "the address of example.test changed from 192.0.2.66 to 192.0.2.25 (mx.example.test)\n");

        fixture->server.records = turned;
        bench_expect(&fixture->bench, "dns_answer_addresses", "example.test", 2);
        fixture->server.records = turned_round;
        sensor_bench_run(&fixture->bench, 250 * MS);
        assert_true(bench_value(&fixture->bench, "dns_answer_changes_total", "example.test") == 2);
}

static void a_next_hop_that_mail_passes_to_is_looked_up_now_and_then(void **state) {
        struct fixture *fixture = *state;
        unsigned once;

        feed_mail(fixture, "example.test", 0);
        bench_expect(&fixture->bench, "dns_answer_addresses", "example.test", 1);
        once = fixture->server.asked;
        fixture->server.records = corrected;
        bench_expect(&fixture->bench, "dns_answer_changes_total", "example.test", 1);
        /* One lookup was enough for that: it was not asked in between. */
        assert_true(fixture->server.asked <= 2 * once);
}

static void silence_is_missing_and_not_a_change(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        bench_expect(&fixture->bench, "dns_answer_addresses", "example.test", 1);
        fixture->server.manner = NAME_SERVER_FAILS;
        bench_expect_missing(&fixture->bench, "dns_answer_addresses", "example.test");
        assert_true(bench_value(&fixture->bench, "dns_answer_changes_total", "example.test") == 0);
        fixture->server.manner = NAME_SERVER_ANSWERS;
        bench_expect(&fixture->bench, "dns_answer_addresses", "example.test", 1);
        assert_true(bench_value(&fixture->bench, "dns_answer_changes_total", "example.test") == 0);

        /* The word that there is none is one. */
        fixture->server.records = NULL;
        bench_expect(&fixture->bench, "dns_answer_addresses", "example.test", 0);
        assert_true(bench_value(&fixture->bench, "dns_answer_changes_total", "example.test") == 1);
        assert_string_equal(log_lines, "the address of example.test changed from 192.0.2.66 to nothing\n");
}

static void name_servers_that_fail_for_all_they_knew_are_told_from_broken_domains(void **state) {
        struct fixture *fixture = *state;
        const struct bench_reading *lost;

        feed_mail(fixture, "example.test", 5);
        feed_mail(fixture, "[mx.example.test]", 5);
        bench_expect(&fixture->bench, "dns_answer_addresses", "example.test", 1);
        bench_expect(&fixture->bench, "dns_answer_addresses", "[mx.example.test]", 1);
        assert_null(sensor_bench_find(&fixture->bench, "dns_answers_lost_ratio", ""));
        feed_mail(fixture, "gone.test", 5);
        bench_expect(&fixture->bench, "dns_answers_lost_ratio", "", 0);

        /* A domain that is broken, and one that always was. */
        fixture->server.silent_for = "example.test";
        feed_mail(fixture, "[example.test]", 5);
        bench_expect(&fixture->bench, "dns_answers_lost_ratio", "", 1.0 / 3);
        fixture->server.silent_for = NULL;
        bench_expect(&fixture->bench, "dns_answer_addresses", "[example.test]", 0);
        bench_expect(&fixture->bench, "dns_answers_lost_ratio", "", 0);

        fixture->server.manner = NAME_SERVER_FAILS;
        feed_mail(fixture, "later.test", 5);
        bench_expect(&fixture->bench, "dns_answers_lost_ratio", "", 1);
        lost = sensor_bench_find(&fixture->bench, "dns_answers_lost_ratio", "");
        assert_non_null(strstr(lost->sentence,
                "the name server 127.0.0.53 tells nothing of 4 of 4 next hops that it told of before ("));
        assert_non_null(strstr(lost->sentence, " and 1 more): what it asks in turn may be out of reach"));
        fixture->server.manner = NAME_SERVER_ANSWERS;
        bench_expect(&fixture->bench, "dns_answers_lost_ratio", "", 0);
}

static void an_address_that_keeps_changing_is_told_six_times(void **state) {
        struct fixture *fixture = *state;
        unsigned lines = 0;

        feed_mail(fixture, "example.test", 5);
        bench_expect(&fixture->bench, "dns_answer_addresses", "example.test", 1);
        for (int change = 1; change <= 8; change++) {
                fixture->server.records = change % 2 ? corrected : records;
                bench_expect(&fixture->bench, "dns_answer_changes_total", "example.test", change);
        }
        for (const char *line = log_lines; (line = strchr(line, '\n')); line++)
                lines++;
        assert_int_equal(lines, 6);
}

static void a_crowd_of_names_is_cut_to_the_largest(void **state) {
        struct fixture *fixture = *state;

        for (int i = 0; i < 80; i++) {
                char name[32];

                snprintf(name, sizeof(name), "d%d.test", i);
                feed_mail(fixture, name, i + 1);
        }
        for (int i = 48; i < 80; i++) {
                char name[32];

                snprintf(name, sizeof(name), "d%d.test", i);
                bench_expect(&fixture->bench, "dns_answer_addresses", name, 0);
        }
        assert_null(sensor_bench_find(&fixture->bench, "dns_answer_addresses", "d47.test"));
}

static void feed_relay(struct fixture *fixture, const char *nexthop, const char *address, double up) {
        const struct sg_label labels[] = {{"nexthop", nexthop}, {"address", address}};

        sensor_bench_feed(&fixture->bench, "relay_up", labels, 2, up);
}

static void an_address_that_was_seen_dead_is_known_when_the_answer_comes_back_to_it(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        bench_expect(&fixture->bench, "dns_answer_failed_before", "example.test", 0);
        feed_relay(fixture, "other.test", "192.0.2.66", 0);
        sensor_bench_run(&fixture->bench, 150 * MS);
        assert_true(bench_value(&fixture->bench, "dns_answer_failed_before", "example.test") == 0);

        feed_relay(fixture, "example.test", "192.0.2.66", 0);
        feed_relay(fixture, "example.test", "no address", 0);
        bench_expect(&fixture->bench, "dns_answer_failed_before", "example.test", 1);
        assert_non_null(strstr(bench_sentence(&fixture->bench, "dns_answer_failed_before", "example.test"),
                "the name servers give 192.0.2.66 (mx.example.test) for example.test, where nothing has"));

        /* Corrected; the plugin relay looks at the new address only. */
        fixture->bench.services.withdraw(&fixture->bench.services, "relay_up",
                (struct sg_label[]){{"nexthop", "example.test"}, {"address", "192.0.2.66"}}, 2);
        fixture->server.records = corrected;
        bench_expect(&fixture->bench, "dns_answer_failed_before", "example.test", 0);
        fixture->server.records = records;
        bench_expect(&fixture->bench, "dns_answer_failed_before", "example.test", 1);
        fixture->server.manner = NAME_SERVER_FAILS;
        bench_expect_missing(&fixture->bench, "dns_answer_failed_before", "example.test");

        fixture->server.manner = NAME_SERVER_ANSWERS;
        feed_relay(fixture, "example.test", "192.0.2.66", 1);
        bench_expect(&fixture->bench, "dns_answer_failed_before", "example.test", 0);
}

/* The teardown ends the sensor, and looks for what it left behind. */
static void a_question_is_under_way(struct fixture *fixture) {
        feed_mail(fixture, "example.test", 5);
        fixture->server.manner = NAME_SERVER_IS_SILENT;
        while (fixture->server.asked == 0)
                sensor_bench_run(&fixture->bench, 10 * MS);
}

static void the_sensor_of_servers_ends_in_the_middle_of_a_question(void **state) {
        a_question_is_under_way(*state);
}

static void the_sensor_of_answers_ends_in_the_middle_of_a_question(void **state) {
        a_question_is_under_way(*state);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                DNS_TEST(a_change_of_the_address_is_counted_and_told_in_one_line, &dns_answers, 100 * MS,
                        60 * MS),
                DNS_TEST(a_next_hop_that_mail_passes_to_is_looked_up_now_and_then, &dns_answers, 30 * MS,
                        60 * MS),
                DNS_TEST(silence_is_missing_and_not_a_change, &dns_answers, 100 * MS, 60 * MS),
                DNS_TEST(name_servers_that_fail_for_all_they_knew_are_told_from_broken_domains, &dns_answers,
                        50 * MS, 60 * MS),
                DNS_TEST(an_address_that_keeps_changing_is_told_six_times, &dns_answers, 20 * MS, 60 * MS),
                DNS_TEST(a_crowd_of_names_is_cut_to_the_largest, &dns_answers, 100 * MS, 60 * MS),
                DNS_TEST(an_address_that_was_seen_dead_is_known_when_the_answer_comes_back_to_it,
                        &dns_answers, 50 * MS, 60 * MS),
                DNS_TEST(the_sensor_of_servers_ends_in_the_middle_of_a_question, &dns_servers, 50 * MS,
                        60 * MS),
                DNS_TEST(the_sensor_of_answers_ends_in_the_middle_of_a_question, &dns_answers, 50 * MS,
                        60 * MS),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
