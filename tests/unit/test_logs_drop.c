/* SPDX-License-Identifier: MIT */
/* test_logs_drop - the oldest rotated logs are dropped, under pressure, and none that is younger than the floor */
#include "logs_verbs_support.h"

static void the_oldest_rotated_logs_are_dropped_and_listed_before(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", MIB, (time_t)2 * 3600);
        make_log("mail.log.2.gz", MIB, 2 * DAY);
        make_log("mail.log.3.xz", MIB, 3 * DAY);
        make_log("mail.log.4.zst", MIB, 4 * DAY);
        make_log("two\nlines", MIB, 0);
        make_log("two\nlines.1", MIB, 9 * DAY);
        fixture->args[1].bytes = 2 * MIB + 1;
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_GO);
        assert_int_equal(fixture->bench.n_manifest, 2);
        assert_non_null(strstr(fixture->bench.manifest[0], "1.0 MiB, last written 20"));
        assert_non_null(strstr(fixture->bench.manifest[0], ", /var/log/two\\x0alines.1"));
        assert_non_null(strstr(fixture->bench.manifest[1], "/var/log/mail.log.4.zst"));
        assert_true(exists("mail.log.4.zst"));

        assert_int_equal(act(fixture, &logs_drop_rotated), 0);
        assert_int_equal(fixture->bench.outcome.count, 2);
        assert_true(fixture->bench.outcome.freed_bytes >= MIB);
        assert_false(exists("mail.log.4.zst"));
        assert_false(exists("two\nlines.1"));
        assert_true(exists("mail.log.3.xz"));

        fixture->args[1].bytes = 4 * MIB;
        assert_int_equal(act(fixture, &logs_drop_rotated), 0);
        assert_true(exists("mail.log.1")); /* younger than the floor */
        assert_true(exists("mail.log"));
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_REFUSED);
        assert_non_null(strstr(fixture->bench.outcome.text, "younger than the floor"));
        fixture->bench.pressure = SG_PRESSURE_CRITICAL;
        fixture->bench.action.gentler_spent = true;
        assert_int_equal(act(fixture, &logs_drop_rotated), 0);
        assert_false(exists("mail.log.1"));
        assert_true(exists("mail.log"));
}

static void without_pressure_nothing_is_dropped(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", MIB, 3 * DAY);
        fixture->bench.pressure = SG_PRESSURE_NONE;
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_REFUSED);
        assert_int_equal(fixture->bench.n_manifest, 0);
        assert_int_equal(act(fixture, &logs_drop_rotated), 0);
        assert_true(exists("mail.log.1"));
        assert_int_equal(fixture->bench.outcome.count, 0);
}

static void only_the_file_system_of_a_path_gives(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", MIB, 3 * DAY);
        assert_int_equal(symlink("/dev/shm", scratch_path(&fixture->scratch, "elsewhere")), 0);
        fixture->args[2].text = "/elsewhere";
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_NOTHING);
        assert_string_equal(fixture->bench.outcome.text, "there are no rotated logs on that file system");
        fixture->args[2].text = "/none";
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_REFUSED);
        fixture->args[2].text = "var";
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_REFUSED);
        act(fixture, &logs_drop_rotated);
        assert_true(exists("mail.log.1"));
        fixture->args[2].text = "/var";
        assert_int_equal(act(fixture, &logs_drop_rotated), 0);
        assert_false(exists("mail.log.1"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(the_oldest_rotated_logs_are_dropped_and_listed_before),
                WITH_FIXTURE(only_the_file_system_of_a_path_gives),
                WITH_FIXTURE(without_pressure_nothing_is_dropped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
