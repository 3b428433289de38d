/* SPDX-License-Identifier: MIT */
/*
 * bench_expect - what a test expects of the readings on a sensor_bench
 *
 * Runs in tests.  What comes about in its own time is waited for in short turns, of which there are more than any
 * machine needs: a test fails because something does not happen, never because it happens late.
 *
 * Owns nothing.  Fails the test with the names of the reading and of its label.
 */
#include "support/bench_expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TURN_USEC UINT64_C(10000)
#define TURNS 1000

typedef bool (*is_so_fn)(const struct bench_reading *reading, const void *wanted);

static bool is_there(const struct bench_reading *reading) {
        return !reading->missing && !reading->withdrawn;
}

static bool has_value(const struct bench_reading *reading, const void *wanted) {
        return is_there(reading) && reading->value == *(const double *)wanted;
}

static bool says(const struct bench_reading *reading, const void *wanted) {
        return is_there(reading) && strstr(reading->sentence, wanted) != NULL;
}

static bool is_missing(const struct bench_reading *reading, const void *wanted) {
        (void)wanted;
        return reading->missing;
}

static bool is_withdrawn(const struct bench_reading *reading, const void *wanted) {
        (void)wanted;
        return reading->withdrawn;
}

static bool await(struct sensor_bench *bench, const char *reading, const char *label, is_so_fn is_so,
        const void *wanted) {
        for (int i = 0; i < TURNS; i++) {
                const struct bench_reading *found = sensor_bench_find(bench, reading, label);

                if (found && is_so(found, wanted))
                        return true;
                sensor_bench_run(bench, TURN_USEC);
        }
        return false;
}

double bench_value(const struct sensor_bench *bench, const char *reading, const char *label) {
        const struct bench_reading *found = sensor_bench_find(bench, reading, label);

        if (found && is_there(found))
                return found->value;
        fail_msg("%s of %s is not there", reading, label);
        return 0;
}

const char *bench_sentence(const struct sensor_bench *bench, const char *reading, const char *label) {
        const struct bench_reading *found = sensor_bench_find(bench, reading, label);

        if (found)
                return found->sentence;
        fail_msg("%s of %s was never heard of", reading, label);
        return "";
}

bool bench_is_missing(const struct sensor_bench *bench, const char *reading, const char *label) {
        const struct bench_reading *found = sensor_bench_find(bench, reading, label);

        return found && found->missing;
}

void bench_expect(struct sensor_bench *bench, const char *reading, const char *label, double value) {
        if (!await(bench, reading, label, has_value, &value))
                fail_msg("%s of %s does not become %g", reading, label, value);
}

void bench_expect_missing(struct sensor_bench *bench, const char *reading, const char *label) {
        if (!await(bench, reading, label, is_missing, NULL))
                fail_msg("%s of %s does not become missing", reading, label);
}

void bench_expect_withdrawn(struct sensor_bench *bench, const char *reading, const char *label) {
        if (!await(bench, reading, label, is_withdrawn, NULL))
                fail_msg("%s of %s is not withdrawn", reading, label);
}

void bench_expect_words(
        struct sensor_bench *bench, const char *reading, const char *label, const char *words) {
        if (!await(bench, reading, label, says, words))
                fail_msg("%s of %s does not say \"%s\" but \"%s\"", reading, label, words,
                        bench_sentence(bench, reading, label));
}
