/* SPDX-License-Identifier: MIT */
/* dns_support - a sensor of the plugin dns with a name server on loopback, in a network of its own */
#ifndef UNIT_DNS_SUPPORT_H
#define UNIT_DNS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/nameser.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dns/dns.h"
#include "support/bench_expect.h"
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

static char log_lines[4096];

static inline __attribute__((format(printf, 3, 4))) void keep_log(
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

/* What a test begins with. */
struct plan {
        const struct sg_sensor *sensor;
        uint64_t interval_usec, timeout_usec;
};

#define OTHERS_MAX 3

struct fixture {
        const struct plan *plan;
        struct scratch scratch;
        struct sensor_bench bench;
        struct name_server server;
        struct name_server others[OTHERS_MAX];
        size_t n_others;
        bool has_far_network;
        void *sensor;
};

static inline void fixture_init(struct fixture *fixture, const struct plan *plan) {
        const struct sg_value options[] = {
                [DNS_OPTION_INTERVAL] = {.type = SG_TYPE_DURATION, .usec = plan->interval_usec},
                [DNS_OPTION_TIMEOUT] = {.type = SG_TYPE_DURATION, .usec = plan->timeout_usec},
                [DNS_OPTION_NAMES_INTERVAL] = {.type = SG_TYPE_DURATION, .usec = plan->interval_usec},
                [DNS_OPTION_IPV6] = {.type = SG_TYPE_BOOL, .boolean = true},
        };

        *fixture = (struct fixture){.plan = plan};
        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "etc/resolv.conf",
                "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n");
        sensor_bench_init(&fixture->bench, fixture->scratch.path);
        fixture->bench.services.log = keep_log;
        log_lines[0] = '\0';
        name_server_init(&fixture->server, &fixture->bench, "127.0.0.53", records);
        assert_int_equal(plan->sensor->create(&fixture->bench.services, options, &fixture->sensor), 0);
}

/* One more, until the test ends. */
static inline struct name_server *add_server(struct fixture *fixture, const char *address) {
        struct name_server *server = &fixture->others[fixture->n_others];

        assert_true(fixture->n_others < OTHERS_MAX);
        name_server_init(server, &fixture->bench, address, records);
        fixture->n_others++;
        return server;
}

/* A second address of the loopback interface, 192.0.2.1; without it there is no way to any such address. */
static inline void set_far_network(struct fixture *fixture, bool up) {
        struct ifreq request = {.ifr_name = "lo:1"};
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(0xc0000201)}};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        memcpy(&request.ifr_addr, &address, sizeof(address));
        assert_int_equal(ioctl(fd, up ? SIOCSIFADDR : SIOCSIFFLAGS, &request), 0);
        close(fd);
        fixture->has_far_network = up;
}

static inline void fixture_deinit(struct fixture *fixture) {
        fixture->plan->sensor->destroy(fixture->sensor);
        while (fixture->n_others > 0)
                name_server_deinit(&fixture->others[--fixture->n_others]);
        name_server_deinit(&fixture->server);
        if (fixture->has_far_network)
                set_far_network(fixture, false);
        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
}

static inline int setup(void **state) {
        const struct plan *plan = *state;
        struct fixture *fixture = malloc(sizeof(*fixture));

        if (!fixture)
                return -1;
        fixture_init(fixture, plan);
        *state = fixture;
        return 0;
}

static inline int teardown(void **state) {
        fixture_deinit(*state);
        free(*state);
        return 0;
}

/* The sensor asks so often and waits so long; what a test that fails holds is let go for the next one. */
#define DNS_TEST(function, its_sensor, interval, timeout)                   \
        cmocka_unit_test_prestate_setup_teardown(function, setup, teardown, \
                (&(struct plan){                                            \
                        .sensor = (its_sensor), .interval_usec = (interval), .timeout_usec = (timeout)}))

static inline void feed_mail(struct fixture *fixture, const char *nexthop, double messages) {
        const struct sg_label labels[] = {{"instance", "-"}, {"nexthop", nexthop}};

        sensor_bench_feed(&fixture->bench, "queue_nexthop_messages", labels, 2, messages);
}

#endif
