/* SPDX-License-Identifier: MIT */
/* test_logs_rotate - whether a log may be rotated now, and what logrotate is given to do it */
#include "logs/logs_rotate.h"
#include "logs_verbs_support.h"

#define MAIN "weekly\nrotate 4\ncreate\ninclude /etc/logrotate.d\n/var/log/wtmp {\n\tmonthly\n\trotate 1\n}\n"
#define RSYSLOG                      \
        "/var/log/syslog\n/var/log/" \
        "mail.log\n{\n\tcompress\n\tdelaycompress\n\tpostrotate\n\t\tkick\n\tendscript\n}\n"

static char given[4096]; /* the configuration that logrotate read */

static void write_executable(struct fixture *fixture, const char *name) {
        scratch_write(&fixture->scratch, name, "#!/bin/sh\n");
        assert_int_equal(chmod(scratch_path(&fixture->scratch, name), 0755), 0);
}

static int setup_host(void **state) {
        struct fixture *fixture;

        setup(state);
        fixture = *state;
        write_executable(fixture, "usr/sbin/logrotate");
        write_executable(fixture, "usr/bin/systemd-run");
        scratch_mkdir(&fixture->scratch, "run/spoolguard");
        scratch_write(&fixture->scratch, "etc/logrotate.conf", MAIN);
        scratch_write(&fixture->scratch, "etc/logrotate.d/apt", "/var/log/apt.log {\n\trotate 12\n}\n");
        scratch_write(&fixture->scratch, "etc/logrotate.d/rsyslog", RSYSLOG);
        scratch_write(&fixture->scratch, "etc/logrotate.d/rsyslog.dpkg-old", "}\n");
        make_log("mail.log", 2 * MIB, 0);
        make_log("syslog", MIB + MIB / 2, 0);
        make_log("apt.log", 8192, 0);
        given[0] = '\0';
        /* The live logs are older than the incident. */
        fixture->bench.action.incident_since_usec = (uint64_t)(time(NULL) + 3600) * SEC;
        return 0;
}

static void refuses(struct fixture *fixture, const char *why) {
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_REFUSED);
        print_message("%s\n", fixture->bench.outcome.text);
        assert_non_null(strstr(fixture->bench.outcome.text, why));
        assert_int_equal(fixture->bench.n_manifest, 0);
        act(fixture, &logs_rotate);
        assert_int_equal(fixture->bench.n_tools, 0);
}

static int rotate_like_logrotate(struct verb_bench *bench, char *output, size_t size) {
        FILE *stream = fopen(scratch_path(&current->scratch, "run/spoolguard/logrotate.conf"), "re");
        size_t n;

        (void)bench;
        (void)output;
        (void)size;
        assert_non_null(stream);
        n = fread(given, 1, sizeof(given) - 1, stream);
        given[n] = '\0';
        fclose(stream);
        if (exists("mail.log.1"))
                assert_int_equal(rename(in_log("mail.log.1"), in_log("mail.log.2")), 0);
        assert_int_equal(rename(in_log("mail.log"), in_log("mail.log.1")), 0);
        make_log("mail.log", 10, 0);
        return 0;
}

static void the_file_that_names_the_log_is_forced_with_the_host_s_defaults(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", MIB, 3 * DAY);
        make_log("syslog.3.gz", MIB, 9 * DAY);
        make_log("syslog.4.gz", MIB, 12 * DAY);
        make_log("apt.log.12.gz", MIB, 12 * DAY);
        fixture->args[0].text = "/var/log/mail.log";
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_GO);
        assert_string_equal(fixture->bench.outcome.text,
                "/var/log/mail.log, 2.0 MiB, would be rotated, and with it 1 more of "
                "/etc/logrotate.d/rsyslog; 1 old ones would be pushed out");
        assert_int_equal(fixture->bench.n_manifest, 1);
        assert_string_equal(fixture->bench.manifest[0], "1.0 MiB, pushed out: /var/log/syslog.4.gz");
        fixture->bench.tool = rotate_like_logrotate;
        assert_int_equal(act(fixture, &logs_rotate), 0);
        assert_string_equal(fixture->bench.command,
                "/usr/bin/systemd-run --wait --collect --quiet --unit=spoolguard-logrotate "
                "--property=Nice=10 -- "
                "/usr/sbin/logrotate --force /run/spoolguard/logrotate.conf");
        assert_string_equal(given, "weekly\nrotate 4\ncreate\ninclude /etc/logrotate.d/rsyslog\n");
        assert_int_equal(access(scratch_path(&fixture->scratch, "run/spoolguard/logrotate.conf"), F_OK), -1);
        assert_int_equal(fixture->bench.outcome.count, 1);
        assert_non_null(
                strstr(fixture->bench.outcome.text, "/var/log/mail.log was rotated, and with it 0 more of"));
}

static void without_a_name_it_is_the_largest_log_that_logrotate_knows(void **state) {
        struct fixture *fixture = *state;

        make_log("nobodys.log", 8 * MIB, 0);
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_GO);
        assert_non_null(strstr(fixture->bench.outcome.text, "/var/log/mail.log, 2.0 MiB"));
        make_log("wtmp", 4 * MIB, 0);
        make_log("apt.log", 3 * MIB, 0);
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_GO);
        assert_non_null(strstr(fixture->bench.outcome.text, "/var/log/wtmp, 4.0 MiB"));
        fixture->bench.tool = rotate_like_logrotate;
        assert_int_equal(act(fixture, &logs_rotate), -ENOENT); /* another log was rotated */
        assert_string_equal(given, "weekly\nrotate 4\ncreate\n/var/log/wtmp {\n\tmonthly\n\trotate 1\n}\n");
}

static void without_a_name_nothing_is_rotated_where_no_room_is_wanted(void **state) {
        struct fixture *fixture = *state;

        fixture->bench.pressure = SG_PRESSURE_NONE;
        refuses(fixture, "no file system above the level of disk-space-high has a log");
        fixture->args[0].text = "/var/log/mail.log";
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_GO);
}

static void a_log_is_rotated_once_in_an_incident(void **state) {
        struct fixture *fixture = *state;

        fixture->bench.tool = rotate_like_logrotate;
        fixture->bench.action.incident_since_usec = (uint64_t)(time(NULL) - 60) * SEC;
        assert_int_equal(act(fixture, &logs_rotate), 0);
        make_log("mail.log", 3 * MIB, 0);
        fixture->bench.n_tools = 0;
        refuses(fixture, "in this incident already");
        /* Also if nobody wrote to it since, and it is compressed now. */
        assert_int_equal(rename(in_log("mail.log.1"), in_log("mail.log.1.gz")), 0);
        age("mail.log.1.gz", 3600);
        refuses(fixture, "in this incident already");
        fixture->args[0].text = "/var/log/syslog";
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_GO);
}

static void what_is_younger_than_the_floor_is_not_pushed_out(void **state) {
        struct fixture *fixture = *state;

        make_log("syslog.4.gz", MIB, 3600);
        refuses(fixture, "would push out 1 old ones, and not all of them are older than the floor");
        fixture->bench.pressure = SG_PRESSURE_CRITICAL;
        fixture->bench.action.gentler_spent = true;
        refuses(fixture, "floor");
}

static void a_host_without_the_means_is_told_so(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(unlink(scratch_path(&fixture->scratch, "usr/bin/systemd-run")), 0);
        refuses(fixture, "this host has no /usr/bin/systemd-run");
        assert_int_equal(unlink(scratch_path(&fixture->scratch, "usr/sbin/logrotate")), 0);
        refuses(fixture, "this host has no /usr/sbin/logrotate");
}

static void a_log_that_nobody_rotates_is_refused(void **state) {
        static const char *const logs[] = {"/var/log/nobodys.log", "/var/log/../log/mail.log", "mail.log",
                "/", "/etc/passwd", "/var/log/mail.log.1", "/var/log/link.log", "/var/log/fifo.log"};
        struct fixture *fixture = *state;

        make_log("nobodys.log", 8 * MIB, 0);
        assert_int_equal(symlink("mail.log", in_log("link.log")), 0);
        assert_int_equal(mkfifo(in_log("fifo.log"), 0600), 0);
        scratch_write(&fixture->scratch, "etc/logrotate.d/all",
                "/var/log/link.log /var/log/fifo.log /etc/passwd {\n}\n");
        for (size_t i = 0; i < ELEMENTSOF(logs); i++) {
                fixture->args[0].text = logs[i];
                refuses(fixture, "is not named by the configuration of logrotate");
        }
}

static void how_a_log_is_rotated_can_speak_against_it(void **state) {
        static const struct {
                const char *main, *file, *why;
        } cases[] = {
                {MAIN, "/var/log/mail.log {\n\trotate 0\n}\n", "`rotate 0`"},
                {"include /etc/logrotate.d\n", "/var/log/mail.log {\n}\n", "`rotate 0`"},
                {MAIN, "/var/log/mail.log {\n\tolddir old\n}\n", "`olddir`"},
                {MAIN, "/var/log/mail.log {\n\tcompressext .lz\n}\n", "`compressext`"},
                {"tabooext + .x\n" MAIN, RSYSLOG, "`tabooext`"},
                {"rotate 4\ninclude etc\n", RSYSLOG, "/etc/logrotate.conf includes something"},
                {"rotate 4\ninclude /etc/none\n", RSYSLOG, "/etc/none is included and cannot be read"},
                {"/var/log/x {\n", RSYSLOG, "/etc/logrotate.conf is a configuration that is not understood"},
                {MAIN, "/var/log/mail.log {\n", "/etc/logrotate.d/rsyslog is a configuration that is not"},
                {MAIN, "include /etc/x\n/var/log/mail.log {\n}\n",
                        "is a configuration that is not understood"},
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                scratch_write(&fixture->scratch, "etc/logrotate.conf", cases[i].main);
                scratch_write(&fixture->scratch, "etc/logrotate.d/rsyslog", cases[i].file);
                refuses(fixture, cases[i].why);
        }
        scratch_write(&fixture->scratch, "etc/logrotate.conf", MAIN);
        scratch_write(&fixture->scratch, "etc/logrotate.d/rsyslog", RSYSLOG);
        scratch_write(&fixture->scratch, "etc/logrotate.d/apt", "rotate 1\n/var/log/apt.log {\n}\n");
        refuses(fixture, "/etc/logrotate.d/rsyslog is read after an included file that changes the defaults");
}

static void what_logrotate_copies_or_compresses_at_once_needs_room(void **state) {
        static const struct {
                const char *file;
                enum sg_verdict verdict;
        } cases[] = {
                {"/var/log/mail.log /var/log/holes.log {\n\tcopytruncate\n}\n", SG_VERDICT_REFUSED},
                {"/var/log/mail.log /var/log/holes.log {\n\tcompress\n}\n", SG_VERDICT_REFUSED},
                {"/var/log/mail.log /var/log/holes.log {\n\tcompress\n\tdelaycompress\n}\n", SG_VERDICT_GO},
                {"/var/log/mail.log /var/log/holes.log {\n\tcompressext .xz\n}\n", SG_VERDICT_GO},
                {"/var/log/mail.log {\n\tcopytruncate\n}\n", SG_VERDICT_GO},
                {"/var/log/mail.log {\n\tcompress\n}\n", SG_VERDICT_GO},
        };
        struct fixture *fixture = *state;

        make_log("holes.log", 0, 0);
        assert_int_equal(truncate(in_log("holes.log"), (off_t)1 << 43), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                scratch_write(&fixture->scratch, "etc/logrotate.d/rsyslog", cases[i].file);
                print_message("%zu\n", i);
                assert_int_equal(check(fixture, &logs_rotate), cases[i].verdict);
                if (cases[i].verdict == SG_VERDICT_REFUSED)
                        assert_non_null(strstr(fixture->bench.outcome.text, "there is no room"));
        }
}

static void a_configuration_that_others_can_write_is_not_believed(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(chmod(scratch_path(&fixture->scratch, "etc/logrotate.d/apt"), 0666), 0);
        refuses(fixture, "/etc/logrotate.d/apt is not a small file that root alone can write");
        assert_int_equal(chmod(scratch_path(&fixture->scratch, "etc/logrotate.d/apt"), 0644), 0);
        assert_int_equal(chown(scratch_path(&fixture->scratch, "etc/logrotate.conf"), 7, 7), 0);
        refuses(fixture, "/etc/logrotate.conf is not a small file that root alone can write");
        assert_int_equal(unlink(scratch_path(&fixture->scratch, "etc/logrotate.conf")), 0);
        refuses(fixture, "/etc/logrotate.conf cannot be read");
}

static void a_small_log_is_not_worth_it(void **state) {
        struct fixture *fixture = *state;

        fixture->args[0].text = "/var/log/apt.log";
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_NOTHING);
}

static int result;

static int say_result(struct verb_bench *bench, char *output, size_t size) {
        (void)bench;
        snprintf(output, size, "Failed to connect to bus\n");
        return result;
}

static void when_logrotate_fails_it_says_so(void **state) {
        static const struct {
                int result, r;
                const char *why;
        } cases[] = {
                {1, -EIO, "could not rotate all of /etc/logrotate.d/rsyslog (1)"},
                {-ETIME, -ETIME, "goes on by itself"},
                {0, -ENOENT, "was not rotated"},
        };
        struct fixture *fixture = *state;

        fixture->bench.tool = say_result;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                result = cases[i].result;
                assert_int_equal(act(fixture, &logs_rotate), cases[i].r);
                assert_non_null(strstr(fixture->bench.outcome.text, cases[i].why));
                assert_int_equal(fixture->bench.outcome.count, 0);
        }
}

#define ON_HOST(test) cmocka_unit_test_setup_teardown(test, setup_host, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                ON_HOST(the_file_that_names_the_log_is_forced_with_the_host_s_defaults),
                ON_HOST(without_a_name_it_is_the_largest_log_that_logrotate_knows),
                ON_HOST(without_a_name_nothing_is_rotated_where_no_room_is_wanted),
                ON_HOST(a_log_is_rotated_once_in_an_incident),
                ON_HOST(what_is_younger_than_the_floor_is_not_pushed_out),
                ON_HOST(a_host_without_the_means_is_told_so),
                ON_HOST(a_log_that_nobody_rotates_is_refused),
                ON_HOST(how_a_log_is_rotated_can_speak_against_it),
                ON_HOST(what_logrotate_copies_or_compresses_at_once_needs_room),
                ON_HOST(a_configuration_that_others_can_write_is_not_believed),
                ON_HOST(a_small_log_is_not_worth_it),
                ON_HOST(when_logrotate_fails_it_says_so),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
