/* SPDX-License-Identifier: MIT */
/* test_space_gain - what came back is measured, and waited for where it comes late */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/space_gain.h"

#define BLOCK 4096ul
#define RESERVE 400u

/* File systems as the kernel would show them, one for each number of a descriptor. */
static struct system {
        dev_t device;
        fsblkcnt_t blocks;
        fsblkcnt_t free[8]; /* at each look; the last that is not 0 stays */
        fsblkcnt_t after_commit;
        bool gone;
        unsigned looks, commits;
} systems[4];
static unsigned pauses;

int __wrap_fstat(int fd, struct stat *status);
int __wrap_fstatvfs(int fd, struct statvfs *space);
int __wrap_syncfs(int fd);
int __wrap_nanosleep(const struct timespec *request, struct timespec *left);

int __wrap_fstat(int fd, struct stat *status) {
        *status = (struct stat){.st_dev = systems[fd].device};
        return 0;
}

int __wrap_fstatvfs(int fd, struct statvfs *space) {
        struct system *system = &systems[fd];
        fsblkcnt_t blocks = 0;

        if (system->gone) {
                errno = EIO;
                return -1;
        }
        for (unsigned i = 0; i <= system->looks && i < 8 && system->free[i] != 0; i++)
                blocks = system->free[i];
        if (system->commits > 0)
                blocks = system->after_commit;
        system->looks++;
        *space = (struct statvfs){.f_frsize = BLOCK, .f_blocks = system->blocks, .f_bfree = blocks};
        space->f_bavail = blocks > RESERVE ? blocks - RESERVE : 0;
        return 0;
}

int __wrap_syncfs(int fd) {
        systems[fd].commits++;
        return 0;
}

int __wrap_nanosleep(const struct timespec *request, struct timespec *left) {
        assert_true(request->tv_sec == 0);
        assert_null(left);
        assert_in_range(++pauses, 1, 200);
        return 0;
}

static int setup(void **state) {
        (void)state;
        memset(systems, 0, sizeof(systems));
        pauses = 0;
        return 0;
}

static struct space_gained gain_of(unsigned n, uint64_t expected_blocks) {
        struct space_gain gain = {.n = 0};

        for (unsigned i = 0; i < n; i++)
                assert_int_equal(space_gain_add(&gain, (int)i), 0);
        return space_gain_end(&gain, expected_blocks * BLOCK);
}

static void what_is_there_at_once_is_not_waited_for(void **state) {
        struct space_gained gained;

        (void)state;
        systems[0] = (struct system){.device = 1, .blocks = 9000, .free = {100, 1100}};
        gained = gain_of(1, 1000);
        assert_int_equal(gained.bytes, 1000 * BLOCK);
        assert_int_equal(gained.for_others, 700 * BLOCK); /* the reserve comes first */
        assert_int_equal(pauses, 0);
}

static void what_comes_bit_by_bit_is_waited_for_without_a_commit(void **state) {
        (void)state;
        systems[0] = (struct system){.device = 1, .blocks = 9000, .free = {1, 1, 301, 601, 601, 1001}};
        assert_int_equal(gain_of(1, 1000).bytes, 1000 * BLOCK);
        assert_int_equal(systems[0].commits, 0);
}

static void what_does_not_come_by_itself_is_committed_once(void **state) {
        (void)state;
        systems[0] = (struct system){.device = 1, .blocks = 9000, .free = {1}, .after_commit = 1001};
        assert_int_equal(gain_of(1, 1000).bytes, 1000 * BLOCK);
        assert_int_equal(systems[0].commits, 1);
        systems[0] = (struct system){.device = 1, .blocks = 9000, .free = {1}, .after_commit = 1};
        assert_int_equal(gain_of(1, 1000).bytes, 0);
        assert_int_equal(systems[0].commits, 1);
}

static void others_who_write_meanwhile_take_nothing_from_what_was_seen(void **state) {
        (void)state;
        systems[0] = (struct system){.device = 1, .blocks = 9000, .free = {500, 1200, 700, 1}};
        assert_int_equal(gain_of(1, 1000).bytes, 700 * BLOCK);
        assert_int_equal(systems[0].commits, 0);
}

static void a_file_system_counts_once_by_whatever_way_it_is_added(void **state) {
        (void)state;
        systems[0] = (struct system){.device = 1, .blocks = 9000, .free = {1, 1001}};
        systems[1] = (struct system){.device = 1, .blocks = 9000, .free = {1, 1001}};
        systems[2] = (struct system){.device = 7, .blocks = 9000, .free = {1, 1001}}; /* a subvolume */
        systems[3] = (struct system){.device = 8, .blocks = 5000, .free = {1, 501}};
        assert_int_equal(gain_of(4, 1500).bytes, 1500 * BLOCK);
}

static void what_cannot_be_measured_has_gained_nothing(void **state) {
        struct space_gain gain = {.n = 0};

        (void)state;
        systems[0] = (struct system){.device = 1, .blocks = 9000, .gone = true};
        assert_int_equal(space_gain_add(&gain, 0), -EIO);
        assert_int_equal(space_gain_end(&gain, 1000).bytes, 0);
        systems[1] = (struct system){.device = 2, .blocks = 9000, .free = {1, 1001}};
        assert_int_equal(space_gain_add(&gain, 1), 0);
        systems[1].gone = true;
        assert_int_equal(space_gain_end(&gain, 1000).bytes, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(what_is_there_at_once_is_not_waited_for, setup),
                cmocka_unit_test_setup(what_comes_bit_by_bit_is_waited_for_without_a_commit, setup),
                cmocka_unit_test_setup(what_does_not_come_by_itself_is_committed_once, setup),
                cmocka_unit_test_setup(others_who_write_meanwhile_take_nothing_from_what_was_seen, setup),
                cmocka_unit_test_setup(a_file_system_counts_once_by_whatever_way_it_is_added, setup),
                cmocka_unit_test_setup(what_cannot_be_measured_has_gained_nothing, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
