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
#define SERVER "127.0.0.53"

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

struct fixture {
        struct sensor_bench bench;
        struct name_server server; /* at SERVER */
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        *state = fixture;
        sensor_bench_init(&fixture->bench, "");
        name_server_init(&fixture->server, &fixture->bench, SERVER, records);
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        name_server_deinit(&fixture->server);
        sensor_bench_deinit(&fixture->bench);
        free(fixture);
        return 0;
}

struct heard {
        unsigned times;
        bool answered;
        struct dns_answer answer;
        size_t server;
        uint64_t took_usec;
        int error;
        bool unsent;
};

static void on_reply(const struct dns_reply *reply, void *data) {
        struct heard *heard = data;

        heard->times++;
        heard->answered = reply->answer;
        if (reply->answer)
                heard->answer = *reply->answer;
        heard->server = reply->server;
        heard->took_usec = reply->took_usec;
        heard->error = reply->error;
        heard->unsent = reply->unsent;
}

static struct net_address address(const char *text) {
        struct net_address parsed;

        assert_true(net_address_parse(text, &parsed));
        return parsed;
}

static struct heard ask_all(struct fixture *fixture, struct dns_question question) {
        struct heard heard = {0};
        struct dns_query *query;

        assert_int_equal(dns_query_new(&fixture->bench.services, &question, on_reply, &heard, &query), 0);
        for (uint64_t spent = 0; heard.times == 0 && spent < 1000 * MS; spent += 5 * MS)
                sensor_bench_run(&fixture->bench, 5 * MS);
        dns_query_free(query);
        return heard;
}

static struct heard ask(struct fixture *fixture, const char *name, int type, unsigned rounds) {
        struct net_address server = address(SERVER);

        return ask_all(fixture,
                (struct dns_question){.name = name,
                        .type = type,
                        .servers = &server,
                        .n_servers = 1,
                        .rounds = rounds,
                        .timeout_usec = TRY_USEC});
}

static void addresses_and_exchanges_are_read(void **state) {
        struct net_address expected;
        struct fixture *fixture = *state;
        struct heard heard;

        heard = ask(fixture, "example.test", ns_t_mx, 1);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.n_exchanges, 2);
        assert_string_equal(heard.answer.exchanges[0].name, "mx2.example.test");
        assert_int_equal(heard.answer.exchanges[1].preference, 10);
        heard = ask(fixture, "MX1.Example.Test", ns_t_a, 1);
        assert_int_equal(heard.answer.n_addresses, 2);
        heard = ask(fixture, "mx1.example.test", ns_t_aaaa, 1);
        assert_int_equal(heard.answer.n_addresses, 1);
        expected = address("2001:db8::25");
        assert_int_equal(net_address_compare(&heard.answer.addresses[0], &expected), 0);
        heard = ask(fixture, ".", ns_t_ns, 1);
        assert_true(heard.answered);
        assert_true(heard.took_usec > 0 && heard.took_usec < TRY_USEC);
}

static void aliases_are_followed(void **state) {
        struct fixture *fixture = *state;
        struct heard heard;

        heard = ask(fixture, "alias.example.test", ns_t_a, 1);
        assert_int_equal(heard.answer.n_addresses, 2);
}

static void a_name_that_does_not_exist_is_an_answer(void **state) {
        struct fixture *fixture = *state;
        struct heard heard;

        heard = ask(fixture, "gone.example.test", ns_t_mx, 3);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.code, ns_r_nxdomain);
        assert_int_equal(fixture->server.asked, 1);
        heard = ask(fixture, "mx1.example.test", ns_t_mx, 3);
        assert_int_equal(heard.answer.code, ns_r_noerror);
        assert_int_equal(heard.answer.n_exchanges, 0);
}

static void lost_packets_are_made_good_by_asking_again(void **state) {
        struct fixture *fixture = *state;
        struct heard heard;

        fixture->server.deaf_to = 2;
        heard = ask(fixture, "mx1.example.test", ns_t_a, 3);
        assert_true(heard.answered);
        assert_int_equal(fixture->server.asked, 3);
        assert_true(heard.took_usec < TRY_USEC); /* of the try that was answered */
        fixture->server.deaf_to = 3;
        heard = ask(fixture, "mx1.example.test", ns_t_a, 3);
        assert_int_equal(heard.times, 1);
        assert_false(heard.answered);
}

static void what_is_no_answer_to_the_question_is_silence(void **state) {
        static const enum name_server_manner manners[] = {NAME_SERVER_IS_SILENT, NAME_SERVER_WRONG_ID,
                NAME_SERVER_WRONG_QUESTION, NAME_SERVER_ECHOES, NAME_SERVER_OTHER_PORT,
                NAME_SERVER_OTHER_ADDRESS, NAME_SERVER_LOOPS, NAME_SERVER_LIES_COUNT, NAME_SERVER_LIES_LENGTH,
                NAME_SERVER_STOPS_SHORT, NAME_SERVER_SENDS_NOISE, NAME_SERVER_LIES_OVER_TCP,
                NAME_SERVER_HANGS_OVER_TCP, NAME_SERVER_TRUNCATES_TWICE};

        for (size_t i = 0; i < ELEMENTSOF(manners); i++) {
                struct fixture *fixture = *state;
                struct heard heard;

                fixture->server.manner = manners[i];
                heard = ask(fixture, "mx1.example.test", ns_t_a, 1);
                assert_int_equal(heard.times, 1);
                assert_false(heard.answered);
                assert_true(fixture->server.asked >= 1);
                teardown(state);
                setup(state);
        }
}

static void an_answer_that_comes_twice_counts_once(void **state) {
        struct fixture *fixture = *state;
        struct heard heard;

        fixture->server.manner = NAME_SERVER_SENDS_TWICE;
        heard = ask(fixture, "mx1.example.test", ns_t_a, 1);
        assert_true(heard.answered);
        sensor_bench_run(&fixture->bench, 20 * MS);
        assert_int_equal(heard.times, 1);
}

static void an_answer_that_comes_too_late_is_lost_and_harms_nobody(void **state) {
        struct fixture *fixture = *state;
        struct heard heard;

        fixture->server.manner = NAME_SERVER_IS_LATE;
        heard = ask(fixture, "mx1.example.test", ns_t_a, 2);
        assert_int_equal(heard.times, 1);
        assert_false(heard.answered);
        sensor_bench_run(&fixture->bench, 2 * NAME_SERVER_LATE_USEC);
        assert_int_equal(heard.times, 1);
}

static void a_truncated_answer_is_asked_for_over_tcp_and_many_records_are_cut(void **state) {
        struct fixture *fixture = *state;
        struct heard heard;

        fixture->server.manner = NAME_SERVER_TRUNCATES;
        heard = ask(fixture, "mx1.example.test", ns_t_a, 1);
        assert_true(heard.answered);
        assert_false(heard.answer.truncated);
        assert_int_equal(heard.answer.n_addresses, 2);
        assert_int_equal(fixture->server.asked, 2);

        fixture->server.manner = NAME_SERVER_1000_RECORDS;
        heard = ask(fixture, "mx1.example.test", ns_t_a, 1);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.n_addresses, DNS_ADDRESSES_MAX);
}

static void over_tcp_it_may_talk_on_but_not_dawdle(void **state) {
        struct net_address server = address(SERVER);
        struct dns_question question = {.name = "mx1.example.test",
                .type = ns_t_a,
                .servers = &server,
                .n_servers = 1,
                .rounds = 1,
                .timeout_usec = 500 * MS};
        struct fixture *fixture = *state;
        struct heard heard;

        fixture->server.manner = NAME_SERVER_TALKS_OVER_TCP;
        heard = ask_all(fixture, question);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.n_addresses, 2);

        fixture->server.manner = NAME_SERVER_SPELLS_OVER_TCP;
        fixture->server.late_usec = 1 * MS;
        heard = ask_all(fixture, question);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.n_addresses, 2);

        fixture->server.late_usec = 50 * MS;
        heard = ask_all(fixture, question);
        assert_int_equal(heard.times, 1);
        assert_false(heard.answered);
}

static void a_question_over_tcp_alone_is_asked_so(void **state) {
        struct net_address server = address(SERVER);
        struct dns_question question = {.name = "mx1.example.test",
                .type = ns_t_a,
                .servers = &server,
                .n_servers = 1,
                .rounds = 1,
                .timeout_usec = TRY_USEC,
                .stream = true};
        struct fixture *fixture = *state;
        struct heard heard = ask_all(fixture, question);

        assert_true(heard.answered);
        assert_int_equal(heard.answer.n_addresses, 2);
        assert_int_equal(fixture->server.asked, 1);
        assert_int_equal(fixture->server.asked_by_stream, 1);
}

static void the_kernels_word_is_told_apart_from_silence(void **state) {
        static const struct {
                const char *server;
                bool stream;
                int error;
                bool unsent;
        } cases[] = {
                {SERVER, false, 0, false}, /* it is silent */
                {"127.0.0.50", false, -ECONNREFUSED, false},
                {"127.0.0.50", true, -ECONNREFUSED, false},
                {"192.0.2.1", false, -ENETUNREACH, true},
                {"192.0.2.1", true, -ENETUNREACH, true},
                {"fe80::1%nosuch0", false, -ENODEV, true},
        };
        struct fixture *fixture = *state;

        fixture->server.manner = NAME_SERVER_IS_SILENT;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct net_address server = address(cases[i].server);
                struct heard heard = ask_all(fixture,
                        (struct dns_question){.name = ".",
                                .type = ns_t_ns,
                                .servers = &server,
                                .n_servers = 1,
                                .rounds = 1,
                                .timeout_usec = TRY_USEC,
                                .stream = cases[i].stream,
                                .any = true});

                assert_int_equal(heard.times, 1);
                assert_false(heard.answered);
                assert_int_equal(heard.error, cases[i].error);
                assert_int_equal(heard.unsent, cases[i].unsent);
        }
}

static void servers_are_asked_in_turn_and_a_refusal_is_only_the_last_resort(void **state) {
        struct net_address servers[] = {address("127.0.0.51"), address("127.0.0.52"), address(SERVER)};
        struct dns_question question = {.name = "mx1.example.test",
                .type = ns_t_a,
                .servers = servers,
                .n_servers = 3,
                .rounds = 2,
                .timeout_usec = TRY_USEC};
        struct name_server silent, refusing;
        struct fixture *fixture = *state;
        struct heard heard;

        name_server_init(&silent, &fixture->bench, "127.0.0.51", records);
        name_server_init(&refusing, &fixture->bench, "127.0.0.52", records);
        silent.manner = NAME_SERVER_IS_SILENT;
        refusing.manner = NAME_SERVER_REFUSES;
        heard = ask_all(fixture, question);
        assert_true(heard.answered);
        assert_int_equal(heard.server, 2);
        assert_int_equal(heard.answer.n_addresses, 2);

        question.first = 2;
        heard = ask_all(fixture, question);
        assert_int_equal(heard.server, 2);
        assert_int_equal(silent.asked, 1);

        fixture->server.manner = NAME_SERVER_IS_SILENT;
        heard = ask_all(fixture, question);
        assert_true(heard.answered);
        assert_int_equal(heard.answer.code, ns_r_refused);
        assert_int_equal(heard.server, 1);
        assert_int_equal(silent.asked, 2); /* one round was enough */

        question.any = true;
        question.first = 1;
        heard = ask_all(fixture, question);
        assert_int_equal(heard.answer.code, ns_r_refused);
        assert_int_equal(silent.asked, 2);
        name_server_deinit(&silent);
        name_server_deinit(&refusing);
}

static void where_nobody_listens_the_next_server_is_asked_at_once(void **state) {
        struct net_address servers[] = {address("127.0.0.50"), address("192.0.2.1"), address(SERVER)};
        struct dns_question question = {.name = "mx1.example.test",
                .type = ns_t_a,
                .servers = servers,
                .n_servers = 3,
                .rounds = 1,
                .timeout_usec = 5000 * MS};
        struct fixture *fixture = *state;
        struct heard heard;

        heard = ask_all(fixture, question);
        assert_true(heard.answered);
        assert_int_equal(heard.server, 2);
}

static void names_that_cannot_be_asked_for_are_refused_at_once(void **state) {
        struct net_address server = address(SERVER);
        static const char *const names[] = {"", "a..b", ".a", "a b", "a\\.b", "x\n", "[192.0.2.1]", "a/b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test"};
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct dns_question question = {
                        .name = names[i], .servers = &server, .n_servers = 1, .rounds = 1};
                struct dns_query *query = NULL;

                assert_int_equal(
                        dns_query_new(&fixture->bench.services, &question, on_reply, NULL, &query), -EINVAL);
                assert_null(query);
        }
}

static void a_query_that_is_given_up_leaves_nothing_behind(void **state) {
        struct net_address server = address(SERVER);
        struct dns_question question = {.name = "mx1.example.test",
                .type = ns_t_a,
                .servers = &server,
                .n_servers = 1,
                .rounds = 1,
                .timeout_usec = TRY_USEC};
        struct fixture *fixture = *state;
        struct dns_query *query;

        fixture->server.manner = NAME_SERVER_IS_SILENT;
        assert_int_equal(dns_query_new(&fixture->bench.services, &question, on_reply, NULL, &query), 0);
        sensor_bench_run(&fixture->bench, 20 * MS);
        assert_int_equal(fixture->server.asked, 1);
        dns_query_free(query);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_SERVER(addresses_and_exchanges_are_read),
                WITH_SERVER(aliases_are_followed),
                WITH_SERVER(a_name_that_does_not_exist_is_an_answer),
                WITH_SERVER(lost_packets_are_made_good_by_asking_again),
                WITH_SERVER(what_is_no_answer_to_the_question_is_silence),
                WITH_SERVER(an_answer_that_comes_twice_counts_once),
                WITH_SERVER(an_answer_that_comes_too_late_is_lost_and_harms_nobody),
                WITH_SERVER(a_truncated_answer_is_asked_for_over_tcp_and_many_records_are_cut),
                WITH_SERVER(over_tcp_it_may_talk_on_but_not_dawdle),
                WITH_SERVER(a_question_over_tcp_alone_is_asked_so),
                WITH_SERVER(the_kernels_word_is_told_apart_from_silence),
                WITH_SERVER(servers_are_asked_in_turn_and_a_refusal_is_only_the_last_resort),
                WITH_SERVER(where_nobody_listens_the_next_server_is_asked_at_once),
                WITH_SERVER(names_that_cannot_be_asked_for_are_refused_at_once),
                WITH_SERVER(a_query_that_is_given_up_leaves_nothing_behind),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
