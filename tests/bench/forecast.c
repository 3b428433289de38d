/* SPDX-License-Identifier: MIT */
/*
 * forecast - how well it is known beforehand that a disk runs full
 *
 * Runs by hand and in tests/bench, and needs nothing.  Every series of tests/support is looked at every ten seconds by
 * the forecast of the plugin and by a straight line (least squares, as predict_linear of Prometheus) over two minutes
 * and over an hour; each of them drives a condition with the levels and times of disk-full-soon.
 *
 * Prints for each series and each of them: the median of the relative errors from the first growth on while it is true
 * that it fills within six hours ("-": it never fills; "inf": half of the time it was said that it does not fill),
 * minutes of false alarm (the condition is active and it does not fill within six hours), and minutes between the alarm
 * that lasted until it was full and that moment; and who did not say 0 when it was full.  With --raw each row as
 * NAME=VALUE.  Cannot fail but for want of memory.
 */
#include <err.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk/disk.h"
#include "support/disk_series.h"

#define USED_AT_FIRST 1e9
#define STEP 10
#define TRIP 7200
#define CLEAR 21600
#define LASTING 30
#define HORIZON 21600
#define START_USEC UINT64_C(5000000000)

enum { FORECASTERS = 3 };

static const struct {
        const char *name;
        int window; /* of a straight line; 0: the plugin's own */
} forecasters[FORECASTERS] = {{"ours", 0}, {"line_2m", 120}, {"line_1h", 3600}};

struct figures {
        double error;
        double false_minutes, warned_minutes;
        bool is_zero_when_full;
};

/* Least squares over the last `window` seconds, a sample in each. */
static double line_seconds(const double *used, int second, int window, double available) {
        int n = second + 1 < window ? second + 1 : window;
        double mean_x = (n - 1) / 2.0, mean_y = 0, xy = 0, xx = 0;

        for (int i = 0; i < n; i++)
                mean_y += used[second - n + 1 + i] / n;
        for (int i = 0; i < n; i++) {
                xy += (i - mean_x) * (used[second - n + 1 + i] - mean_y);
                xx += (i - mean_x) * (i - mean_x);
        }
        return n > 60 && xy > 0 && xy / xx >= 1 ? available / (xy / xx) : INFINITY;
}

static int compare(const void *a, const void *b) {
        double left = *(const double *)a, right = *(const double *)b;

        return (left > right) - (left < right);
}

/* As the engine does it: levels apart, and each must last. */
struct alarm {
        bool is_active;
        int since; /* when the other state was first asked for; -1: it is not */
        int raised;
};

static void alarm_step(struct alarm *alarm, int second, double seconds) {
        bool other = alarm->is_active ? seconds >= CLEAR : seconds <= TRIP;

        if (!other)
                alarm->since = -1;
        else if (alarm->since < 0)
                alarm->since = second;
        if (!other || second - alarm->since < LASTING)
                return;
        alarm->is_active = !alarm->is_active;
        alarm->since = -1;
        if (alarm->is_active)
                alarm->raised = second;
}

static struct figures judge(const struct disk_series *series, const double *used, int window) {
        static double errors[DISK_SERIES_SECONDS];
        int full = disk_series_full(series, used), begins = series->parts[0].from, n_errors = 0;
        struct disk_forecast forecast = {0};
        struct figures figures = {.error = NAN, .warned_minutes = NAN, .is_zero_when_full = true};
        struct alarm alarm = {.since = -1};

        for (int second = 0; second < DISK_SERIES_SECONDS; second++) {
                double available = series->available_bytes - used[second], seconds, truth = full - second;

                if (window == 0)
                        disk_forecast_add(&forecast, START_USEC + (uint64_t)second * 1000000,
                                USED_AT_FIRST + used[second]);
                if (second % STEP)
                        continue;
                seconds = window ? line_seconds(used, second, window, available)
                                 : disk_forecast_seconds(&forecast, available);
                if (second >= full) {
                        figures.is_zero_when_full &= available > 0 || seconds <= 0;
                        continue;
                }
                alarm_step(&alarm, second, seconds);
                if (full == DISK_SERIES_SECONDS || truth > HORIZON) {
                        figures.false_minutes += alarm.is_active * STEP / 60.0;
                        continue;
                }
                if (second >= begins)
                        errors[n_errors++] = fabs(seconds - truth) / truth;
        }
        if (full == DISK_SERIES_SECONDS)
                return figures;
        qsort(errors, (size_t)n_errors, sizeof(errors[0]), compare);
        figures.error = n_errors ? errors[n_errors / 2] : NAN;
        figures.warned_minutes = alarm.is_active ? (full - alarm.raised) / 60.0 : 0;
        return figures;
}

static void print_row(const struct disk_series *series, const struct figures figures[static FORECASTERS]) {
        printf("%-26s", series->name);
        for (int i = 0; i < FORECASTERS; i++) {
                if (isnan(figures[i].error))
                        printf(" | %6s", "-");
                else
                        printf(" | %5.0f%%", figures[i].error * 100);
                printf(" %6.0f", figures[i].false_minutes);
                if (isnan(figures[i].warned_minutes))
                        printf(" %6s", "-");
                else
                        printf(" %6.0f", figures[i].warned_minutes);
                printf("%s", figures[i].is_zero_when_full ? "" : " full is not 0");
        }
        putchar('\n');
}

static void print_raw(const struct disk_series *series, const struct figures figures[static FORECASTERS]) {
        printf("series=\"%s\"", series->name);
        for (int i = 0; i < FORECASTERS; i++)
                printf(" %s_error=%g %s_false=%g %s_warned=%g %s_zero=%d", forecasters[i].name,
                        figures[i].error, forecasters[i].name, figures[i].false_minutes, forecasters[i].name,
                        figures[i].warned_minutes, forecasters[i].name, figures[i].is_zero_when_full);
        putchar('\n');
}

int main(int argc, char **argv) {
        bool raw = argc == 2 && strcmp(argv[1], "--raw") == 0;
        double *used = calloc(DISK_SERIES_SECONDS, sizeof(*used));

        if (!used)
                err(2, "series");
        if (!raw) {
                printf("%-26s", "");
                for (int i = 0; i < FORECASTERS; i++)
                        printf(" | %-20s", forecasters[i].name);
                printf("\n%-26s", "series");
                for (int i = 0; i < FORECASTERS; i++)
                        printf(" | %6s %6s %6s", "error", "false", "warned");
                putchar('\n');
        }
        for (size_t i = 0; i < disk_series_n; i++) {
                struct figures figures[FORECASTERS];

                disk_series_make(&disk_series[i], used);
                for (int k = 0; k < FORECASTERS; k++)
                        figures[k] = judge(&disk_series[i], used, forecasters[k].window);
                (raw ? print_raw : print_row)(&disk_series[i], figures);
        }
        free(used);
        return 0;
}
