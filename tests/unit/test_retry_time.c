/* SPDX-License-Identifier: MIT */
/* test_retry_time - marks of leases are told apart, and the ends of a slice are spread */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "postfix/retry_time.h"

static void marks_of_leases_differ_and_are_never_whole_microseconds(void **state) {
        (void)state;
        for (uint64_t lease = 1; lease < 2000; lease++) {
                uint32_t mark = retry_time_mark(lease);

                assert_in_range(mark, 1, 999999999);
                assert_int_not_equal(mark % 1000, 0);
                for (uint64_t other = lease + 1; other < lease + 50; other++)
                        assert_int_not_equal(mark, retry_time_mark(other));
        }
        assert_in_range(retry_time_mark(UINT64_MAX), 1, 999999999);
        assert_in_range(retry_time_mark(999000000 - 1), 1, 999999999);
}

/* Reckoned by the package's prerm script; held mail is marked while another version is installed. */
static void marks_stay_what_they_were(void **state) {
        (void)state;
        assert_int_equal(retry_time_mark(1), 618652642);
        assert_int_equal(retry_time_mark(2), 237305284);
        assert_int_equal(retry_time_mark(60), 119158499);
        assert_int_equal(retry_time_mark(123456789), 643444766);
}

static void ends_are_spread_over_the_last_minutes_of_a_slice(void **state) {
        unsigned minutes[5] = {0};
        char id[32];

        (void)state;
        for (unsigned i = 0; i < 1000; i++) {
                time_t end;

                snprintf(id, sizeof(id), "%05X%X", i * 271829 % 1000000, 0xA0000 + i);
                end = retry_time_postponed(1000000, id);
                assert_in_range(end, 1000000 + 600 + 1, 1000000 + 900);
                minutes[(end - 1000000 - 601) / 60]++;
                assert_in_range(retry_time_returned(1000000, id, 1000000 + 900), 1000000, 1000000 + 299);
                assert_int_equal(retry_time_returned(1000000, id, 1000000 - 5), 1000000 - 5);
        }
        for (size_t i = 0; i < ELEMENTSOF(minutes); i++)
                assert_in_range(minutes[i], 150, 250);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(marks_of_leases_differ_and_are_never_whole_microseconds),
                cmocka_unit_test(marks_stay_what_they_were),
                cmocka_unit_test(ends_are_spread_over_the_last_minutes_of_a_slice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
