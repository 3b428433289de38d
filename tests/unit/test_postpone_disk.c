/* SPDX-License-Identifier: MIT */
/* test_postpone_disk - postponing on a file system that is full, keeps no nanoseconds or cannot be written */
#include <fcntl.h>
#include <sys/mount.h>

#include "postpone_support.h"

/* A small ext4 at the scratch root, with mkfs options; false: not possible here. */
static bool mount_ext4(struct verb_relay *relay, const char *options) {
        char command[512];

        if (geteuid() != 0)
                return false;
        snprintf(command, sizeof(command),
                "d=%s; truncate -s 8M $d/image && mkfs.ext4 -q -F -m 0 %s $d/image 2>/dev/null && mkdir -p "
                "$d/var && "
                "mount -o loop $d/image $d/var",
                relay->scratch.path, options);
        scratch_deinit(&relay->scratch);
        if (mkdir(relay->scratch.path, 0755) < 0)
                return false;
        // NOLINTNEXTLINE(cert-env33-c)
        return system(command) == 0;
}

static void unmount(struct verb_relay *relay) {
        char command[128];

        snprintf(command, sizeof(command), "umount %s/var", relay->scratch.path);
        // NOLINTNEXTLINE(cert-env33-c)
        assert_int_equal(system(command), 0);
}

/* Of a test that has failed before its own unmount(), too. */
static int unmount_and_teardown(void **state) {
        struct verb_relay *relay = *state;

        umount2(scratch_path(&relay->scratch, "var"), MNT_DETACH);
        return teardown(state);
}

static void again_below(struct verb_relay *relay) {
        char deferred[256], hold[256];

        spool_init(&relay->spool, relay->scratch.path);
        snprintf(deferred, sizeof(deferred), "%s/deferred", relay->spool.path);
        verb_relay_own(relay, deferred);
        snprintf(hold, sizeof(hold), "%s/hold", relay->spool.path);
        verb_relay_own(relay, hold);
}

static void postponing_and_undo_work_on_a_disk_that_is_full_to_the_last_byte(void **state) {
        struct verb_relay *relay = *state;
        char block[4096] = {1};
        int fd;

        if (!mount_ext4(relay, ""))
                skip();
        again_below(relay);
        add(relay, 20);
        fd = open(scratch_path(&relay->scratch, "var/fill"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        while (write(fd, block, sizeof(block)) > 0)
                ;
        assert_int_equal(errno, ENOSPC);
        fsync(fd);
        close(fd);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_string_equal(relay->bench.outcome.text, "20 of 20 postponed by up to 15m");
        assert_int_equal(relay->bench.outcome.count, 20);
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 20);
        unmount(relay);
}

static void without_nanoseconds_messages_wait_and_it_is_said_that_they_cannot_be_returned(void **state) {
        struct verb_relay *relay = *state;

        if (!mount_ext4(relay, "-I 128"))
                skip();
        again_below(relay);
        add(relay, 2);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_string_equal(relay->bench.outcome.text,
                "2 of 2 postponed by up to 15m; this file system keeps no marks, so they lapse but cannot be "
                "returned");
        assert_int_equal(relay->bench.outcome.count, 2);
        assert_true(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_sec > time(NULL) + 500);
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 0);
        unmount(relay);
}

static void on_a_file_system_that_cannot_be_written_it_says_so_and_does_nothing(void **state) {
        struct verb_relay *relay = *state;
        char command[128];

        if (!mount_ext4(relay, ""))
                skip();
        again_below(relay);
        add(relay, 2);
        snprintf(command, sizeof(command), "mount -o remount,ro %s/var", relay->scratch.path);
        // NOLINTNEXTLINE(cert-env33-c)
        assert_int_equal(system(command), 0);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), -EROFS);
        assert_non_null(strstr(relay->bench.outcome.text,
                "/var/spool/postfix is read-only: a fault of the disk, or the unit has no ReadWritePaths="));
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_postpone), SG_VERDICT_REFUSED);
        unmount(relay);
}

#define WITH_DISK(test) cmocka_unit_test_setup_teardown(test, setup, unmount_and_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_DISK(postponing_and_undo_work_on_a_disk_that_is_full_to_the_last_byte),
                WITH_DISK(without_nanoseconds_messages_wait_and_it_is_said_that_they_cannot_be_returned),
                WITH_DISK(on_a_file_system_that_cannot_be_written_it_says_so_and_does_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
