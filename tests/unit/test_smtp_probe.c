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
};

static void on_result(const struct smtp_probe_result *result, void *data) {
        struct heard *heard = data;

        heard->times++;
        heard->result = *result;
        assert_true(!result->why == result->speaks);
        if (result->why)
                printf("%s\n", result->why);
}

static struct heard probe(struct sensor_bench *bench, const char *text, uint64_t usec) {
        struct smtp_probe_limits limits = {.connect_usec = 100 * MS, .reply_usec = 150 * MS};
        struct net_address address;
        struct smtp_probe *running;
        struct heard heard = {0};

        assert_true(net_address_parse(text, &address));
        assert_int_equal(
                smtp_probe_new(&bench->services, &address, 25, &limits, on_result, &heard, &running), 0);
        for (uint64_t spent = 0; heard.times == 0 && spent < usec; spent += 5 * MS)
                sensor_bench_run(bench, 5 * MS);
        smtp_probe_free(running);
        return heard;
}

static void a_server_that_greets_and_takes_our_name_speaks_smtp(void **state) {
        static const enum smtp_server_manner manners[] = {SMTP_SERVER_SPEAKS, SMTP_SERVER_IS_OLD};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(manners); i++) {
                struct smtp_server server;
                struct sensor_bench bench;
                struct heard heard;

                sensor_bench_init(&bench, "");
                smtp_server_init(&server, &bench, "127.0.0.25", 25);
                server.manner = manners[i];
                heard = probe(&bench, "127.0.0.25", 1000 * MS);
                assert_int_equal(heard.times, 1);
                assert_true(heard.result.speaks);
                assert_true(heard.result.connected);
                assert_true(heard.result.connect_usec < 100 * MS);
                assert_int_equal(server.quits, 1); /* and leaves politely */
                smtp_server_deinit(&server);
                sensor_bench_deinit(&bench);
        }
}

static void what_greets_badly_or_not_at_all_does_not(void **state) {
        static const enum smtp_server_manner manners[] = {SMTP_SERVER_SAYS_NOTHING, SMTP_SERVER_HANGS_UP,
                SMTP_SERVER_IS_BUSY, SMTP_SERVER_WANTS_NO_MAIL, SMTP_SERVER_REFUSES_NAME,
                SMTP_SERVER_STOPS_AFTER_GREETING, SMTP_SERVER_SENDS_ONE_LINE, SMTP_SERVER_SENDS_LINES,
                SMTP_SERVER_SENDS_NULS, SMTP_SERVER_IS_A_WEB_SERVER, SMTP_SERVER_DRIPS};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(manners); i++) {
                struct smtp_server server;
                struct sensor_bench bench;
                struct heard heard;

                sensor_bench_init(&bench, "");
                smtp_server_init(&server, &bench, "127.0.0.25", 25);
                server.manner = manners[i];
                heard = probe(&bench, "127.0.0.25", 1000 * MS);
                assert_int_equal(heard.times, 1);
                assert_false(heard.result.speaks);
                assert_true(heard.result.connected);
                assert_int_equal(server.accepted, 1);
                assert_int_equal(server.quits, 0);
                smtp_server_deinit(&server);
                sensor_bench_deinit(&bench);
        }
}

static void where_nobody_listens_the_answer_comes_at_once(void **state) {
        static const char *const addresses[] = {"127.0.0.99", "192.0.2.1", "2001:db8::1"};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(addresses); i++) {
                struct sensor_bench bench;
                struct heard heard;

                sensor_bench_init(&bench, "");
                heard = probe(&bench, addresses[i], 50 * MS);
                assert_int_equal(heard.times, 1);
                assert_false(heard.result.speaks);
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
                fillers[i] = net_address_connect(&address, 25, SOCK_STREAM);
                assert_true(fillers[i] >= 0);
        }
        heard = probe(&bench, "127.0.0.77", 1000 * MS);
        assert_int_equal(heard.times, 1);
        assert_false(heard.result.connected);
        assert_string_equal(heard.result.why, "no connection in time");
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
        heard = probe(&bench, "127.0.0.25", 1000 * MS);
        assert_string_equal(heard.result.why, "its reply has no end");
        assert_true(server.sent < (10u << 20));
        smtp_server_deinit(&server);
        sensor_bench_deinit(&bench);
}

static void a_probe_that_is_given_up_leaves_nothing_behind(void **state) {
        struct smtp_probe_limits limits = {.connect_usec = 100 * MS, .reply_usec = 100 * MS};
        struct net_address address;
        struct smtp_server server;
        struct sensor_bench bench;
        struct smtp_probe *running;

        (void)state;
        sensor_bench_init(&bench, "");
        smtp_server_init(&server, &bench, "127.0.0.25", 25);
        server.manner = SMTP_SERVER_SAYS_NOTHING;
        assert_true(net_address_parse("127.0.0.25", &address));
        assert_int_equal(
                smtp_probe_new(&bench.services, &address, 25, &limits, on_result, NULL, &running), 0);
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
        struct smtp_probe *running = NULL;
        struct net_address address;
        struct sensor_bench bench;
        struct rlimit before, none;

        (void)state;
        sensor_bench_init(&bench, "");
        assert_true(net_address_parse("127.0.0.25", &address));
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_int_equal(
                smtp_probe_new(&bench.services, &address, 25, &limits, on_result, NULL, &running), -EMFILE);
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
                cmocka_unit_test(a_server_that_greets_and_takes_our_name_speaks_smtp),
                cmocka_unit_test(what_greets_badly_or_not_at_all_does_not),
                cmocka_unit_test(where_nobody_listens_the_answer_comes_at_once),
                cmocka_unit_test(a_connection_that_does_not_come_ends_at_its_deadline),
                cmocka_unit_test(a_flood_is_read_no_further_than_the_limit),
                cmocka_unit_test(a_probe_that_is_given_up_leaves_nothing_behind),
                cmocka_unit_test(want_of_descriptors_is_not_held_against_the_server),
                cmocka_unit_test(replies_are_read_however_they_are_cut),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
