/* SPDX-License-Identifier: MIT */
/* bench_expect - what a test expects of the readings on a sensor_bench; the test fails where they differ */
#ifndef SUPPORT_BENCH_EXPECT_H
#define SUPPORT_BENCH_EXPECT_H

#include "support/sensor_bench.h"

/* Of a reading that is there now. */
double bench_value(const struct sensor_bench *bench, const char *reading, const char *label);
const char *bench_sentence(const struct sensor_bench *bench, const char *reading, const char *label);
bool bench_is_missing(const struct sensor_bench *bench, const char *reading, const char *label);

/* These let time go by until it is so; a busy machine takes its time. */
void bench_expect(struct sensor_bench *bench, const char *reading, const char *label, double value);
void bench_expect_missing(struct sensor_bench *bench, const char *reading, const char *label);
void bench_expect_withdrawn(struct sensor_bench *bench, const char *reading, const char *label);
/* It has a value, and its sentence has these words. */
void bench_expect_words(
        struct sensor_bench *bench, const char *reading, const char *label, const char *words);

#endif
