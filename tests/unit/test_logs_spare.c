/* SPDX-License-Identifier: MIT */
/*
 * test_logs_spare - logs compressed by way of another file system, and what is found there after a kill
 *
 * Each test has two small file systems in a mount namespace of its own: one that is full of logs, and a spare one.
 */
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include "logs/logs_spare.h"
#include "logs_verbs_support.h"

#define WAITING "rotated-log:%2Fvar%2Flog%2Fmail.log.1.gz"
#define LOG_BYTES (6 * MIB)
#define LOG_AGE 100

static const char *in_spare(const char *name) {
        char path[LOGS_NAME_MAX + 16];

        snprintf(path, sizeof(path), "spare/%s", name);
        return scratch_path(&current->scratch, path);
}

static size_t count_in(const char *path) {
        DIR *stream = opendir(path);
        size_t n = 0;

        assert_non_null(stream);
        while (readdir(stream))
                n++;
        closedir(stream);
        return n - 2;
}

static int setup_disks(void **state) {
        struct fixture *fixture;

        setup(state);
        fixture = *state;
        fixture->options[LOGS_OPTION_SPARE_DIRECTORY].text = "/spare";
        fixture->bench.pressure = SG_PRESSURE_NONE;
        scratch_mkdir(&fixture->scratch, "spare");
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return 0;
        assert_int_equal(mount("logs", in_log("."), "tmpfs", 0, "size=8M,mode=755"), 0);
        assert_int_equal(mount("spare", in_spare("."), "tmpfs", 0, "size=32M,mode=700"), 0);
        make_log("mail.log", 8192, 0);
        return 0;
}

static int teardown_disks(void **state) {
        umount2(in_log("."), MNT_DETACH);
        umount2(in_spare("."), MNT_DETACH);
        return teardown(state);
}

static bool has_disks(void) {
        struct stat logs, spare;

        return stat(in_log("."), &logs) == 0 && stat(in_spare("."), &spare) == 0 &&
                logs.st_dev != spare.st_dev;
}

/* The same lines each time. */
static void make_rotated(const char *name) {
        make_log(name, LOG_BYTES, LOG_AGE);
}

static bool holds_the_lines(const char *path, const char *program) {
        struct fixture *fixture = current;
        char command[512];

        snprintf(command, sizeof(command), "test -f '%s' && %s < '%s' 2>/dev/null | cmp -s - '%s'", path,
                program, path, scratch_path(&fixture->scratch, "kept"));
        return shell(command) == 0;
}

static void keep_the_lines(const char *name) {
        char command[512];

        snprintf(command, sizeof(command), "cp '%s' '%s'", in_log(name),
                scratch_path(&current->scratch, "kept"));
        assert_int_equal(shell(command), 0);
}

static void without_room_beside_it_a_log_is_compressed_elsewhere_and_comes_back(void **state) {
        struct fixture *fixture = *state;
        struct stat before, after;

        if (!has_disks())
                skip();
        make_rotated("mail.log.1");
        keep_the_lines("mail.log.1");
        assert_int_equal(chown(in_log("mail.log.1"), 7, 4), 0);
        assert_int_equal(stat(in_log("mail.log.1"), &before), 0);
        scratch_fill(&fixture->scratch, "var/log/ballast", MIB + MIB / 2);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(fixture->bench.outcome.count, 1);
        assert_true(fixture->bench.outcome.freed_bytes > 3 * MIB);
        assert_false(exists("mail.log.1"));
        assert_true(holds_the_lines(in_log("mail.log.1.gz"), "zcat"));
        assert_int_equal(count_in(in_spare(".")), 0);
        assert_int_equal(stat(in_log("mail.log.1.gz"), &after), 0);
        assert_int_equal(after.st_uid, 7);
        assert_int_equal(after.st_gid, 4);
        assert_int_equal(after.st_mode & 07777, 0640);
        assert_int_equal(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
}

static void give_all_to(const char *name) {
        (void)name;
        assert_int_equal(chmod(in_spare("."), 0777), 0);
}

static void make_link(const char *name) {
        (void)name;
        assert_int_equal(symlink("spare", scratch_path(&current->scratch, "link")), 0);
        current->options[LOGS_OPTION_SPARE_DIRECTORY].text = "/link";
}

static void put_under_pressure(const char *name) {
        (void)name;
        current->bench.pressure = SG_PRESSURE_HIGH;
}

static void make_unknown(const char *name) {
        (void)name;
        current->bench.pressure = SG_PRESSURE_UNKNOWN;
}

static void fill_up(const char *name) {
        scratch_fill(&current->scratch, name, 28 * MIB);
}

static void move_beside(const char *name) {
        (void)name;
        assert_int_equal(mkdir(in_log("spare"), 0700), 0);
        current->options[LOGS_OPTION_SPARE_DIRECTORY].text = "/var/log/spare";
}

static void have_none(const char *name) {
        (void)name;
        current->options[LOGS_OPTION_SPARE_DIRECTORY].text = "";
}

static void a_spare_directory_that_is_not_safe_or_has_no_room_is_not_used(void **state) {
        static void (*const spoil[])(const char *name) = {
                give_all_to, make_link, put_under_pressure, make_unknown, fill_up, move_beside, have_none};
        struct fixture *fixture;

        for (size_t i = 0; i < ELEMENTSOF(spoil); i++) {
                if (i > 0)
                        setup_disks(state);
                fixture = *state;
                if (!has_disks())
                        skip();
                make_rotated("mail.log.1");
                keep_the_lines("mail.log.1");
                scratch_fill(&fixture->scratch, "var/log/ballast", MIB + MIB / 2);
                spoil[i]("spare/others");
                print_message("%zu\n", i);
                assert_int_equal(act(fixture, &logs_compress), -ENOSPC);
                assert_int_equal(fixture->bench.n_tools, 0);
                assert_true(holds_the_lines(in_log("mail.log.1"), "cat"));
                if (i + 1 < ELEMENTSOF(spoil))
                        teardown_disks(state);
        }
}

/* A copy in the spare directory as a kill leaves it, with the time of the log. */
static void leave_copy(const char *path) {
        char command[1024];

        snprintf(command, sizeof(command), "gzip -c < '%s' > '%s' && touch -r '%s' '%s'",
                in_log("mail.log.1"), path, in_log("mail.log.1"), path);
        assert_int_equal(shell(command), 0);
}

static void a_copy_whose_log_is_still_there_goes(void **state) {
        struct fixture *fixture = *state;

        if (!has_disks())
                skip();
        make_rotated("mail.log.1");
        keep_the_lines("mail.log.1");
        leave_copy(in_spare(WAITING));
        /* logrotate came by meanwhile. */
        assert_int_equal(rename(in_log("mail.log.1"), in_log("mail.log.2")), 0);
        make_log("mail.log.1", 8192, 0);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(count_in(in_spare(".")), 0);
        assert_true(holds_the_lines(in_log("mail.log.2.gz"), "zcat"));
        assert_false(exists("mail.log.3.gz"));
}

static void a_copy_alone_comes_back(void **state) {
        struct fixture *fixture = *state;

        if (!has_disks())
                skip();
        make_rotated("mail.log.1");
        keep_the_lines("mail.log.1");
        leave_copy(in_spare(WAITING));
        assert_int_equal(unlink(in_log("mail.log.1")), 0);
        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_GO);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(count_in(in_spare(".")), 0);
        assert_true(holds_the_lines(in_log("mail.log.1.gz"), "zcat"));
        assert_int_equal(check(fixture, &logs_compress), SG_VERDICT_NOTHING);
}

static void a_copy_whose_number_was_given_away_comes_back_behind_it(void **state) {
        struct fixture *fixture = *state;

        if (!has_disks())
                skip();
        make_rotated("mail.log.1");
        keep_the_lines("mail.log.1");
        leave_copy(in_spare(WAITING));
        assert_int_equal(unlink(in_log("mail.log.1")), 0);
        make_log("mail.log.1", 100, 0);
        make_log("mail.log.2.gz", 100, 50);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(count_in(in_spare(".")), 0);
        assert_true(holds_the_lines(in_log("mail.log.3.gz"), "zcat"));
}

static void another_log_of_the_same_time_is_not_taken_for_the_one(void **state) {
        struct fixture *fixture = *state;
        char command[1024];

        if (!has_disks())
                skip();
        make_rotated("mail.log.1");
        keep_the_lines("mail.log.1");
        leave_copy(in_spare(WAITING));
        /* Behind it one that is shorter, and one as long with other letters. */
        snprintf(command, sizeof(command),
                "cd '%s' && tr D E < mail.log.1 | gzip > mail.log.2.gz && head -c 4000 mail.log.1 > "
                "mail.log.3 && "
                "touch -r mail.log.1 mail.log.2.gz mail.log.3 && mv mail.log.3 mail.log.1",
                in_log("."));
        assert_int_equal(shell(command), 0);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(count_in(in_spare(".")), 0);
        assert_true(exists("mail.log.1"));
        assert_true(exists("mail.log.2.gz"));
        assert_true(holds_the_lines(in_log("mail.log.3.gz"), "zcat"));
}

static void a_copy_that_is_beside_the_logs_already_goes(void **state) {
        struct fixture *fixture = *state;

        if (!has_disks())
                skip();
        make_rotated("mail.log.1");
        keep_the_lines("mail.log.1");
        leave_copy(in_spare(WAITING));
        leave_copy(in_log("mail.log.1.gz"));
        assert_int_equal(unlink(in_log("mail.log.1")), 0);
        assert_int_equal(rename(in_log("mail.log.1.gz"), in_log("mail.log.2.gz")), 0);
        make_log("mail.log.1", 100, 0);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_int_equal(count_in(in_spare(".")), 0);
        assert_true(holds_the_lines(in_log("mail.log.2.gz"), "zcat"));
        assert_false(exists("mail.log.3.gz"));
}

static void what_has_no_room_or_is_none_of_ours_goes_on_waiting(void **state) {
        static const char *const others[] = {"rotated-log:%2Fetc%2Fpasswd.1.gz",
                "rotated-log:%2fvar%2flog%2fx.1.gz", "rotated-log:%2Fvar%2Flog%2F..%2F..%2Fetc%2Fx.1.gz",
                "rotated-log:x", "mail.log.1.gz", "rotated-log:%2Fvar%2Flog%2Fmail.log.gz"};
        struct fixture *fixture = *state;

        if (!has_disks())
                skip();
        make_rotated("mail.log.1");
        keep_the_lines("mail.log.1");
        leave_copy(in_spare(WAITING));
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                leave_copy(in_spare(others[i]));
        assert_int_equal(symlink(WAITING, in_spare("rotated-log:%2Fvar%2Flog%2Fmail.log.7.gz")), 0);
        assert_int_equal(unlink(in_log("mail.log.1")), 0);
        scratch_fill(&fixture->scratch, "var/log/ballast", 7 * MIB + MIB / 2);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_true(holds_the_lines(in_spare(WAITING), "zcat"));
        assert_false(exists("mail.log.1.gz"));
        assert_int_equal(unlink(in_log("ballast")), 0);
        assert_int_equal(act(fixture, &logs_compress), 0);
        assert_true(holds_the_lines(in_log("mail.log.1.gz"), "zcat"));
        assert_int_equal(count_in(in_spare(".")), ELEMENTSOF(others) + 1);
        assert_int_equal(count_in(in_log(".")), 2);
}

static int killed_at; /* so many uses of gzip are survived */

static int gzip_and_die(struct verb_bench *bench, int in_fd, int out_fd) {
        int r = real_gzip(bench, in_fd, out_fd);

        if (killed_at-- == 0)
                raise(SIGKILL);
        return r;
}

/* One turn in a process of its own, killed at that step or after that time. */
static void act_and_die(struct fixture *fixture, int step, useconds_t usec) {
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
                killed_at = step;
                fixture->bench.filter = gzip_and_die;
                act(fixture, &logs_compress);
                _exit(0);
        }
        if (usec > 0) {
                usleep(usec);
                kill(pid, SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void nothing_is_lost_by_a_kill_at_any_moment(void **state) {
        struct fixture *fixture = *state;

        if (!has_disks())
                skip();
        for (int i = 0; i < 30; i++) {
                make_rotated("mail.log.1");
                keep_the_lines("mail.log.1");
                scratch_fill(&fixture->scratch, "var/log/ballast", MIB + MIB / 2);
                act_and_die(fixture, i < 5 ? i : 1000, i < 5 ? 0 : (useconds_t)(i * 7919 % 200) * 1000);
                assert_true(holds_the_lines(in_log("mail.log.1"), "cat") ||
                        holds_the_lines(in_log("mail.log.1.gz"), "zcat") ||
                        holds_the_lines(in_spare(WAITING), "zcat"));
                assert_true(act(fixture, &logs_compress) == 0);
                assert_true(holds_the_lines(in_log("mail.log.1.gz"), "zcat"));
                assert_int_equal(count_in(in_spare(".")), 0);
                assert_int_equal(count_in(in_log(".")), 3);
                assert_int_equal(unlink(in_log("mail.log.1.gz")), 0);
                assert_int_equal(unlink(in_log("ballast")), 0);
        }
}

static void a_name_says_where_a_copy_belongs_and_no_other_name_does(void **state) {
        static const struct {
                const char *directory, *name, *waiting;
        } cases[] = {
                {"/var/log", "mail.log.1.gz", WAITING},
                {"/var/log", "two\nlines 100%.1.gz", "rotated-log:%2Fvar%2Flog%2Ftwo%0Alines%20100%25.1.gz"},
                {"/var/log/\xc3\xa4", "x.1.gz", "rotated-log:%2Fvar%2Flog%2F%C3%A4%2Fx.1.gz"},
        };
        static const char *const others[] = {"", "rotated-log:", "rotated-log:%2F", "rotated-log:a%2Fb",
                "rotated-log:%2Fa%2F", "rotated-log:%2fa%2fb", "rotated-log:%2Fa%2Fb%",
                "rotated-log:%2Fa%2Fb%2", "rotated-log:%2Fa%2Fb%00", "rotated-log:%2Fa%2F%62",
                "rotated-log:%2Fa%2Fb c", "x"};
        char name[LOGS_NAME_MAX], path[LOGS_PATH_MAX], expected[LOGS_PATH_MAX], longest[200];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(logs_spare_name(cases[i].directory, cases[i].name, name), 0);
                assert_string_equal(name, cases[i].waiting);
                assert_int_equal(logs_spare_parse(name, path), 0);
                snprintf(expected, sizeof(expected), "%s/%s", cases[i].directory, cases[i].name);
                assert_string_equal(path, expected);
        }
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                assert_int_equal(logs_spare_parse(others[i], path), -EINVAL);
        memset(longest, '\n', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        assert_int_equal(logs_spare_name("/var/log", longest, name), -ENAMETOOLONG);
}

#define ON_DISKS(test) cmocka_unit_test_setup_teardown(test, setup_disks, teardown_disks)

int main(void) {
        const struct CMUnitTest tests[] = {
                ON_DISKS(without_room_beside_it_a_log_is_compressed_elsewhere_and_comes_back),
                ON_DISKS(a_spare_directory_that_is_not_safe_or_has_no_room_is_not_used),
                ON_DISKS(a_copy_whose_log_is_still_there_goes),
                ON_DISKS(a_copy_alone_comes_back),
                ON_DISKS(a_copy_whose_number_was_given_away_comes_back_behind_it),
                ON_DISKS(another_log_of_the_same_time_is_not_taken_for_the_one),
                ON_DISKS(a_copy_that_is_beside_the_logs_already_goes),
                ON_DISKS(what_has_no_room_or_is_none_of_ours_goes_on_waiting),
                ON_DISKS(nothing_is_lost_by_a_kill_at_any_moment),
                cmocka_unit_test(a_name_says_where_a_copy_belongs_and_no_other_name_does),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
