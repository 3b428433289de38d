/* SPDX-License-Identifier: MIT */
/*
 * test_dns_wait - what a lookup waits, against what res_nquery() of glibc 2.36 was measured to wait
 *
 * The seconds of `measured` are those of real lookups, with servers on loopback that were silent, slow, closed or
 * failing; what is reckoned must be within a fifth of a second of them.  Some short ones are measured here as well, on
 * the C library that the test runs with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "dns/dns_wait.h"
#include "support/net_sandbox.h"

#define SILENT \
        { DNS_WAIT_SILENT, 0 }
#define ANSWERS \
        { DNS_WAIT_ANSWERS, 0.001 }
#define TAKES(seconds) \
        { DNS_WAIT_ANSWERS, seconds }
#define PASSES \
        { DNS_WAIT_PASSES, 0 }

static struct resolv_conf conf_of(size_t n_servers, const char *options) {
        struct resolv_conf conf;
        char text[256] = "";

        for (size_t i = 0; i < n_servers; i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "nameserver 127.0.0.1%zu\n", i);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "options %s\n", options);
        resolv_conf_parse(text, strlen(text), &conf);
        return conf;
}

static void lookups_take_as_long_as_they_were_measured_to_take(void **state) {
        static const struct {
                size_t n;
                const char *options;
                struct dns_wait_server servers[3];
                double measured;
                bool answered;
        } cases[] = {
                {2, "", {SILENT, ANSWERS}, 5.01, true},
                {3, "", {SILENT, SILENT, ANSWERS}, 8.01, true},
                {3, "", {SILENT, SILENT, SILENT}, 28.02, false},
                {1, "", {SILENT}, 10.01, false},
                {2, "", {SILENT, SILENT}, 20.01, false},
                {2, "timeout:2 attempts:3", {SILENT, ANSWERS}, 2.00, true},
                {3, "timeout:2 attempts:3", {SILENT, SILENT, SILENT}, 15.01, false},
                {2, "timeout:0", {SILENT, ANSWERS}, 1.00, true},
                {1, "attempts:0", {ANSWERS}, 0.00, false},
                {2, "", {TAKES(2), ANSWERS}, 2.00, true},
                {2, "timeout:3", {TAKES(0.5), SILENT}, 0.50, true},
                /* The answer of the first round is found in the second. */
                {2, "", {TAKES(6), TAKES(6)}, 10.01, true},
                /* A closed port in between closes all sockets. */
                {3, "", {TAKES(7), SILENT, PASSES}, 16.01, false},
                {2, "", {PASSES, ANSWERS}, 0.00, true},
                /* Twelve lookups, each second one of 1 s. */
                {2, "timeout:1 rotate", {SILENT, ANSWERS}, 0.50, true},
                /* 0, 2 and 1 s in turn. */
                {3, "timeout:1 rotate", {SILENT, SILENT, ANSWERS}, 1.00, true},
                /* 0, 8 and 3 s in turn. */
                {3, "rotate", {SILENT, SILENT, ANSWERS}, 3.67, true},
                /* 4, 7 and 4 s in turn. */
                {3, "rotate", {TAKES(4), TAKES(4), TAKES(4)}, 5.00, true},
                {2, "use-vc", {SILENT, ANSWERS}, 135.16, true},
                {2, "", {ANSWERS, SILENT}, 0.00, true},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct resolv_conf conf = conf_of(cases[i].n, cases[i].options);
                struct dns_wait wait = dns_wait(&conf, cases[i].servers);

                assert_true(wait.known);
                assert_int_equal(wait.answered, cases[i].answered);
                if (wait.seconds < cases[i].measured - 0.2 || wait.seconds > cases[i].measured + 0.2)
                        fail_msg("case %zu: %g s instead of %g", i, wait.seconds, cases[i].measured);
        }
}

static void a_server_of_which_nothing_is_known_matters_only_where_it_is_asked(void **state) {
        static const struct dns_wait_server servers[][2] = {{ANSWERS, {0}}, {{0}, ANSWERS}};
        struct resolv_conf conf = conf_of(2, "");

        (void)state;
        assert_true(dns_wait(&conf, servers[0]).known);
        assert_false(dns_wait(&conf, servers[1]).known);
        conf = conf_of(2, "rotate");
        assert_false(dns_wait(&conf, servers[0]).known);
}

/* A name server that says to each question that there is nothing, until it is killed. */
static pid_t serve(int fd) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        for (;;) {
                struct sockaddr_in peer;
                socklen_t size = sizeof(peer);
                uint8_t message[512];
                ssize_t n = recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&peer, &size);

                if (n < NS_HFIXEDSZ) {
                        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
                        continue;
                }
                ns_put16(0x8180, message + 2);
                sendto(fd, message, (size_t)n, MSG_NOSIGNAL, (const struct sockaddr *)&peer, size);
        }
}

static double measure(const struct resolv_conf *conf) {
        struct __res_state resolver = {0};
        uint64_t begin_usec = clock_monotonic_usec();
        uint8_t answer[512];

        assert_int_equal(res_ninit(&resolver), 0);
        resolver.retrans = (int)conf->timeout_seconds;
        resolver.retry = (int)conf->attempts;
        resolver.nscount = (int)conf->n_servers;
        resolver.options &= ~(unsigned long)RES_ROTATE;
        for (size_t i = 0; i < conf->n_servers; i++) {
                struct sockaddr_in *server = &resolver.nsaddr_list[i];

                *server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(NS_DEFAULTPORT)};
                memcpy(&server->sin_addr, conf->servers[i].bytes, sizeof(server->sin_addr));
        }
        (void)res_nquery(&resolver, "example.test", ns_c_in, ns_t_mx, answer, sizeof(answer));
        res_nclose(&resolver);
        return (double)(clock_monotonic_usec() - begin_usec) / 1e6;
}

static void this_c_library_waits_as_long(void **state) {
        static const struct {
                size_t n;
                const char *options;
                struct dns_wait_server servers[3];
        } cases[] = {
                {2, "timeout:1", {SILENT, ANSWERS}},
                {3, "timeout:1", {SILENT, SILENT, ANSWERS}},
                {2, "timeout:2 attempts:1", {SILENT, SILENT}},
                {2, "timeout:5", {PASSES, ANSWERS}},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct resolv_conf conf = conf_of(cases[i].n, cases[i].options);
                double expected = dns_wait(&conf, cases[i].servers).seconds, measured;
                int fds[3] = {-1, -1, -1};
                pid_t pid = 0;

                for (size_t k = 0; k < cases[i].n; k++) {
                        char address[NET_ADDRESS_TEXT];

                        net_address_print(&conf.servers[k], address);
                        if (cases[i].servers[k].manner != DNS_WAIT_PASSES)
                                fds[k] = net_sandbox_listen(address, NS_DEFAULTPORT, SOCK_DGRAM);
                        if (cases[i].servers[k].manner == DNS_WAIT_ANSWERS)
                                pid = serve(fds[k]);
                }
                measured = measure(&conf);
                if (pid > 0) {
                        assert_int_equal(kill(pid, SIGKILL), 0);
                        assert_int_equal(waitpid(pid, NULL, 0), pid);
                }
                for (size_t k = 0; k < cases[i].n; k++)
                        if (fds[k] >= 0)
                                close(fds[k]);
                /* A busy machine takes longer, none takes less. */
                if (measured < expected - 0.1 || measured > expected + 1.5)
                        fail_msg("case %zu: %g s, reckoned %g", i, measured, expected);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lookups_take_as_long_as_they_were_measured_to_take),
                cmocka_unit_test(this_c_library_waits_as_long),
                cmocka_unit_test(a_server_of_which_nothing_is_known_matters_only_where_it_is_asked),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
