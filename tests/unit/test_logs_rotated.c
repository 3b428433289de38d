/* SPDX-License-Identifier: MIT */
/* test_logs_rotated - which files are rotated logs, and what nobody may trick us into taking for one */
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "logs_verbs_support.h"

static void only_rotated_logs_are_touched(void **state) {
        static const char *const kept[] = {"mail.log", "orphan.1", "mail.log.old", "app-20261224", "young.1",
                "young", "link.1", "fifo.1", "empty.1", "sparse.1", "hard.1"};
        struct fixture *fixture = *state;

        make_log("orphan.1", MIB, 100);
        make_log("mail.log.old", MIB, 100);
        make_log("app-20261224", MIB, 100);
        make_log("young", MIB, 100);
        make_log("young.1", MIB, 0);
        make_log("link", MIB, 100);
        make_log("fifo", MIB, 100);
        make_log("empty", MIB, 100);
        make_log("empty.1", 0, 100);
        make_log("sparse", MIB, 100);
        make_log("sparse.1", 8192, 100);
        assert_int_equal(truncate(in_log("sparse.1"), 1 << 30), 0);
        age("sparse.1", 100);
        make_log("hard", MIB, 100);
        make_log("hard.1", MIB, 100);
        assert_int_equal(link(in_log("hard.1"), in_log("elsewhere")), 0);
        assert_int_equal(symlink("/etc/passwd", in_log("link.1")), 0);
        assert_int_equal(mkfifo(in_log("fifo.1"), 0600), 0);
        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_NOTHING);
        assert_int_equal(act(fixture, &logs_compress), 0);
        for (size_t i = 0; i < ELEMENTSOF(kept); i++)
                assert_true(exists(kept[i]));
        assert_int_equal(fixture->bench.n_tools, 0);
}

static void a_log_that_somebody_writes_to_stays(void **state) {
        struct fixture *fixture = *state;
        int writer, reader;

        make_log("mail.log.1", MIB, 0);
        writer = open(in_log("mail.log.1"), O_WRONLY | O_APPEND | O_CLOEXEC);
        age("mail.log.1", 3 * DAY);
        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_NOTHING);
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_NOTHING);
        close(writer);
        reader = open(in_log("mail.log.1"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_GO);
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_GO);
        close(reader);
}

static void without_proc_nothing_is_touched(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", MIB, 3 * DAY);
        unlink(scratch_path(&fixture->scratch, "proc"));
        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_REFUSED);
        scratch_mkdir(&fixture->scratch, "proc");
        assert_int_equal(check(fixture, &logs_drop_rotated), SG_VERDICT_REFUSED);
}

static void set_immutable(const char *name, bool on) {
        int fd = open(in_log(name), O_RDONLY | O_CLOEXEC);
        unsigned flags = 0;

        assert_true(fd >= 0);
        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                flags = 0;
        flags = on ? flags | FS_IMMUTABLE_FL : flags & ~(unsigned)FS_IMMUTABLE_FL;
        if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
                print_message("this file system has no such flag: %s\n", strerror(errno));
        close(fd);
}

static void what_an_admin_made_immutable_stays(void **state) {
        struct fixture *fixture = *state;
        enum sg_verdict compress, drop;
        int fd, r;

        make_log("mail.log.1", MIB, 3 * DAY);
        set_immutable("mail.log.1", true);
        fd = open(in_log("mail.log.1"), O_WRONLY | O_CLOEXEC);
        compress = check(fixture, &logs_compress);
        drop = check(fixture, &logs_drop_rotated);
        r = act(fixture, &logs_compress);
        set_immutable("mail.log.1", false);
        if (fd >= 0) {
                close(fd);
                skip();
        }
        assert_int_equal(compress, SG_VERDICT_NOTHING);
        assert_int_equal(drop, SG_VERDICT_NOTHING);
        assert_int_equal(r, 0);
        assert_true(exists("mail.log.1"));
}

static void a_directory_that_others_can_write_to_is_passed_over(void **state) {
        static const struct {
                uid_t owner;
                gid_t group;
                mode_t mode;
                enum sg_verdict verdict;
        } cases[] = {
                {0, 0, 0755, SG_VERDICT_GO},
                {0, 4, 0775, SG_VERDICT_GO},
                {0, 104, 0775, SG_VERDICT_GO},
                {0, 50, 0775, SG_VERDICT_NOTHING},
                {0, 50, 0755, SG_VERDICT_GO},
                {0, 0, 01777, SG_VERDICT_NOTHING},
                {33, 33, 0755, SG_VERDICT_NOTHING},
        };
        struct fixture *fixture = *state;

        scratch_mkdir(&fixture->scratch, "var/log/app");
        make_log("app/app.log", MIB, 100);
        make_log("app/app.log.1", MIB, 100);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(chown(in_log("app"), cases[i].owner, cases[i].group), 0);
                assert_int_equal(chmod(in_log("app"), cases[i].mode), 0);
                assert_int_equal(check(fixture, &logs_compress), cases[i].verdict);
        }
}

static void a_directory_of_a_stranger_s_choice_is_refused(void **state) {
        static const struct {
                const char *directory;
                enum sg_verdict verdict;
        } cases[] = {
                {"/var/log", SG_VERDICT_GO},
                {"/var/log/", SG_VERDICT_GO},
                {"/var/log/app", SG_VERDICT_GO},
                {"/var/log/none", SG_VERDICT_REFUSED},
                {"/var/log/link", SG_VERDICT_REFUSED},
                {"/var/log/app/..", SG_VERDICT_REFUSED},
                {"/var/log/../log", SG_VERDICT_REFUSED},
                {"/var/logs", SG_VERDICT_REFUSED},
                {"/var", SG_VERDICT_REFUSED},
                {"/", SG_VERDICT_REFUSED},
                {"var/log", SG_VERDICT_REFUSED},
                {"/var/log/mail.log", SG_VERDICT_REFUSED},
        };
        struct fixture *fixture = *state;

        scratch_mkdir(&fixture->scratch, "var/log/app");
        make_log("mail.log.1", MIB, 100);
        make_log("app/app.log", MIB, 100);
        make_log("app/app.log.1", MIB, 100);
        assert_int_equal(symlink("app", in_log("link")), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                print_message("%s\n", cases[i].directory);
                fixture->args[0].text = cases[i].directory;
                assert_int_equal(check(fixture, &logs_compress), cases[i].verdict);
        }
        fixture->args[0].text = "/var/log/app";
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_true(exists("app/app.log.1.gz"));
        assert_true(exists("mail.log.1"));
}

static void a_file_that_was_exchanged_is_not_the_one_that_was_seen(void **state) {
        struct fixture *fixture = *state;
        struct logs_rotated rotated;

        make_log("mail.log.1", MIB, 3 * DAY);
        assert_int_equal(logs_rotated_find(&fixture->bench.action, "", &rotated), 0);
        assert_int_equal(rotated.n_files, 1);
        assert_true(logs_rotated_unchanged(&rotated, &rotated.files[0]));
        assert_int_equal(rename(in_log("mail.log"), in_log("mail.log.1")), 0);
        assert_false(logs_rotated_unchanged(&rotated, &rotated.files[0]));
        logs_rotated_deinit(&rotated);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(only_rotated_logs_are_touched),
                WITH_FIXTURE(a_log_that_somebody_writes_to_stays),
                WITH_FIXTURE(without_proc_nothing_is_touched),
                WITH_FIXTURE(what_an_admin_made_immutable_stays),
                WITH_FIXTURE(a_directory_that_others_can_write_to_is_passed_over),
                WITH_FIXTURE(a_directory_of_a_stranger_s_choice_is_refused),
                WITH_FIXTURE(a_file_that_was_exchanged_is_not_the_one_that_was_seen),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
