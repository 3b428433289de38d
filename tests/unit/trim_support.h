/* SPDX-License-Identifier: MIT */
/* trim_support - a live log of numbered lines, the sensor that chooses what goes and the verb that cuts it */
#ifndef UNIT_TRIM_SUPPORT_H
#define UNIT_TRIM_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "logs/logs_cut.h"
#include "logs/logs_trim.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"
#include "support/verb_bench.h"

#define MIB ((size_t)1 << 20)
#define SEC UINT64_C(1000000)
#define NOT_YET (-999999)

struct fixture {
        struct scratch scratch;
        struct sensor_bench sensors;
        struct verb_bench bench;
        struct sg_value options[8], args[3];
        void *sensor;
        int selection;
        ssize_t selected;
};

static inline const char *in_log(struct fixture *fixture, const char *name) {
        char path[LOGS_NAME_MAX + 16];

        snprintf(path, sizeof(path), "var/log/%s", name);
        return scratch_path(&fixture->scratch, path);
}

/* One line of a mail log that says which one it is. */
static inline int numbered_line(char *line, size_t size, unsigned number) {
        return snprintf(line, size,
                "Dec 24 %02u:%02u:%02u relay postfix/smtp[%u]: to=<someone@d%u.example>, "
                "relay=mx%u.example[192.0.2.1]:25, "
                "status=%s (n=%u)\n",
                number / 3600 % 24, number / 60 % 60, number % 60, 1000 + number % 50, number % 3, number % 2,
                number % 10 ? "deferred" : "sent", number);
}

/* Returns how many lines it has. */
static inline unsigned make_log(struct fixture *fixture, const char *name, size_t bytes) {
        FILE *stream = fopen(in_log(fixture, name), "we");
        unsigned n = 0;
        char line[256];

        assert_non_null(stream);
        for (size_t written = 0; written < bytes; n++) {
                int length = numbered_line(line, sizeof(line), n);

                assert_int_equal(fwrite(line, 1, (size_t)length, stream), length);
                written += (size_t)length;
        }
        assert_int_equal(fflush(stream), 0);
        assert_int_equal(fsync(fileno(stream)), 0);
        fclose(stream);
        assert_int_equal(chmod(in_log(fixture, name), 0640), 0);
        return n;
}

static inline int setup_in(void **state, const char *where) {
        static const char *const directories[] = {"/var/log", NULL};
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        *state = fixture;
        if (where) {
                snprintf(fixture->scratch.path, sizeof(fixture->scratch.path), "%s", where);
                assert_non_null(mkdtemp(fixture->scratch.path));
        } else {
                scratch_init(&fixture->scratch);
        }
        scratch_write(&fixture->scratch, "etc/group", "root:x:0:\nadm:x:4:\n");
        scratch_mkdir(&fixture->scratch, "var/log");
        assert_int_equal(symlink("/proc", scratch_path(&fixture->scratch, "proc")), 0);
        fixture->options[LOGS_OPTION_DIRECTORIES] =
                (struct sg_value){.type = SG_TYPE_LIST, .list = directories};
        fixture->args[LOGS_TRIM_ARG_PATH] = (struct sg_value){.type = SG_TYPE_TEXT, .text = ""};
        fixture->args[LOGS_TRIM_ARG_HEAD] = (struct sg_value){.type = SG_TYPE_SIZE, .bytes = MIB};
        fixture->args[LOGS_TRIM_ARG_TAIL] = (struct sg_value){.type = SG_TYPE_SIZE, .bytes = MIB};
        sensor_bench_init(&fixture->sensors, fixture->scratch.path);
        verb_bench_init(&fixture->bench, fixture->scratch.path, fixture->args, fixture->options);
        fixture->bench.pressure = SG_PRESSURE_CRITICAL;
        fixture->bench.action.gentler_spent = true;
        fixture->selection = -1;
        return 0;
}

static inline int setup(void **state) {
        return setup_in(state, NULL);
}

static inline void end_sensor(struct fixture *fixture) {
        if (fixture->sensor)
                logs_sensor.destroy(fixture->sensor);
        fixture->sensor = NULL;
}

static inline int teardown(void **state) {
        struct fixture *fixture = *state;

        end_sensor(fixture);
        if (fixture->selection >= 0)
                close(fixture->selection);
        sensor_bench_deinit(&fixture->sensors);
        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static inline void on_selected(ssize_t n, void *data) {
        ssize_t *selected = data;

        assert_int_equal(*selected, NOT_YET);
        *selected = n;
}

static inline int begin_selecting(struct fixture *fixture) {
        if (!fixture->sensor)
                assert_int_equal(
                        logs_sensor.create(&fixture->sensors.services, fixture->options, &fixture->sensor),
                        0);
        if (fixture->selection >= 0)
                close(fixture->selection);
        fixture->selection = memfd_create("selection", MFD_CLOEXEC);
        assert_true(fixture->selection >= 0);
        fixture->selected = NOT_YET;
        return logs_sensor.select(fixture->sensor, "logs.trim", fixture->args, fixture->selection,
                on_selected, &fixture->selected);
}

/* What the sensor chose: 1, 0 for nothing, or a negative errno value; it is handed to the verb. */
static inline ssize_t choose(struct fixture *fixture) {
        int r = begin_selecting(fixture);

        if (r < 0)
                return r;
        for (unsigned i = 0; i < 600 && fixture->selected == NOT_YET; i++)
                sensor_bench_run(&fixture->sensors, SEC / 10);
        fixture->bench.action.selection_fd = fixture->selection;
        return fixture->selected;
}

static inline struct logs_cut chosen(struct fixture *fixture) {
        struct logs_cut cut;

        assert_int_equal(logs_cut_read(fixture->selection, &cut), 0);
        return cut;
}

/* As a watcher would that was taken over. */
static inline void forge(struct fixture *fixture, const struct logs_cut *cut) {
        assert_int_equal(pwrite(fixture->selection, cut, sizeof(*cut), 0), sizeof(*cut));
}

/* What is left of a log of numbered lines. */
struct left {
        unsigned before, after; /* the last line before the gap, the first behind it */
        unsigned last;
        unsigned others;  /* lines without a number */
        char marker[512]; /* the first of them, without the spaces behind it */
        size_t size, disk_bytes;
};

/* Fails when a line is torn, missing at another place, or comes twice. */
static inline struct left read_left(struct fixture *fixture, const char *name) {
        FILE *stream = fopen(in_log(fixture, name), "re");
        struct left left = {.before = UINT32_MAX};
        size_t allocated = 0;
        unsigned expected = 0;
        struct stat status;
        char *line = NULL;
        ssize_t length;

        assert_non_null(stream);
        assert_int_equal(fstat(fileno(stream), &status), 0);
        left.size = (size_t)status.st_size;
        left.disk_bytes = (size_t)status.st_blocks * 512;
        while ((length = getline(&line, &allocated, stream)) > 0) {
                const char *number = memmem(line, (size_t)length, "(n=", 3);
                char whole[256];
                unsigned n;

                if (!number) {
                        size_t words = (size_t)length - 1;

                        while (words > 0 && line[words - 1] == ' ')
                                words--;
                        if (left.others++ == 0)
                                snprintf(left.marker, sizeof(left.marker), "%.*s", (int)words, line);
                        continue;
                }
                n = (unsigned)strtoul(number + 3, NULL, 10);
                assert_int_equal(numbered_line(whole, sizeof(whole), n), length);
                assert_memory_equal(line, whole, (size_t)length);
                if (n != expected) {
                        assert_true(n > expected);
                        assert_int_equal(left.before, UINT32_MAX);
                        left.before = expected - 1;
                        left.after = n;
                }
                expected = n + 1;
        }
        left.last = expected - 1;
        free(line);
        fclose(stream);
        return left;
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
