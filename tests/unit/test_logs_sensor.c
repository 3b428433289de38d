/* SPDX-License-Identifier: MIT */
/* test_logs_sensor - the size and growth of real files in a real directory, and what must not count as growth */
#include "logs_sensor_support.h"

#include <sys/wait.h>
#include <time.h>

static void regular_files_down_to_three_levels_count_and_the_journal_does_not(void **state) {
        struct fixture *fixture = *state;
        double bytes;

        assert_int_equal(symlink("/etc", scratch_path(&fixture->scratch, "var/log/link")), 0);
        assert_int_equal(symlink("mail.log", scratch_path(&fixture->scratch, "var/log/again")), 0);
        assert_int_equal(mkfifo(scratch_path(&fixture->scratch, "var/log/fifo"), 0600), 0);
        assert_int_equal(link(scratch_path(&fixture->scratch, "var/log/mail.log"),
                                 scratch_path(&fixture->scratch, "var/log/hard")),
                0);
        start(fixture);
        bytes = value(fixture, "log_bytes", "/var/log");
        assert_true(bytes >= 2.0 * (double)MIB && bytes < 2.1 * (double)MIB);
        assert_true(growth(fixture, "/var/log") == 0);
        assert_true(growth(fixture, "/var/log/mail.log") == -1);
}

static void growth_is_told_for_the_directory_and_the_file_and_ends(void **state) {
        struct fixture *fixture = *state;

        start(fixture);
        append(fixture, "var/log/mail.log", 600 * KIB);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log") == 10240);
        assert_true(growth(fixture, "/var/log/mail.log") == 10240);
        assert_true(value(fixture, "log_bytes", "/var/log/mail.log") >= 1.5 * (double)MIB);
        assert_true(value(fixture, "log_bytes", "/var/log") >= 2.5 * (double)MIB);
        fixture->ahead_usec = 70 * SEC;
        sensor_bench_run(&fixture->bench, 6 * SEC);
        assert_true(growth(fixture, "/var/log") == 0);
        assert_true(growth(fixture, "/var/log/mail.log") == 0);
        append(fixture, "var/log/nginx/a/b/deep.log", 1);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log/mail.log") == 0); /* it does not vanish for the next one */
        fixture->ahead_usec = 140 * SEC;
        sensor_bench_run(&fixture->bench, 6 * SEC);
        fixture->bench.wakeups = 0;
        sensor_bench_run(&fixture->bench, 2 * SEC);
        assert_int_equal(fixture->bench.wakeups, 0);
}

static void rotation_is_no_growth_and_the_new_log_is_followed(void **state) {
        struct fixture *fixture = *state;
        const struct scratch *scratch = &fixture->scratch;

        start(fixture);
        append(fixture, "var/log/mail.log", 60 * KIB);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_int_equal(rename(scratch_path(scratch, "var/log/mail.log"),
                                 scratch_path(scratch, "var/log/mail.log.1")),
                0);
        append(fixture, "var/log/mail.log", 0);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log") == 1024);
        assert_true(growth(fixture, "/var/log/mail.log.1") == 1024);
        assert_true(growth(fixture, "/var/log/mail.log") == -1);
        append(fixture, "var/log/mail.log", 120 * KIB);
        /* A compressor at work, and a copy that replaces what was there. */
        append(fixture, "var/log/mail.log.2.gz", 1);
        sensor_bench_run(&fixture->bench, LOOKED);
        append(fixture, "var/log/mail.log.2.gz", MIB);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log") == 3072);
        assert_true(growth(fixture, "/var/log/mail.log") == 2048);
        assert_true(growth(fixture, "/var/log/mail.log.2.gz") == -1);
}

static void truncation_and_removal_are_never_negative_and_never_huge(void **state) {
        struct fixture *fixture = *state;
        const struct scratch *scratch = &fixture->scratch;
        double bytes;

        start(fixture);
        assert_int_equal(truncate(scratch_path(scratch, "var/log/mail.log"), 0), 0);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log") == 0);
        append(fixture, "var/log/mail.log", 60 * KIB);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log") == 1024);
        unlink(scratch_path(scratch, "var/log/mail.log"));
        /* Most file systems give it the same inode number. */
        append(fixture, "var/log/other.log", MIB);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(growth(fixture, "/var/log") == 1024);
        assert_true(growth(fixture, "/var/log/mail.log") == -1);
        bytes = value(fixture, "log_bytes", "/var/log");
        assert_true(bytes >= 2.0 * (double)MIB && bytes < 2.1 * (double)MIB);
        /* A seek far behind the end is not a terabyte of logs. */
        assert_int_equal(truncate(scratch_path(scratch, "var/log/other.log"), (off_t)1 << 40), 0);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log") == 1024);
}

static void a_directory_that_comes_later_is_followed(void **state) {
        struct fixture *fixture = *state;

        start(fixture);
        scratch_write(&fixture->scratch, "var/log/apache2/access.log", "x\n");
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        append(fixture, "var/log/apache2/access.log", 60 * KIB);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log/apache2/access.log") == 1024);
}

static void only_the_ten_fastest_files_have_readings_of_their_own(void **state) {
        struct fixture *fixture = *state;
        char name[64];
        unsigned shown = 0;

        for (int i = 0; i < 30; i++) {
                snprintf(name, sizeof(name), "var/log/app%d.log", i);
                append(fixture, name, 1);
        }
        start(fixture);
        for (int i = 0; i < 30; i++) {
                snprintf(name, sizeof(name), "var/log/app%d.log", i);
                append(fixture, name, (size_t)(i + 1) * 6000);
        }
        sensor_bench_run(&fixture->bench, LOOKED);
        for (int i = 0; i < 30; i++) {
                snprintf(name, sizeof(name), "/var/log/app%d.log", i);
                shown += growth(fixture, name) >= 0;
                assert_int_equal(growth(fixture, name) >= 0, i >= 20);
        }
        assert_int_equal(shown, 10);
        assert_true(growth(fixture, "/var/log") == 30.0 * 31 / 2 * 100);
        /* A slow one overtakes. */
        append(fixture, "var/log/app0.log", MIB);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log/app0.log") > 0);
        assert_true(growth(fixture, "/var/log/app20.log") == -1);
}

static void a_directory_that_is_gone_is_missing_and_not_empty(void **state) {
        struct fixture *fixture = *state;
        const struct scratch *scratch = &fixture->scratch;

        start(fixture);
        assert_int_equal(rename(scratch_path(scratch, "var/log"), scratch_path(scratch, "var/gone")), 0);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(sensor_bench_find(&fixture->bench, "log_bytes", "/var/log")->missing);
        assert_true(sensor_bench_find(&fixture->bench, "log_growth_bytes_per_second", "/var/log")->missing);
        assert_int_equal(rename(scratch_path(scratch, "var/gone"), scratch_path(scratch, "var/log")), 0);
        fixture->ahead_usec = 60 * SEC;
        append(fixture, "var/log/mail.log", 1);
        logs_sensor.destroy(fixture->sensor);
        start(fixture);
        assert_true(value(fixture, "log_bytes", "/var/log") >= 2.0 * (double)MIB);
}

static void a_name_full_of_control_characters_is_a_name(void **state) {
        struct fixture *fixture = *state;

        append(fixture, "var/log/two\nlines\x1b.log", 1);
        start(fixture);
        append(fixture, "var/log/two\nlines\x1b.log", 6000);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log/two\nlines\x1b.log") == 100);
}

static double cpu_sec(void) {
        struct timespec now;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Another process writes, so that only the sensor's time is counted. */
static pid_t start_writer(struct fixture *fixture, unsigned seconds) {
        pid_t pid = fork();

        if (pid == 0) {
                int logs[2] = {open(scratch_path(&fixture->scratch, "var/log/mail.log"),
                                       O_WRONLY | O_APPEND | O_CLOEXEC),
                        open(scratch_path(&fixture->scratch, "var/log/nginx/a/b/deep.log"),
                                O_WRONLY | O_APPEND | O_CLOEXEC)};
                const struct timespec pause = {.tv_nsec = 1000000};

                for (uint64_t end = clock_monotonic_usec() + seconds * SEC; clock_monotonic_usec() < end;) {
                        for (int i = 0; i < 12; i++)
                                if (write(logs[i % 2], "a line of a mail log, as long as such lines are\n",
                                            48) != 48)
                                        _exit(1);
                        nanosleep(&pause, NULL);
                }
                _exit(0);
        }
        return pid;
}

static void ten_thousand_writes_a_second_wake_it_about_once(void **state) {
        struct fixture *fixture = *state;
        double before, used, rate;
        pid_t writer;

        start(fixture);
        before = cpu_sec();
        sensor_bench_run(&fixture->bench, 3 * SEC);
        used = cpu_sec() - before; /* the bench itself, which looks every millisecond */
        fixture->bench.wakeups = 0;
        before = cpu_sec();
        writer = start_writer(fixture, 3);
        sensor_bench_run(&fixture->bench, 3 * SEC);
        used = cpu_sec() - before - used;
        assert_int_equal(waitpid(writer, NULL, 0), writer);
        sensor_bench_run(&fixture->bench, LOOKED);
        rate = growth(fixture, "/var/log") * 60 / 48 / 3;
        print_message("%.0f writes a second: %.2f %% CPU, %u wake-ups in 3 s\n", rate, used / 3 * 100,
                fixture->bench.wakeups);
        assert_true(rate > 100);
        assert_in_range(fixture->bench.wakeups, 1, 6);
}

static void a_busy_directory_is_measured_and_listened_to_again_when_it_is_calm(void **state) {
        struct fixture *fixture = *state;
        size_t appended = 0;
        char name[64];

        for (int i = 0; i < 3; i++) {
                snprintf(name, sizeof(name), "var/log/app%d.log", i);
                append(fixture, name, 1);
        }
        start(fixture);
        for (int second = 0; second < 4; second++) {
                for (int i = 0; i < 600; i++, appended += 120) {
                        snprintf(name, sizeof(name), "var/log/app%d.log", i % 3);
                        append(fixture, name, 120);
                }
                sensor_bench_run(&fixture->bench, LOOKED);
                assert_true(growth(fixture, "/var/log") == (double)appended / 60);
        }
        /* It is looked at, though nobody says anything. */
        fixture->bench.wakeups = 0;
        sensor_bench_run(&fixture->bench, 3 * SEC);
        assert_in_range(fixture->bench.wakeups, 2, 4);
        /* What comes and goes is said of a busy directory, too. */
        append(fixture, "var/log/new.log", MIB);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(value(fixture, "log_bytes", "/var/log") >= 3.0 * (double)MIB);
        append(fixture, "var/log/app0.log", 100 * KIB);
        assert_int_equal(unlink(scratch_path(&fixture->scratch, "var/log/new.log")), 0);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(value(fixture, "log_bytes", "/var/log") < 2.9 * (double)MIB);
        /* Nor is it forgotten in the walk that follows. */
        fixture->bench.wakeups = 0;
        sensor_bench_run(&fixture->bench, 3 * SEC);
        assert_in_range(fixture->bench.wakeups, 2, 4);
        /* Calm for ten looks, then nobody looks any more, and is told instead. */
        sensor_bench_run(&fixture->bench, 12 * SEC);
        fixture->ahead_usec = 70 * SEC;
        sensor_bench_run(&fixture->bench, 6 * SEC);
        fixture->bench.wakeups = 0;
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_int_equal(fixture->bench.wakeups, 0);
        append(fixture, "var/log/app0.log", 6000);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log/app0.log") == 100);
}

static void a_hundred_thousand_files_are_read_in_short_turns(void **state) {
        struct fixture *fixture = *state;
        uint64_t longest = 0;
        char name[64];

        scratch_mkdir(&fixture->scratch, "var/log/many");
        for (int i = 0; i < 100000; i++) {
                snprintf(name, sizeof(name), "var/log/many/%d", i);
                close(open(scratch_path(&fixture->scratch, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        }
        assert_int_equal(logs_sensor.create(&fixture->bench.services, fixture->options, &fixture->sensor), 0);
        for (int i = 0; i < 1000 && growth(fixture, "/var/log") < 0; i++) {
                unsigned wakeups = fixture->bench.wakeups;
                uint64_t begin = clock_monotonic_usec();

                while (fixture->bench.wakeups == wakeups)
                        sensor_bench_run(&fixture->bench, 1);
                longest = clock_monotonic_usec() - begin > longest ? clock_monotonic_usec() - begin : longest;
        }
        print_message("longest turn %.1f ms\n", (double)longest / 1000);
        assert_true(growth(fixture, "/var/log") == 0);
        assert_true(fixture->bench.wakeups > 5);
        append(fixture, "var/log/mail.log", 60 * KIB);
        sensor_bench_run(&fixture->bench, LOOKED);
        /* Known or over the cap, the directory's own size is right; growth is told for what is known. */
        assert_true(value(fixture, "log_bytes", "/var/log") >= 2.0 * (double)MIB);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(regular_files_down_to_three_levels_count_and_the_journal_does_not),
                WITH_FIXTURE(growth_is_told_for_the_directory_and_the_file_and_ends),
                WITH_FIXTURE(rotation_is_no_growth_and_the_new_log_is_followed),
                WITH_FIXTURE(truncation_and_removal_are_never_negative_and_never_huge),
                WITH_FIXTURE(a_directory_that_comes_later_is_followed),
                WITH_FIXTURE(only_the_ten_fastest_files_have_readings_of_their_own),
                WITH_FIXTURE(a_directory_that_is_gone_is_missing_and_not_empty),
                WITH_FIXTURE(a_name_full_of_control_characters_is_a_name),
                WITH_FIXTURE(ten_thousand_writes_a_second_wake_it_about_once),
                WITH_FIXTURE(a_busy_directory_is_measured_and_listened_to_again_when_it_is_calm),
                WITH_FIXTURE(a_hundred_thousand_files_are_read_in_short_turns),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
