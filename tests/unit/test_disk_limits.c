/* SPDX-License-Identifier: MIT */
/*
 * test_disk_limits - a directory under a project quota is a small disk of its own, as ext4 and XFS show it
 *
 * With numbers that nobody else on this host moves, also when the next look is.
 */
#include <linux/fs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cmocka.h>

#include "disk/disk.h"
#include "support/bench_expect.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"

#define SEC UINT64_C(1000000)

static uint32_t project; /* of var/log and what is below */
static bool has_limits;

int __wrap_statvfs(const char *path, struct statvfs *stat);
int __wrap_ioctl(int fd, unsigned long request, struct fsxattr *attributes);

/* The kernel's arithmetic: the limit is the size, what the project has not used of it is free for everybody. */
int __wrap_statvfs(const char *path, struct statvfs *stat) {
        bool is_limited = has_limits && strstr(path, "/var/log");

        *stat = (struct statvfs){.f_frsize = 4096,
                .f_blocks = is_limited ? 12800 : 100000000,
                .f_bfree = is_limited ? 2560 : 90000000,
                .f_bavail = is_limited ? 2560 : 85000000,
                .f_files = is_limited ? 1000 : 200000000,
                .f_ffree = is_limited ? 500 : 190000000,
                .f_favail = is_limited ? 500 : 190000000};
        return 0;
}

int __wrap_ioctl(int fd, unsigned long request, struct fsxattr *attributes) {
        struct stat status;

        assert_int_equal(request, FS_IOC_FSGETXATTR);
        assert_int_equal(fstat(fd, &status), 0);
        *attributes = (struct fsxattr){0};
        if (status.st_mode & S_ISVTX) {
                attributes->fsx_projid = project;
                attributes->fsx_xflags = FS_XFLAG_PROJINHERIT;
        }
        return 0;
}

struct world {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor;
};

/* The sticky bit marks what is of the project. */
static void start(struct world *world) {
        static const char *no_paths[] = {NULL};
        const struct sg_value options[] = {[DISK_OPTION_PATHS] = {.type = SG_TYPE_LIST, .list = no_paths},
                [DISK_OPTION_BALLAST] = {.type = SG_TYPE_SIZE, .bytes = 0}};

        scratch_init(&world->scratch);
        scratch_mkdir(&world->scratch, "var/spool/postfix");
        scratch_mkdir(&world->scratch, "var/log/journal");
        assert_int_equal(chmod(scratch_path(&world->scratch, "var/log"), 01755), 0);
        assert_int_equal(chmod(scratch_path(&world->scratch, "var/log/journal"), 01755), 0);
        scratch_write(&world->scratch, "proc/self/mountinfo",
                "22 1 8:1 / / rw - ext4 /dev/sda1 rw,prjquota\n24 22 8:2 / /var rw - xfs /dev/sda2 "
                "rw,prjquota\n");
        sensor_bench_init(&world->bench, world->scratch.path);
        assert_int_equal(disk_sensor.create(&world->bench.services, options, &world->sensor), 0);
}

static void stop(struct world *world) {
        disk_sensor.destroy(world->sensor);
        sensor_bench_deinit(&world->bench);
        scratch_deinit(&world->scratch);
}

static void it_is_a_reading_of_its_own_with_the_directory_as_its_name(void **state) {
        struct world world;

        (void)state;
        project = 42;
        has_limits = true;
        start(&world);
        assert_true(bench_value(&world.bench, "disk_used_ratio", "/var") < 0.2);
        assert_true(bench_value(&world.bench, "disk_used_ratio", "/var/log") == 0.8);
        assert_true(bench_value(&world.bench, "disk_inodes_used_ratio", "/var/log") == 0.5);
        assert_true(bench_value(&world.bench, "disk_available_bytes", "/var/log") == 2560.0 * 4096);
        assert_null(sensor_bench_find(&world.bench, "disk_used_ratio", "/var/log/journal"));
        stop(&world);
}

static void a_project_without_limits_is_nothing_special(void **state) {
        struct world world;

        (void)state;
        project = 42;
        has_limits = false;
        start(&world);
        assert_true(bench_value(&world.bench, "disk_used_ratio", "/var") < 0.2);
        assert_null(sensor_bench_find(&world.bench, "disk_used_ratio", "/var/log"));
        stop(&world);
}

static void limits_that_are_set_and_taken_away_are_noticed(void **state) {
        struct world world;

        (void)state;
        project = 42;
        has_limits = false;
        start(&world);
        has_limits = true;
        sensor_bench_run(&world.bench, SEC * 5 / 2);
        assert_true(bench_value(&world.bench, "disk_used_ratio", "/var/log") == 0.8);
        assert_true(bench_value(&world.bench, "disk_used_ratio", "/var") < 0.2);
        has_limits = false;
        sensor_bench_run(&world.bench, SEC * 5 / 2);
        assert_true(sensor_bench_find(&world.bench, "disk_used_ratio", "/var/log")->withdrawn);
        assert_true(bench_value(&world.bench, "disk_used_ratio", "/var") < 0.2);
        stop(&world);
}

static void a_stream_of_changes_puts_off_no_look(void **state) {
        struct world world;

        (void)state;
        project = 42;
        has_limits = true; /* so little space that every change is measured */
        start(&world);
        assert_true(bench_value(&world.bench, "disk_read_only", "/var/log") == 0);
        scratch_write(&world.scratch, "proc/self/mountinfo",
                "24 22 8:2 / /var rw - xfs /dev/sda2 rw,emergency_ro,prjquota\n");
        for (int i = 0; i < 100; i++) {
                scratch_write(&world.scratch, "var/log/mail.log", "line\n");
                sensor_bench_run(&world.bench, SEC / 50);
        }
        assert_true(bench_value(&world.bench, "disk_read_only", "/var/log") == 1);
        stop(&world);
}

static void after_a_write_the_next_look_is_soon(void **state) {
        struct world world;

        (void)state;
        project = 0;
        has_limits = false;
        start(&world);
        /* There was a look after 1, 2 and 4 seconds; the next would be in 8. */
        sensor_bench_run(&world.bench, SEC * 15 / 2);
        scratch_write(&world.scratch, "var/log/mail.log", "the last line\n");
        sensor_bench_run(&world.bench, SEC / 2);
        scratch_write(&world.scratch, "proc/self/mountinfo",
                "24 22 8:2 / /var rw - xfs /dev/sda2 rw,emergency_ro,prjquota\n");
        sensor_bench_run(&world.bench, 3 * SEC);
        assert_true(bench_value(&world.bench, "disk_read_only", "/var") == 1);
        stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_is_a_reading_of_its_own_with_the_directory_as_its_name),
                cmocka_unit_test(a_project_without_limits_is_nothing_special),
                cmocka_unit_test(limits_that_are_set_and_taken_away_are_noticed),
                cmocka_unit_test(after_a_write_the_next_look_is_soon),
                cmocka_unit_test(a_stream_of_changes_puts_off_no_look),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
