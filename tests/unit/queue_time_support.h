/* SPDX-License-Identifier: MIT */
/* queue_time_support - a sensor whose monotonic clock goes by the test: minutes pass at once, and only when they shall */
#ifndef UNIT_QUEUE_TIME_SUPPORT_H
#define UNIT_QUEUE_TIME_SUPPORT_H

#include "queue_support.h"

#define SECOND_USEC UINT64_C(1000000)
#define STEP_SECONDS 5u
#define STEP_REAL_USEC 30000u
#define TIMER_REAL_USEC 2000u

static uint64_t relay_clock_usec;
static void (*relay_timer_arm)(struct sg_timer *timer, uint64_t delay_usec);

static inline uint64_t relay_now_usec(const struct sg_host *host) {
        (void)host;
        return relay_clock_usec;
}

/* A timer that comes too early asks the clock, and is armed again. */
static inline void relay_arm_soon(struct sg_timer *timer, uint64_t delay_usec) {
        relay_timer_arm(timer, delay_usec < TIMER_REAL_USEC ? delay_usec : TIMER_REAL_USEC);
}

static inline void relay_pass(struct relay *relay, uint64_t seconds) {
        while (seconds > 0) {
                uint64_t step = seconds < STEP_SECONDS ? seconds : STEP_SECONDS;

                relay_clock_usec += step * SECOND_USEC;
                seconds -= step;
                sensor_bench_run(&relay->bench, STEP_REAL_USEC);
        }
}

/* Lets time go by until the reading has the value, half a minute at most. */
static inline void relay_await(struct relay *relay, const char *reading, const char *label, double value) {
        for (int i = 0; i < 30 && relay_value(relay, reading, label) != value; i++)
                relay_pass(relay, 1);
        if (relay_value(relay, reading, label) != value)
                printf("%s{%s}: not %g\n", reading, label, value);
        assert_float_equal(relay_value(relay, reading, label), value, 0.001);
}

static inline void relay_start_by_hand(struct relay *relay) {
        relay_clock_usec = 1000 * SECOND_USEC;
        sensor_bench_init(&relay->bench, relay->scratch.path);
        relay_timer_arm = relay->bench.services.timer_arm;
        relay->bench.services.timer_arm = relay_arm_soon;
        relay->bench.services.now_usec = relay_now_usec;
        assert_int_equal(postfix_queue.create(&relay->bench.services, relay->options, &relay->sensor), 0);
        relay_await(relay, "queue_unreadable", "-", 0);
}

static inline const char *relay_sentence(const struct relay *relay, const char *reading, const char *label) {
        const struct bench_reading *found = sensor_bench_find(&relay->bench, reading, label);

        return found ? found->sentence : "";
}

/* Lets mail be read that is on its way, and what became of it be told. */
static inline void relay_look(struct relay *relay) {
        for (int i = 0; i < 3; i++)
                relay_pass(relay, 1);
}

#endif
