/* SPDX-License-Identifier: MIT */
/* test_dns_query - questions to honest, broken and lying name servers, over real sockets */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/nameser.h>
#include <errno.h>

#include "base/cleanup.h"
#include "common/dns_query.h"
#include "support/name_server.h"
#include "support/net_sandbox.h"

#define MS UINT64_C(1000)
#define TRY_USEC (60 * MS)

static const struct name_record records[] = {
        {"example.test", ns_t_mx, "mx2.example.test", 20},
        {"example.test", ns_t_mx, "mx1.example.test", 10},
        {"mx1.example.test", ns_t_a, "192.0.2.25", 0},
        {"mx1.example.test", ns_t_a, "192.0.2.26", 0},
        {"mx1.example.test", ns_t_aaaa, "2001:db8::25", 0},
        {"alias.example.test", ns_t_cname, "alias2.example.test", 0},
        {"alias2.example.test", ns_t_cname, "mx1.example.test", 0},
        {0},
};

struct heard {
        unsigned times;
        bool answered;
        struct dns_answer answer;
        size_t server;
        uint64_t took_usec;
};

static void on_reply(const struct dns_reply *reply, void *data) {
        struct heard *heard = data;

        heard->times++;
        heard->answered = reply->answer;
        if (reply->answer)
                heard->answer = *reply->answer;
        heard->server = reply->server;
        heard->took_usec = reply->took_usec;
}

static struct net_address address(const char *text) {
        struct net_address parsed;

        assert_true(net_address_parse(text, &parsed));
        return parsed;
}

static struct heard ask_all(struct sensor_bench *bench, struct dns_question question, uint64_t usec) {
        struct heard heard = {0};
        struct dns_query *query;

        assert_int_equal(dns_query_new(&bench->services, &question, on_reply, &heard, &query), 0);
        for (uint64_t spent = 0; heard.times == 0 && spent < usec; spent += 5 * MS)
                sensor_bench_run(bench, 5 * MS);
        dns_query_free(query);
        return heard;
}

static struct heard ask(struct sensor_bench *bench, const char *name, int type, unsigned rounds) {
        struct net_address server = address("127.0.0.53");

        return ask_all(bench,
                (struct dns_question){.name = name,
                        .type = type,
                        .servers = &server,
                        .n_servers = 1,
                        .rounds = rounds,
                        .timeout_usec = TRY_USEC},
                1000 * MS);
}

static void addresses_and_exchanges_are_read(void **state) {
        struct net_address expected;
        struct name_server server;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&server, &bench, "127.0.0.53", records);
        heard = ask(&bench, "example.test", ns_t_mx, 1);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.n_exchanges, 2);
        assert_string_equal(heard.answer.exchanges[0].name, "mx2.example.test");
        assert_int_equal(heard.answer.exchanges[1].preference, 10);
        heard = ask(&bench, "MX1.Example.Test", ns_t_a, 1);
        assert_int_equal(heard.answer.n_addresses, 2);
        heard = ask(&bench, "mx1.example.test", ns_t_aaaa, 1);
        assert_int_equal(heard.answer.n_addresses, 1);
        expected = address("2001:db8::25");
        assert_int_equal(net_address_compare(&heard.answer.addresses[0], &expected), 0);
        heard = ask(&bench, ".", ns_t_ns, 1);
        assert_true(heard.answered);
        assert_true(heard.took_usec > 0 && heard.took_usec < TRY_USEC);
        name_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void aliases_are_followed(void **state) {
        struct name_server server;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&server, &bench, "127.0.0.53", records);
        heard = ask(&bench, "alias.example.test", ns_t_a, 1);
        assert_int_equal(heard.answer.n_addresses, 2);
        name_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void a_name_that_does_not_exist_is_an_answer(void **state) {
        struct name_server server;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&server, &bench, "127.0.0.53", records);
        heard = ask(&bench, "gone.example.test", ns_t_mx, 3);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.code, ns_r_nxdomain);
        assert_int_equal(server.asked, 1);
        heard = ask(&bench, "mx1.example.test", ns_t_mx, 3);
        assert_int_equal(heard.answer.code, ns_r_noerror);
        assert_int_equal(heard.answer.n_exchanges, 0);
        name_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void lost_packets_are_made_good_by_asking_again(void **state) {
        struct name_server server;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&server, &bench, "127.0.0.53", records);
        server.deaf_to = 2;
        heard = ask(&bench, "mx1.example.test", ns_t_a, 3);
        assert_true(heard.answered);
        assert_int_equal(server.asked, 3);
        assert_true(heard.took_usec < TRY_USEC); /* of the try that was answered */
        server.deaf_to = 3;
        heard = ask(&bench, "mx1.example.test", ns_t_a, 3);
        assert_int_equal(heard.times, 1);
        assert_false(heard.answered);
        name_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void what_is_no_answer_to_the_question_is_silence(void **state) {
        static const enum name_server_manner manners[] = {NAME_SERVER_IS_SILENT, NAME_SERVER_WRONG_ID,
                NAME_SERVER_WRONG_QUESTION, NAME_SERVER_ECHOES, NAME_SERVER_LOOPS, NAME_SERVER_LIES_COUNT,
                NAME_SERVER_LIES_LENGTH, NAME_SERVER_STOPS_SHORT, NAME_SERVER_SENDS_NOISE,
                NAME_SERVER_LIES_OVER_TCP, NAME_SERVER_TRUNCATES_TWICE};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(manners); i++) {
                struct name_server server;
                struct sensor_bench bench;
                struct heard heard;

                sensor_bench_init(&bench, "");
                name_server_init(&server, &bench, "127.0.0.53", records);
                server.manner = manners[i];
                heard = ask(&bench, "mx1.example.test", ns_t_a, 1);
                assert_int_equal(heard.times, 1);
                assert_false(heard.answered);
                assert_true(server.asked >= 1);
                name_server_deinit(&server);
                sensor_bench_deinit(&bench);
        }
}

static void an_answer_that_comes_twice_counts_once(void **state) {
        struct name_server server;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&server, &bench, "127.0.0.53", records);
        server.manner = NAME_SERVER_SENDS_TWICE;
        heard = ask(&bench, "mx1.example.test", ns_t_a, 1);
        assert_true(heard.answered);
        sensor_bench_run(&bench, 20 * MS);
        assert_int_equal(heard.times, 1);
        name_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void an_answer_that_comes_too_late_is_lost_and_harms_nobody(void **state) {
        struct name_server server;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&server, &bench, "127.0.0.53", records);
        server.manner = NAME_SERVER_IS_LATE;
        heard = ask(&bench, "mx1.example.test", ns_t_a, 2);
        assert_int_equal(heard.times, 1);
        assert_false(heard.answered);
        sensor_bench_run(&bench, 2 * NAME_SERVER_LATE_USEC);
        assert_int_equal(heard.times, 1);
        name_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void a_truncated_answer_is_asked_for_over_tcp_and_many_records_are_cut(void **state) {
        struct name_server server;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&server, &bench, "127.0.0.53", records);
        server.manner = NAME_SERVER_TRUNCATES;
        heard = ask(&bench, "mx1.example.test", ns_t_a, 1);
        assert_true(heard.answered);
        assert_false(heard.answer.truncated);
        assert_int_equal(heard.answer.n_addresses, 2);
        assert_int_equal(server.asked, 2);

        server.manner = NAME_SERVER_1000_RECORDS;
        heard = ask(&bench, "mx1.example.test", ns_t_a, 1);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.n_addresses, DNS_ADDRESSES_MAX);
        name_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void servers_are_asked_in_turn_and_a_refusal_is_only_the_last_resort(void **state) {
        struct net_address servers[] = {address("127.0.0.51"), address("127.0.0.52"), address("127.0.0.53")};
        struct dns_question question = {.name = "mx1.example.test",
                .type = ns_t_a,
                .servers = servers,
                .n_servers = 3,
                .rounds = 2,
                .timeout_usec = TRY_USEC};
        struct name_server silent, refusing, good;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&silent, &bench, "127.0.0.51", records);
        name_server_init(&refusing, &bench, "127.0.0.52", records);
        name_server_init(&good, &bench, "127.0.0.53", records);
        silent.manner = NAME_SERVER_IS_SILENT;
        refusing.manner = NAME_SERVER_REFUSES;
        heard = ask_all(&bench, question, 1000 * MS);
        assert_true(heard.answered);
        assert_int_equal(heard.server, 2);
        assert_int_equal(heard.answer.n_addresses, 2);

        question.first = 2;
        heard = ask_all(&bench, question, 1000 * MS);
        assert_int_equal(heard.server, 2);
        assert_int_equal(silent.asked, 1);

        good.manner = NAME_SERVER_IS_SILENT;
        heard = ask_all(&bench, question, 1000 * MS);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.code, ns_r_refused);
        assert_int_equal(heard.server, 1);
        assert_int_equal(silent.asked, 2); /* one round was enough */

        question.any = true;
        question.first = 1;
        heard = ask_all(&bench, question, 1000 * MS);
        assert_int_equal(heard.answer.code, ns_r_refused);
        assert_int_equal(silent.asked, 2);
        name_server_deinit(&silent);
        name_server_deinit(&refusing);
        name_server_deinit(&good);
        sensor_bench_deinit(&bench);
}

static void where_nobody_listens_the_next_server_is_asked_at_once(void **state) {
        struct net_address servers[] = {address("127.0.0.50"), address("192.0.2.1"), address("127.0.0.53")};
        struct dns_question question = {.name = "mx1.example.test",
                .type = ns_t_a,
                .servers = servers,
                .n_servers = 3,
                .rounds = 1,
                .timeout_usec = 5000 * MS};
        struct name_server good;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&good, &bench, "127.0.0.53", records);
        heard = ask_all(&bench, question, 1000 * MS);
        assert_true(heard.answered);
        assert_int_equal(heard.server, 2);
        name_server_deinit(&good);
        sensor_bench_deinit(&bench);
}

static void names_that_cannot_be_asked_for_are_refused_at_once(void **state) {
        struct net_address server = address("127.0.0.53");
        static const char *const names[] = {"", "a..b", ".a", "a b", "a\\.b", "x\n", "[192.0.2.1]", "a/b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test"};
        struct sensor_bench bench;

        (void)state;
        sensor_bench_init(&bench, "");
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct dns_question question = {
                        .name = names[i], .servers = &server, .n_servers = 1, .rounds = 1};
                struct dns_query *query = NULL;

                assert_int_equal(dns_query_new(&bench.services, &question, on_reply, NULL, &query), -EINVAL);
                assert_null(query);
        }
        sensor_bench_deinit(&bench);
}

static void a_query_that_is_given_up_leaves_nothing_behind(void **state) {
        struct net_address server = address("127.0.0.53");
        struct dns_question question = {.name = "mx1.example.test",
                .type = ns_t_a,
                .servers = &server,
                .n_servers = 1,
                .rounds = 1,
                .timeout_usec = TRY_USEC};
        struct name_server silent;
        struct sensor_bench bench;
        struct dns_query *query;

        (void)state;
        sensor_bench_init(&bench, "");
        name_server_init(&silent, &bench, "127.0.0.53", records);
        silent.manner = NAME_SERVER_IS_SILENT;
        assert_int_equal(dns_query_new(&bench.services, &question, on_reply, NULL, &query), 0);
        sensor_bench_run(&bench, 20 * MS);
        assert_int_equal(silent.asked, 1);
        dns_query_free(query);
        name_server_deinit(&silent);
        sensor_bench_deinit(&bench);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_and_exchanges_are_read),
                cmocka_unit_test(aliases_are_followed),
                cmocka_unit_test(a_name_that_does_not_exist_is_an_answer),
                cmocka_unit_test(lost_packets_are_made_good_by_asking_again),
                cmocka_unit_test(what_is_no_answer_to_the_question_is_silence),
                cmocka_unit_test(an_answer_that_comes_twice_counts_once),
                cmocka_unit_test(an_answer_that_comes_too_late_is_lost_and_harms_nobody),
                cmocka_unit_test(a_truncated_answer_is_asked_for_over_tcp_and_many_records_are_cut),
                cmocka_unit_test(servers_are_asked_in_turn_and_a_refusal_is_only_the_last_resort),
                cmocka_unit_test(where_nobody_listens_the_next_server_is_asked_at_once),
                cmocka_unit_test(names_that_cannot_be_asked_for_are_refused_at_once),
                cmocka_unit_test(a_query_that_is_given_up_leaves_nothing_behind),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
