/* SPDX-License-Identifier: MIT */
/* test_filler - what fills a file system is named, and nothing is blamed or cleared without figures */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "engine/filler.h"

#define KIB 1024.0
#define MIB (1024.0 * 1024)
#define GIB (1024.0 * 1024 * 1024)

struct fixture {
        struct loop *loop;
        struct board *board;
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        *state = fixture;
        assert_int_equal(loop_new_sim(0, &fixture->loop), 0);
        assert_int_equal(board_new(fixture->loop, &fixture->board), 0);
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        board_free(fixture->board);
        loop_free(fixture->loop);
        free(fixture);
        return 0;
}

/* NaN: it is missing. */
static void set(
        struct fixture *fixture, const char *name, const char *label, const char *text, double value) {
        struct reading_label row = {.name = ""};

        strcpy(row.name, label);
        strcpy(row.value, text);
        if (isnan(value))
                assert_int_equal(board_missing(fixture->board, name, &row, 1, "a test"), 0);
        else
                assert_int_equal(board_set(fixture->board, name, &row, 1, value), 0);
}

static void set_disk(struct fixture *fixture, const char *path, double available, double full_seconds) {
        set(fixture, "disk_available_bytes", "path", path, available);
        set(fixture, "disk_full_seconds", "path", path, full_seconds);
}

static void set_log(struct fixture *fixture, const char *path, double per_second) {
        set(fixture, "log_growth_bytes_per_second", "path", path, per_second);
}

/* Of ten minutes. */
static void set_rest(struct fixture *fixture, double journal, double queue) {
        set(fixture, "journal_growth_bytes", "path", "/var/log/journal", journal);
        set(fixture, "queue_growth_bytes", "instance", "-", queue);
}

static void assert_says(const struct fixture *fixture, const char *path, const char *expected) {
        struct filler filler;
        char text[256];

        filler_measure(fixture->board, path, &filler);
        filler_say(&filler, text, sizeof(text));
        assert_string_equal(text, expected);
}

static void logs_are_named_with_the_file_that_grows_most(void **state) {
        struct fixture *fixture = *state;

        set_disk(fixture, "/", GIB, GIB / (1.3 * MIB));
        set_log(fixture, "/var/log", 1.25 * MIB);
        set_log(fixture, "/var/log/mail.log", 1.2 * MIB);
        set_log(fixture, "/var/log/syslog", 50 * KIB);
        set_rest(fixture, 0, 0);
        assert_says(fixture, "/", "logs grow by 1.2M a second, mostly /var/log/mail.log");
        /* None of them has half of it. */
        set_log(fixture, "/var/log/mail.log", 0.5 * MIB);
        assert_says(fixture, "/", "logs grow by 1.2M a second");
}

static void several_are_told_the_largest_first_and_small_ones_not_at_all(void **state) {
        struct fixture *fixture = *state;

        set_disk(fixture, "/", GIB, GIB / (300 * KIB));
        set_log(fixture, "/var/log", 50 * KIB);
        set_rest(fixture, 20 * MIB, 120 * MIB);
        assert_says(fixture, "/",
                "the queue grew by 120M in ten minutes, logs grow by 50K a second, the journal grew by 20M "
                "in "
                "ten minutes");
        set_log(fixture, "/var/log", 1 * KIB);
        set_rest(fixture, -80 * MIB, 170 * MIB);
        assert_says(fixture, "/", "the queue grew by 170M in ten minutes");
}

static void something_else_is_said_when_they_cannot_have_half_of_it(void **state) {
        struct fixture *fixture = *state;

        set_disk(fixture, "/var", GIB, GIB / MIB);
        set_log(fixture, "/var/log", 0);
        set_rest(fixture, 0, 0);
        assert_says(fixture, "/var", "something else than logs, journal and queue fills it by 1M a second");
        set_log(fixture, "/var/log", 24 * KIB);
        assert_says(fixture, "/var",
                "something else than logs, journal and queue fills it by 1000K a second, logs grow by 24K a "
                "second");
        set_log(fixture, "/var/log", 640 * KIB);
        assert_says(fixture, "/var", "logs grow by 640K a second");
}

/* What they grew by is the mean of minutes, and the flood may be seconds old. */
static void in_the_first_seconds_of_a_flood_nobody_is_cleared(void **state) {
        struct fixture *fixture = *state;

        set_disk(fixture, "/var", GIB, GIB / (100 * MIB));
        set_log(fixture, "/var/log", 10 * MIB);
        set_rest(fixture, 0, 0);
        assert_says(fixture, "/var", "it fills by 100M a second, logs grow by 10M a second");
        set_log(fixture, "/var/log", 0);
        set_rest(fixture, 0, 400 * MIB);
        assert_says(fixture, "/var", "it fills by 100M a second");
        set_rest(fixture, 400 * MIB, 0);
        assert_says(fixture, "/var", "it fills by 100M a second");
        set_rest(fixture, 60 * MIB, 60 * MIB);
        assert_says(
                fixture, "/var", "something else than logs, journal and queue fills it by 99.7M a second");
}

static void what_cannot_be_seen_is_neither_blamed_nor_cleared(void **state) {
        struct fixture *fixture = *state;

        set_disk(fixture, "/", GIB, GIB / MIB);
        assert_says(fixture, "/", "it fills by 1M a second");
        set_log(fixture, "/var/log", 0);
        set_rest(fixture, NAN, 0);
        assert_says(fixture, "/", "something else than logs and queue fills it by 1M a second");
        set(fixture, "queue_growth_bytes", "instance", "out", NAN);
        set_rest(fixture, 0, 0);
        assert_says(fixture, "/", "something else than logs and journal fills it by 1M a second");
        set_log(fixture, "/var/log", NAN);
        assert_says(fixture, "/", "something else than journal fills it by 1M a second");
}

static void without_a_forecast_only_what_grows_is_told(void **state) {
        struct fixture *fixture = *state;

        set_log(fixture, "/var/log", 2 * MIB);
        set_rest(fixture, 0, 6 * MIB);
        /* Not even where they lie is known. */
        assert_says(fixture, "/", "");
        set(fixture, "disk_available_bytes", "path", "/", 0);
        assert_says(fixture, "/", "logs grow by 2M a second, the queue grew by 6M in ten minutes");
        set_disk(fixture, "/", 0, 0);
        assert_says(fixture, "/", "logs grow by 2M a second, the queue grew by 6M in ten minutes");
        set_disk(fixture, "/", GIB, INFINITY);
        set_log(fixture, "/var/log", 0);
        set_rest(fixture, 0, 0);
        assert_says(fixture, "/", "");
        set_disk(fixture, "/", NAN, NAN);
        assert_says(fixture, "/", "");
}

static void what_lies_on_another_file_system_has_no_part_in_it(void **state) {
        struct fixture *fixture = *state;

        set_disk(fixture, "/", GIB, GIB / MIB);
        set_disk(fixture, "/var/log", GIB, GIB / (3 * MIB));
        set_disk(fixture, "/var/lo", GIB, INFINITY);
        set_log(fixture, "/var/log", 2 * MIB);
        set_log(fixture, "/var/log/a", 2 * MIB);
        set_log(fixture, "/srv/log", 0.1 * MIB);
        set_rest(fixture, 300 * MIB, 30 * MIB);
        assert_says(fixture, "/var/log",
                "logs grow by 2M a second, mostly /var/log/a, the journal grew by 300M in ten minutes");
        assert_says(fixture, "/",
                "it fills by 1M a second, logs grow by 102.3K a second, the queue grew by 30M in ten "
                "minutes");
        assert_says(fixture, "/var/lo", "");
}

static void figures_out_of_this_world_are_no_trouble(void **state) {
        static const double values[] = {-1e300, -1, 0, 1e-300, 1e19, 1e300, INFINITY, -INFINITY};
        const size_t n = sizeof(values) / sizeof(values[0]);
        struct fixture *fixture = *state;
        struct filler filler;
        char text[64];

        for (size_t i = 0; i < n * n * n; i++) {
                set_disk(fixture, "/", values[i % n], values[i / n % n]);
                set_log(fixture, "/var/log", values[i / n / n]);
                set_log(fixture, "/var/log/a", values[i % n]);
                set_rest(fixture, values[i / n % n], values[i % n]);
                filler_measure(fixture->board, "/", &filler);
                filler_say(&filler, text, sizeof(text));
                assert_true(strlen(text) < sizeof(text));
        }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(logs_are_named_with_the_file_that_grows_most),
                TEST(several_are_told_the_largest_first_and_small_ones_not_at_all),
                TEST(something_else_is_said_when_they_cannot_have_half_of_it),
                TEST(in_the_first_seconds_of_a_flood_nobody_is_cleared),
                TEST(what_cannot_be_seen_is_neither_blamed_nor_cleared),
                TEST(without_a_forecast_only_what_grows_is_told),
                TEST(what_lies_on_another_file_system_has_no_part_in_it),
                TEST(figures_out_of_this_world_are_no_trouble),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
