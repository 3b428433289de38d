/* SPDX-License-Identifier: MIT */
/*
 * answers - how long the loop is held up by whoever asks the sensor `queue` about a large spool
 *
 * Runs by hand and in tests/bench, as root, on a spool that nothing moves in.  The sensor is the one of the plugin, on a
 * loop of tests/support that counts how long each of its turns was.  Once everything is known it is asked for the
 * shape of deferred with a hundred rows and with all of them, in the buckets that it keeps and in others, for the
 * five domains that sent most of the last day's mail, and for the selection that postpones the largest next hop.
 *
 * Prints a line for each: how much came of it, the longest call into the sensor, the longest turn of the loop until it
 * was answered, both by the clock and by the processor, and the time until then.
 * Fails with status 2 when there is no spool, it was not read within ten minutes, or there is no answer.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "postfix/postfix.h"
#include "support/postfix_options.h"
#include "support/sensor_bench.h"

#define RUN_USEC 2000u
#define PATIENCE_RUNS 300000
#define ROUNDS 20

static struct sensor_bench bench;

struct asked {
        void *sensor;
        const char *nexthop;
        bool is_done;
        ssize_t n; /* of what came, or a negative errno value */
};

static uint64_t usec_of(clockid_t clock) {
        struct timespec now;

        clock_gettime(clock, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void ignore(const struct sg_queue_message *message, void *data) {
        (void)message;
        (void)data;
}

static bool is_known(void *sensor) {
        const struct sg_queue_filter filter = {.queue = "deferred", .reason = "other"};
        uint64_t cursor;

        return postfix_queue.questions->list(sensor, &filter, 0, 1, ignore, NULL, &cursor) == 0;
}

static void on_shape(int error, const struct sg_queue_shape_row *rows, size_t n_rows, void *data) {
        struct asked *asked = data;

        (void)rows;
        asked->is_done = true;
        asked->n = error < 0 ? error : (ssize_t)n_rows;
}

static int ask_shape(struct asked *asked, uint32_t limit, unsigned minutes) {
        static const char *const queues[] = {"deferred", NULL};
        const struct sg_queue_shape shape = {
                .queues = queues, .buckets = 10, .bucket_minutes = minutes, .limit = limit};

        return postfix_queue.questions->shape(asked->sensor, &shape, on_shape, asked);
}

static int ask_some(struct asked *asked) {
        return ask_shape(asked, 100, 5);
}

static int ask_all(struct asked *asked) {
        return ask_shape(asked, 0, 5);
}

static int ask_counted(struct asked *asked) {
        return ask_shape(asked, 0, 7);
}

/* Of the last day, as it is asked while an incident is open. */
static int ask_senders(struct asked *asked) {
        static const char *const queues[] = {"incoming", "active", "deferred", "hold", NULL};
        const struct sg_queue_shape shape = {.queues = queues,
                .by_sender = true,
                .buckets = 1,
                .bucket_minutes = 5,
                .limit = 5,
                .arrived_since_usec = usec_of(CLOCK_REALTIME) - UINT64_C(86400000000)};

        return postfix_queue.questions->shape(asked->sensor, &shape, on_shape, asked);
}

static void on_selected(ssize_t n, void *data) {
        struct asked *asked = data;

        asked->is_done = true;
        asked->n = n;
}

static int ask_selection(struct asked *asked) {
        static struct sg_value args[2];
        static int fd = -1;

        if (fd >= 0)
                close(fd);
        fd = memfd_create("selection", MFD_CLOEXEC);
        args[POSTPONE_ARG_INSTANCE] = (struct sg_value){.type = SG_TYPE_TEXT, .text = "-"};
        args[POSTPONE_ARG_NEXTHOP] = (struct sg_value){.type = SG_TYPE_TEXT, .text = asked->nexthop};
        return postfix_queue.select(asked->sensor, postfix_postpone.name, args, fd, on_selected, asked);
}

static const struct {
        const char *name;
        int (*ask)(struct asked *asked);
} questions[] = {
        {"shape_100", ask_some},
        {"shape_all", ask_all},
        {"shape_counted", ask_counted},
        {"senders_since", ask_senders},
        {"selection", ask_selection},
};

static void measure(size_t i, struct asked *asked) {
        uint64_t call = 0, call_cpu = 0, all = 0;

        bench.turn_usec_max = bench.turn_cpu_usec_max = 0;
        for (int round = 0; round < ROUNDS; round++) {
                uint64_t start = usec_of(CLOCK_MONOTONIC), cpu = usec_of(CLOCK_THREAD_CPUTIME_ID), took;

                asked->is_done = false;
                if (questions[i].ask(asked) < 0)
                        errx(2, "%s is refused", questions[i].name);
                cpu = usec_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
                took = usec_of(CLOCK_MONOTONIC) - start;
                call = took > call ? took : call;
                call_cpu = cpu > call_cpu ? cpu : call_cpu;
                for (int run = 0; run < PATIENCE_RUNS && !asked->is_done; run++)
                        sensor_bench_run(&bench, RUN_USEC);
                if (!asked->is_done || asked->n < 0)
                        errx(2, "%s has no answer", questions[i].name);
                took = usec_of(CLOCK_MONOTONIC) - start;
                all = took > all ? took : all;
        }
        printf("question=%s n=%zd call_us=%llu call_cpu_us=%llu turn_us=%llu turn_cpu_us=%llu all_us=%llu\n",
                questions[i].name, asked->n, (unsigned long long)call, (unsigned long long)call_cpu,
                (unsigned long long)bench.turn_usec_max, (unsigned long long)bench.turn_cpu_usec_max,
                (unsigned long long)all);
}

/* That of most messages; "" before it was published. */
static const char *largest_hop(void) {
        const struct bench_reading *largest = NULL;

        for (unsigned i = 0; i < bench.n; i++) {
                const struct bench_reading *reading = &bench.readings[i];

                if (strcmp(reading->name, "queue_nexthop_messages") == 0 && reading->n_labels == 2 &&
                        strcmp(reading->values[1], "*") != 0 && (!largest || reading->value > largest->value))
                        largest = reading;
        }
        return largest ? largest->values[1] : "";
}

int main(int argc, char **argv) {
        static const char *const spools[] = {"/var/spool/postfix", NULL};
        struct sg_value options[POSTFIX_OPTIONS];
        struct asked asked = {.n = 0};

        if (argc != 2)
                errx(2, "usage: answers ROOT");
        postfix_options_init(options, spools);
        sensor_bench_init(&bench, argv[1]);
        if (postfix_queue.create(&bench.services, options, &asked.sensor) < 0)
                errx(2, "there is no spool in %s", argv[1]);
        for (int i = 0; i < PATIENCE_RUNS && (!is_known(asked.sensor) || largest_hop()[0] == '\0'); i++)
                sensor_bench_run(&bench, RUN_USEC);
        asked.nexthop = largest_hop();
        if (asked.nexthop[0] == '\0')
                errx(2, "not read in ten minutes");
        for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
                measure(i, &asked);
        postfix_queue.destroy(asked.sensor);
        return 0;
}
