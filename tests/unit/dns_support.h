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

struct fixture {
        struct scratch scratch;
        struct sensor_bench bench;
        struct name_server server;
        void *sensor;
};

static inline void fixture_init_with(struct fixture *fixture, const struct sg_sensor *sensor,
        uint64_t interval_usec, uint64_t timeout_usec) {
        const struct sg_value options[] = {
                [DNS_OPTION_INTERVAL] = {.type = SG_TYPE_DURATION, .usec = interval_usec},
                [DNS_OPTION_TIMEOUT] = {.type = SG_TYPE_DURATION, .usec = timeout_usec},
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

static inline void fixture_init(
        struct fixture *fixture, const struct sg_sensor *sensor, uint64_t interval_usec) {
        fixture_init_with(fixture, sensor, interval_usec, 60 * MS);
}

static inline void fixture_deinit(struct fixture *fixture, const struct sg_sensor *sensor) {
        sensor->destroy(fixture->sensor);
        name_server_deinit(&fixture->server);
        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
}

static inline void feed_mail(struct fixture *fixture, const char *nexthop, double messages) {
        const struct sg_label labels[] = {{"instance", "-"}, {"nexthop", nexthop}};

        sensor_bench_feed(&fixture->bench, "queue_nexthop_messages", labels, 2, messages);
}

static inline double value(const struct fixture *fixture, const char *reading, const char *label) {
        const struct bench_reading *found = sensor_bench_find(&fixture->bench, reading, label);

        assert_non_null(found);
        assert_false(found->missing);
        assert_false(found->withdrawn);
        return found->value;
}

/* Lets time go by until it is so; a busy machine takes its time. */
static inline void expect(struct fixture *fixture, const char *reading, const char *label, double expected) {
        for (int i = 0; i < 1000; i++) {
                const struct bench_reading *found = sensor_bench_find(&fixture->bench, reading, label);

                if (found && !found->missing && !found->withdrawn && found->value == expected)
                        return;
                sensor_bench_run(&fixture->bench, 10 * MS);
        }
        fail_msg("%s of %s does not become %g", reading, label, expected);
}

#endif
