/* SPDX-License-Identifier: MIT */
/* test_disk_mounts - what the lines of mountinfo say about a path */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "disk/disk_place.h"

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

/* Debian's installer makes such subvolumes; stat() has another device for each of them, mountinfo has one. */
static const char btrfs_mounts[] =
        "26 1 0:24 /@rootfs / rw,relatime shared:1 - btrfs /dev/vda2 rw,subvolid=256,subvol=/@rootfs\n"
        "60 26 0:24 /@log /var/log rw,relatime shared:9 master:3 - btrfs /dev/vda2 "
        "rw,subvolid=258,subvol=/@log\n";

/* As Linux 6.18 and 6.1 show an ext4 after an error, an XFS mounted read-only, and two places of one file system. */
static const char shut_mounts[] =
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
        "23 22 8:2 / /new rw,relatime - ext4 /dev/sdb rw,errors=remount-ro,emergency_ro\n"
        "24 22 8:3 / /old rw,relatime - ext4 /dev/sdc ro,errors=remount-ro\n"
        "25 22 8:4 / /down rw,relatime - ext4 /dev/sdd rw,shutdown\n"
        "26 22 8:5 / /asked ro,relatime - xfs /dev/sde ro,inode64,noquota\n"
        "27 22 8:6 / /disk rw,relatime - xfs /dev/sdf rw,inode64,noquota\n"
        "28 22 8:6 /part /part ro,relatime - xfs /dev/sdf rw,inode64,noquota\n"
        "29 22 0:40 / /over rw,relatime - overlay overlay rw,lowerdir=/ro:/emergency_ro,upperdir=/shutdown\n";

static void a_path_is_known_by_the_mount_point_of_its_file_system(void **state) {
        static const struct {
                const char *mounts, *path, *expected, *device;
        } cases[] = {
                {plain_mounts, "/var/log/journal", "/var/log", "8:3"},
                {plain_mounts, "/var/log", "/var/log", "8:3"},
                {plain_mounts, "/var/logs", "/var", "8:2"},
                {plain_mounts, "/var/spool/postfix", "/var", "8:2"},
                {plain_mounts, "/srv", "/", "8:1"},
                {plain_mounts, "/with space/x", "/with space", "8:4"},
                {sandbox_mounts, "/var/log/journal", "/var/log", "8:3"},
                {sandbox_mounts, "/var/lib/spoolguard", "/", "8:1"},
                {btrfs_mounts, "/var/spool/postfix", "/", "0:24"},
                {btrfs_mounts, "/var/log/journal", "/var/log", "0:24"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct disk_mount mount;

                assert_true(disk_mounts_find(cases[i].mounts, cases[i].path, &mount));
                assert_string_equal(mount.point, cases[i].expected);
                assert_string_equal(mount.device, cases[i].device);
        }
}

static void the_file_system_says_itself_that_it_has_shut(void **state) {
        static const struct {
                const char *path;
                bool is_shut, is_read_only;
        } cases[] = {{"/x", false, false}, {"/new", true, false}, {"/old/x", true, false},
                {"/down", true, false}, {"/asked", true, true}, {"/disk", false, false},
                {"/part", false, true}, {"/over", false, false}};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct disk_mount mount;

                assert_true(disk_mounts_find(shut_mounts, cases[i].path, &mount));
                assert_int_equal(mount.is_shut, cases[i].is_shut);
                assert_int_equal(mount.is_read_only, cases[i].is_read_only);
        }
}

static void lines_that_are_not_whole_are_skipped(void **state) {
        static const char *const texts[] = {"", "\n\nnonsense\n1 2 3\n1 2 3 4 5\n", "22 1 8:1 / / rw",
                "22 1 8:1 / / rw -", "22 1 8:1 / / rw - ext4", "22 1 8:1 / / rw - ext4 /dev/sda1",
                "22 1 8:1 / / rw ext4 /dev/sda1 rw\n"};
        struct disk_mount mount;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_false(disk_mounts_find(texts[i], "/var", &mount));
        assert_true(disk_mounts_find("garbage\n22 1 8:1 / / rw - ext4 /dev/sda1 rw", "/var", &mount));
        assert_string_equal(mount.point, "/");
}

static void a_mount_point_that_is_too_long_is_no_name(void **state) {
        char text[512], path[300];
        struct disk_mount mount;

        (void)state;
        memset(path, 'a', sizeof(path) - 1);
        path[0] = '/';
        path[256] = '\0';
        snprintf(text, sizeof(text), "22 1 8:1 / %s rw - ext4 /dev/sda1 rw", path);
        assert_false(disk_mounts_find(text, path, &mount));
        path[255] = '\0';
        snprintf(text, sizeof(text), "22 1 8:1 / %s rw - ext4 /dev/sda1 rw", path);
        assert_true(disk_mounts_find(text, path, &mount));
        assert_string_equal(mount.point, path);
}

static void our_own_sandbox_makes_no_file_system_read_only(void **state) {
        const struct disk_mount open = {"/var", "8:2", .is_read_only = false};
        const struct disk_mount by_mount = {"/var", "8:2", .is_read_only = true};
        const struct disk_mount shut = {"/var", "8:2", .is_shut = true};
        const struct disk_mount other = {"/", "8:1", .is_read_only = false};
        struct disk_place place;

        (void)state;
        disk_place_of(&by_mount, &open, "/var/log", 1, &place);
        assert_true(place.is_of_host && place.has_options && !place.is_read_only);
        disk_place_of(&open, &by_mount, "/var/log", 1, &place);
        assert_true(place.is_read_only);
        disk_place_of(&by_mount, NULL, "/var/log", 1, &place);
        assert_false(place.is_of_host || place.is_read_only);
        disk_place_of(&shut, NULL, "/var/log", 1, &place);
        assert_true(place.is_read_only);
        disk_place_of(&by_mount, &other, "/var/log", 1, &place);
        assert_false(place.is_of_host || place.is_read_only);
        assert_string_equal(place.label, "/var");
        disk_place_of(NULL, &open, "/var/log", 0x801, &place);
        assert_false(place.is_of_host || place.has_options);
        assert_string_equal(place.label, "/var/log");
        assert_string_equal(place.device, "8:1");
}

static void one_space_under_many_names_is_one(void **state) {
        struct disk_mount top, log;
        struct disk_place a, b;

        (void)state;
        assert_true(disk_mounts_find(btrfs_mounts, "/var/spool/postfix", &top));
        assert_true(disk_mounts_find(btrfs_mounts, "/var/log", &log));
        disk_place_of(&top, NULL, "/var/spool/postfix", 61, &a);
        disk_place_of(&log, NULL, "/var/log", 62, &b);
        assert_true(disk_place_is_same(&a, &b));
        b.project = 42;
        assert_false(disk_place_is_same(&a, &b));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_path_is_known_by_the_mount_point_of_its_file_system),
                cmocka_unit_test(the_file_system_says_itself_that_it_has_shut),
                cmocka_unit_test(lines_that_are_not_whole_are_skipped),
                cmocka_unit_test(a_mount_point_that_is_too_long_is_no_name),
                cmocka_unit_test(our_own_sandbox_makes_no_file_system_read_only),
                cmocka_unit_test(one_space_under_many_names_is_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
