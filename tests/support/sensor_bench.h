/* SPDX-License-Identifier: MIT */
/* sensor_bench - the host of a sensor under test: real time and descriptors, and what was published */
#ifndef SUPPORT_SENSOR_BENCH_H
#define SUPPORT_SENSOR_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "spoolguard/host.h"

struct bench_reading {
        char name[64], label[512]; /* values of its labels with ',' between, or "" */
        char values[4][128];
        double value;
        char sentence[SG_SENTENCE_MAX + 1]; /* of publish_told(), else "" */
        struct sg_label labels[4];
        size_t n_labels;
        bool missing, withdrawn;
        unsigned times;
};

struct sensor_bench {
        struct sg_host services; /* first */
        struct sg_timer *timers;
        struct sg_watch *watches;
        struct bench_reading readings[512];
        unsigned n, wakeups, n_troubles;
        uint64_t back_by_usec; /* set by the test; 0: unknown */
        bool leaps;            /* set by the test: its clock leaps over what would only be waited for */
        uint64_t leapt_usec;   /* that its clock is ahead of the real one */
        struct {
                char what[96], why[256];
        } troubles[16];
        /* Of callbacks: the longest, also without what it waited for disk and processor, all of them, how many were long. */
        uint64_t turn_usec_max, turn_cpu_usec_max, turn_cpu_usec_sum;
        unsigned turns_over_10_msec;
        unsigned turns[32]; /* [i]: so many took 2^i us or longer, and less than twice as much */
};

void sensor_bench_init(struct sensor_bench *bench, const char *root);
/* Fails the test when the sensor left a timer or a watch behind. */
void sensor_bench_deinit(struct sensor_bench *bench);
void sensor_bench_run(struct sensor_bench *bench, uint64_t usec);
/* As if another sensor had published it: for each_reading(). */
void sensor_bench_feed(struct sensor_bench *bench, const char *reading, const struct sg_label *labels,
        size_t n_labels, double value);
/* Why the sensor says that it goes on with less; NULL: it does not say so. */
const char *sensor_bench_trouble(const struct sensor_bench *bench, const char *what);
/* NULL: never heard of. */
const struct bench_reading *sensor_bench_find(
        const struct sensor_bench *bench, const char *reading, const char *label);

#endif
