/* SPDX-License-Identifier: MIT */
/* test_disk_sensor - which file systems are found, when they are measured, and what is said when they are gone */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
        assert_non_null(sensor_bench_find(&bench, "disk_used_ratio", "/var/log"));
        assert_null(sensor_bench_find(&bench, "disk_used_ratio", "/var/log/journal"));
        assert_true(sensor_bench_find(&bench, "disk_free_bytes", "/var")->value >=
                sensor_bench_find(&bench, "disk_available_bytes", "/var")->value);
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

static void what_the_host_has_unmounted_is_missing_though_our_sandbox_still_has_it(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log");
        scratch_write(&scratch, "proc/self/mountinfo", sandbox_mounts);
        scratch_write(&scratch, "proc/1/mountinfo", plain_mounts);
        sensor_bench_init(&bench, scratch.path);
        sensor = create(&bench, no_paths);
        assert_false(sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->missing);
        assert_true(sensor_bench_find(&bench, "disk_read_only", "/var/log")->value == 0);
        scratch_write(&scratch, "proc/1/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
        sensor_bench_run(&bench, 3 * SEC);
        assert_true(sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->missing);
        scratch_write(&scratch, "proc/1/mountinfo", plain_mounts);
        sensor_bench_run(&bench, 3 * SEC);
        assert_false(sensor_bench_find(&bench, "disk_used_ratio", "/var/log")->missing);
        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

static void a_file_system_that_shuts_itself_is_told_without_any_event(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log");
        scratch_write(&scratch, "proc/self/mountinfo", plain_mounts);
        sensor_bench_init(&bench, scratch.path);
        sensor = create(&bench, no_paths);
        assert_true(sensor_bench_find(&bench, "disk_read_only", "/var/log")->value == 0);
        scratch_write(&scratch, "proc/self/mountinfo",
                "25 24 8:3 / /var/log rw - ext4 /dev/sda3 rw,errors=remount-ro,emergency_ro\n");
        sensor_bench_run(&bench, 3 * SEC);
        assert_true(sensor_bench_find(&bench, "disk_read_only", "/var/log")->value == 1);
        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

static void without_a_list_of_mounts_nothing_is_said_of_who_can_write(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log");
        sensor_bench_init(&bench, scratch.path);
        sensor = create(&bench, no_paths);
        assert_non_null(sensor_bench_find(&bench, "disk_used_ratio", "/var/log"));
        assert_null(sensor_bench_find(&bench, "disk_read_only", "/var/log"));
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(file_systems_are_found_by_themselves_once_each),
                cmocka_unit_test(a_write_is_measured_soon_and_a_flood_is_not_measured_each_time),
                cmocka_unit_test(a_new_subdirectory_is_watched_too),
                cmocka_unit_test(an_idle_host_is_left_asleep),
                cmocka_unit_test(a_file_system_that_went_away_is_missing_and_comes_back),
                cmocka_unit_test(what_the_host_has_unmounted_is_missing_though_our_sandbox_still_has_it),
                cmocka_unit_test(a_file_system_that_shuts_itself_is_told_without_any_event),
                cmocka_unit_test(without_a_list_of_mounts_nothing_is_said_of_who_can_write),
                cmocka_unit_test(configured_paths_replace_the_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
