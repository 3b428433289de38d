/* SPDX-License-Identifier: MIT */
/*
 * sensor_bench - the host of a sensor under test: real time and descriptors, and what was published
 *
 * Runs in tests.  Implements struct sg_host on poll(), so that a test can let some time go by, do something and
 * go on; instead of a board of readings it keeps the last word on each label set and counts.  Time is the real one,
 * for servers and programs that answer; a sensor that looks at files alone need not be waited for: where nothing is
 * ready, `leaps` moves its clock to the next timer.
 */
#include "support/sensor_bench.h"

#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

struct sg_timer {
        struct sensor_bench *bench;
        struct sg_timer *next;
        sg_timer_fn fn;
        void *data;
        uint64_t at_usec; /* UINT64_MAX: not armed */
};

struct sg_watch {
        struct sensor_bench *bench;
        struct sg_watch *next;
        sg_watch_fn fn;
        void *data;
        int fd;
        unsigned ready;
};

static struct sensor_bench *bench_of(const struct sg_host *host) {
        return (struct sensor_bench *)(uintptr_t)host;
}

static __attribute__((format(printf, 3, 4))) void bench_log(
        const struct sg_host *host, enum sg_level level, const char *format, ...) {
        va_list arguments;

        (void)host;
        (void)level;
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
        putchar('\n');
}

static uint64_t now_usec(const struct sensor_bench *bench) {
        return clock_monotonic_usec() + bench->leapt_usec;
}

static uint64_t bench_now(const struct sg_host *host) {
        return now_usec(bench_of(host));
}

static struct bench_reading *record(
        const struct sg_host *host, const char *reading, const struct sg_label *labels, size_t n_labels) {
        struct sensor_bench *bench = bench_of(host);
        char label[sizeof(bench->readings[0].label)] = "";
        struct bench_reading *found;

        assert_in_range(n_labels, 0, 4);
        for (size_t i = 0; i < n_labels; i++) {
                size_t used = strlen(label);

                snprintf(label + used, sizeof(label) - used, "%s%s", i ? "," : "", labels[i].value);
        }
        found = (struct bench_reading *)(uintptr_t)sensor_bench_find(bench, reading, label);

        if (!found) {
                assert_true(bench->n < sizeof(bench->readings) / sizeof(bench->readings[0]));
                found = &bench->readings[bench->n++];
                snprintf(found->name, sizeof(found->name), "%s", reading);
                memcpy(found->label, label, sizeof(label));
                found->n_labels = n_labels;
                for (size_t i = 0; i < n_labels; i++) {
                        snprintf(found->values[i], sizeof(found->values[i]), "%s", labels[i].value);
                        found->labels[i] = (struct sg_label){labels[i].name, found->values[i]};
                }
        }
        found->times++;
        found->missing = found->withdrawn = false;
        return found;
}

static int bench_publish(const struct sg_host *host, const char *reading, const struct sg_label *labels,
        size_t n_labels, double value) {
        struct bench_reading *row = record(host, reading, labels, n_labels);

        row->value = value;
        row->sentence[0] = '\0';
        return 0;
}

static int bench_publish_told(const struct sg_host *host, const char *reading, const struct sg_label *labels,
        size_t n_labels, double value, const char *sentence) {
        struct bench_reading *row = record(host, reading, labels, n_labels);

        assert_non_null(sentence);
        row->value = value;
        snprintf(row->sentence, sizeof(row->sentence), "%s", sentence);
        return 0;
}

static int bench_missing(const struct sg_host *host, const char *reading, const struct sg_label *labels,
        size_t n_labels, const char *why) {
        struct bench_reading *row = record(host, reading, labels, n_labels);

        assert_non_null(why);
        row->missing = true;
        row->sentence[0] = '\0';
        return 0;
}

static int bench_withdraw(
        const struct sg_host *host, const char *reading, const struct sg_label *labels, size_t n_labels) {
        record(host, reading, labels, n_labels)->withdrawn = true;
        return 0;
}

static int bench_timer_new(const struct sg_host *host, const char *name, uint64_t delay_usec, sg_timer_fn fn,
        void *data, struct sg_timer **ret_timer) {
        struct sensor_bench *bench = bench_of(host);
        struct sg_timer *timer = calloc(1, sizeof(*timer));

        assert_non_null(timer);
        assert_non_null(name);
        *timer = (struct sg_timer){.bench = bench,
                .next = bench->timers,
                .fn = fn,
                .data = data,
                .at_usec = now_usec(bench) + delay_usec};
        bench->timers = timer;
        *ret_timer = timer;
        return 0;
}

static void bench_timer_arm(struct sg_timer *timer, uint64_t delay_usec) {
        timer->at_usec = now_usec(timer->bench) + delay_usec;
}

static struct sg_timer *bench_timer_free(struct sg_timer *timer) {
        if (!timer)
                return NULL;
        for (struct sg_timer **link = &timer->bench->timers; *link; link = &(*link)->next)
                if (*link == timer) {
                        *link = timer->next;
                        break;
                }
        free(timer);
        return NULL;
}

static int bench_watch_new(const struct sg_host *host, const char *name, int fd, unsigned ready,
        sg_watch_fn fn, void *data, struct sg_watch **ret_watch) {
        struct sensor_bench *bench = bench_of(host);
        struct sg_watch *watch = calloc(1, sizeof(*watch));

        assert_non_null(watch);
        assert_non_null(name);
        *watch = (struct sg_watch){
                .bench = bench, .next = bench->watches, .fn = fn, .data = data, .fd = fd, .ready = ready};
        bench->watches = watch;
        *ret_watch = watch;
        return 0;
}

static struct sg_watch *bench_watch_free(struct sg_watch *watch) {
        if (!watch)
                return NULL;
        for (struct sg_watch **link = &watch->bench->watches; *link; link = &(*link)->next)
                if (*link == watch) {
                        *link = watch->next;
                        break;
                }
        free(watch);
        return NULL;
}

static bool bench_parsing(const struct sg_host *host, const char *what) {
        (void)host;
        (void)what;
        return true;
}

static void bench_each_reading(
        const struct sg_host *host, const char *reading, sg_reading_fn fn, void *data) {
        struct sensor_bench *bench = bench_of(host);

        for (unsigned i = 0; i < bench->n; i++) {
                struct bench_reading *row = &bench->readings[i];

                if (strcmp(row->name, reading) == 0 && !row->withdrawn)
                        fn(row->labels, row->n_labels, row->missing ? NAN : row->value, data);
        }
}

static void bench_trouble(const struct sg_host *host, const char *what, const char *why) {
        struct sensor_bench *bench = bench_of(host);
        unsigned i = 0;

        while (i < bench->n_troubles && strcmp(bench->troubles[i].what, what) != 0)
                i++;
        if (!why && i < bench->n_troubles)
                bench->troubles[i] = bench->troubles[--bench->n_troubles];
        if (!why)
                return;
        assert_true(i < sizeof(bench->troubles) / sizeof(bench->troubles[0]));
        bench->n_troubles += i == bench->n_troubles;
        snprintf(bench->troubles[i].what, sizeof(bench->troubles[i].what), "%s", what);
        snprintf(bench->troubles[i].why, sizeof(bench->troubles[i].why), "%s", why);
}

static uint64_t bench_back_by(const struct sg_host *host) {
        return bench_of(host)->back_by_usec;
}

const char *sensor_bench_trouble(const struct sensor_bench *bench, const char *what) {
        for (unsigned i = 0; i < bench->n_troubles; i++)
                if (strcmp(bench->troubles[i].what, what) == 0)
                        return bench->troubles[i].why;
        return NULL;
}

void sensor_bench_feed(struct sensor_bench *bench, const char *reading, const struct sg_label *labels,
        size_t n_labels, double value) {
        record(&bench->services, reading, labels, n_labels)->value = value;
}

void sensor_bench_init(struct sensor_bench *bench, const char *root) {
        *bench = (struct sensor_bench){.services = {
                                               .size = sizeof(struct sg_host),
                                               .root = root,
                                               .log = bench_log,
                                               .now_usec = bench_now,
                                               .publish = bench_publish,
                                               .publish_told = bench_publish_told,
                                               .missing = bench_missing,
                                               .withdraw = bench_withdraw,
                                               .timer_new = bench_timer_new,
                                               .timer_arm = bench_timer_arm,
                                               .timer_free = bench_timer_free,
                                               .watch_new = bench_watch_new,
                                               .watch_free = bench_watch_free,
                                               .parsing = bench_parsing,
                                               .each_reading = bench_each_reading,
                                               .trouble = bench_trouble,
                                               .back_by_usec = bench_back_by,
                                       }};
}

void sensor_bench_deinit(struct sensor_bench *bench) {
        assert_null(bench->timers);
        assert_null(bench->watches);
}

struct turn {
        uint64_t usec, cpu_usec;
};

static uint64_t processor_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

static struct turn turn_start(void) {
        return (struct turn){.usec = clock_monotonic_usec(), .cpu_usec = processor_usec()};
}

static void turn_end(struct sensor_bench *bench, const struct turn *start) {
        uint64_t usec = clock_monotonic_usec() - start->usec, cpu_usec = processor_usec() - start->cpu_usec;
        unsigned i = 0;

        while (i + 1 < sizeof(bench->turns) / sizeof(bench->turns[0]) && usec >> (i + 1))
                i++;
        bench->turns[i]++;
        bench->wakeups++;
        bench->turns_over_10_msec += usec > 10 * USEC_PER_MSEC;
        bench->turn_cpu_usec_sum += cpu_usec;
        if (usec > bench->turn_usec_max)
                bench->turn_usec_max = usec;
        if (cpu_usec > bench->turn_cpu_usec_max)
                bench->turn_cpu_usec_max = cpu_usec;
}

/* One callback at a time, since each may free any other. */
static bool fire_timer(struct sensor_bench *bench) {
        uint64_t now = now_usec(bench);

        for (struct sg_timer *timer = bench->timers; timer; timer = timer->next)
                if (timer->at_usec <= now) {
                        struct turn start = turn_start();

                        timer->at_usec = UINT64_MAX;
                        timer->fn(timer, timer->data);
                        turn_end(bench, &start);
                        return true;
                }
        return false;
}

static short events_of(unsigned ready) {
        return ready & SG_READY_PRIORITY ? POLLPRI : ready & SG_READY_IN ? POLLIN : POLLOUT;
}

static bool fire_watch(struct sensor_bench *bench) {
        for (struct sg_watch *watch = bench->watches; watch; watch = watch->next) {
                struct pollfd polled = {.fd = watch->fd, .events = events_of(watch->ready)};

                if (poll(&polled, 1, 0) > 0) {
                        struct turn start = turn_start();

                        watch->fn(watch, watch->fd, watch->ready, watch->data);
                        turn_end(bench, &start);
                        return true;
                }
        }
        return false;
}

/* Nothing is ready: real time goes by, or the clock leaps to what comes next. */
static void idle(struct sensor_bench *bench, uint64_t until_usec) {
        uint64_t now = now_usec(bench);

        if (!bench->leaps) {
                poll(NULL, 0, 1);
                return;
        }
        for (const struct sg_timer *timer = bench->timers; timer; timer = timer->next)
                if (timer->at_usec < until_usec)
                        until_usec = timer->at_usec;
        if (until_usec > now)
                bench->leapt_usec += until_usec - now;
}

void sensor_bench_run(struct sensor_bench *bench, uint64_t usec) {
        uint64_t until_usec = now_usec(bench) + usec;

        while (now_usec(bench) < until_usec)
                if (!fire_timer(bench) && !fire_watch(bench))
                        idle(bench, until_usec);
}

const struct bench_reading *sensor_bench_find(
        const struct sensor_bench *bench, const char *reading, const char *label) {
        for (unsigned i = 0; i < bench->n; i++)
                if (strcmp(bench->readings[i].name, reading) == 0 &&
                        strcmp(bench->readings[i].label, label) == 0)
                        return &bench->readings[i];
        return NULL;
}
