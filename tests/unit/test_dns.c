/* SPDX-License-Identifier: MIT */
/* test_dns - name servers one by one, and the addresses of next hops with mail */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/nameser.h>

#include "base/cleanup.h"
#include "dns/dns.h"
#include "support/name_server.h"
#include "support/net_sandbox.h"
#include "support/scratch.h"

#define MS UINT64_C(1000)
#define SEC UINT64_C(1000000)

static const struct name_record records[] = {
        {"example.test", ns_t_mx, "mx.example.test", 10},
        {"mx.example.test", ns_t_a, "192.0.2.66", 0},
        {0},
};

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

static char log_lines[4096];

static __attribute__((format(printf, 3, 4))) void keep_log(
        const struct sg_host *host, enum sg_level level, const char *format, ...) {
        size_t used = strlen(log_lines);
        va_list arguments;

        (void)host;
        (void)level;
        va_start(arguments, format);
        vsnprintf(log_lines + used, sizeof(log_lines) - used, format, arguments);
        va_end(arguments);
        strncat(log_lines, "\n", sizeof(log_lines) - strlen(log_lines) - 1);
}

struct fixture {
        struct scratch scratch;
        struct sensor_bench bench;
        struct name_server server;
        void *sensor;
};

static void fixture_init(struct fixture *fixture, const struct sg_sensor *sensor, uint64_t interval_usec) {
        const struct sg_value options[] = {
                [DNS_OPTION_INTERVAL] = {.type = SG_TYPE_DURATION, .usec = interval_usec},
                [DNS_OPTION_TIMEOUT] = {.type = SG_TYPE_DURATION, .usec = 20 * MS},
                [DNS_OPTION_NAMES_INTERVAL] = {.type = SG_TYPE_DURATION, .usec = interval_usec},
                [DNS_OPTION_IPV6] = {.type = SG_TYPE_BOOL, .boolean = true},
        };

        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "etc/resolv.conf",
                "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n");
        sensor_bench_init(&fixture->bench, fixture->scratch.path);
        fixture->bench.services.log = keep_log;
        log_lines[0] = '\0';
        name_server_init(&fixture->server, &fixture->bench, "127.0.0.53", records);
        assert_int_equal(sensor->create(&fixture->bench.services, options, &fixture->sensor), 0);
}

static void fixture_deinit(struct fixture *fixture, const struct sg_sensor *sensor) {
        sensor->destroy(fixture->sensor);
        name_server_deinit(&fixture->server);
        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
}

static void feed_mail(struct fixture *fixture, const char *nexthop, double messages) {
        const struct sg_label labels[] = {{"instance", "-"}, {"nexthop", nexthop}};

        sensor_bench_feed(&fixture->bench, "queue_nexthop_messages", labels, 2, messages);
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
        for (int i = 0; i < 1000; i++) {
                const struct bench_reading *found = sensor_bench_find(&fixture->bench, reading, label);

                if (found && !found->missing && !found->withdrawn && found->value == expected)
                        return;
                sensor_bench_run(&fixture->bench, 10 * MS);
        }
        fail_msg("%s of %s does not become %g", reading, label, expected);
}

static void a_server_is_down_after_three_checks_without_answer_and_up_with_one_answer(void **state) {
        struct dns_health health = {0};

        (void)state;
        dns_health_note(&health, false);
        dns_health_note(&health, false);
        assert_int_equal(health.state, DNS_HEALTH_UNKNOWN);
        dns_health_note(&health, true);
        assert_int_equal(health.state, DNS_HEALTH_UP);
        dns_health_note(&health, false);
        dns_health_note(&health, false);
        assert_int_equal(health.state, DNS_HEALTH_UP);
        dns_health_note(&health, false);
        assert_int_equal(health.state, DNS_HEALTH_DOWN);
        for (int i = 0; i < 10; i++)
                dns_health_note(&health, false);
        dns_health_note(&health, true);
        assert_int_equal(health.state, DNS_HEALTH_UP);
}

static void checks_are_rare_when_idle_and_close_when_in_doubt(void **state) {
        static const struct dns_health_pace pace = {.interval_usec = 30 * SEC, .timeout_usec = 2 * SEC};
        static const struct {
                struct dns_health health;
                bool idle;
                uint64_t expected_usec;
        } cases[] = {
                {{DNS_HEALTH_UP, 0}, true, 300 * SEC},
                {{DNS_HEALTH_UP, 0}, false, 30 * SEC},
                {{DNS_HEALTH_UP, 1}, true, 2 * SEC},
                {{DNS_HEALTH_UNKNOWN, 2}, false, 2 * SEC},
                {{DNS_HEALTH_DOWN, 3}, true, 10 * SEC},
                {{DNS_HEALTH_DOWN, 3}, false, 10 * SEC},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(
                        dns_health_wait_usec(&cases[i].health, &pace, cases[i].idle), cases[i].expected_usec);
}

static void each_server_is_told_by_itself(void **state) {
        struct fixture fixture;
        struct name_server second;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        name_server_init(&second, &fixture.bench, "127.0.0.54", records);
        second.manner = NAME_SERVER_REFUSES;
        scratch_write(&fixture.scratch, "etc/resolv.conf",
                "nameserver 127.0.0.53\nnameserver 127.0.0.54\nnameserver 127.0.0.53\n");
        expect(&fixture, "dns_server_up", "127.0.0.53", 1);
        expect(&fixture, "dns_server_up", "127.0.0.54", 1);
        assert_true(value(&fixture, "dns_server_seconds", "127.0.0.54") > 0);
        second.manner = NAME_SERVER_IS_SILENT;
        expect(&fixture, "dns_server_up", "127.0.0.54", 0);
        assert_true(value(&fixture, "dns_server_up", "127.0.0.53") == 1);
        assert_true(sensor_bench_find(&fixture.bench, "dns_server_seconds", "127.0.0.54")->missing);
        second.manner = NAME_SERVER_TRUNCATES_TWICE;
        expect(&fixture, "dns_server_up", "127.0.0.54", 1);
        assert_string_equal(log_lines,
                "name server 127.0.0.54 does not answer any more\nname server 127.0.0.54 answers again\n");
        name_server_deinit(&second);
        fixture_deinit(&fixture, &dns_servers);
}

static void packets_lost_now_and_then_do_not_take_a_server_down(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_servers, 10 * MS);
        feed_mail(&fixture, "example.test", 5);
        for (int i = 0; i < 20; i++) {
                fixture.server.deaf_to = 2;
                sensor_bench_run(&fixture.bench, 60 * MS);
        }
        assert_true(value(&fixture, "dns_server_up", "127.0.0.53") == 1);
        assert_string_equal(log_lines, "");
        fixture_deinit(&fixture, &dns_servers);
}

static void a_server_that_is_no_longer_listed_is_forgotten(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        expect(&fixture, "dns_server_up", "127.0.0.53", 1);
        scratch_write(&fixture.scratch, "etc/resolv.conf", "nameserver 127.0.0.54\n");
        sensor_bench_run(&fixture.bench, 200 * MS);
        assert_true(sensor_bench_find(&fixture.bench, "dns_server_up", "127.0.0.53")->withdrawn);
        assert_true(sensor_bench_find(&fixture.bench, "dns_server_seconds", "127.0.0.53")->withdrawn);
        fixture_deinit(&fixture, &dns_servers);
}

static void an_idle_relay_asks_seldom_and_the_first_mail_asks_at_once(void **state) {
        struct fixture fixture;
        unsigned idle;

        (void)state;
        fixture_init(&fixture, &dns_servers, 100 * MS);
        sensor_bench_run(&fixture.bench, 900 * MS);
        idle = fixture.server.asked;
        assert_in_range(idle, 1, 2);
        feed_mail(&fixture, "example.test", 1);
        sensor_bench_run(&fixture.bench, 150 * MS);
        assert_true(fixture.server.asked > idle);
        sensor_bench_run(&fixture.bench, 600 * MS);
        assert_true(fixture.server.asked >= idle + 5);
        fixture_deinit(&fixture, &dns_servers);
}

static void a_change_of_the_address_is_counted_and_told_in_one_line(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_answers, 100 * MS);
        feed_mail(&fixture, "example.test", 5);
        feed_mail(&fixture, "[192.0.2.9]:25", 5);
        feed_mail(&fixture, "not a host", 5);
        feed_mail(&fixture, "empty.test", 0);
        expect(&fixture, "dns_answer_addresses", "example.test", 1);
        assert_true(value(&fixture, "dns_answer_changes_total", "example.test") == 0);
        assert_null(sensor_bench_find(&fixture.bench, "dns_answer_addresses", "[192.0.2.9]:25"));
        assert_null(sensor_bench_find(&fixture.bench, "dns_answer_addresses", "not a host"));
        assert_null(sensor_bench_find(&fixture.bench, "dns_answer_addresses", "empty.test"));
        assert_string_equal(log_lines, "");

        fixture.server.records = corrected;
        expect(&fixture, "dns_answer_changes_total", "example.test", 1);
        assert_string_equal(log_lines,
                "the address of example.test changed from 192.0.2.66 to 192.0.2.25 (mx.example.test)\n");

        fixture.server.records = turned;
        expect(&fixture, "dns_answer_addresses", "example.test", 2);
        fixture.server.records = turned_round;
        sensor_bench_run(&fixture.bench, 250 * MS);
        assert_true(value(&fixture, "dns_answer_changes_total", "example.test") == 2);
        fixture_deinit(&fixture, &dns_answers);
}

static void silence_is_missing_and_not_a_change(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_answers, 100 * MS);
        feed_mail(&fixture, "example.test", 5);
        sensor_bench_run(&fixture.bench, 250 * MS);
        fixture.server.manner = NAME_SERVER_FAILS;
        sensor_bench_run(&fixture.bench, 250 * MS);
        assert_true(sensor_bench_find(&fixture.bench, "dns_answer_addresses", "example.test")->missing);
        assert_true(value(&fixture, "dns_answer_changes_total", "example.test") == 0);
        fixture.server.manner = NAME_SERVER_ANSWERS;
        expect(&fixture, "dns_answer_addresses", "example.test", 1);
        assert_true(value(&fixture, "dns_answer_changes_total", "example.test") == 0);

        /* The word that there is none is one. */
        fixture.server.records = NULL;
        expect(&fixture, "dns_answer_addresses", "example.test", 0);
        assert_true(value(&fixture, "dns_answer_changes_total", "example.test") == 1);
        assert_string_equal(log_lines, "the address of example.test changed from 192.0.2.66 to nothing\n");
        fixture_deinit(&fixture, &dns_answers);
}

static void an_address_that_keeps_changing_is_told_six_times(void **state) {
        struct fixture fixture;
        unsigned lines = 0;

        (void)state;
        fixture_init(&fixture, &dns_answers, 20 * MS);
        feed_mail(&fixture, "example.test", 5);
        for (int i = 0; i < 12; i++) {
                fixture.server.records = i % 2 ? corrected : records;
                sensor_bench_run(&fixture.bench, 60 * MS);
        }
        assert_true(value(&fixture, "dns_answer_changes_total", "example.test") >= 8);
        for (const char *line = log_lines; (line = strchr(line, '\n')); line++)
                lines++;
        assert_int_equal(lines, 6);
        fixture_deinit(&fixture, &dns_answers);
}

static void a_crowd_of_names_is_cut_to_the_largest(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_answers, 100 * MS);
        for (int i = 0; i < 80; i++) {
                char name[32];

                snprintf(name, sizeof(name), "d%d.test", i);
                feed_mail(&fixture, name, i + 1);
        }
        for (int i = 48; i < 80; i++) {
                char name[32];

                snprintf(name, sizeof(name), "d%d.test", i);
                expect(&fixture, "dns_answer_addresses", name, 0);
        }
        assert_null(sensor_bench_find(&fixture.bench, "dns_answer_addresses", "d47.test"));
        fixture_deinit(&fixture, &dns_answers);
}

static void the_sensors_end_in_the_middle_of_a_question(void **state) {
        static const struct sg_sensor *const sensors[] = {&dns_servers, &dns_answers};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(sensors); i++) {
                struct fixture fixture;

                fixture_init(&fixture, sensors[i], 50 * MS);
                feed_mail(&fixture, "example.test", 5);
                fixture.server.manner = NAME_SERVER_IS_SILENT;
                sensor_bench_run(&fixture.bench, 70 * MS);
                assert_true(fixture.server.asked > 0);
                fixture_deinit(&fixture, sensors[i]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_server_is_down_after_three_checks_without_answer_and_up_with_one_answer),
                cmocka_unit_test(checks_are_rare_when_idle_and_close_when_in_doubt),
                cmocka_unit_test(each_server_is_told_by_itself),
                cmocka_unit_test(packets_lost_now_and_then_do_not_take_a_server_down),
                cmocka_unit_test(a_server_that_is_no_longer_listed_is_forgotten),
                cmocka_unit_test(an_idle_relay_asks_seldom_and_the_first_mail_asks_at_once),
                cmocka_unit_test(a_change_of_the_address_is_counted_and_told_in_one_line),
                cmocka_unit_test(silence_is_missing_and_not_a_change),
                cmocka_unit_test(an_address_that_keeps_changing_is_told_six_times),
                cmocka_unit_test(a_crowd_of_names_is_cut_to_the_largest),
                cmocka_unit_test(the_sensors_end_in_the_middle_of_a_question),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
