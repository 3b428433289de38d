/* SPDX-License-Identifier: MIT */
/* test_spool_place - the file system of the spool that an order is for: whether it is there, and has room */
#include <sys/mount.h>

#include "hold_support.h"
#include "postfix/spool_mount.h"

#define UNITS "etc/systemd/system/"
#define UNIT UNITS "var-spool-postfix.mount"

static char asked_for[128];
static const char *full;

static enum sg_pressure pressure_of_one(const struct sg_action *action, const char *path) {
        (void)action;
        snprintf(asked_for, sizeof(asked_for), "%s", path);
        return strcmp(path, full) == 0 ? SG_PRESSURE_CRITICAL : SG_PRESSURE_NONE;
}

static void is_full(struct hold_relay *hold, const char *path) {
        full = path;
        hold->relay.bench.services.pressure = pressure_of_one;
}

static enum sg_verdict requeue_check(struct hold_relay *hold) {
        hold->args[REQUEUE_ARG_LEASE] = (struct sg_value){.type = SG_TYPE_NUMBER, .number = 0};
        return verb_bench_check(&hold->relay.bench, &postfix_requeue);
}

static void where_mail_is_moved_there_has_to_be_room(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        is_full(hold, "/" SPOOL_DIRECTORY);
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
        expect_text(hold, "it may need space on /var/spool/postfix, which is critically full");
        assert_int_equal(requeue_check(hold), SG_VERDICT_REFUSED);
        expect_text(hold, "it may need space on /var/spool/postfix, which is critically full");
}

/* The same spool at another place, named by main.cf. */
static void move_spool(struct hold_relay *hold) {
        struct verb_relay *relay = &hold->relay;
        char from[256], to[256];

        scratch_mkdir(&relay->scratch, "srv/mail");
        snprintf(from, sizeof(from), "%s", relay->spool.path);
        snprintf(to, sizeof(to), "%s/srv/mail/spool", relay->scratch.path);
        assert_int_equal(rename(from, to), 0);
        memcpy(relay->spool.path, to, strlen(to) + 1);
        relay->spools[0] = NULL;
        scratch_write(&relay->scratch, "etc/postfix/main.cf", "queue_directory = /srv/mail/spool\n");
}

static void it_is_the_file_system_of_the_queue_directory_that_counts(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        move_spool(hold);
        is_full(hold, "/" SPOOL_DIRECTORY);
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_GO);
        assert_string_equal(asked_for, "/srv/mail/spool");
        assert_int_equal(requeue_check(hold), SG_VERDICT_GO);
        is_full(hold, "/srv/mail/spool");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
        expect_text(hold, "it may need space on /srv/mail/spool, which is critically full");
        assert_int_equal(requeue_check(hold), SG_VERDICT_REFUSED);
}

static bool is_missing(const struct hold_relay *hold, const char *spool) {
        char why[SPOOL_MOUNT_WHY_MAX] = "";
        bool missing = spool_mount_is_missing(hold->relay.scratch.path, spool, why);

        assert_true(missing == (why[0] != '\0'));
        return missing;
}

static void units_tell_where_a_file_system_belongs(void **state) {
        static const char *const units[] = {UNIT, "run/systemd/generator/var-spool-postfix.mount",
                "usr/lib/systemd/system/var-spool-postfix.mount", UNITS "var-spool.mount", UNITS "var.mount"};
        struct hold_relay *hold = *state;

        assert_false(is_missing(hold, "/var/spool/postfix"));
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                scratch_write(&hold->relay.scratch, units[i], "[Mount]\n");
                assert_true(is_missing(hold, "/var/spool/postfix"));
                assert_false(is_missing(hold, "/srv/spool/postfix"));
                assert_int_equal(unlink(scratch_path(&hold->relay.scratch, units[i])), 0);
        }
        scratch_write(&hold->relay.scratch, UNITS "var-spool-postfix-out.mount", "[Mount]\n");
        assert_false(is_missing(hold, "/var/spool/postfix-out"));
        scratch_write(&hold->relay.scratch, UNITS "var-spool-postfix\\x2dout.mount", "[Mount]\n");
        assert_true(is_missing(hold, "/var/spool/postfix-out"));
        assert_false(is_missing(hold, "/var/spool/postfix"));
}

static void a_unit_that_is_masked_tells_nothing(void **state) {
        struct hold_relay *hold = *state;

        scratch_write(&hold->relay.scratch, "run/systemd/generator/var-spool-postfix.mount", "[Mount]\n");
        assert_true(is_missing(hold, "/var/spool/postfix"));
        scratch_mkdir(&hold->relay.scratch, UNITS);
        assert_int_equal(symlink("/dev/null", scratch_path(&hold->relay.scratch, UNIT)), 0);
        assert_false(is_missing(hold, "/var/spool/postfix"));
}

static void what_is_mounted_is_not_missing(void **state) {
        struct hold_relay *hold = *state;
        const char *place = scratch_path(&hold->relay.scratch, SPOOL_DIRECTORY);

        scratch_write(&hold->relay.scratch, UNIT, "[Mount]\n");
        assert_true(is_missing(hold, "/var/spool/postfix"));
        if (geteuid() != 0 || mount("none", place, "tmpfs", 0, "size=64k") < 0)
                skip();
        assert_false(is_missing(hold, "/var/spool/postfix"));
        assert_int_equal(umount(place), 0);
        assert_true(is_missing(hold, "/var/spool/postfix"));
        /* Of the same device. */
        assert_int_equal(mount(scratch_path(&hold->relay.scratch, "etc"), place, NULL, MS_BIND, NULL), 0);
        assert_false(is_missing(hold, "/var/spool/postfix"));
}

static int unmount_and_teardown(void **state) {
        struct hold_relay *hold = *state;

        umount2(scratch_path(&hold->relay.scratch, SPOOL_DIRECTORY), MNT_DETACH);
        return teardown(state);
}

/* Below the mount point nothing is held, and a lease would be over. */
static void nothing_is_done_below_a_mount_point(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        scratch_write(&hold->relay.scratch, UNIT, "[Mount]\n");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
        expect_text(hold,
                "/var/spool/postfix is to be on a file system that is not mounted (var-spool-postfix.mount)");
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), -ENODEV);
        assert_int_equal(verb_bench_undo(&hold->relay.bench, &postfix_hold), -ENODEV);
        assert_int_equal(unlink(scratch_path(&hold->relay.scratch, UNIT)), 0);
        assert_int_equal(verb_bench_undo(&hold->relay.bench, &postfix_hold), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_HOLD(where_mail_is_moved_there_has_to_be_room),
                WITH_HOLD(it_is_the_file_system_of_the_queue_directory_that_counts),
                WITH_HOLD(units_tell_where_a_file_system_belongs),
                WITH_HOLD(a_unit_that_is_masked_tells_nothing),
                cmocka_unit_test_setup_teardown(what_is_mounted_is_not_missing, setup, unmount_and_teardown),
                WITH_HOLD(nothing_is_done_below_a_mount_point),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
