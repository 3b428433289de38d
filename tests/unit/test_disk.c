/* SPDX-License-Identifier: MIT */
/* test_disk - which file systems are found, how full they are, how soon they are looked at, and the ballast */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/disk.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"
#include "support/verb_bench.h"

#define SEC UINT64_C(1000000)

static const char plain_mounts[] = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                                   "23 22 0:21 / /proc rw - proc proc rw\n"
                                   "24 22 8:2 / /var rw - ext4 /dev/sda2 rw\n"
                                   "25 24 8:3 / /var/log rw - ext4 /dev/sda3 rw\n"
                                   "26 22 8:4 / /with\\040space rw - ext4 /dev/sda4 rw\n";

static const char sandbox_mounts[] =
        "22 1 8:1 / / ro - ext4 /dev/sda1 rw\n"
        "25 22 8:3 / /var/log ro - ext4 /dev/sda3 rw\n"
        "30 25 8:3 /journal /var/log/journal rw - ext4 /dev/sda3 rw\n"
        "31 22 8:1 /var/lib/spoolguard /var/lib/spoolguard rw - ext4 /dev/sda1 rw\n";

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

static void a_path_is_known_by_the_mount_point_of_its_file_system(void **state) {
        static const struct {
                const char *mounts, *path, *expected;
        } cases[] = {
                {plain_mounts, "/var/log/journal", "/var/log"},
                {plain_mounts, "/var/log", "/var/log"},
                {plain_mounts, "/var/logs", "/var"},
                {plain_mounts, "/var/spool/postfix", "/var"},
                {plain_mounts, "/srv", "/"},
                {plain_mounts, "/with space/x", "/with space"},
                {sandbox_mounts, "/var/log/journal", "/var/log"},
                {sandbox_mounts, "/var/lib/spoolguard", "/"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char mount[256];

                assert_true(disk_mounts_find(cases[i].mounts, cases[i].path, mount, sizeof(mount)));
                assert_string_equal(mount, cases[i].expected);
        }
}

static void lines_that_are_no_mountinfo_are_skipped(void **state) {
        char mount[256], small[4];

        (void)state;
        assert_false(disk_mounts_find("", "/var", mount, sizeof(mount)));
        assert_false(disk_mounts_find("\n\nnonsense\n1 2 3\n1 2 3 4 5\n", "/var", mount, sizeof(mount)));
        assert_true(disk_mounts_find("garbage\n22 1 8:1 / / rw", "/var", mount, sizeof(mount)));
        assert_string_equal(mount, "/");
        assert_false(disk_mounts_find(plain_mounts, "/var/log", small, sizeof(small)));
}

static void the_ratio_is_that_of_df(void **state) {
        struct statvfs stat = {.f_frsize = 4096,
                .f_blocks = 1000,
                .f_bfree = 200,
                .f_bavail = 150,
                .f_files = 100,
                .f_ffree = 25,
                .f_favail = 25};
        struct disk_usage usage;

        (void)state;
        assert_true(disk_usage_from(&stat, &usage));
        assert_true(usage.available_bytes == 150.0 * 4096);
        assert_true(usage.used_ratio > 0.8420 && usage.used_ratio < 0.8422); /* 800 / (800 + 150) */
        assert_true(usage.inodes_used_ratio == 0.75);
        stat.f_bfree = 50;
        stat.f_bavail = 0;
        assert_true(disk_usage_from(&stat, &usage));
        assert_true(usage.used_ratio == 1);
}

static void numbers_that_make_no_sense_are_no_measurement(void **state) {
        struct statvfs none = {.f_frsize = 4096}, odd = {.f_blocks = 10, .f_bfree = 11};
        struct statvfs btrfs = {.f_frsize = 4096, .f_blocks = 10, .f_bfree = 5, .f_bavail = 5};
        struct disk_usage usage;

        (void)state;
        assert_false(disk_usage_from(&none, &usage));
        assert_false(disk_usage_from(&odd, &usage));
        assert_true(disk_usage_from(&btrfs, &usage));
        assert_false(usage.has_inodes);
}

static void the_next_look_is_soon_when_full_or_changing_and_late_when_idle(void **state) {
        uint64_t interval = 0;

        (void)state;
        assert_int_equal(disk_interval_usec(30 * SEC, 0.3, true), SEC);
        assert_int_equal(disk_interval_usec(30 * SEC, 0.7, false), SEC);
        for (int i = 0; i < 10; i++) {
                uint64_t next = disk_interval_usec(interval, 0.3, false);

                assert_true(next >= SEC && next >= interval && next <= 30 * SEC);
                interval = next;
        }
        assert_int_equal(interval, 30 * SEC);
}

static void it_rests_no_longer_than_a_disk_needs_to_fill(void **state) {
        struct disk_usage usage = {.available_bytes = 2e9};
        uint64_t bytes_only;

        (void)state;
        bytes_only = disk_rest_usec(&usage);
        assert_true(bytes_only >= SEC / 4 && bytes_only <= SEC / 2);
        usage.has_inodes = true;
        usage.inodes_available = 1e6;
        assert_int_equal(disk_rest_usec(&usage), bytes_only);
        usage.inodes_available = 1000;
        assert_int_equal(disk_rest_usec(&usage), 0);
        usage = (struct disk_usage){.available_bytes = 1e15};
        assert_int_equal(disk_rest_usec(&usage), SEC);
        usage.available_bytes = 0;
        assert_int_equal(disk_rest_usec(&usage), 0);
}

static const char *no_paths[] = {NULL};

static void *create(struct sensor_bench *bench, const char *const *paths) {
        const struct sg_value options[] = {[DISK_OPTION_PATHS] = {.type = SG_TYPE_LIST, .list = paths},
                [DISK_OPTION_BALLAST] = {.type = SG_TYPE_SIZE, .bytes = 0}};
        void *sensor = NULL;

        assert_int_equal(disk_sensor.create(&bench->services, options, &sensor), 0);
        return sensor;
}

static void file_systems_are_found_by_themselves_once_each(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log/journal");
        scratch_mkdir(&scratch, "var/spool/postfix");
        scratch_write(&scratch, "proc/self/mountinfo", plain_mounts);
        sensor_bench_init(&bench, scratch.path);
        sensor = create(&bench, no_paths);
        assert_non_null(sensor_bench_find(&bench, "disk_used_ratio", "/var"));
        assert_non_null(sensor_bench_find(&bench, "disk_available_bytes", "/var"));
        assert_null(
                sensor_bench_find(&bench, "disk_used_ratio", "/var/log")); /* the same device, after all */
        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

static void a_write_is_measured_soon_and_a_flood_is_not_measured_each_time(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        unsigned before;
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log/journal/machine");
        sensor_bench_init(&bench, scratch.path);
        sensor = create(&bench, no_paths);
        before = sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->times;

        for (int i = 0; i < 2000; i++)
                scratch_write(&scratch, i % 2 ? "var/log/a.log" : "var/log/journal/b.journal", "line\n");
        sensor_bench_run(&bench, SEC / 4);
        assert_in_range(
                sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->times, before + 1, before + 3);

        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

static void a_new_subdirectory_is_watched_too(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        unsigned before;
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log");
        sensor_bench_init(&bench, scratch.path);
        sensor = create(&bench, no_paths);
        scratch_mkdir(&scratch, "var/log/later");
        sensor_bench_run(&bench, 2 * SEC);
        before = sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->times;
        scratch_write(&scratch, "var/log/later/x", "line\n");
        sensor_bench_run(&bench, 2 * SEC);
        assert_true(sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->times > before);
        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

static void an_idle_host_is_left_asleep(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log");
        sensor_bench_init(&bench, scratch.path);
        sensor = create(&bench, no_paths);
        sensor_bench_run(&bench, 3 * SEC);
        assert_true(bench.wakeups <= 4);
        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

static void a_file_system_that_went_away_is_missing_and_comes_back(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log");
        sensor_bench_init(&bench, scratch.path);
        sensor = create(&bench, no_paths);
        assert_false(sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->missing);
        assert_int_equal(rmdir(scratch_path(&scratch, "var/log")), 0);
        sensor_bench_run(&bench, SEC / 4);
        assert_true(sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->missing);
        assert_true(sensor_bench_find(&bench, "disk_available_bytes", "/var/log")->missing);
        scratch_mkdir(&scratch, "var/log");
        sensor_bench_run(&bench, 4 * SEC);
        assert_false(sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->missing);
        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

static void configured_paths_replace_the_list(void **state) {
        const char *const paths[] = {"/srv", NULL}, *const bad[] = {"srv", NULL};
        const struct sg_value options[] = {[DISK_OPTION_PATHS] = {.type = SG_TYPE_LIST, .list = bad}};
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor = NULL;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "srv");
        scratch_mkdir(&scratch, "var/log");
        sensor_bench_init(&bench, scratch.path);
        sensor = create(&bench, paths);
        assert_non_null(sensor_bench_find(&bench, "disk_used_ratio", "/srv"));
        assert_null(sensor_bench_find(&bench, "disk_used_ratio", "/var/log"));
        disk_sensor.destroy(sensor);
        assert_int_equal(disk_sensor.create(&bench.services, options, &sensor), -EINVAL);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

static const struct sg_value ballast_options[] = {
        [DISK_OPTION_PATHS] = {.type = SG_TYPE_LIST, .list = no_paths},
        [DISK_OPTION_BALLAST] = {.type = SG_TYPE_SIZE, .bytes = 1 << 20}};

static void the_ballast_goes_only_when_critical(void **state) {
        struct scratch scratch;
        struct verb_bench bench;

        (void)state;
        scratch_init(&scratch);
        verb_bench_init(&bench, scratch.path, NULL, ballast_options);
        bench.pressure = SG_PRESSURE_CRITICAL;
        assert_int_equal(verb_bench_check(&bench, &disk_free_ballast), SG_VERDICT_NOTHING);
        scratch_fill(&scratch, "var/lib/spoolguard/ballast", 8 << 20);
        bench.pressure = SG_PRESSURE_HIGH;
        assert_int_equal(verb_bench_check(&bench, &disk_free_ballast), SG_VERDICT_REFUSED);
        bench.pressure = SG_PRESSURE_UNKNOWN;
        assert_int_equal(verb_bench_check(&bench, &disk_free_ballast), SG_VERDICT_REFUSED);
        bench.pressure = SG_PRESSURE_CRITICAL;
        assert_int_equal(verb_bench_check(&bench, &disk_free_ballast), SG_VERDICT_GO);
        assert_int_equal(access(scratch_path(&scratch, "var/lib/spoolguard/ballast"), F_OK), 0);
        assert_int_equal(verb_bench_act(&bench, &disk_free_ballast), 0);
        assert_int_equal(bench.outcome.count, 1);
        assert_true(access(scratch_path(&scratch, "var/lib/spoolguard/ballast"), F_OK) < 0);
        scratch_deinit(&scratch);
}

static void what_is_not_our_plain_file_is_never_removed(void **state) {
        struct scratch scratch;
        struct verb_bench bench;
        const char *ballast;

        (void)state;
        scratch_init(&scratch);
        verb_bench_init(&bench, scratch.path, NULL, ballast_options);
        bench.pressure = SG_PRESSURE_CRITICAL;
        scratch_write(&scratch, "var/lib/spoolguard/other", "precious");
        ballast = scratch_path(&scratch, "var/lib/spoolguard/ballast");
        assert_int_equal(symlink("other", ballast), 0);
        assert_int_equal(verb_bench_check(&bench, &disk_free_ballast), SG_VERDICT_REFUSED);
        assert_true(verb_bench_act(&bench, &disk_free_ballast) < 0);
        assert_int_equal(unlink(ballast), 0);
        assert_int_equal(link(scratch_path(&scratch, "var/lib/spoolguard/other"), ballast), 0);
        assert_int_equal(verb_bench_check(&bench, &disk_free_ballast), SG_VERDICT_REFUSED);
        assert_int_equal(unlink(ballast), 0);
        scratch_mkdir(&scratch, "var/lib/spoolguard/ballast");
        assert_int_equal(verb_bench_check(&bench, &disk_free_ballast), SG_VERDICT_REFUSED);
        assert_int_equal(access(scratch_path(&scratch, "var/lib/spoolguard/other"), F_OK), 0);
        scratch_deinit(&scratch);
}

static void the_ballast_is_built_whole_private_and_of_noise(void **state) {
        struct sg_value args[] = {{.type = SG_TYPE_SIZE, .bytes = 0}};
        struct scratch scratch;
        struct verb_bench bench;
        struct stat status;
        char first[4096], second[4096];
        FILE *stream;

        (void)state;
        scratch_init(&scratch);
        scratch_write(&scratch, "var/lib/spoolguard/ballast.new", "left behind");
        verb_bench_init(&bench, scratch.path, args, ballast_options);
        if (verb_bench_check(&bench, &disk_build_ballast) == SG_VERDICT_REFUSED)
                fail_msg("the file system of /tmp is too full for this test: %s", bench.outcome.text);
        assert_int_equal(verb_bench_act(&bench, &disk_build_ballast), 0);
        assert_int_equal(stat(scratch_path(&scratch, "var/lib/spoolguard/ballast"), &status), 0);
        assert_int_equal(status.st_size, 1 << 20);
        assert_int_equal(status.st_mode & 07777, 0600);
        assert_true(status.st_blocks * 512 >= 1 << 20);
        assert_true(access(scratch_path(&scratch, "var/lib/spoolguard/ballast.new"), F_OK) < 0);
        stream = fopen(scratch_path(&scratch, "var/lib/spoolguard/ballast"), "re");
        assert_int_equal(fread(first, 1, sizeof(first), stream), sizeof(first));
        assert_int_equal(fread(second, 1, sizeof(second), stream), sizeof(second));
        fclose(stream);
        assert_memory_not_equal(first, second, sizeof(first));

        assert_int_equal(verb_bench_check(&bench, &disk_build_ballast), SG_VERDICT_NOTHING);
        args[0].bytes = UINT64_C(1) << 60;
        assert_int_equal(verb_bench_check(&bench, &disk_build_ballast), SG_VERDICT_REFUSED);
        scratch_deinit(&scratch);
}

static void the_ratio_after_a_ballast_counts_it_as_used(void **state) {
        const struct statvfs stat = {.f_frsize = 1024, .f_blocks = 1000, .f_bfree = 500, .f_bavail = 500};

        (void)state;
        assert_true(disk_usage_ratio_after(&stat, 0) == 0.5);
        assert_true(disk_usage_ratio_after(&stat, UINT64_C(200) * 1024) == 0.7);
        assert_true(disk_usage_ratio_after(&stat, UINT64_C(501) * 1024) == 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_forecast_is_right_for_what_lasts_and_silent_for_a_burst),
                cmocka_unit_test(a_full_disk_is_full_and_not_fine_because_it_no_longer_grows),
                cmocka_unit_test(growth_before_a_long_sleep_is_forgotten),
                cmocka_unit_test(a_path_is_known_by_the_mount_point_of_its_file_system),
                cmocka_unit_test(lines_that_are_no_mountinfo_are_skipped),
                cmocka_unit_test(the_ratio_is_that_of_df),
                cmocka_unit_test(numbers_that_make_no_sense_are_no_measurement),
                cmocka_unit_test(the_next_look_is_soon_when_full_or_changing_and_late_when_idle),
                cmocka_unit_test(it_rests_no_longer_than_a_disk_needs_to_fill),
                cmocka_unit_test(file_systems_are_found_by_themselves_once_each),
                cmocka_unit_test(a_write_is_measured_soon_and_a_flood_is_not_measured_each_time),
                cmocka_unit_test(a_new_subdirectory_is_watched_too),
                cmocka_unit_test(an_idle_host_is_left_asleep),
                cmocka_unit_test(a_file_system_that_went_away_is_missing_and_comes_back),
                cmocka_unit_test(configured_paths_replace_the_list),
                cmocka_unit_test(the_ballast_goes_only_when_critical),
                cmocka_unit_test(what_is_not_our_plain_file_is_never_removed),
                cmocka_unit_test(the_ballast_is_built_whole_private_and_of_noise),
                cmocka_unit_test(the_ratio_after_a_ballast_counts_it_as_used),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
