/* SPDX-License-Identifier: MIT */
/* test_hop_recent - what became of mail within the last minutes, and no longer */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postfix/hop_recent.h"

#define SECOND UINT64_C(1000000)
#define BEGIN (1000 * SECOND)

static struct hop_recent_sum sum_of(
        const struct hop_recent *recent, uint64_t now_usec, uint64_t window_usec) {
        struct hop_recent_sum sum;

        hop_recent_add_up(recent, now_usec > window_usec ? now_usec - window_usec : 0, now_usec, &sum);
        return sum;
}

static void only_the_window_counts(void **state) {
        struct hop_recent recent = {.last_usec = {0}};
        struct hop_recent_sum sum;

        (void)state;
        for (unsigned i = 0; i < 100; i++)
                hop_recent_note(&recent, i < 50 ? HOP_DELIVERED : HOP_REFUSED, BEGIN + i * SECOND);
        sum = sum_of(&recent, BEGIN + 99 * SECOND, 20 * SECOND);
        assert_int_equal(sum.counts[HOP_DELIVERED], 0);
        assert_in_range(sum.counts[HOP_REFUSED], 20, 25);
        sum = sum_of(&recent, BEGIN + 99 * SECOND, HOP_RECENT_WINDOW_USEC);
        assert_int_equal(sum.counts[HOP_DELIVERED], 50);
        assert_int_equal(sum.counts[HOP_REFUSED], 50);
        assert_int_equal(sum.total, 100);
        assert_in_range(sum.since_usec, 95 * SECOND, 105 * SECOND);
}

static void what_is_ten_minutes_old_is_forgotten(void **state) {
        struct hop_recent recent = {.last_usec = {0}};

        (void)state;
        hop_recent_note(&recent, HOP_REFUSED, BEGIN);
        assert_int_equal(sum_of(&recent, BEGIN + 590 * SECOND, HOP_RECENT_WINDOW_USEC).total, 1);
        assert_int_equal(sum_of(&recent, BEGIN + 600 * SECOND, HOP_RECENT_WINDOW_USEC).total, 0);
        assert_int_equal(sum_of(&recent, BEGIN + 600 * SECOND, HOP_RECENT_WINDOW_USEC).since_usec, 0);
        /* The same place in the ring. */
        hop_recent_note(&recent, HOP_OTHER, BEGIN + 600 * SECOND);
        assert_int_equal(
                sum_of(&recent, BEGIN + 601 * SECOND, HOP_RECENT_WINDOW_USEC).counts[HOP_REFUSED], 0);
        assert_int_equal(recent.last_usec[HOP_REFUSED], BEGIN);
}

static void what_is_forgotten_had_not_been(void **state) {
        struct hop_recent recent = {.last_usec = {0}};

        (void)state;
        hop_recent_note(&recent, HOP_DELIVERED, BEGIN);
        hop_recent_note(&recent, HOP_DELIVERED, BEGIN + 6 * SECOND);
        hop_recent_forget(&recent, BEGIN + 7 * SECOND);
        hop_recent_note(&recent, HOP_REFUSED, BEGIN + 7 * SECOND);
        assert_int_equal(sum_of(&recent, BEGIN + 8 * SECOND, 8 * SECOND).counts[HOP_DELIVERED], 1);
        assert_int_equal(sum_of(&recent, BEGIN + 8 * SECOND, 2 * SECOND).counts[HOP_DELIVERED], 0);
        assert_int_equal(sum_of(&recent, BEGIN + 8 * SECOND, 2 * SECOND).counts[HOP_REFUSED], 1);
        hop_recent_forget(&recent, BEGIN + 20 * SECOND);
        assert_int_equal(sum_of(&recent, BEGIN + 21 * SECOND, 30 * SECOND).total, 2);
}

static void nothing_is_known_of_the_first_second_after_boot_but_what_happened(void **state) {
        struct hop_recent recent = {.last_usec = {0}};

        (void)state;
        assert_int_equal(sum_of(&recent, 0, HOP_RECENT_WINDOW_USEC).total, 0);
        hop_recent_note(&recent, HOP_DELIVERED, 1);
        assert_int_equal(sum_of(&recent, 2, 0).total, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_the_window_counts),
                cmocka_unit_test(what_is_ten_minutes_old_is_forgotten),
                cmocka_unit_test(what_is_forgotten_had_not_been),
                cmocka_unit_test(nothing_is_known_of_the_first_second_after_boot_but_what_happened),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
