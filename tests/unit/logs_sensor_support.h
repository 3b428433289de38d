/* SPDX-License-Identifier: MIT */
/* logs_sensor_support - the sensor of plugin logs on a /var/log of its own, in real time but for the minute of growth */
#ifndef UNIT_LOGS_SENSOR_SUPPORT_H
#define UNIT_LOGS_SENSOR_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "logs/logs_sensor.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"

#define SEC UINT64_C(1000000)
#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define LOOKED (2 * SEC) /* the look at a change comes after a second; a busy machine makes it a longer one */

struct fixture {
        struct scratch scratch;
        struct sensor_bench bench;
        struct sg_value options[1];
        uint64_t ahead_usec; /* of the real clock */
        void *sensor;
        unsigned n_lines; /* that it logged */
        char line[1024];  /* the last of them */
};

static struct fixture *current;

/* What the sensor takes for the time; its timers stay real. */
static inline uint64_t moved_now(const struct sg_host *host) {
        (void)host;
        return clock_monotonic_usec() + current->ahead_usec;
}

static inline __attribute__((format(printf, 3, 4))) void keep_line(
        const struct sg_host *host, enum sg_level level, const char *format, ...) {
        va_list arguments;

        (void)host;
        (void)level;
        va_start(arguments, format);
        vsnprintf(current->line, sizeof(current->line), format, arguments);
        va_end(arguments);
        current->n_lines++;
        print_message("%s\n", current->line);
}

static inline int setup(void **state) {
        static const char *const directories[] = {"/var/log", NULL};
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        scratch_init(&fixture->scratch);
        scratch_fill(&fixture->scratch, "var/log/mail.log", MIB);
        scratch_fill(&fixture->scratch, "var/log/nginx/a/b/deep.log", MIB);
        scratch_fill(&fixture->scratch, "var/log/nginx/a/b/c/too-deep.log", MIB);
        scratch_fill(&fixture->scratch, "var/log/journal/x/system.journal", MIB);
        fixture->options[0] = (struct sg_value){.type = SG_TYPE_LIST, .list = directories};
        sensor_bench_init(&fixture->bench, fixture->scratch.path);
        fixture->bench.services.now_usec = moved_now;
        fixture->bench.services.log = keep_line;
        current = *state = fixture;
        return 0;
}

static inline void start(struct fixture *fixture) {
        assert_int_equal(logs_sensor.create(&fixture->bench.services, fixture->options, &fixture->sensor), 0);
        sensor_bench_run(&fixture->bench, SEC / 20);
}

static inline int teardown(void **state) {
        struct fixture *fixture = *state;

        logs_sensor.destroy(fixture->sensor);
        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static inline void append(struct fixture *fixture, const char *name, size_t bytes) {
        static const char zeros[MIB] = {1};
        int fd = open(scratch_path(&fixture->scratch, name), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, zeros, bytes), bytes);
        close(fd);
}

static inline double value(struct fixture *fixture, const char *reading, const char *path) {
        const struct bench_reading *found = sensor_bench_find(&fixture->bench, reading, path);

        return found && !found->withdrawn && !found->missing ? found->value : -1;
}

static inline double growth(struct fixture *fixture, const char *path) {
        return value(fixture, "log_growth_bytes_per_second", path);
}

static inline double deleted(struct fixture *fixture) {
        return value(fixture, "deleted_open_bytes", "");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
