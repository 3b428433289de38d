/* SPDX-License-Identifier: MIT */
/*
 * trim - a live log of numbered lines: written, cut by plugin logs, and counted again
 *
 * Runs in tests/bench, as root; needs no lab.
 *   trim fill LOG BYTES    writes lines 0.. into a new log
 *   trim append LOG N      appends lines from N on, each with its own write(), until SIGTERM
 *   trim cut ROOT          what the watcher chooses below ROOT/var/log and the verb does with it
 *   trim count LOG...      the lines of all of them, in that order
 * Each prints one line of figures.  `cut` measures wall time: until it is chosen and summed up, the longest turn of
 * the loop meanwhile, check() and run().  `count` tells lines, lines that are not there between the first and the last,
 * gaps, and lines that are none of ours.  Fails with status 2 when something cannot be measured.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "logs/logs_trim.h"
#include "support/sensor_bench.h"
#include "support/verb_bench.h"

#define SEC UINT64_C(1000000)
#define REST_NSEC 50000 /* between two lines */
#define NOT_YET (-999999)

static volatile sig_atomic_t ended;

static void on_term(int number) {
        (void)number;
        ended = 1;
}

static double seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int format_line(char *line, size_t size, unsigned long number) {
        return snprintf(line, size,
                "Dec 24 %02lu:%02lu:%02lu relay postfix/smtp[%lu]: %08lX: to=<someone@d%lu.example>, "
                "relay=none, delay=1, "
                "dsn=4.4.1, status=%s (connect to mx.d%lu.example: Connection timed out) n=%lu\n",
                number / 3600000 % 24, number / 60000 % 60, number / 1000 % 60, 1000 + number % 50, number,
                number % 17, number % 100 ? "deferred" : "sent", number % 17, number);
}

static void fill(const char *path, size_t bytes) {
        FILE *stream = fopen(path, "wxe");
        unsigned long n = 0;
        char line[512];

        for (size_t written = 0; stream && written < bytes; n++) {
                int length = format_line(line, sizeof(line), n);

                if (fwrite(line, 1, (size_t)length, stream) != (size_t)length)
                        err(2, "%s", path);
                written += (size_t)length;
        }
        if (!stream || fclose(stream) != 0)
                err(2, "%s", path);
        printf("lines=%lu\n", n);
}

static void append(const char *path, unsigned long number) {
        const struct timespec rest = {.tv_nsec = REST_NSEC};
        struct sigaction action = {.sa_handler = on_term};
        int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        double longest = 0;
        char line[512];

        if (fd < 0 || sigaction(SIGTERM, &action, NULL) < 0)
                err(2, "%s", path);
        for (; !ended; number++) {
                int length = format_line(line, sizeof(line), number);
                double began = seconds(), took;

                if (write(fd, line, (size_t)length) != length)
                        err(2, "%s", path);
                took = seconds() - began;
                longest = took > longest ? took : longest;
                nanosleep(&rest, NULL);
        }
        close(fd);
        printf("next=%lu longest_write=%.6f\n", number, longest);
}

static void count(char *const paths[]) {
        unsigned long lines = 0, missing = 0, gaps = 0, others = 0, expected = 0, last = 0;
        size_t allocated = 0;
        char *line = NULL;

        for (; *paths; paths++) {
                FILE *stream = fopen(*paths, "re");
                ssize_t length;

                if (!stream)
                        err(2, "%s", *paths);
                while ((length = getline(&line, &allocated, stream)) > 0) {
                        const char *number = memmem(line, (size_t)length, " n=", 3);
                        char whole[512];

                        last = number ? strtoul(number + 3, NULL, 10) : 0;
                        if (!number || format_line(whole, sizeof(whole), last) != length ||
                                memcmp(line, whole, (size_t)length) != 0 || last < expected) {
                                others++;
                                continue;
                        }
                        lines++;
                        gaps += last != expected;
                        missing += last - expected;
                        expected = last + 1;
                }
                fclose(stream);
        }
        free(line);
        printf("lines=%lu missing=%lu gaps=%lu others=%lu next=%lu\n", lines, missing, gaps, others,
                expected);
}

static void on_selected(ssize_t n, void *data) {
        *(ssize_t *)data = n;
}

static void cut(const char *root) {
        static const char *const directories[] = {"/var/log", NULL};
        struct sg_value options[8] = {
                [LOGS_OPTION_DIRECTORIES] = {.type = SG_TYPE_LIST, .list = directories}};
        struct sg_value args[] = {
                [LOGS_TRIM_ARG_PATH] = {.type = SG_TYPE_TEXT, .text = ""},
                [LOGS_TRIM_ARG_HEAD] = {.type = SG_TYPE_SIZE, .bytes = UINT64_C(16) << 20},
                [LOGS_TRIM_ARG_TAIL] = {.type = SG_TYPE_SIZE, .bytes = UINT64_C(64) << 20},
        };
        static struct sensor_bench sensors;
        static struct verb_bench bench;
        double chosen, checked, done, began;
        struct logs_cut selected;
        ssize_t n = NOT_YET;
        void *sensor = NULL;

        sensor_bench_init(&sensors, root);
        verb_bench_init(&bench, root, args, options);
        bench.pressure = SG_PRESSURE_CRITICAL;
        bench.action.gentler_spent = true;
        bench.action.selection_fd = memfd_create("selection", MFD_CLOEXEC);
        if (bench.action.selection_fd < 0 || logs_sensor.create(&sensors.services, options, &sensor) < 0)
                errx(2, "the sensor does not begin");
        sensor_bench_run(&sensors, SEC / 2);
        sensors.turn_usec_max = sensors.turn_cpu_usec_max = 0;
        began = seconds();
        if (logs_sensor.select(sensor, "logs.trim", args, bench.action.selection_fd, on_selected, &n) < 0)
                errx(2, "nothing is chosen");
        while (n == NOT_YET)
                sensor_bench_run(&sensors, SEC / 50);
        chosen = seconds();
        if (n != 1 || logs_cut_read(bench.action.selection_fd, &selected) < 0)
                errx(2, "it chose %zd", n);
        if (verb_bench_check(&bench, &logs_trim) != SG_VERDICT_GO)
                errx(2, "%s", bench.outcome.text);
        for (unsigned i = 0; i < bench.n_manifest; i++)
                fprintf(stderr, "    %s\n", bench.manifest[i]);
        checked = seconds();
        if (verb_bench_act(&bench, &logs_trim) < 0)
                errx(2, "%s", bench.outcome.text);
        done = seconds();
        fprintf(stderr, "    %s\n", bench.outcome.text);
        printf("choose=%.4f turn_max_us=%llu turn_cpu_max_us=%llu check=%.4f run=%.4f freed=%llu lines=%llu "
               "exact=%d "
               "cut_bytes=%llu hole=%d\n",
                chosen - began, (unsigned long long)sensors.turn_usec_max,
                (unsigned long long)sensors.turn_cpu_usec_max, checked - chosen, done - checked,
                (unsigned long long)bench.outcome.freed_bytes, (unsigned long long)selected.lines,
                !selected.is_estimate, (unsigned long long)(selected.cut_end - selected.cut_begin),
                strstr(bench.outcome.text, "hole") != NULL);
        logs_sensor.destroy(sensor);
        sensor_bench_deinit(&sensors);
        close(bench.action.selection_fd);
}

int main(int argc, char *argv[]) {
        if (argc == 4 && strcmp(argv[1], "fill") == 0)
                fill(argv[2], strtoull(argv[3], NULL, 10));
        else if (argc == 4 && strcmp(argv[1], "append") == 0)
                append(argv[2], strtoul(argv[3], NULL, 10));
        else if (argc == 3 && strcmp(argv[1], "cut") == 0)
                cut(argv[2]);
        else if (argc >= 3 && strcmp(argv[1], "count") == 0)
                count(argv + 2);
        else
                errx(2, "fill LOG BYTES | append LOG N | cut ROOT | count LOG...");
        return 0;
}
