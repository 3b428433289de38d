/* SPDX-License-Identifier: MIT */
/* test_logs_trim - the middle of a live log goes under its writers, and no line of the rest is lost */
#include "trim_support.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

#define LOG_BYTES (12 * MIB)

static enum sg_verdict check(struct fixture *fixture) {
        return verb_bench_check(&fixture->bench, &logs_trim);
}

static int act(struct fixture *fixture) {
        return verb_bench_act(&fixture->bench, &logs_trim);
}

static bool says(struct fixture *fixture, const char *words) {
        return strstr(fixture->bench.outcome.text, words);
}

static void append_line(int fd, unsigned number) {
        char line[256];
        int length = numbered_line(line, sizeof(line), number);

        assert_int_equal(write(fd, line, (size_t)length), length);
}

static void expect_refusal(struct fixture *fixture, const char *why) {
        struct stat before, after;
        bool there = stat(in_log(fixture, "mail.log"), &before) == 0;

        assert_int_equal(check(fixture), SG_VERDICT_REFUSED);
        if (!says(fixture, why))
                fail_msg("\"%s\" instead of \"%s\"", fixture->bench.outcome.text, why);
        assert_int_equal(fixture->bench.n_manifest, 0);
        assert_int_equal(act(fixture), -ESTALE);
        assert_true(says(fixture, why));
        if (there) {
                assert_int_equal(stat(in_log(fixture, "mail.log"), &after), 0);
                assert_int_equal(after.st_blocks, before.st_blocks);
        }
}

static void the_middle_goes_and_every_line_of_the_rest_is_there(void **state) {
        struct fixture *fixture = *state;
        unsigned n = make_log(fixture, "mail.log", LOG_BYTES);
        int writer = open(in_log(fixture, "mail.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
        char lines[64], bytes[64];
        struct logs_cut cut;
        struct left left;

        assert_int_equal(choose(fixture), 1);
        append_line(writer, n); /* between the look and the cut */
        assert_int_equal(check(fixture), SG_VERDICT_GO);
        assert_true(says(fixture, "MiB go in the middle of /var/log/mail.log"));
        assert_false(says(fixture, "hole"));
        assert_true(fixture->bench.n_manifest >= 4);
        assert_non_null(strstr(fixture->bench.manifest[0], "MiB out of /var/log/mail.log: bytes "));
        assert_int_equal(read_left(fixture, "mail.log").others, 0);

        assert_int_equal(act(fixture), 0);
        append_line(writer, n + 1);
        close(writer);
        cut = chosen(fixture);
        left = read_left(fixture, "mail.log");
        assert_int_equal(left.last, n + 1);
        assert_int_equal(left.after - left.before - 1, cut.lines);
        snprintf(lines, sizeof(lines), ", %llu lines, Dec 24 ", (unsigned long long)cut.lines);
        snprintf(bytes, sizeof(bytes), "... spoolguard cut %llu bytes, ",
                (unsigned long long)(cut.text_end - cut.text_begin));
        assert_ptr_equal(strstr(left.marker, bytes), left.marker);
        assert_non_null(strstr(left.marker, lines));
        assert_true(left.disk_bytes <= LOG_BYTES - (cut.cut_end - cut.cut_begin) + 2 * MIB);
        if (says(fixture, "cut out of")) {
                assert_int_equal(left.others, 1);
                assert_true(left.size < LOG_BYTES / 2);
        } else {
                assert_true(says(fixture, "hole in the middle of"));
                assert_int_equal(left.others, 2);
        }
}

static void under_a_writer_with_an_offset_of_its_own_nothing_moves(void **state) {
        struct fixture *fixture = *state;
        unsigned n = make_log(fixture, "mail.log", LOG_BYTES);
        int writer = open(in_log(fixture, "mail.log"), O_WRONLY | O_CLOEXEC);
        struct left left;
        pid_t pid;
        int ready[2];
        char byte;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        assert_true(lseek(writer, 0, SEEK_END) > 0);
        assert_int_equal(choose(fixture), 1);
        /* Our own descriptors do not count: the verb has the log open itself. */
        pid = fork();
        if (pid == 0) {
                close(ready[1]);
                while (read(ready[0], &byte, 1) < 0 && errno == EINTR)
                        ;
                append_line(writer, n);
                _exit(0);
        }
        close(writer);
        close(ready[0]);
        assert_int_equal(check(fixture), SG_VERDICT_GO);
        assert_true(says(fixture, "as a hole: "));
        assert_true(says(fixture, "does not append"));
        assert_int_equal(act(fixture), 0);
        assert_true(says(fixture, "hole in the middle of"));
        close(ready[1]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        left = read_left(fixture, "mail.log");
        assert_int_equal(left.last, n);
        assert_int_equal(left.after - left.before - 1, chosen(fixture).lines);
        assert_int_equal(left.others, 2); /* the marker, and the zeros */
        assert_true(left.size > LOG_BYTES);
        assert_true(left.disk_bytes < LOG_BYTES / 2);
}

static int setup_tmpfs(void **state) {
        return setup_in(state, "/dev/shm/trim-XXXXXX");
}

static void where_nothing_can_be_taken_out_it_becomes_a_hole(void **state) {
        struct fixture *fixture = *state;
        unsigned n = make_log(fixture, "mail.log", LOG_BYTES);
        struct left left;

        assert_int_equal(choose(fixture), 1);
        assert_int_equal(act(fixture), 0);
        left = read_left(fixture, "mail.log");
        assert_int_equal(left.last, n - 1);
        assert_int_equal(left.after - left.before - 1, chosen(fixture).lines);
        if (!says(fixture, "hole in the middle of"))
                skip(); /* a tmpfs that can */
        assert_int_equal(left.others, 2);
        assert_true(left.disk_bytes < LOG_BYTES / 2);
}

/* What the markers say is missing, and what is; the second night must not hide the first. */
static void each_cut_leaves_its_own_marker(struct fixture *fixture, unsigned n) {
        FILE *stream = fopen(in_log(fixture, "mail.log"), "re");
        size_t allocated = 0, n_markers = 0, n_there = 0, said = 0;
        unsigned long long bytes, lines;
        char *line = NULL;

        assert_non_null(stream);
        while (getline(&line, &allocated, stream) > 0)
                if (sscanf(line, "... spoolguard cut %llu bytes, %llu lines, Dec 24 ", &bytes, &lines) == 2) {
                        n_markers++;
                        said += lines;
                } else if (strstr(line, "(n=")) {
                        n_there++;
                }
        free(line);
        fclose(stream);
        assert_int_equal(n_markers, 2);
        assert_int_equal(n_there + said, n);
}

static void it_can_be_cut_again(void **state) {
        struct fixture *fixture = *state;
        unsigned n = make_log(fixture, "mail.log", LOG_BYTES);
        int writer = open(in_log(fixture, "mail.log"), O_WRONLY | O_APPEND | O_CLOEXEC);

        assert_int_equal(choose(fixture), 1);
        assert_int_equal(act(fixture), 0);
        assert_int_equal(choose(fixture), 0); /* nothing is left to go */
        for (unsigned i = 0; i < 8 * MIB / 128; i++)
                append_line(writer, n + i);
        close(writer);
        assert_int_equal(choose(fixture), 1);
        assert_int_equal(act(fixture), 0);
        each_cut_leaves_its_own_marker(fixture, n + 8 * MIB / 128);
}

static void it_can_be_cut_again_behind_a_hole(void **state) {
        it_can_be_cut_again(state);
}

static void what_is_no_plain_log_of_its_own_is_refused(void **state) {
        struct fixture *fixture = *state;
        const char *log;

        make_log(fixture, "mail.log", LOG_BYTES);
        assert_int_equal(choose(fixture), 1);
        log = strdup(in_log(fixture, "mail.log"));

        assert_int_equal(link(log, in_log(fixture, "again")), 0);
        expect_refusal(fixture, "/var/log/mail.log: it has several names");
        assert_int_equal(unlink(log), 0);
        expect_refusal(fixture, "it does not exist");
        assert_int_equal(symlink("again", log), 0);
        expect_refusal(fixture, "it is a symbolic link");
        assert_int_equal(unlink(log), 0);
        assert_int_equal(mkfifo(log, 0600), 0);
        expect_refusal(fixture, "it is a FIFO");
        assert_int_equal(unlink(log), 0);
        assert_int_equal(mkdir(log, 0700), 0);
        expect_refusal(fixture, "it is a directory");
        assert_int_equal(rmdir(log), 0);
        make_log(fixture, "mail.log", LOG_BYTES);
        expect_refusal(fixture, "it is another file than the one that was looked at");
        assert_int_equal(rename(in_log(fixture, "again"), log), 0);
        assert_int_equal(truncate(log, (off_t)(LOG_BYTES / 2)), 0);
        expect_refusal(fixture, "it became shorter since it was looked at");
        free((char *)(uintptr_t)log);
}

static void it_stays_in_places_that_are_configured_and_trusted(void **state) {
        static const struct {
                const char *path, *why;
        } rows[] = {
                {"/var/log/../lib/mail.log", "others than root can write on the way to it"},
                {"/var/lib/mail.log", "it is not below one of the configured directories"},
                {"/var/log", "it is not below one of the configured directories"},
                {"/var/log/..", "it is not the absolute path of a log"},
                {"/var/log/", "it is not the absolute path of a log"},
                {"/mail.log", "it is not the absolute path of a log"},
                {"/var/log/mail.log.1", "it was rotated away"},
                {"/var/log/link/mail.log", "others than root can write on the way to it"},
        };
        struct fixture *fixture = *state;
        struct logs_cut cut;

        make_log(fixture, "mail.log", LOG_BYTES);
        assert_int_equal(choose(fixture), 1);
        cut = chosen(fixture);
        assert_int_equal(symlink(".", in_log(fixture, "link")), 0);
        assert_int_equal(link(in_log(fixture, "mail.log"), in_log(fixture, "mail.log.1")), 0);
        assert_int_equal(unlink(in_log(fixture, "mail.log")), 0);
        assert_int_equal(rename(in_log(fixture, "mail.log.1"), in_log(fixture, "mail.log")), 0);
        make_log(fixture, "mail.log.1", MIB);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct logs_cut other = cut;

                memset(other.path, 0, sizeof(other.path));
                snprintf(other.path, sizeof(other.path), "%s", rows[i].path);
                forge(fixture, &other);
                expect_refusal(fixture, rows[i].why);
        }
        forge(fixture, &cut);
        fixture->args[LOGS_TRIM_ARG_PATH].text = "/var/log/other.log";
        expect_refusal(fixture, "it is not the one that was asked for");
        fixture->args[LOGS_TRIM_ARG_PATH].text = "/var/log/mail.log";
        assert_int_equal(check(fixture), SG_VERDICT_GO);
        assert_int_equal(chmod(scratch_path(&fixture->scratch, "var/log"), 0777), 0);
        expect_refusal(fixture, "others than root can write on the way to it");
}

static void no_number_of_the_watcher_is_believed(void **state) {
        struct fixture *fixture = *state;
        struct logs_cut good, cut;

        make_log(fixture, "mail.log", LOG_BYTES);
        assert_int_equal(choose(fixture), 1);
        good = chosen(fixture);
        assert_int_equal(check(fixture), SG_VERDICT_GO);
#define FORGED(change, why)                   \
        do {                                  \
                cut = good;                   \
                change;                       \
                forge(fixture, &cut);         \
                expect_refusal(fixture, why); \
        } while (0)
        FORGED(cut.cut_begin += 1, "the range that was chosen cannot be right");
        FORGED(cut.cut_end += LOGS_CUT_ALIGN, "the range that was chosen cannot be right");
        FORGED(cut.cut_end = cut.cut_begin, "the range that was chosen cannot be right");
        FORGED(cut.cut_end = UINT64_MAX / LOGS_CUT_ALIGN * LOGS_CUT_ALIGN,
                "the range that was chosen cannot be right");
        FORGED(cut.text_begin = 0, "the range that was chosen cannot be right");
        FORGED(cut.text_begin = cut.cut_begin + 1, "the range that was chosen cannot be right");
        FORGED(cut.text_begin += 1, "no line ends where it would be cut");
        FORGED(cut.text_end -= 1, "no line ends where it would be cut");
        FORGED(cut.text_end = cut.cut_end, "the range that was chosen cannot be right");
        FORGED(cut.size += 4096, "it became shorter since it was looked at");
        FORGED(cut.size = cut.text_end, "leaves less than was asked for");
        FORGED(cut.inode++, "it is another file");
        FORGED(cut.text[0] = '\x1b', "what was chosen cannot be believed");
        FORGED(cut.last[0] = '\n', "what was chosen cannot be believed");
        FORGED(memset(cut.text, 'a', sizeof(cut.text)), "what was chosen cannot be believed");
        FORGED(memset(cut.path, 'a', sizeof(cut.path)), "what was chosen cannot be believed");
        FORGED(cut.magic[0] = 'S', "what was chosen cannot be believed");
        FORGED(cut.is_estimate = 2, "what was chosen cannot be believed");
#undef FORGED
        forge(fixture, &good);
        assert_int_equal(ftruncate(fixture->selection, sizeof(good) - 1), 0);
        expect_refusal(fixture, "what was chosen cannot be believed");
        assert_int_equal(ftruncate(fixture->selection, 0), 0);
        forge(fixture, &good);
        fixture->args[LOGS_TRIM_ARG_HEAD].bytes = 3 * MIB;
        expect_refusal(fixture, "leaves less than was asked for");
        fixture->args[LOGS_TRIM_ARG_HEAD].bytes = MIB;
        fixture->args[LOGS_TRIM_ARG_TAIL].bytes = 4 * MIB;
        expect_refusal(fixture, "leaves less than was asked for");
}

static void what_is_no_text_is_not_cut_by_forged_numbers(void **state) {
        struct fixture *fixture = *state;
        struct logs_cut cut;
        int fd;

        make_log(fixture, "mail.log", LOG_BYTES);
        assert_int_equal(choose(fixture), 1);
        cut = chosen(fixture);
        fd = open(in_log(fixture, "mail.log"), O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, "\0\1", 2, (off_t)cut.cut_begin - 100), 2);
        close(fd);
        expect_refusal(fixture, "it is not a log of lines of text");
}

static void it_is_the_last_resort(void **state) {
        struct fixture *fixture = *state;

        make_log(fixture, "mail.log", LOG_BYTES);
        assert_int_equal(choose(fixture), 1);
        fixture->bench.pressure = SG_PRESSURE_NONE;
        expect_refusal(fixture, "not needed");
        fixture->bench.pressure = SG_PRESSURE_UNKNOWN;
        expect_refusal(fixture, "not needed");
        fixture->bench.pressure = SG_PRESSURE_HIGH;
        expect_refusal(fixture, "its file system is not critical");
        fixture->bench.pressure = SG_PRESSURE_CRITICAL;
        fixture->bench.action.gentler_spent = false;
        expect_refusal(fixture, "gentler steps are left");
        /* Nothing was written since the floor. */
        fixture->bench.pressure = SG_PRESSURE_HIGH;
        fixture->bench.action.floor_usec = ((uint64_t)time(NULL) + 3600) * SEC;
        assert_int_equal(check(fixture), SG_VERDICT_GO);
        assert_int_equal(logs_trim.risk, SG_RISK_LOSSY);
        assert_int_equal(logs_trim.args[LOGS_TRIM_ARG_HEAD].min, MIB);
        assert_int_equal(logs_trim.args[LOGS_TRIM_ARG_TAIL].min, MIB);
}

static void what_an_admin_protected_is_refused_with_that_word(void **state) {
        static const struct {
                unsigned flag;
                const char *why;
        } rows[] = {{FS_APPEND_FL, "chattr +a"}, {FS_IMMUTABLE_FL, "chattr +i"}};
        struct fixture *fixture = *state;

        make_log(fixture, "mail.log", LOG_BYTES);
        assert_int_equal(choose(fixture), 1);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                int fd = open(in_log(fixture, "mail.log"), O_RDONLY | O_CLOEXEC);
                unsigned none = 0, flags;

                if (ioctl(fd, FS_IOC_GETFLAGS, &none) < 0 ||
                        (flags = none | rows[i].flag, ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)) {
                        close(fd);
                        skip(); /* not root, or a file system without such flags */
                }
                expect_refusal(fixture, rows[i].why);
                assert_int_equal(choose(fixture), 0); /* and it is not chosen by itself */
                assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &none), 0);
                close(fd);
                assert_int_equal(choose(fixture), 1);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(the_middle_goes_and_every_line_of_the_rest_is_there),
                WITH_FIXTURE(under_a_writer_with_an_offset_of_its_own_nothing_moves),
                cmocka_unit_test_setup_teardown(
                        where_nothing_can_be_taken_out_it_becomes_a_hole, setup_tmpfs, teardown),
                WITH_FIXTURE(it_can_be_cut_again),
                cmocka_unit_test_setup_teardown(it_can_be_cut_again_behind_a_hole, setup_tmpfs, teardown),
                WITH_FIXTURE(what_is_no_plain_log_of_its_own_is_refused),
                WITH_FIXTURE(it_stays_in_places_that_are_configured_and_trusted),
                WITH_FIXTURE(no_number_of_the_watcher_is_believed),
                WITH_FIXTURE(what_is_no_text_is_not_cut_by_forged_numbers),
                WITH_FIXTURE(it_is_the_last_resort),
                WITH_FIXTURE(what_an_admin_protected_is_refused_with_that_word),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
