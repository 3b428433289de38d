/* SPDX-License-Identifier: MIT */
/* test_disk_interval - how soon the next look is, and how long a rest may be */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "disk/disk.h"

#define SEC UINT64_C(1000000)

static void the_next_look_is_soon_when_it_matters_and_late_when_idle(void **state) {
        uint64_t interval = 0, all = 0;
        unsigned looks = 0;

        (void)state;
        assert_int_equal(disk_interval_usec(120 * SEC, 120 * SEC, true), SEC);
        for (; looks < 20; looks++) {
                uint64_t next = disk_interval_usec(interval, UINT64_MAX, false);

                assert_true(next >= SEC && next >= interval && next <= 120 * SEC);
                interval = next;
                all += next;
        }
        assert_int_equal(interval, 120 * SEC);
        assert_true(all > 1500 * SEC);
}

static void nobody_fills_it_between_two_looks(void **state) {
        static const struct {
                double available_bytes, inodes;
                uint64_t seconds_max;
        } cases[] = {{2e9, 0, 2}, {20e9, 0, 20}, {20e9, 1e5, 1}, {1e15, 0, 120}, {1e15, 1e9, 120}, {0, 0, 1}};

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct disk_usage usage = {.available_bytes = cases[i].available_bytes,
                        .has_inodes = cases[i].inodes > 0,
                        .inodes_available = cases[i].inodes};
                uint64_t longest = disk_unseen_usec(&usage), interval = 0;

                for (int k = 0; k < 20; k++)
                        interval = disk_interval_usec(interval, longest, false);
                assert_true(interval <= cases[i].seconds_max * SEC && interval >= SEC);
        }
}

static void a_level_that_is_near_and_growth_that_fills_it_in_a_day_matter(void **state) {
        struct disk_usage usage = {.available_bytes = 86400e6, .used_ratio = 0.5}; /* a day of 1 MB/s */

        (void)state;
        assert_false(disk_interval_matters(&usage, 0, 60 * SEC));
        assert_false(disk_interval_matters(&usage, -1e12, 60 * SEC));
        assert_false(disk_interval_matters(&usage, 59e6, 60 * SEC));
        assert_true(disk_interval_matters(&usage, 61e6, 60 * SEC));
        usage.used_ratio = 0.8;
        assert_true(disk_interval_matters(&usage, 0, 60 * SEC));
        usage.used_ratio = 0.1;
        usage.inodes_used_ratio = 0.9;
        assert_false(disk_interval_matters(&usage, 0, 60 * SEC)); /* their number is not fixed */
        usage.has_inodes = true;
        assert_true(disk_interval_matters(&usage, 0, 60 * SEC));
        usage = (struct disk_usage){.available_bytes = 0, .used_ratio = 1};
        assert_true(disk_interval_matters(&usage, 0, SEC));
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_next_look_is_soon_when_it_matters_and_late_when_idle),
                cmocka_unit_test(nobody_fills_it_between_two_looks),
                cmocka_unit_test(a_level_that_is_near_and_growth_that_fills_it_in_a_day_matter),
                cmocka_unit_test(it_rests_no_longer_than_a_disk_needs_to_fill),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
