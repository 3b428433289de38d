/* SPDX-License-Identifier: MIT */
/* test_disk_mounted - the sensor on real mounts: heard of at once, one reading for each space, missing when gone */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk/disk.h"
#include "mount_support.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"

#define SEC UINT64_C(1000000)

static void *create(struct sensor_bench *bench, const char *const *paths) {
        const struct sg_value options[] = {[DISK_OPTION_PATHS] = {.type = SG_TYPE_LIST, .list = paths},
                [DISK_OPTION_BALLAST] = {.type = SG_TYPE_SIZE, .bytes = 0}};
        void *sensor = NULL;

        sensor_bench_init(bench, "");
        assert_int_equal(disk_sensor.create(&bench->services, options, &sensor), 0);
        return sensor;
}

static void mount_tmpfs(const char *at) {
        assert_int_equal(mount("none", at, "tmpfs", 0, "size=64g,nr_inodes=0"), 0);
}

/* Until the timer has looked after 1, 2 and 4 seconds: for nearly 8 more only an event brings a look. */
static void settle(struct sensor_bench *bench) {
        sensor_bench_run(bench, SEC * 15 / 2);
}

static bool is_missing(const struct sensor_bench *bench, const char *at) {
        return sensor_bench_find(bench, "disk_used_ratio", at)->missing;
}

static bool is_read_only(const struct sensor_bench *bench, const char *at) {
        return sensor_bench_find(bench, "disk_read_only", at)->value == 1;
}

static bool tells_of_what_lies_below(const struct sensor_bench *bench, const char *at) {
        for (unsigned i = 0; i < bench->n; i++)
                if (strcmp(bench->readings[i].name, "disk_used_ratio") == 0 &&
                        strcmp(bench->readings[i].label, at) != 0)
                        return !bench->readings[i].withdrawn;
        return false;
}

static bool comes_true(struct sensor_bench *bench, const char *at,
        bool (*is)(const struct sensor_bench *bench, const char *at), bool expected) {
        for (int i = 0; i < 80 && is(bench, at) != expected; i++)
                sensor_bench_run(bench, SEC / 20);
        return is(bench, at) == expected;
}

static void an_unmount_and_a_mount_are_heard_of_at_once(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        const char *at, *paths[] = {NULL, NULL};
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "a");
        paths[0] = at = scratch_path(&scratch, "a");
        mount_tmpfs(at);
        sensor = create(&bench, paths);
        assert_false(is_missing(&bench, at));
        assert_false(is_read_only(&bench, at));
        settle(&bench);
        assert_int_equal(umount(at), 0);
        assert_true(comes_true(&bench, at, is_missing, true));
        assert_true(comes_true(&bench, at, tells_of_what_lies_below, true));
        mount_tmpfs(at);
        assert_true(comes_true(&bench, at, is_missing, false));
        assert_true(comes_true(&bench, at, tells_of_what_lies_below, false));
        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        assert_int_equal(umount(at), 0);
        scratch_deinit(&scratch);
}

static void a_remount_is_heard_of_at_once(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        const char *at, *paths[] = {NULL, NULL};
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "a");
        paths[0] = at = scratch_path(&scratch, "a");
        mount_tmpfs(at);
        sensor = create(&bench, paths);
        settle(&bench);
        assert_int_equal(mount(NULL, at, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
        assert_true(comes_true(&bench, at, is_read_only, true));
        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        assert_int_equal(umount(at), 0);
        scratch_deinit(&scratch);
}

static void directories_bind_mounts_and_links_of_one_file_system_are_one_reading(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        const char *at, *bound, *paths[] = {NULL, NULL, NULL, NULL, NULL};
        char inner[128];
        void *sensor;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "a");
        scratch_mkdir(&scratch, "b");
        at = scratch_path(&scratch, "a");
        bound = scratch_path(&scratch, "b");
        mount_tmpfs(at);
        scratch_mkdir(&scratch, "a/inner");
        snprintf(inner, sizeof(inner), "%s/inner", at);
        assert_int_equal(mount(inner, bound, NULL, MS_BIND, NULL), 0);
        paths[0] = at;
        paths[1] = inner;
        paths[2] = bound;
        paths[3] = scratch_path(&scratch, "link");
        assert_int_equal(symlink("a/inner", paths[3]), 0);
        sensor = create(&bench, paths);
        assert_non_null(sensor_bench_find(&bench, "disk_used_ratio", at));
        for (size_t i = 1; paths[i]; i++)
                assert_null(sensor_bench_find(&bench, "disk_used_ratio", paths[i]));
        disk_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        assert_int_equal(umount(bound), 0);
        assert_int_equal(umount(at), 0);
        scratch_deinit(&scratch);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_unmount_and_a_mount_are_heard_of_at_once),
                cmocka_unit_test(a_remount_is_heard_of_at_once),
                cmocka_unit_test(directories_bind_mounts_and_links_of_one_file_system_are_one_reading),
        };

        return cmocka_run_group_tests(tests, mount_setup, NULL);
}
