/* SPDX-License-Identifier: MIT */
/*
 * first_table - how long the sensor `queue` takes from its start until it knows every message, and every reason
 *
 * Runs by hand and in tests/bench, as root.  The sensor is the one of the plugin, on a loop of tests/support
 * that counts how long each of its turns was; so nothing in the daemon has to.
 *
 * Prints what the first answer has of deferred, seconds of the clock and of the processor until then, the same until a
 * list by reason is answered, memory then, and the turns: how many, the longest, the longest without waiting for the
 * disk or the processor, the 99th of a hundred, how many were longer than 10 ms, and the histogram.
 * Fails with status 2 when there is no spool, or it was not read within ten minutes.
 */
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "postfix/postfix.h"
#include "support/anonymous.h"
#include "support/postfix_options.h"
#include "support/sensor_bench.h"

#define RUN_USEC 2000u
#define PATIENCE_RUNS 300000

static double processor_seconds(void) {
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double clock_seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct answer {
        bool is_there;
        uint32_t recipients;
        size_t rows;
};

struct moment {
        double wall, processor;
};

static struct moment since(const struct moment *start) {
        return (struct moment){clock_seconds() - start->wall, processor_seconds() - start->processor};
}

static void on_shape(int error, const struct sg_queue_shape_row *rows, size_t n_rows, void *data) {
        struct answer *answer = data;

        if (error < 0)
                return;
        *answer = (struct answer){.is_there = true, .recipients = rows[0].counts[0], .rows = n_rows - 1};
}

/* Refused as long as not everything was read. */
static void ask(void *sensor, struct answer *answer) {
        static const char *const queues[] = {"deferred", NULL};
        const struct sg_queue_shape shape = {.queues = queues, .buckets = 10, .bucket_minutes = 5};
        int r = postfix_queue.questions->shape(sensor, &shape, on_shape, answer);

        if (r < 0)
                errx(2, "the sensor cannot be asked: %s", strerror(-r));
}

static void ignore(const struct sg_queue_message *message, void *data) {
        (void)message;
        (void)data;
}

/* Refused as long as not every log was read. */
static bool knows_reasons(void *sensor) {
        const struct sg_queue_filter filter = {.queue = "deferred", .reason = "other"};
        uint64_t cursor;

        return postfix_queue.questions->list(sensor, &filter, 0, 1, ignore, NULL, &cursor) == 0;
}

static void print_turns(const struct sensor_bench *bench) {
        uint64_t below = 0, of_100 = 0;

        for (unsigned i = 0; i < 32; i++) {
                below += bench->turns[i];
                if (!of_100 && below * 100 >= (uint64_t)bench->wakeups * 99)
                        of_100 = UINT64_C(2) << i;
        }
        printf("turns=%u turn_max_us=%llu turn_cpu_max_us=%llu turn_p99_us_below=%llu over_10ms=%u",
                bench->wakeups, (unsigned long long)bench->turn_usec_max,
                (unsigned long long)bench->turn_cpu_usec_max, (unsigned long long)of_100,
                bench->turns_over_10_msec);
        for (unsigned i = 0; i < 32; i++)
                if (bench->turns[i])
                        printf(" t%llu=%u", 1ULL << i, bench->turns[i]);
        putchar('\n');
}

int main(int argc, char **argv) {
        static const char *const spools[] = {"/var/spool/postfix", NULL};
        struct sg_value options[POSTFIX_OPTIONS];
        static struct sensor_bench bench;
        struct moment start, table, reasons;
        struct answer answer = {.is_there = false};
        size_t memory;
        void *sensor;

        if (argc != 2)
                errx(2, "usage: first_table ROOT");
        postfix_options_init(options, spools);
        sensor_bench_init(&bench, argv[1]);
        memory = anonymous_bytes();
        start = (struct moment){clock_seconds(), processor_seconds()};
        if (postfix_queue.create(&bench.services, options, &sensor) < 0)
                errx(2, "there is no spool in %s", argv[1]);
        for (int i = 0; i < PATIENCE_RUNS && !answer.is_there; i++) {
                sensor_bench_run(&bench, RUN_USEC);
                ask(sensor, &answer);
        }
        table = since(&start);
        for (int i = 0; i < PATIENCE_RUNS && answer.is_there && !knows_reasons(sensor); i++)
                sensor_bench_run(&bench, RUN_USEC);
        reasons = since(&start);
        if (!answer.is_there || !knows_reasons(sensor))
                errx(2, "not read in ten minutes");
        memory = anonymous_bytes() - memory;
        printf("recipients=%u domains=%zu wall=%.6f cpu=%.6f reasons_wall=%.6f reasons_cpu=%.6f bytes=%zu ",
                answer.recipients, answer.rows, table.wall, table.processor, reasons.wall, reasons.processor,
                memory);
        print_turns(&bench);
        postfix_queue.destroy(sensor);
        return 0;
}
