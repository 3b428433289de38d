/* SPDX-License-Identifier: MIT */
/* test_logs_compress - rotated logs compressed by a real gzip, and what happens to them while it is at work */
#include <dirent.h>
#include <sys/resource.h>
#include <sys/xattr.h>

#include "logs_verbs_support.h"

static void a_rotated_log_becomes_its_gz_with_owner_mode_and_times(void **state) {
        struct fixture *fixture = *state;
        struct stat before, after;
        char command[512];

        make_log("mail.log.1", 4 * MIB, 100);
        assert_int_equal(chown(in_log("mail.log.1"), 7, 4), 0);
        assert_int_equal(stat(in_log("mail.log.1"), &before), 0);
        snprintf(command, sizeof(command), "cp '%s' '%s'", in_log("mail.log.1"),
                scratch_path(&fixture->scratch, "kept"));
        assert_int_equal(shell(command), 0);

        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_GO);
        assert_int_equal(fixture->bench.n_tools, 0);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_string_equal(fixture->bench.command, "/usr/bin/gzip -t");
        assert_int_equal(fixture->bench.n_tools, 2);
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
        assert_int_equal(shell(command), 0);

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

static void (*meanwhile)(struct fixture *fixture);

static int gzip_meanwhile(struct verb_bench *bench, int in_fd, int out_fd) {
        struct rlimit limit, none;
        int r = real_gzip(bench, in_fd, out_fd);

        /* The copy's limit holds for all that the verb's process writes, but somebody else does this. */
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        none = limit;
        none.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_FSIZE, &none);
        if (strcmp(bench->command, "/usr/bin/gzip -c") == 0)
                meanwhile(current);
        setrlimit(RLIMIT_FSIZE, &limit);
        return r;
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
                fixture->bench.filter = gzip_meanwhile;
                meanwhile = cases[i].meanwhile;
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
        assert_int_equal(fixture->bench.n_tools, 3);
        assert_true(exists("mail.log.1"));
        assert_false(exists("mail.log.1.gz"));
        assert_true(exists("mail.log-20261224.gz"));
        assert_int_equal(count_entries(), 3);
}

static int short_copy(struct verb_bench *bench, int in_fd, int out_fd) {
        if (strcmp(bench->command, "/usr/bin/gzip -t") == 0)
                return real_gzip(bench, in_fd, out_fd);
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

static int spoiled_copy(struct verb_bench *bench, int in_fd, int out_fd) {
        int r = real_gzip(bench, in_fd, out_fd);
        char byte;

        /* One bit in the middle; the end, with size and checksum, is as it should be. */
        if (strcmp(bench->command, "/usr/bin/gzip -c") == 0) {
                assert_int_equal(pread(out_fd, &byte, 1, 5000), 1);
                byte ^= 4;
                assert_int_equal(pwrite(out_fd, &byte, 1, 5000), 1);
        }
        return r;
}

static void a_copy_that_cannot_be_read_again_does_not_replace_the_log(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", MIB, 100);
        fixture->bench.filter = spoiled_copy;
        assert_int_equal(act(fixture, &logs_compress), -EIO);
        assert_true(exists("mail.log.1"));
        assert_int_equal(count_entries(), 2);
}

static void a_log_that_does_not_compress_stays_as_it_is(void **state) {
        struct fixture *fixture = *state;
        char command[512];

        make_log("mail.log.1", 8192, 100);
        snprintf(command, sizeof(command), "head -c 4194304 /dev/urandom > '%s'", in_log("mail.log.1"));
        assert_int_equal(shell(command), 0);
        age("mail.log.1", 100);
        assert_true(act(fixture, &logs_compress) < 0);
        assert_true(exists("mail.log.1"));
        assert_int_equal(count_entries(), 2);
}

/* Stopped between the two, an earlier turn leaves a log and its copy; a copy of something else is not touched. */
static void what_an_earlier_turn_left_is_finished(void **state) {
        struct fixture *fixture = *state;

        make_log("mail.log.1", 4 * MIB, 2 * DAY);
        make_log("mail.log.2", 2 * MIB, 3 * DAY);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_true(exists("mail.log.1.gz") && !exists("mail.log.1"));
        make_log("mail.log.1", 4 * MIB, 2 * DAY);
        make_log("mail.log.2", 3 * MIB, 3 * DAY);
        for (unsigned i = 1; i <= 2; i++) {
                char log[32], copy[32];
                struct stat status;

                snprintf(log, sizeof(log), "mail.log.%u", i);
                snprintf(copy, sizeof(copy), "mail.log.%u.gz", i);
                assert_int_equal(stat(in_log(log), &status), 0);
                const struct timespec times[2] = {status.st_atim, status.st_mtim};
                assert_int_equal(utimensat(AT_FDCWD, in_log(copy), times, 0), 0);
        }
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_true(exists("mail.log.1.gz") && !exists("mail.log.1"));
        assert_true(exists("mail.log.2.gz") && exists("mail.log.2")); /* it tells another size */
        assert_int_equal(fixture->bench.outcome.count, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(what_an_earlier_turn_left_is_finished),
                WITH_FIXTURE(a_rotated_log_becomes_its_gz_with_owner_mode_and_times),
                WITH_FIXTURE(who_could_read_the_log_can_read_the_copy_and_nobody_else),
                WITH_FIXTURE(what_changes_while_gzip_is_at_work_is_left_as_it_is),
                WITH_FIXTURE(a_full_disk_in_the_middle_means_a_smaller_one_is_next),
                WITH_FIXTURE(a_copy_that_is_not_complete_does_not_replace_the_log),
                WITH_FIXTURE(a_copy_that_cannot_be_read_again_does_not_replace_the_log),
                WITH_FIXTURE(a_log_that_does_not_compress_stays_as_it_is),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
