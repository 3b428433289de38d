/* SPDX-License-Identifier: MIT */
/* test_logs_trim_fails - logs.trim on a full disk, on a file system that cannot, and with a writer that comes late */
#include "trim_support.h"

#include <signal.h>

#define LOG_BYTES (12 * MIB)

/* What the calls of the verb meet; set by a test after the selection was made. */
static struct {
        int collapse, punch; /* errno values of the cut itself */
        bool no_scratch, late_writer;
        unsigned n_trials; /* behind the end of the log */
        const char *log;
        pid_t writer;
} meets;

int __real_fallocate(int fd, int mode, off_t offset, off_t length);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t length);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __real_logs_trim_range_cut(
        int fd, const struct logs_cut *cut, bool may_collapse, struct logs_trim_result *ret_result);
int __wrap_logs_trim_range_cut(
        int fd, const struct logs_cut *cut, bool may_collapse, struct logs_trim_result *ret_result);

int __wrap_fallocate(int fd, int mode, off_t offset, off_t length) {
        int why = mode & FALLOC_FL_COLLAPSE_RANGE ? meets.collapse : meets.punch;

        if (offset > (off_t)(64 * MIB))
                meets.n_trials++;
        /* Not the trials, which are of one piece. */
        if (why != 0 && length > (off_t)LOGS_CUT_ALIGN) {
                errno = why;
                return -1;
        }
        return __real_fallocate(fd, mode, offset, length);
}

int __wrap_ftruncate(int fd, off_t size) {
        if (!meets.no_scratch)
                return __real_ftruncate(fd, size);
        errno = ENOSPC;
        return -1;
}

int __wrap_logs_trim_range_cut(
        int fd, const struct logs_cut *cut, bool may_collapse, struct logs_trim_result *ret_result) {
        int r = __real_logs_trim_range_cut(fd, cut, may_collapse, ret_result), ready[2];
        char byte;

        if (!meets.late_writer)
                return r;
        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        meets.writer = fork();
        if (meets.writer == 0) {
                if (open(meets.log, O_WRONLY | O_CLOEXEC) < 0)
                        _exit(1);
                close(ready[1]);
                pause();
                _exit(0);
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 0);
        close(ready[0]);
        return r;
}

static int setup_meeting(void **state) {
        memset(&meets, 0, sizeof(meets));
        return setup(state);
}

/* Returns how many lines the log has. */
static unsigned choose_one(struct fixture *fixture) {
        unsigned n = make_log(fixture, "mail.log", LOG_BYTES);

        assert_int_equal(choose(fixture), 1);
        return n;
}

static int act(struct fixture *fixture) {
        return verb_bench_act(&fixture->bench, &logs_trim);
}

static bool says(struct fixture *fixture, const char *words) {
        return strstr(fixture->bench.outcome.text, words);
}

static void what_can_be_neither_taken_out_nor_punched_is_as_it_was(void **state) {
        struct fixture *fixture = *state;
        unsigned n = choose_one(fixture);
        struct left left;

        meets.collapse = ENOSPC;
        meets.punch = EIO;
        assert_int_equal(act(fixture), -EIO);
        assert_true(says(fixture, "/var/log/mail.log: Input/output error"));
        left = read_left(fixture, "mail.log");
        assert_int_equal(left.last, n - 1);
        assert_int_equal(left.before, UINT32_MAX); /* no gap */
        assert_int_equal(left.others, 0);
}

static void what_cannot_be_taken_out_after_all_becomes_a_hole(void **state) {
        struct fixture *fixture = *state;
        unsigned n = choose_one(fixture);
        struct left left;

        meets.collapse = ENOSPC;
        assert_int_equal(act(fixture), 0);
        assert_true(says(fixture, "hole in the middle of"));
        left = read_left(fixture, "mail.log");
        assert_int_equal(left.last, n - 1);
        assert_int_equal(left.after - left.before - 1, chosen(fixture).lines);
        assert_int_equal(left.others, 2);
        assert_memory_equal(left.marker, "... spoolguard cut ", 19);
}

static void a_log_that_was_protected_meanwhile_is_refused_with_that_word(void **state) {
        struct fixture *fixture = *state;
        unsigned n = choose_one(fixture);

        meets.collapse = meets.punch = EPERM;
        assert_int_equal(act(fixture), -EPERM);
        assert_true(says(fixture, "chattr +a or +i"));
        assert_int_equal(read_left(fixture, "mail.log").last, n - 1);
        assert_int_equal(read_left(fixture, "mail.log").others, 0);
}

static void without_room_for_a_scratch_file_the_log_itself_is_asked(void **state) {
        struct fixture *fixture = *state;
        unsigned n;
        bool can;

        choose_one(fixture);
        assert_int_equal(act(fixture), 0);
        can = says(fixture, "cut out of");
        assert_int_equal(meets.n_trials, 0);
        n = choose_one(fixture);
        meets.no_scratch = true;
        assert_int_equal(act(fixture), 0);
        /* It comes to the same, and the trial cut nothing. */
        assert_int_equal(says(fixture, "cut out of"), can);
        assert_int_equal(meets.n_trials, 1);
        assert_int_equal(read_left(fixture, "mail.log").last, n - 1);
}

static void a_writer_that_comes_meanwhile_is_told(void **state) {
        struct fixture *fixture = *state;

        choose_one(fixture);
        meets.late_writer = true;
        meets.log = strdup(scratch_path(&fixture->scratch, "var/log/mail.log"));
        assert_int_equal(act(fixture), 0);
        assert_int_equal(kill(meets.writer, SIGKILL), 0);
        assert_int_equal(waitpid(meets.writer, NULL, 0), meets.writer);
        free((char *)(uintptr_t)meets.log);
        if (!says(fixture, "cut out of"))
                skip(); /* a file system that cannot: holes move nothing */
        assert_true(says(fixture, "came meanwhile and does not append"));
}

static void a_log_that_was_renamed_a_moment_ago_is_left_alone(void **state) {
        struct fixture *fixture = *state;
        unsigned n = choose_one(fixture);
        struct logs_trim_file file;

        assert_null(logs_trim_file_open(&fixture->bench.action, "/var/log/mail.log", O_RDONLY, &file));
        assert_true(logs_trim_file_is_named(&file));
        assert_int_equal(rename(in_log(fixture, "mail.log"), in_log(fixture, "other.log")), 0);
        assert_false(logs_trim_file_is_named(&file));
        assert_int_equal(symlink("other.log", in_log(fixture, "mail.log")), 0);
        assert_false(logs_trim_file_is_named(&file));
        logs_trim_file_close(&file);
        assert_int_equal(read_left(fixture, "other.log").last, n - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define MEETING(test) cmocka_unit_test_setup_teardown(test, setup_meeting, teardown)
                MEETING(what_can_be_neither_taken_out_nor_punched_is_as_it_was),
                MEETING(what_cannot_be_taken_out_after_all_becomes_a_hole),
                MEETING(a_log_that_was_protected_meanwhile_is_refused_with_that_word),
                MEETING(without_room_for_a_scratch_file_the_log_itself_is_asked),
                MEETING(a_writer_that_comes_meanwhile_is_told),
                MEETING(a_log_that_was_renamed_a_moment_ago_is_left_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
