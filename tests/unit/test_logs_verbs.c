/* SPDX-License-Identifier: MIT */
/* test_logs_verbs - rotated logs compressed by a real gzip and dropped, and what nobody may trick us into */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "logs/logs.h"
#include "support/scratch.h"
#include "support/verb_bench.h"

#define MIB ((size_t)1 << 20)
#define DAY 86400
#define SEC UINT64_C(1000000)

struct fixture {
        struct scratch scratch;
        struct verb_bench bench;
        struct sg_value options[1], args[2];
        void (*meanwhile)(struct fixture *fixture); /* what happens while gzip is at work */
};

static struct fixture *current;

static int real_gzip(struct verb_bench *bench, int in_fd, int out_fd) {
        pid_t pid = fork();
        int status;

        (void)bench;
        if (pid == 0) {
                dup2(in_fd, STDIN_FILENO);
                dup2(out_fd, STDOUT_FILENO);
                execl("/usr/bin/gzip", "gzip", "-c", (char *)NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (current->meanwhile) {
                struct rlimit limit, none;

                /* The copy's limit holds for all that the verb's process writes, but somebody else does this. */
                assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
                none = limit;
                none.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_FSIZE, &none);
                current->meanwhile(current);
                setrlimit(RLIMIT_FSIZE, &limit);
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : -ECANCELED;
}

static const char *in_log(const char *name) {
        char path[LOGS_NAME_MAX + 16];

        snprintf(path, sizeof(path), "var/log/%s", name);
        return scratch_path(&current->scratch, path);
}

static void age(const char *name, time_t seconds) {
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - seconds}};

        assert_int_equal(utimensat(AT_FDCWD, in_log(name), times, AT_SYMLINK_NOFOLLOW), 0);
}

/* Lines as of a mail log, so that gzip has something to gain. */
static void make_log(const char *name, size_t bytes, time_t seconds_old) {
        FILE *stream = fopen(in_log(name), "we");

        assert_non_null(stream);
        for (unsigned i = 0; (size_t)ftell(stream) < bytes; i++)
                fprintf(stream, "Dec 24 03:%02u:%02u relay postfix/smtp[%u]: %08X: status=deferred\n",
                        i / 60 % 60, i % 60, 1000 + i % 50, i * 2654435761U);
        fflush(stream);
        fsync(fileno(stream));
        fclose(stream);
        assert_int_equal(chmod(in_log(name), 0640), 0);
        age(name, seconds_old);
}

static bool exists(const char *name) {
        struct stat status;

        return lstat(in_log(name), &status) == 0;
}

static int setup(void **state) {
        static const char *const directories[] = {"/var/log", NULL};
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        current = *state = fixture;
        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "etc/group", "root:x:0:\nadm:x:4:\nsyslog:x:104:\nstaff:x:50:\n");
        scratch_mkdir(&fixture->scratch, "var/log");
        assert_int_equal(symlink("/proc", scratch_path(&fixture->scratch, "proc")), 0);
        make_log("mail.log", MIB, 0);
        fixture->options[0] = (struct sg_value){.type = SG_TYPE_LIST, .list = directories};
        fixture->args[0] = (struct sg_value){.type = SG_TYPE_TEXT, .text = ""};
        fixture->args[1] = (struct sg_value){.type = SG_TYPE_SIZE, .bytes = MIB};
        verb_bench_init(&fixture->bench, fixture->scratch.path, fixture->args, fixture->options);
        fixture->bench.filter = real_gzip;
        fixture->bench.action.floor_usec = (uint64_t)(time(NULL) - DAY) * SEC;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static enum sg_verdict check(struct fixture *fixture, const struct sg_verb *verb) {
        return verb_bench_check(&fixture->bench, verb);
}

static int act(struct fixture *fixture, const struct sg_verb *verb) {
        return verb_bench_act(&fixture->bench, verb);
}

static void a_rotated_log_becomes_its_gz_with_owner_mode_and_times(void **state) {
        struct fixture *fixture = *state;
        struct stat before, after;
        char command[512];

        make_log("mail.log.1", 4 * MIB, 100);
        assert_int_equal(chown(in_log("mail.log.1"), 7, 4), 0);
        assert_int_equal(stat(in_log("mail.log.1"), &before), 0);
        snprintf(command, sizeof(command), "cp '%s' '%s'", in_log("mail.log.1"),
                scratch_path(&fixture->scratch, "kept"));
        assert_int_equal(system(command), 0);

        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_GO);
        assert_int_equal(fixture->bench.n_tools, 0);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_string_equal(fixture->bench.command, "/usr/bin/gzip -c");
        assert_int_equal(fixture->bench.outcome.count, 1);
        assert_true(fixture->bench.outcome.freed_bytes > MIB);
        assert_false(exists("mail.log.1"));
        assert_true(exists("mail.log"));
        assert_int_equal(stat(in_log("mail.log.1.gz"), &after), 0);
        assert_int_equal(after.st_uid, 7);
        assert_int_equal(after.st_gid, 4);
        assert_int_equal(after.st_mode & 07777, 0640);
        assert_int_equal(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
        snprintf(command, sizeof(command), "zcat '%s' | cmp - '%s'", in_log("mail.log.1.gz"),
                scratch_path(&fixture->scratch, "kept"));
        assert_int_equal(system(command), 0);

        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_NOTHING);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(fixture->bench.outcome.count, 0);
}

/* Version 2, then tag, permissions and id of each entry: u::rw-, u:7:r--, g::r--, m::r--, o::--- */
static const unsigned char access_list[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 7, 0, 0,
        0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255};

static void who_could_read_the_log_can_read_the_copy_and_nobody_else(void **state) {
        struct fixture *fixture = *state;
        char list[256];

        scratch_mkdir(&fixture->scratch, "var/log/app");
        make_log("mail.log.1", MIB, 100);
        make_log("app/app.log", MIB, 100);
        make_log("app/app.log.1", MIB, 100);
        if (setxattr(in_log("mail.log.1"), "system.posix_acl_access", access_list, sizeof(access_list), 0) <
                0)
                skip();
        age("mail.log.1", 100);
        /* The directory would give a list to every new file. */
        assert_int_equal(
                setxattr(in_log("app"), "system.posix_acl_default", access_list, sizeof(access_list), 0), 0);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(fixture->bench.outcome.count, 2);
        assert_int_equal(getxattr(in_log("mail.log.1.gz"), "system.posix_acl_access", list, sizeof(list)),
                sizeof(access_list));
        assert_memory_equal(list, access_list, sizeof(access_list));
        assert_int_equal(
                getxattr(in_log("app/app.log.1.gz"), "system.posix_acl_access", list, sizeof(list)), -1);
}

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

static void write_meanwhile(struct fixture *fixture) {
        int fd = open(in_log("mail.log.1"), O_WRONLY | O_APPEND | O_CLOEXEC);

        (void)fixture;
        assert_int_equal(write(fd, "late\n", 5), 5);
        close(fd);
}

static void open_meanwhile(struct fixture *fixture) {
        (void)fixture;
        /* Stays open: nothing was written yet, but will be. */
        assert_true(open(in_log("mail.log.1"), O_WRONLY | O_APPEND | O_CLOEXEC) >= 0);
}

static void rotate_meanwhile(struct fixture *fixture) {
        (void)fixture;
        assert_int_equal(rename(in_log("mail.log.1"), in_log("mail.log.2")), 0);
        assert_int_equal(rename(in_log("mail.log"), in_log("mail.log.1")), 0);
}

static void swap_meanwhile(struct fixture *fixture) {
        (void)fixture;
        assert_int_equal(unlink(in_log("mail.log.1")), 0);
        assert_int_equal(symlink("/etc/passwd", in_log("mail.log.1")), 0);
}

static void plant_meanwhile(struct fixture *fixture) {
        scratch_write(&fixture->scratch, "var/log/mail.log.1.gz", "somebody else's");
}

static size_t count_entries(void) {
        DIR *stream = opendir(in_log("."));
        size_t n = 0;

        while (readdir(stream))
                n++;
        closedir(stream);
        return n - 2;
}

static void what_changes_while_gzip_is_at_work_is_left_as_it_is(void **state) {
        static const struct {
                void (*meanwhile)(struct fixture *fixture);
                const char *kept;
                size_t n;
                int r;
        } cases[] = {
                {write_meanwhile, "mail.log.1", 2, -ESTALE},
                {rotate_meanwhile, "mail.log.2", 2, -ESTALE},
                {swap_meanwhile, "mail.log.1", 2, -ESTALE},
                {plant_meanwhile, "mail.log.1.gz", 3, -EEXIST},
                {open_meanwhile, "mail.log.1", 2, -ESTALE},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct fixture *fixture;

                if (i > 0)
                        setup(state);
                fixture = *state;
                make_log("mail.log.1", MIB, 100);
                fixture->meanwhile = cases[i].meanwhile;
                assert_int_equal(act(fixture, &logs_compress), cases[i].r);
                assert_int_equal(fixture->bench.outcome.count, 0);
                assert_true(exists(cases[i].kept));
                /* Nothing half made is left behind. */
                assert_int_equal(count_entries(), cases[i].n);
                if (i + 1 < ELEMENTSOF(cases))
                        teardown(state);
        }
}

static int full_disk(struct verb_bench *bench, int in_fd, int out_fd) {
        struct stat status;

        assert_int_equal(fstat(in_fd, &status), 0);
        /* Only the small one fits. */
        if (status.st_size <= (off_t)(2 * MIB))
                return real_gzip(bench, in_fd, out_fd);
        assert_int_equal(write(out_fd, "begun", 5), 5);
        return 1;
}

static void a_full_disk_in_the_middle_means_a_smaller_one_is_next(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", 8 * MIB, 100);
        make_log("mail.log-20261224", MIB, 100);
        fixture->bench.filter = full_disk;
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(fixture->bench.outcome.count, 1);
        assert_int_equal(fixture->bench.n_tools, 2);
        assert_true(exists("mail.log.1"));
        assert_false(exists("mail.log.1.gz"));
        assert_true(exists("mail.log-20261224.gz"));
        assert_int_equal(count_entries(), 3);
}

static int short_copy(struct verb_bench *bench, int in_fd, int out_fd) {
        (void)bench;
        (void)in_fd;
        assert_int_equal(write(out_fd, "not all of it", 13), 13);
        return 0;
}

static void a_copy_that_is_not_complete_does_not_replace_the_log(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", MIB, 100);
        fixture->bench.filter = short_copy;
        assert_int_equal(act(fixture, &logs_compress), -EIO);
        assert_true(exists("mail.log.1"));
        assert_int_equal(count_entries(), 2);
}

static void a_log_that_does_not_compress_stays_as_it_is(void **state) {
        struct fixture *fixture = *state;
        char command[512];

        make_log("mail.log.1", 8192, 100);
        snprintf(command, sizeof(command), "head -c 4194304 /dev/urandom > '%s'", in_log("mail.log.1"));
        assert_int_equal(system(command), 0);
        age("mail.log.1", 100);
        assert_true(act(fixture, &logs_compress) < 0);
        assert_true(exists("mail.log.1"));
        assert_int_equal(count_entries(), 2);
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

static void the_oldest_rotated_logs_are_dropped_and_listed_before(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", MIB, 2 * 3600);
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

        fixture->args[1].bytes = 100 * MIB;
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

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(a_rotated_log_becomes_its_gz_with_owner_mode_and_times),
                WITH_FIXTURE(who_could_read_the_log_can_read_the_copy_and_nobody_else),
                WITH_FIXTURE(only_rotated_logs_are_touched),
                WITH_FIXTURE(a_log_that_somebody_writes_to_stays),
                WITH_FIXTURE(without_proc_nothing_is_touched),
                WITH_FIXTURE(what_changes_while_gzip_is_at_work_is_left_as_it_is),
                WITH_FIXTURE(a_full_disk_in_the_middle_means_a_smaller_one_is_next),
                WITH_FIXTURE(a_copy_that_is_not_complete_does_not_replace_the_log),
                WITH_FIXTURE(a_log_that_does_not_compress_stays_as_it_is),
                WITH_FIXTURE(what_an_admin_made_immutable_stays),
                WITH_FIXTURE(a_directory_that_others_can_write_to_is_passed_over),
                WITH_FIXTURE(a_directory_of_a_stranger_s_choice_is_refused),
                WITH_FIXTURE(the_oldest_rotated_logs_are_dropped_and_listed_before),
                WITH_FIXTURE(without_pressure_nothing_is_dropped),
                WITH_FIXTURE(a_file_that_was_exchanged_is_not_the_one_that_was_seen),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
