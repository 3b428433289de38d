/* SPDX-License-Identifier: MIT */
/* test_hold_marks - file systems that keep no marks, and single files that take none */
#include "hold_support.h"

/* This test is linked so that the plugin sets times here. */
int __wrap_futimens(int fd, const struct timespec times[2]);
int __real_futimens(int fd, const struct timespec times[2]);

static bool keeps_no_nanoseconds;
static ino_t immutable;

int __wrap_futimens(int fd, const struct timespec times[2]) {
        struct timespec kept[2] = {times[0], times[1]};
        struct stat status;

        if (immutable != 0 && fstat(fd, &status) == 0 && status.st_ino == immutable) {
                errno = EPERM;
                return -1;
        }
        if (keeps_no_nanoseconds)
                kept[1].tv_nsec = 0;
        return __real_futimens(fd, kept);
}

static int setup_marks(void **state) {
        keeps_no_nanoseconds = false;
        immutable = 0;
        return setup(state);
}

static void where_no_marks_are_kept_nothing_is_held(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 3);
        keeps_no_nanoseconds = true;
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), -EOPNOTSUPP);
        expect_held(hold, "0 of 3 held, 3 failed: Operation not supported");
        assert_int_equal(hold->n_calls, 0);
        for (size_t i = 0; i < 3; i++)
                assert_true(is_as_it_was(hold, i));
}

static void one_that_cannot_be_marked_anew_does_not_keep_the_others(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 3);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        verb_relay_take_selection(&hold->relay, -1);
        sleep(4);
        for (size_t i = 0; i < 3; i++) {
                struct stat status = stat_of(hold, i);

                /* Changed where it lies. */
                assert_int_equal(chown(spool_path(&hold->relay.spool, "hold", hold->relay.files[i].id),
                                         status.st_uid, status.st_gid),
                        0);
        }
        immutable = stat_of(hold, 1).st_ino;
        assert_int_equal(verb_bench_undo(&hold->relay.bench, &postfix_hold), -EAGAIN);
        expect_text(hold, "2 released, 1 were moved or changed since, so they may be an admin's: held still");
        assert_true(is_in(hold, 0, "deferred") && is_in(hold, 1, "hold") && is_in(hold, 2, "deferred"));
}

static void one_that_cannot_be_returned_keeps_the_lease(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        verb_relay_take_selection(&hold->relay, -1);
        for (size_t i = 0; i < 2; i++)
                verb_relay_set_time(
                        &hold->relay, &hold->relay.files[i], time(NULL) + 3600, (long)retry_time_mark(LEASE));
        immutable = stat_of(hold, 0).st_ino;
        assert_int_equal(verb_bench_undo(&hold->relay.bench, &postfix_hold), -EAGAIN);
        expect_text(hold, "0 released, 1 were not held yet and are retried over the next 5m");
        immutable = 0;
        assert_int_equal(verb_bench_undo(&hold->relay.bench, &postfix_hold), 0);
}

#define WITH_MARKS(test) cmocka_unit_test_setup_teardown(test, setup_marks, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_MARKS(where_no_marks_are_kept_nothing_is_held),
                WITH_MARKS(one_that_cannot_be_marked_anew_does_not_keep_the_others),
                WITH_MARKS(one_that_cannot_be_returned_keeps_the_lease),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
