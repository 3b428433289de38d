/* SPDX-License-Identifier: MIT */
/*
 * relay_support - a sensor of the plugin relay with a name server and two SMTP servers, in a network of its own
 *
 * Real sockets; time runs a hundred times faster, so that the pauses between rounds and the five minutes of grace can
 * be waited for.
 */
#ifndef UNIT_RELAY_SUPPORT_H
#define UNIT_RELAY_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/nameser.h>
#include <math.h>

#include "base/cleanup.h"
#include "relay/relay.h"
#include "support/bench_expect.h"
#include "support/name_server.h"
#include "support/net_sandbox.h"
#include "support/scratch.h"
#include "support/smtp_server.h"

#define SEC UINT64_C(1000000)
#define HASTE 100
#define RELAY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct name_record records[] = {
        {"example.test", ns_t_mx, "mx1.example.test", 10},
        {"example.test", ns_t_mx, "mx2.example.test", 20},
        {"mx1.example.test", ns_t_a, "127.0.0.25", 0},
        {"mx2.example.test", ns_t_a, "127.0.0.26", 0},
        {"wrong.test", ns_t_mx, "mx.wrong.test", 10},
        {"mx.wrong.test", ns_t_a, "127.0.0.66", 0},
        {"twin.test", ns_t_mx, "mx1.example.test", 10},
        {0},
};

/* The bench's own services, behind the hurried ones. */
static struct sg_host calm;

static inline uint64_t hurried_now(const struct sg_host *host) {
        return calm.now_usec(host) * HASTE;
}

static inline void hurried_arm(struct sg_timer *timer, uint64_t delay_usec) {
        calm.timer_arm(timer, delay_usec / HASTE);
}

static inline int hurried_new(const struct sg_host *host, const char *name, uint64_t delay_usec,
        sg_timer_fn fn, void *data, struct sg_timer **ret_timer) {
        return calm.timer_new(host, name, delay_usec / HASTE, fn, data, ret_timer);
}

struct fixture {
        struct scratch scratch;
        struct sensor_bench bench;
        struct name_server names;
        struct smtp_server first, second; /* 127.0.0.25 and .26 */
        void *sensor;
};

static inline void fixture_init(struct fixture *fixture) {
        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "etc/resolv.conf",
                "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n");
        sensor_bench_init(&fixture->bench, fixture->scratch.path);
        name_server_init(&fixture->names, &fixture->bench, "127.0.0.53", records);
        smtp_server_init(&fixture->first, &fixture->bench, "127.0.0.25", 25);
        smtp_server_init(&fixture->second, &fixture->bench, "127.0.0.26", 25);
}

static inline void start(struct fixture *fixture) {
        const struct sg_value options[] = {
                [RELAY_OPTION_MIN_MESSAGES] = {.type = SG_TYPE_NUMBER, .number = 10},
                [RELAY_OPTION_INTERVAL] = {.type = SG_TYPE_DURATION, .usec = 10 * SEC},
                [RELAY_OPTION_CONNECT_TIMEOUT] = {.type = SG_TYPE_DURATION, .usec = 5 * SEC},
                [RELAY_OPTION_REPLY_TIMEOUT] = {.type = SG_TYPE_DURATION, .usec = 10 * SEC},
                [RELAY_OPTION_IPV6] = {.type = SG_TYPE_BOOL, .boolean = true},
        };

        calm = fixture->bench.services;
        fixture->bench.services.now_usec = hurried_now;
        fixture->bench.services.timer_arm = hurried_arm;
        fixture->bench.services.timer_new = hurried_new;
        assert_int_equal(relay_sensor.create(&fixture->bench.services, options, &fixture->sensor), 0);
}

static inline void fixture_deinit(struct fixture *fixture) {
        if (fixture->sensor)
                relay_sensor.destroy(fixture->sensor);
        smtp_server_deinit(&fixture->first);
        smtp_server_deinit(&fixture->second);
        name_server_deinit(&fixture->names);
        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
}

static inline int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        fixture_init(fixture);
        *state = fixture;
        return 0;
}

static inline int teardown(void **state) {
        fixture_deinit(*state);
        free(*state);
        return 0;
}

static inline void feed_one(struct fixture *fixture, const char *reading, const char *instance,
        const char *nexthop, double value) {
        const struct sg_label labels[] = {{"instance", instance}, {"nexthop", nexthop}};

        sensor_bench_feed(&fixture->bench, reading, labels, 2, value);
}

/* Deferred because nobody answered. */
static inline void feed(struct fixture *fixture, const char *instance, const char *nexthop, double messages) {
        feed_one(fixture, "queue_nexthop_messages", instance, nexthop, messages);
        feed_one(fixture, "queue_nexthop_dead_messages", instance, nexthop, messages);
}

/* So many seconds of the hurried clock. */
static inline void run(struct fixture *fixture, uint64_t seconds) {
        sensor_bench_run(&fixture->bench, seconds * SEC / HASTE);
}

#endif
