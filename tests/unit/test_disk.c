/* SPDX-License-Identifier: MIT */
/* test_disk - how full a file system is, and the ballast */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/disk.h"
#include "support/scratch.h"
#include "support/verb_bench.h"

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

static const char *no_paths[] = {NULL};

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
                cmocka_unit_test(the_ratio_is_that_of_df),
                cmocka_unit_test(numbers_that_make_no_sense_are_no_measurement),
                cmocka_unit_test(the_ballast_goes_only_when_critical),
                cmocka_unit_test(what_is_not_our_plain_file_is_never_removed),
                cmocka_unit_test(the_ballast_is_built_whole_private_and_of_noise),
                cmocka_unit_test(the_ratio_after_a_ballast_counts_it_as_used),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
