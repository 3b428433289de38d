/* SPDX-License-Identifier: MIT */
/* test_disk_forecast - when it will be full: right for what lasts, silent for what does not */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "disk/disk.h"
#include "support/disk_series.h"

#define SEC UINT64_C(1000000)

/* Every second for `seconds`, `pattern(second)` bytes more; the forecast for 60 MB left at the end. */
static double forecast_of(unsigned seconds, double (*pattern)(unsigned second)) {
        struct disk_forecast forecast = {0};
        double used = 1e9;

        for (unsigned i = 0; i < seconds; i++) {
                disk_forecast_add(&forecast, 5000 * SEC + i * SEC, used);
                used += pattern(i);
        }
        return disk_forecast_seconds(&forecast, 60e6);
}

static double steady(unsigned second) {
        (void)second;
        return 100e3;
}
static double every_half_minute(unsigned second) {
        return second % 30 == 0 ? 3e6 : 0;
}
static double one_burst(unsigned second) {
        return second == 100 ? 50e6 : 0;
}
static double a_rotation_and_what_follows(unsigned second) {
        return second == 60 ? 30e6 : second == 70 ? -30e6 : second == 90 ? 10e6 : 0;
}
static double saw_tooth(unsigned second) {
        return second % 12 == 0 ? -8e6 : second % 12 < 5 ? 2e6 : 0;
}
static double shrinks(unsigned second) {
        (void)second;
        return -50e3;
}

static void the_forecast_is_right_for_what_lasts_and_silent_for_a_burst(void **state) {
        (void)state;
        /* 600 s is the truth; two of twelve buckets are left out of the rate. */
        assert_true(forecast_of(300, steady) > 590 && forecast_of(300, steady) < 760);
        assert_true(forecast_of(300, every_half_minute) > 590 && forecast_of(300, every_half_minute) < 1300);
        assert_true(isinf(forecast_of(180, one_burst)));
        assert_true(isinf(forecast_of(180, a_rotation_and_what_follows)));
        assert_true(isinf(forecast_of(180, saw_tooth)));
        assert_true(isinf(forecast_of(180, shrinks)));
        assert_true(isinf(forecast_of(40, steady))); /* not watched for long enough */
}

/* What `judge` thinks of the forecast at every tenth second of a series, from one minute to another. */
static void follow(const char *name, unsigned from_minute, unsigned to_minute,
        void (*judge)(double seconds, double truth, const void *data), const void *data) {
        double *used = calloc(DISK_SERIES_SECONDS, sizeof(*used));
        const struct disk_series *series = disk_series;
        struct disk_forecast forecast = {0};
        unsigned full;

        assert_non_null(used);
        while (strcmp(series->name, name) != 0)
                assert_true(++series < disk_series + disk_series_n);
        disk_series_make(series, used);
        full = (unsigned)disk_series_full(series, used);
        for (unsigned i = 0; i < to_minute * 60 && i < DISK_SERIES_SECONDS; i++) {
                disk_forecast_add(&forecast, (5000 + i) * SEC, used[i]);
                if (i >= from_minute * 60 && i % 10 == 0)
                        judge(disk_forecast_seconds(&forecast, series->available_bytes - used[i]),
                                (double)full - i, data);
        }
        free(used);
}

struct ratio {
        double low, high; /* of what is said to what is true */
};

static void is_near(double seconds, double truth, const void *data) {
        const struct ratio *ratio = data;

        assert_true(truth > 0 ? seconds > 0 : seconds <= 0);
        assert_true(seconds <= truth * ratio->high || truth <= 0);
        assert_true(seconds >= truth * ratio->low);
}

static void what_fills_a_disk_is_known_hours_before(void **state) {
        static const struct {
                const char *name;
                unsigned from_minute, to_minute;
                struct ratio ratio;
        } cases[] = {
                {"steady growth", 40, 720, {0.95, 1.05}},
                {"slow growth", 40, 720, {0.95, 1.05}},
                {"sudden flood", 63, 720, {0.9, 1.1}},
                {"full for hours", 5, 720, {0.9, 1.1}},
                {"bursts every half minute", 30, 160, {0.9, 1.15}},
                {"8 MiB every 80 seconds", 40, 300, {0.9, 1.3}},
                {"bursts every five minutes", 60, 300, {0.7, 1.5}},
                {"bursts every hour", 210, 380, {0, 3}},
                {"growth that speeds up", 60, 370, {0.9, 11}},
                {"growth on a noisy disk", 30, 200, {0.8, 1.3}},
                {"growth below a saw-tooth", 45, 150, {0.1, 1.4}},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                follow(cases[i].name, cases[i].from_minute, cases[i].to_minute, is_near, &cases[i].ratio);
}

static void is_not_soon(double seconds, double truth, const void *least) {
        (void)truth;
        assert_true(seconds >= *(const double *)least);
}

static void what_fills_no_disk_is_no_alarm(void **state) {
        static const double two_hours = 7200, never = INFINITY;
        static const struct {
                const char *name;
                unsigned from_minute, to_minute;
                const double *least;
        } cases[] = {
                {"saw-tooth of retries", 5, 720, &never},
                {"saw-tooth of rotation", 0, 720, &two_hours},
                {"a log line now and then", 0, 720, &two_hours},
                {"one rotation", 0, 720, &never},
                {"noise on a tiny disk", 0, 720, &two_hours},
                {"noise on a huge disk", 0, 720, &two_hours},
                {"a dump for an hour", 0, 120, &never},
                {"a dump for an hour", 150, 720, &never},
                {"growth that stops", 105, 720, &never},
                {"hours of growth that stop", 255, 720, &never},
                {"growth, and much given back", 195, 720, &two_hours},
                {"bursts that stop", 250, 720, &two_hours},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                follow(cases[i].name, cases[i].from_minute, cases[i].to_minute, is_not_soon, cases[i].least);
}

static void a_full_disk_is_full_and_not_fine_because_it_no_longer_grows(void **state) {
        struct disk_forecast forecast = {0};

        (void)state;
        assert_true(disk_forecast_seconds(&forecast, 0) == 0);
        for (unsigned i = 0; i < 300; i++)
                disk_forecast_add(&forecast, i * SEC, 1e9);
        assert_true(disk_forecast_seconds(&forecast, 0) == 0);
        assert_true(isinf(disk_forecast_seconds(&forecast, 4096)));
}

static void growth_before_a_long_sleep_is_forgotten(void **state) {
        struct disk_forecast forecast = {0};

        (void)state;
        for (unsigned i = 0; i < 120; i++)
                disk_forecast_add(&forecast, i * SEC, 1e6 * i);
        assert_true(isfinite(disk_forecast_seconds(&forecast, 1e6)));
        disk_forecast_add(&forecast, 3600 * SEC, 120e6);
        assert_true(isinf(disk_forecast_seconds(&forecast, 1e6)));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_forecast_is_right_for_what_lasts_and_silent_for_a_burst),
                cmocka_unit_test(what_fills_a_disk_is_known_hours_before),
                cmocka_unit_test(what_fills_no_disk_is_no_alarm),
                cmocka_unit_test(a_full_disk_is_full_and_not_fine_because_it_no_longer_grows),
                cmocka_unit_test(growth_before_a_long_sleep_is_forgotten),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
