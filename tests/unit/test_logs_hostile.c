/* SPDX-License-Identifier: MIT */
/*
 * test_logs_hostile - what may lie in a directory of logs, and must neither stop the verbs nor be touched by them
 *
 * Links, pipes, devices, holes, odd names, marks of an admin, and a hundred thousand files: each is passed over or
 * refused with a sentence, and what lies beside it gets its turn.
 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "logs_verbs_support.h"

static const struct sg_verb *const verbs[] = {&logs_compress, &logs_drop_rotated};

static void write_executable(struct fixture *fixture, const char *name) {
        scratch_write(&fixture->scratch, name, "#!/bin/sh\n");
        assert_int_equal(chmod(scratch_path(&fixture->scratch, name), 0755), 0);
}

/* A host whose logrotate rotates all of /var/log. */
static void have_logrotate(struct fixture *fixture) {
        write_executable(fixture, "usr/sbin/logrotate");
        write_executable(fixture, "usr/bin/systemd-run");
        scratch_mkdir(&fixture->scratch, "run/spoolguard");
        scratch_write(&fixture->scratch, "etc/logrotate.conf", "rotate 4\n/var/log/* {\n}\n");
        fixture->bench.action.incident_since_usec = (uint64_t)(time(NULL) + 3600) * SEC;
}

static void what_is_no_regular_file_is_passed_over(void **state) {
        static const char *const kept[] = {"link.1", "dangling.1", "loop.1", "fifo.1", "null.1",
                "directory.1", "empty.1", "hard.1", "huge.1"};
        struct fixture *fixture = *state;
        char name[64];

        for (size_t i = 0; i < ELEMENTSOF(kept); i++) {
                snprintf(name, sizeof(name), "%.*s", (int)strlen(kept[i]) - 2, kept[i]);
                make_log(name, 8192, 0);
        }
        scratch_write(&fixture->scratch, "precious", "not a log");
        assert_int_equal(symlink(scratch_path(&fixture->scratch, "precious"), in_log("link.1")), 0);
        assert_int_equal(symlink("nowhere", in_log("dangling.1")), 0);
        assert_int_equal(symlink("loop.1", in_log("loop.1")), 0);
        assert_int_equal(mkfifo(in_log("fifo.1"), 0600), 0);
        if (mknod(in_log("null.1"), S_IFCHR | 0600, makedev(1, 3)) < 0)
                make_log("null.1", 0, 3 * DAY);
        assert_int_equal(mkdir(in_log("directory.1"), 0755), 0);
        make_log("empty.1", 0, 3 * DAY);
        make_log("hard.1", MIB, 3 * DAY);
        assert_int_equal(link(in_log("hard.1"), in_log("second-name")), 0);
        /* Far larger than any disk here, and nothing in it. */
        make_log("huge.1", 0, 3 * DAY);
        assert_int_equal(truncate(in_log("huge.1"), (off_t)1 << 42), 0);
        age("huge.1", 3 * DAY);
        fixture->args[1].bytes = 100 * MIB;
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                assert_int_equal(check(fixture, verbs[i]), SG_VERDICT_NOTHING);
                assert_int_equal(act(fixture, verbs[i]), 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(kept); i++)
                assert_true(exists(kept[i]));
        assert_int_equal(access(scratch_path(&fixture->scratch, "precious"), F_OK), 0);
        assert_int_equal(fixture->bench.n_tools, 0);
}

static void a_log_with_a_large_hole_is_not_rotated_for_its_size(void **state) {
        struct fixture *fixture = *state;

        have_logrotate(fixture);
        assert_int_equal(truncate(in_log("mail.log"), 8192), 0);
        make_log("holes.log", 0, 0);
        assert_int_equal(truncate(in_log("holes.log"), (off_t)1 << 42), 0);
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_NOTHING);
        assert_int_equal(fixture->bench.n_tools, 0);
}

static void odd_names_are_names_like_others(void **state) {
        static const char *const names[] = {
                "two\nlines.1", "-rf.1", "a b.1", "$(reboot).1", "\x1b[2J.1", "\xff\xfe.1", "%s%n.1", "\".1"};
        struct fixture *fixture = *state;
        char name[64];

        fixture->bench.pressure = SG_PRESSURE_HIGH;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                snprintf(name, sizeof(name), "%.*s", (int)strlen(names[i]) - 2, names[i]);
                make_log(name, 8192, 0);
                make_log(names[i], MIB, 3 * DAY);
        }
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(fixture->bench.outcome.count, ELEMENTSOF(names));
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                snprintf(name, sizeof(name), "%s.gz", names[i]);
                assert_false(exists(names[i]));
                assert_true(exists(name));
        }
        fixture->args[1].bytes = 100 * MIB;
        fixture->bench.pressure = SG_PRESSURE_CRITICAL; /* so little would be dropped in vain */
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_GO);
        for (size_t i = 0; i < fixture->bench.n_manifest; i++)
                for (const char *c = fixture->bench.manifest[i]; *c; c++)
                        assert_true(*c >= 0x20 && *c < 0x7f);
        assert_int_equal(act(fixture, &logs_drop_rotated), 0);
        assert_int_equal(fixture->bench.outcome.count, ELEMENTSOF(names));
}

static void an_odd_name_is_rotated_and_told_in_plain_text(void **state) {
        struct fixture *fixture = *state;

        have_logrotate(fixture);
        make_log("two\nlines.log", 4 * MIB, 0);
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_GO);
        assert_non_null(strstr(fixture->bench.outcome.text, "/var/log/two\\x0alines.log, 4.0 MiB"));
}

/* False where the file system has no such mark. */
static bool mark(const char *path, unsigned flag, bool on) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        unsigned flags = 0;
        bool done;

        assert_true(fd >= 0);
        done = ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;
        flags = on ? flags | flag : flags & ~flag;
        done = done && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
        close(fd);
        return done;
}

static void what_an_admin_has_marked_stays(void **state) {
        static const unsigned flags[] = {FS_IMMUTABLE_FL, FS_APPEND_FL};
        struct fixture *fixture = *state;
        enum sg_verdict verdicts[ELEMENTSOF(verbs)];

        make_log("mail.log.1", MIB, 3 * DAY);
        for (size_t k = 0; k < ELEMENTSOF(flags); k++) {
                if (!mark(in_log("mail.log.1"), flags[k], true))
                        skip();
                for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                        verdicts[i] = check(fixture, verbs[i]);
                        act(fixture, verbs[i]);
                }
                mark(in_log("mail.log.1"), flags[k], false);
                for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                        assert_int_equal(verdicts[i], SG_VERDICT_NOTHING);
                assert_true(exists("mail.log.1"));
        }
}

static void a_marked_directory_keeps_what_it_has(void **state) {
        static const unsigned flags[] = {FS_IMMUTABLE_FL, FS_APPEND_FL};
        struct fixture *fixture = *state;
        int results[ELEMENTSOF(verbs)];

        make_log("mail.log.1", MIB, 3 * DAY);
        for (size_t k = 0; k < ELEMENTSOF(flags); k++) {
                if (!mark(in_log("."), flags[k], true))
                        skip();
                for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                        results[i] = act(fixture, verbs[i]);
                mark(in_log("."), flags[k], false);
                for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                        assert_true(results[i] < 0);
                assert_true(exists("mail.log.1"));
                /* An append-only directory takes a name and does not give it back. */
                unlink(in_log("mail.log.1.gz"));
        }
}

#define MANY 100000

/* Empty ones, by numbers that logrotate never gives: only their names cost anything. */
static void make_many(const char *format) {
        char name[64];

        for (unsigned i = 0; i < MANY; i++) {
                int fd;

                // NOLINTNEXTLINE(clang-diagnostic-format-nonliteral)
                snprintf(name, sizeof(name), format, i);
                fd = open(in_log(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
                assert_true(fd >= 0);
                close(fd);
        }
}

static void a_hundred_thousand_files_hide_none_of_the_logs(void **state) {
        struct fixture *fixture = *state;

        make_many("spool-%u.tmp");
        make_log("mail.log.1", MIB, 3 * DAY);
        make_log("mail.log.2", MIB, 4 * DAY);
        fixture->args[1].bytes = 4096;
        assert_int_equal(act(fixture, &logs_drop_rotated), 0);
        assert_false(exists("mail.log.2"));
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_true(exists("mail.log.1.gz"));
        have_logrotate(fixture);
        scratch_write(&fixture->scratch, "etc/logrotate.conf", "rotate 4\n/var/log/mail.log {\n}\n");
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_GO);
        /* Far too many logs to say what rotating them does. */
        scratch_write(&fixture->scratch, "etc/logrotate.conf", "rotate 4\n/var/log/* {\n}\n");
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_REFUSED);
        assert_non_null(strstr(fixture->bench.outcome.text, "too many logs"));
}

static void a_hundred_thousand_rotated_logs_are_too_many_to_rotate_another(void **state) {
        struct fixture *fixture = *state;

        make_many("mail.log.%05u");
        have_logrotate(fixture);
        scratch_write(&fixture->scratch, "etc/logrotate.conf", "rotate 4\n/var/log/mail.log {\n}\n");
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_REFUSED);
        assert_non_null(strstr(fixture->bench.outcome.text, "too many rotated logs"));
        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_NOTHING);
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_NOTHING);
}

static void what_lies_in_the_place_of_the_configuration_is_not_believed(void **state) {
        struct fixture *fixture = *state;
        char path[256];

        have_logrotate(fixture);
        snprintf(path, sizeof(path), "%s", scratch_path(&fixture->scratch, "etc/logrotate.conf"));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_REFUSED);
        assert_non_null(strstr(fixture->bench.outcome.text, "not a small file that root alone can write"));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/dev/zero", path), 0);
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_REFUSED);
        assert_int_equal(unlink(path), 0);
        scratch_write(&fixture->scratch, "etc/logrotate.conf", "");
        assert_int_equal(truncate(path, (off_t)1 << 40), 0);
        assert_int_equal(check(fixture, &logs_rotate), SG_VERDICT_REFUSED);
        assert_non_null(strstr(fixture->bench.outcome.text, "not a small file that root alone can write"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(what_is_no_regular_file_is_passed_over),
                WITH_FIXTURE(a_log_with_a_large_hole_is_not_rotated_for_its_size),
                WITH_FIXTURE(odd_names_are_names_like_others),
                WITH_FIXTURE(an_odd_name_is_rotated_and_told_in_plain_text),
                WITH_FIXTURE(what_an_admin_has_marked_stays),
                WITH_FIXTURE(a_marked_directory_keeps_what_it_has),
                WITH_FIXTURE(a_hundred_thousand_files_hide_none_of_the_logs),
                WITH_FIXTURE(a_hundred_thousand_rotated_logs_are_too_many_to_rotate_another),
                WITH_FIXTURE(what_lies_in_the_place_of_the_configuration_is_not_believed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
