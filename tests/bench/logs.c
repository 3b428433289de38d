/* SPDX-License-Identifier: MIT */
/*
 * logs - what it costs to follow busy logs, and what it costs those who write them
 *
 * Runs by hand and in tests/bench; needs no lab and no privileges.  A process writes lines in turn to so many logs of
 * a temporary directory, so many a second; the sensor of the plugin follows them on a loop of tests/support, in a
 * process of its own.  What a line costs its writer is told beside what it costs when nobody looks: both are
 * measured in turns, several times, and the medians are printed.
 *
 * Prints one line for each number of logs: writes a second, processor time of the sensor in percent of one core and
 * its wake-ups a second, processor time of a write with and without it.  Fails with status 2 when there is no
 * temporary directory or no process.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "logs/logs.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"

#define FILES_MAX 50
#define ROUNDS 5
#define SECONDS 4u
#define SEC UINT64_C(1000000)

/* As long as the lines that Postfix writes. */
static const char line[] =
        "Dec 24 03:14:15 relay postfix/smtp[1234]: 4F8A31C0: to=<someone@example.org>, relay=none, "
        "delay=1, status=deferred (connect to mx.example.org: Connection timed out)\n";

struct round {
        double writes, writer_usec, sensor_percent, wakeups;
};

static double processor_usec(void) {
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double clock_seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void log_name(char *name, size_t size, unsigned i) {
        snprintf(name, size, "var/log/app%u.log", i);
}

/* Keeps up with the rate on the whole, however late each sleep ends; writes what it cost into the pipe. */
static void write_lines(const struct scratch *scratch, unsigned n_files, double rate, int result) {
        const struct timespec rest = {.tv_nsec = 1000000};
        double start = clock_seconds(), before, used = 0;
        struct round round = {0};
        int files[FILES_MAX];
        unsigned long n = 0;

        for (unsigned i = 0; i < n_files; i++) {
                char name[64];

                log_name(name, sizeof(name), i);
                files[i] = open(scratch_path(scratch, name), O_WRONLY | O_APPEND | O_CLOEXEC);
                if (files[i] < 0)
                        err(2, "%s", name);
        }
        while (clock_seconds() - start < SECONDS) {
                unsigned long due = (unsigned long)((clock_seconds() - start) * rate);

                before = processor_usec();
                for (; n < due; n++)
                        if (write(files[n % n_files], line, sizeof(line) - 1) < 0)
                                err(2, "write");
                used += processor_usec() - before;
                nanosleep(&rest, NULL);
        }
        round.writes = (double)n / SECONDS;
        round.writer_usec = used / (double)n;
        if (write(result, &round, sizeof(round)) != sizeof(round))
                err(2, "pipe");
}

static struct round run(unsigned n_files, double rate, bool followed) {
        static const char *const directories[] = {"/var/log", NULL};
        const struct sg_value options[] = {{.type = SG_TYPE_LIST, .list = directories}};
        static struct sensor_bench bench;
        struct scratch scratch;
        struct round round;
        void *sensor = NULL;
        int ends[2];
        pid_t writer;

        scratch_init(&scratch);
        for (unsigned i = 0; i < n_files; i++) {
                char name[64];

                log_name(name, sizeof(name), i);
                scratch_write(&scratch, name, line);
        }
        sensor_bench_init(&bench, scratch.path);
        if (followed && logs_sensor.create(&bench.services, options, &sensor) < 0)
                errx(2, "the sensor cannot be made");
        sensor_bench_run(&bench, SEC / 2);
        bench.turn_cpu_usec_sum = bench.wakeups = 0;
        if (pipe2(ends, O_CLOEXEC) < 0)
                err(2, "pipe");
        writer = fork();
        if (writer == 0) {
                write_lines(&scratch, n_files, rate, ends[1]);
                _exit(0);
        }
        if (writer < 0)
                err(2, "fork");
        sensor_bench_run(&bench, SECONDS * SEC);
        if (read(ends[0], &round, sizeof(round)) != sizeof(round))
                errx(2, "the writer said nothing");
        waitpid(writer, NULL, 0);
        close(ends[0]);
        close(ends[1]);
        round.sensor_percent = (double)bench.turn_cpu_usec_sum / SECONDS / 1e4;
        round.wakeups = (double)bench.wakeups / SECONDS;
        logs_sensor.destroy(sensor);
        scratch_deinit(&scratch);
        return round;
}

static int compare(const void *a, const void *b) {
        const double *left = a, *right = b;

        return *left < *right ? -1 : *left > *right;
}

static double median(double values[static ROUNDS]) {
        qsort(values, ROUNDS, sizeof(double), compare);
        return values[ROUNDS / 2];
}

int main(int argc, char **argv) {
        static const unsigned counts[] = {1, 3, FILES_MAX};
        double rate = argc > 1 ? strtod(argv[1], NULL) : 10000;

        if (argc > 2 || !(rate > 0))
                errx(2, "usage: logs [WRITES-A-SECOND]");
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                double writes[ROUNDS], percent[ROUNDS], wakeups[ROUNDS], followed[ROUNDS], alone[ROUNDS];

                for (unsigned n = 0; n < ROUNDS; n++) {
                        struct round one;

                        alone[n] = run(counts[i], rate, false).writer_usec;
                        one = run(counts[i], rate, true);
                        writes[n] = one.writes;
                        percent[n] = one.sensor_percent;
                        wakeups[n] = one.wakeups;
                        followed[n] = one.writer_usec;
                }
                printf("files=%u writes=%.0f percent=%.3f wakeups=%.1f write_us=%.3f alone_us=%.3f\n",
                        counts[i], median(writes), median(percent), median(wakeups), median(followed),
                        median(alone));
                fflush(stdout);
        }
        return 0;
}
