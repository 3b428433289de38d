/* SPDX-License-Identifier: MIT */
/* test_disk_sensor - which file systems are found, when they are measured, and what is said when they are gone */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk/disk.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"

#define SEC UINT64_C(1000000)

static const char plain_mounts[] = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                                   "23 22 0:21 / /proc rw - proc proc rw\n"
                                   "24 22 8:2 / /var rw - ext4 /dev/sda2 rw\n"
                                   "25 24 8:3 / /var/log rw - ext4 /dev/sda3 rw\n"
                                   "26 22 8:4 / /with\\040space rw - ext4 /dev/sda4 rw\n";

/* The same as a sandbox shows it, which has mounted a part of /var/log over itself. */
static const char sandbox_mounts[] = "22 1 8:1 / / ro,relatime - ext4 /dev/sda1 rw\n"
                                     "24 22 8:2 / /var ro - ext4 /dev/sda2 rw\n"
                                     "25 24 8:3 / /var/log ro - ext4 /dev/sda3 rw\n"
                                     "30 25 8:3 / /var/log rw - ext4 /dev/sda3 rw\n";

static const char *no_paths[] = {NULL};

struct fixture {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor;
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        scratch_init(&fixture->scratch);
        sensor_bench_init(&fixture->bench, fixture->scratch.path);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        if (fixture->sensor)
                disk_sensor.destroy(fixture->sensor);
        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static void create(struct fixture *fixture, const char *const *paths) {
        const struct sg_value options[] = {[DISK_OPTION_PATHS] = {.type = SG_TYPE_LIST, .list = paths},
                [DISK_OPTION_BALLAST] = {.type = SG_TYPE_SIZE, .bytes = 0}};

        assert_int_equal(disk_sensor.create(&fixture->bench.services, options, &fixture->sensor), 0);
}

static void file_systems_are_found_by_themselves_once_each(void **state) {
        struct fixture *fixture = *state;

        scratch_mkdir(&fixture->scratch, "var/log/journal");
        scratch_mkdir(&fixture->scratch, "var/spool/postfix");
        scratch_write(&fixture->scratch, "proc/self/mountinfo", plain_mounts);
        create(fixture, no_paths);
        assert_non_null(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var"));
        assert_non_null(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log"));
        assert_null(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log/journal"));
        assert_true(sensor_bench_find(&fixture->bench, "disk_free_bytes", "/var")->value >=
                sensor_bench_find(&fixture->bench, "disk_available_bytes", "/var")->value);
}

static void a_write_is_measured_soon_and_a_flood_is_not_measured_each_time(void **state) {
        struct fixture *fixture = *state;
        unsigned before;

        scratch_mkdir(&fixture->scratch, "var/log/journal/machine");
        create(fixture, no_paths);
        before = sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->times;

        for (int i = 0; i < 2000; i++)
                scratch_write(
                        &fixture->scratch, i % 2 ? "var/log/a.log" : "var/log/journal/b.journal", "line\n");
        sensor_bench_run(&fixture->bench, SEC / 4);
        assert_in_range(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->times, before + 1,
                before + 3);
}

static void a_new_subdirectory_is_watched_too(void **state) {
        struct fixture *fixture = *state;
        unsigned before;

        scratch_mkdir(&fixture->scratch, "var/log");
        create(fixture, no_paths);
        scratch_mkdir(&fixture->scratch, "var/log/later");
        sensor_bench_run(&fixture->bench, 2 * SEC);
        before = sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->times;
        scratch_write(&fixture->scratch, "var/log/later/x", "line\n");
        sensor_bench_run(&fixture->bench, 2 * SEC);
        assert_true(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->times > before);
}

static void an_idle_host_is_left_asleep(void **state) {
        struct fixture *fixture = *state;

        scratch_mkdir(&fixture->scratch, "var/log");
        create(fixture, no_paths);
        sensor_bench_run(&fixture->bench, 3 * SEC);
        assert_true(fixture->bench.wakeups <= 4);
}

static void a_file_system_that_went_away_is_missing_and_comes_back(void **state) {
        struct fixture *fixture = *state;

        scratch_mkdir(&fixture->scratch, "var/log");
        create(fixture, no_paths);
        assert_false(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->missing);
        assert_int_equal(rmdir(scratch_path(&fixture->scratch, "var/log")), 0);
        sensor_bench_run(&fixture->bench, SEC / 4);
        assert_true(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->missing);
        assert_true(sensor_bench_find(&fixture->bench, "disk_available_bytes", "/var/log")->missing);
        scratch_mkdir(&fixture->scratch, "var/log");
        sensor_bench_run(&fixture->bench, 4 * SEC);
        assert_false(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->missing);
}

static void what_the_host_has_unmounted_is_missing_though_our_sandbox_still_has_it(void **state) {
        struct fixture *fixture = *state;

        scratch_mkdir(&fixture->scratch, "var/log");
        scratch_write(&fixture->scratch, "proc/self/mountinfo", sandbox_mounts);
        scratch_write(&fixture->scratch, "proc/1/mountinfo", plain_mounts);
        create(fixture, no_paths);
        assert_false(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->missing);
        assert_true(sensor_bench_find(&fixture->bench, "disk_read_only", "/var/log")->value == 0);
        scratch_write(&fixture->scratch, "proc/1/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
        sensor_bench_run(&fixture->bench, 3 * SEC);
        assert_true(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->missing);
        scratch_write(&fixture->scratch, "proc/1/mountinfo", plain_mounts);
        sensor_bench_run(&fixture->bench, 3 * SEC);
        assert_false(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log")->missing);
}

static void a_file_system_that_shuts_itself_is_told_without_any_event(void **state) {
        struct fixture *fixture = *state;

        scratch_mkdir(&fixture->scratch, "var/log");
        scratch_write(&fixture->scratch, "proc/self/mountinfo", plain_mounts);
        create(fixture, no_paths);
        assert_true(sensor_bench_find(&fixture->bench, "disk_read_only", "/var/log")->value == 0);
        scratch_write(&fixture->scratch, "proc/self/mountinfo",
                "25 24 8:3 / /var/log rw - ext4 /dev/sda3 rw,errors=remount-ro,emergency_ro\n");
        sensor_bench_run(&fixture->bench, 3 * SEC);
        assert_true(sensor_bench_find(&fixture->bench, "disk_read_only", "/var/log")->value == 1);
}

static void without_a_list_of_mounts_nothing_is_said_of_who_can_write(void **state) {
        struct fixture *fixture = *state;

        scratch_mkdir(&fixture->scratch, "var/log");
        create(fixture, no_paths);
        assert_non_null(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log"));
        assert_null(sensor_bench_find(&fixture->bench, "disk_read_only", "/var/log"));
}

static void configured_paths_replace_the_list(void **state) {
        const char *const paths[] = {"/srv", NULL}, *const bad[] = {"srv", NULL};
        const struct sg_value options[] = {[DISK_OPTION_PATHS] = {.type = SG_TYPE_LIST, .list = bad}};
        struct fixture *fixture = *state;
        void *none;

        scratch_mkdir(&fixture->scratch, "srv");
        scratch_mkdir(&fixture->scratch, "var/log");
        create(fixture, paths);
        assert_non_null(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/srv"));
        assert_null(sensor_bench_find(&fixture->bench, "disk_used_ratio", "/var/log"));
        assert_int_equal(disk_sensor.create(&fixture->bench.services, options, &none), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(file_systems_are_found_by_themselves_once_each),
                TEST(a_write_is_measured_soon_and_a_flood_is_not_measured_each_time),
                TEST(a_new_subdirectory_is_watched_too),
                TEST(an_idle_host_is_left_asleep),
                TEST(a_file_system_that_went_away_is_missing_and_comes_back),
                TEST(what_the_host_has_unmounted_is_missing_though_our_sandbox_still_has_it),
                TEST(a_file_system_that_shuts_itself_is_told_without_any_event),
                TEST(without_a_list_of_mounts_nothing_is_said_of_who_can_write),
                TEST(configured_paths_replace_the_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
