/* SPDX-License-Identifier: MIT */
/* test_smtp_probe - what speaks SMTP and what only looks like it, over real sockets */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "common/smtp_probe.h"
#include "common/smtp_reply.h"
#include "support/net_sandbox.h"
#include "support/smtp_server.h"

#define MS UINT64_C(1000)

struct heard {
        unsigned times;
        struct smtp_probe_result result;
        char why[128];
};

static void on_result(const struct smtp_probe_result *result, void *data) {
        struct heard *heard = data;

        heard->times++;
        heard->result = *result;
        assert_true(!result->why == (result->outcome == SMTP_PROBE_SPEAKS));
        snprintf(heard->why, sizeof(heard->why), "%s", result->why ? result->why : "");
}

/* What has to come, on a busy machine too; and what is waited for in vain. */
static const struct smtp_probe_limits patient = {.connect_usec = 10000 * MS, .reply_usec = 10000 * MS};
static const struct smtp_probe_limits hasty = {.connect_usec = 100 * MS, .reply_usec = 1000 * MS};

static struct heard probe_as(struct sensor_bench *bench, const struct smtp_probe_call *call,
        const struct smtp_probe_limits *limits) {
        struct smtp_probe *running;
        struct heard heard = {0};

        assert_int_equal(smtp_probe_new(&bench->services, call, limits, on_result, &heard, &running), 0);
        for (uint64_t spent = 0; heard.times == 0 && spent < 30000 * MS; spent += 5 * MS)
                sensor_bench_run(bench, 5 * MS);
        smtp_probe_free(running);
        return heard;
}

static struct heard probe(
        struct sensor_bench *bench, const char *text, const struct smtp_probe_limits *limits) {
        struct smtp_probe_call call = {.port = 25};

        assert_true(net_address_parse(text, &call.to));
        return probe_as(bench, &call, limits);
}

static const char *own_name = "relay.example.test";

int __wrap_gethostname(char *name, size_t size);

int __wrap_gethostname(char *name, size_t size) {
        snprintf(name, size, "%s", own_name);
        return 0;
}

static void it_names_itself_in_full_or_by_its_address(void **state) {
        static const struct {
                const char *name, *address, *hello;
        } cases[] = {
                {"relay.example.test", "127.0.0.25", "EHLO relay.example.test\r\n"},
                {"relay", "127.0.0.25", "EHLO [127.0.0.1]\r\n"},
                {"relay", "::1", "EHLO [IPv6:::1]\r\n"},
                {"relay.test\r\nRSET", "127.0.0.25", "EHLO [127.0.0.1]\r\n"},
                {"", "127.0.0.25", "EHLO [127.0.0.1]\r\n"},
        };
        const char *usual = own_name;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct smtp_server server;
                struct sensor_bench bench;

                own_name = cases[i].name;
                sensor_bench_init(&bench, "");
                smtp_server_init(&server, &bench, cases[i].address, 25);
                /* It hears nothing after that. */
                server.manner = SMTP_SERVER_IS_FULL;
                (void)probe(&bench, cases[i].address, &patient);
                assert_string_equal(server.heard, cases[i].hello);
                smtp_server_deinit(&server);
                sensor_bench_deinit(&bench);
        }
        own_name = usual;
}

static void it_says_the_name_and_comes_from_the_address_that_it_is_given(void **state) {
        static const struct {
                const char *name, *from, *to, *hello;
        } cases[] = {
                {"mail.example.test", NULL, "127.0.0.25", "EHLO mail.example.test\r\n"},
                {"mail", NULL, "127.0.0.25", "EHLO mail\r\n"},
                {"[192.0.2.1]", NULL, "127.0.0.25", "EHLO [192.0.2.1]\r\n"},
                {"[IPv6:2001:db8::1]", NULL, "127.0.0.25", "EHLO [IPv6:2001:db8::1]\r\n"},
                {"$myhostname", NULL, "127.0.0.25", "EHLO [127.0.0.1]\r\n"},
                {"mail.test\r\nRSET", NULL, "127.0.0.25", "EHLO [127.0.0.1]\r\n"},
                {"[", NULL, "127.0.0.25", "EHLO [127.0.0.1]\r\n"},
                {NULL, "127.0.0.9", "127.0.0.25", "EHLO [127.0.0.9]\r\n"},
                {NULL, "::1", "127.0.0.25", "EHLO [127.0.0.1]\r\n"},
                /* Not of this host. */
                {NULL, "192.0.2.9", "127.0.0.25", "EHLO [127.0.0.1]\r\n"},
                {NULL, "2001:db8::1", "::1", "EHLO [IPv6:::1]\r\n"},
        };
        const char *usual = own_name;

        (void)state;
        own_name = "relay";
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct smtp_probe_call call = {.port = 25, .name = cases[i].name};
                struct net_address from;
                struct smtp_server server;
                struct sensor_bench bench;

                sensor_bench_init(&bench, "");
                smtp_server_init(&server, &bench, cases[i].to, 25);
                server.manner = SMTP_SERVER_IS_FULL;
                assert_true(net_address_parse(cases[i].to, &call.to));
                if (cases[i].from)
                        assert_true(net_address_parse(cases[i].from, &from));
                call.from = cases[i].from ? &from : NULL;
                (void)probe_as(&bench, &call, &patient);
                assert_string_equal(server.heard, cases[i].hello);
                smtp_server_deinit(&server);
                sensor_bench_deinit(&bench);
        }
        own_name = usual;
}

static void a_server_that_greets_and_takes_our_name_speaks_smtp(void **state) {
        static const enum smtp_server_manner manners[] = {
                SMTP_SERVER_SPEAKS, SMTP_SERVER_IS_OLD, SMTP_SERVER_IS_LMTP, SMTP_SERVER_IS_LONG};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(manners); i++) {
                struct smtp_server server;
                struct sensor_bench bench;
                struct heard heard;

                sensor_bench_init(&bench, "");
                smtp_server_init(&server, &bench, "127.0.0.25", 25);
                server.manner = manners[i];
                heard = probe(&bench, "127.0.0.25", &patient);
                assert_int_equal(heard.times, 1);
                assert_int_equal(heard.result.outcome, SMTP_PROBE_SPEAKS);
                assert_true(heard.result.connected);
                assert_true(heard.result.greeted);
                assert_true(heard.result.connect_usec < 10000 * MS);
                assert_int_equal(server.quits, 1); /* and leaves politely */
                smtp_server_deinit(&server);
                sensor_bench_deinit(&bench);
        }
}

static bool never(const struct sg_host *host, const char *what) {
        (void)host;
        return !what;
}

static void what_it_does_instead_is_told_and_it_is_left_politely_when_it_said_a_reply(void **state) {
        static const struct {
                enum smtp_server_manner manner;
                enum smtp_probe_outcome outcome;
                const char *why;
                unsigned quits;
        } cases[] = {
                {SMTP_SERVER_SAYS_NOTHING, SMTP_PROBE_SILENT, "accepts connections but does not greet", 0},
                {SMTP_SERVER_DRIPS, SMTP_PROBE_SILENT, "accepts connections but does not greet", 0},
                {SMTP_SERVER_STOPS_AFTER_GREETING, SMTP_PROBE_SILENT, "does not answer to EHLO", 1},
                {SMTP_SERVER_HANGS_UP, SMTP_PROBE_CLOSED, "closes the connection", 0},
                {SMTP_SERVER_IS_BUSY, SMTP_PROBE_REFUSES, "answers 421 to the connection", 1},
                {SMTP_SERVER_WANTS_NO_MAIL, SMTP_PROBE_REFUSES, "answers 554 to the connection", 1},
                {SMTP_SERVER_REFUSES_NAME, SMTP_PROBE_REFUSES, "answers 550 to HELO", 1},
                {SMTP_SERVER_IS_FULL, SMTP_PROBE_REFUSES, "answers 421 to EHLO", 0},
                {SMTP_SERVER_SENDS_ONE_LINE, SMTP_PROBE_NOT_SMTP, "gives a reply without end", 0},
                {SMTP_SERVER_SENDS_LINES, SMTP_PROBE_NOT_SMTP, "gives a reply without end", 0},
                {SMTP_SERVER_SENDS_NULS, SMTP_PROBE_NOT_SMTP, "does not speak SMTP", 0},
                {SMTP_SERVER_IS_A_WEB_SERVER, SMTP_PROBE_NOT_SMTP, "does not speak SMTP", 0},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct smtp_server server;
                struct sensor_bench bench;
                struct heard heard;

                sensor_bench_init(&bench, "");
                smtp_server_init(&server, &bench, "127.0.0.25", 25);
                server.manner = cases[i].manner;
                heard = probe(
                        &bench, "127.0.0.25", cases[i].outcome == SMTP_PROBE_SILENT ? &hasty : &patient);
                assert_int_equal(heard.times, 1);
                assert_int_equal(heard.result.outcome, cases[i].outcome);
                assert_string_equal(heard.why, cases[i].why);
                assert_true(heard.result.connected);
                assert_int_equal(server.accepted, 1);
                /* The last word may still be under way. */
                sensor_bench_run(&bench, 20 * MS);
                assert_int_equal(server.quits, cases[i].quits);
                smtp_server_deinit(&server);
                sensor_bench_deinit(&bench);
        }
}

static void words_that_ended_the_process_once_are_not_held_against_the_server(void **state) {
        struct smtp_server server;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        bench.services.parsing = never;
        smtp_server_init(&server, &bench, "127.0.0.25", 25);
        heard = probe(&bench, "127.0.0.25", &patient);
        assert_int_equal(heard.result.outcome, SMTP_PROBE_UNTOLD);
        smtp_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void where_nobody_listens_the_answer_comes_at_once(void **state) {
        static const struct {
                const char *address;
                enum smtp_probe_outcome outcome;
        } cases[] = {
                {"127.0.0.99", SMTP_PROBE_REFUSED},
                {"192.0.2.1", SMTP_PROBE_NO_ROUTE}, /* this network has no way out */
                {"2001:db8::1", SMTP_PROBE_NO_ROUTE},
                {"fe80::1%none0", SMTP_PROBE_NO_ROUTE},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct sensor_bench bench;
                struct heard heard;

                sensor_bench_init(&bench, "");
                heard = probe(&bench, cases[i].address, &patient);
                assert_int_equal(heard.times, 1);
                assert_int_equal(heard.result.outcome, cases[i].outcome);
                assert_false(heard.result.connected);
                sensor_bench_deinit(&bench);
        }
}

/* A listener whose queue of connections is full does not answer to one more, like a host that is gone. */
static void a_connection_that_does_not_come_ends_at_its_deadline(void **state) {
        int full = net_sandbox_listen("127.0.0.77", 25, SOCK_STREAM), fillers[4];
        struct sensor_bench bench;
        struct net_address address;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        assert_int_equal(listen(full, 0), 0);
        assert_true(net_address_parse("127.0.0.77", &address));
        for (size_t i = 0; i < ELEMENTSOF(fillers); i++) {
                fillers[i] = net_address_connect(&address, 25, SOCK_STREAM, NULL);
                assert_true(fillers[i] >= 0);
        }
        heard = probe(&bench, "127.0.0.77", &hasty);
        assert_int_equal(heard.times, 1);
        assert_false(heard.result.connected);
        assert_int_equal(heard.result.outcome, SMTP_PROBE_TIMED_OUT);
        assert_string_equal(heard.why, "connection timed out");
        for (size_t i = 0; i < ELEMENTSOF(fillers); i++)
                close(fillers[i]);
        close(full);
        sensor_bench_deinit(&bench);
}

static void a_flood_is_read_no_further_than_the_limit(void **state) {
        struct smtp_server server;
        struct sensor_bench bench;
        struct heard heard;

        (void)state;
        sensor_bench_init(&bench, "");
        smtp_server_init(&server, &bench, "127.0.0.25", 25);
        server.manner = SMTP_SERVER_SENDS_ONE_LINE;
        heard = probe(&bench, "127.0.0.25", &patient);
        assert_string_equal(heard.why, "gives a reply without end");
        assert_true(server.sent < (10u << 20));
        smtp_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void a_probe_that_is_given_up_leaves_nothing_behind(void **state) {
        struct smtp_probe_limits limits = {.connect_usec = 100 * MS, .reply_usec = 100 * MS};
        struct smtp_probe_call call = {.port = 25};
        struct smtp_server server;
        struct sensor_bench bench;
        struct smtp_probe *running;

        (void)state;
        sensor_bench_init(&bench, "");
        smtp_server_init(&server, &bench, "127.0.0.25", 25);
        server.manner = SMTP_SERVER_SAYS_NOTHING;
        assert_true(net_address_parse("127.0.0.25", &call.to));
        assert_int_equal(smtp_probe_new(&bench.services, &call, &limits, on_result, NULL, &running), 0);
        sensor_bench_run(&bench, 30 * MS);
        assert_int_equal(server.now, 1);
        smtp_probe_free(running);
        sensor_bench_run(&bench, 30 * MS);
        assert_int_equal(server.now, 0);
        smtp_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void want_of_descriptors_is_not_held_against_the_server(void **state) {
        struct smtp_probe_limits limits = {.connect_usec = 100 * MS, .reply_usec = 100 * MS};
        struct smtp_probe_call call = {.port = 25};
        struct smtp_probe *running = NULL;
        struct sensor_bench bench;
        struct rlimit before, none;

        (void)state;
        sensor_bench_init(&bench, "");
        assert_true(net_address_parse("127.0.0.25", &call.to));
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_int_equal(smtp_probe_new(&bench.services, &call, &limits, on_result, NULL, &running), -EMFILE);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_null(running);
        sensor_bench_deinit(&bench);
}

/* The whole, and byte by byte. */
static int feed(const char *text, size_t size) {
        struct smtp_reply whole = {0}, bytes = {0};
        int r = smtp_reply_feed(&whole, text, size), one = 0;

        for (size_t i = 0; i < size && one == 0; i++)
                one = smtp_reply_feed(&bytes, text + i, 1);
        assert_int_equal(r, one);
        return r;
}

static void replies_are_read_however_they_are_cut(void **state) {
        static const struct {
                const char *text;
                int expected;
        } cases[] = {
                {"220 ready\r\n", 220},
                {"220\r\n", 220},
                {"220\n", 220},
                {"220-a\r\n220-b\r\n220 c\r\n", 220},
                {"220-a\r\n220-b\r\n", 0},
                {"220 no end of line", 0},
                {"", 0},
                {"220 one\r\n554 two\r\n", 220},
                {"220-a\r\n250 b\r\n", -EBADMSG},
                {"22\r\n", -EBADMSG},
                {"\r\n", -EBADMSG},
                {"2200 x\r\n", -EBADMSG},
                {"abc x\r\n", -EBADMSG},
                {"199 x\r\n", -EBADMSG},
                {"600 x\r\n", -EBADMSG},
                {" 220 x\r\n", -EBADMSG},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(feed(cases[i].text, strlen(cases[i].text)), cases[i].expected);
        assert_int_equal(feed("220 \0\r\n", 7), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_names_itself_in_full_or_by_its_address),
                cmocka_unit_test(it_says_the_name_and_comes_from_the_address_that_it_is_given),
                cmocka_unit_test(a_server_that_greets_and_takes_our_name_speaks_smtp),
                cmocka_unit_test(what_it_does_instead_is_told_and_it_is_left_politely_when_it_said_a_reply),
                cmocka_unit_test(words_that_ended_the_process_once_are_not_held_against_the_server),
                cmocka_unit_test(where_nobody_listens_the_answer_comes_at_once),
                cmocka_unit_test(a_connection_that_does_not_come_ends_at_its_deadline),
                cmocka_unit_test(a_flood_is_read_no_further_than_the_limit),
                cmocka_unit_test(a_probe_that_is_given_up_leaves_nothing_behind),
                cmocka_unit_test(want_of_descriptors_is_not_held_against_the_server),
                cmocka_unit_test(replies_are_read_however_they_are_cut),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
