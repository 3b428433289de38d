/* SPDX-License-Identifier: MIT */
/* test_release - what a lease holds comes back, and only that; what would bounce does not; nor what is an admin's */
#include "hold_support.h"
#include "postfix/held.h"

static void hold_all(struct hold_relay *hold) {
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        assert_int_equal(hold->relay.bench.outcome.count, hold->relay.n);
        verb_relay_take_selection(&hold->relay, -1);
        hold->n_asked = hold->n_calls = 0;
}

static int undo(struct hold_relay *hold) {
        return verb_bench_undo(&hold->relay.bench, &postfix_hold);
}

/* For as long as this is what main.cf says, old mail may be held. */
static void set_lifetime(struct hold_relay *hold, const char *main_cf) {
        scratch_write(&hold->relay.scratch, "etc/postfix/main.cf", main_cf);
}

/* As an admin does, or a crash leaves it: the mark, at another time than the file was changed last. */
static void set_mark(struct hold_relay *hold, size_t i, time_t seconds, uint64_t lease) {
        verb_relay_set_time(&hold->relay, &hold->relay.files[i], seconds, (long)retry_time_mark(lease));
}

static void what_the_lease_holds_is_deferred_again_and_due_at_once(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 6);
        hold_all(hold);
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "6 released");
        assert_string_equal(hold->commands[0], "/usr/sbin/postsuper -c /etc/postfix -H - hold");
        for (size_t i = 0; i < 6; i++) {
                struct stat status = stat_of(hold, i);

                assert_true(is_in(hold, i, "deferred"));
                assert_true(status.st_mtim.tv_sec <= verb_relay_now());
                assert_int_equal(status.st_mtim.tv_nsec, 0);
        }
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "0 released");
        assert_int_equal(hold->n_calls, 1);
}

static void what_an_admin_holds_stays_held(void **state) {
        struct hold_relay *hold = *state;
        struct verb_relay *relay = &hold->relay;

        add(hold, 4);
        verb_relay_select(relay, 0, 2);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_hold), 0);
        hold_move(hold, &relay->files[2], "deferred", "hold");
        /* Released and held again: a time that is not that of the change. */
        set_mark(hold, 1, time(NULL) - 100, LEASE);
        /* Held by another lease. */
        hold_move(hold, &relay->files[3], "deferred", "hold");
        set_mark(hold, 3, time(NULL), LEASE + 1);
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "1 released, 1 were moved or changed since, so they may be an admin's: held still");
        assert_true(is_in(hold, 0, "deferred"));
        assert_true(is_in(hold, 1, "hold") && is_in(hold, 2, "hold") && is_in(hold, 3, "hold"));
}

static void an_admin_who_holds_it_again_shows_by_the_change_of_the_file(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 1);
        hold_all(hold);
        sleep(4);
        hold_move(hold, &hold->relay.files[0], "hold", "deferred");
        hold_move(hold, &hold->relay.files[0], "deferred", "hold");
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "0 released, 1 were moved or changed since, so they may be an admin's: held still");
        assert_true(is_in(hold, 0, "hold"));
}

/* As `postfix set-permissions` does, or a spool that was brought to another disk. */
static void change_in_place(struct hold_relay *hold, size_t i) {
        const char *path = spool_path(&hold->relay.spool, "hold", hold->relay.files[i].id);
        struct stat status = stat_of(hold, i);

        assert_int_equal(chown(path, status.st_uid, status.st_gid), 0);
}

static void what_was_changed_where_it_lies_is_released(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 3);
        hold_all(hold);
        sleep(4);
        for (size_t i = 0; i < 3; i++)
                change_in_place(hold, i);
        hold->moves_at_most = 1;
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "1 released, 2 could not be moved out of hold");
        /* Marked anew: that one was moved does not make the others an admin's. */
        hold->moves_at_most = SIZE_MAX;
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "2 released");
}

static void what_was_changed_is_kept_when_it_may_have_been_moved(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 3);
        verb_relay_select(&hold->relay, 0, 2);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        sleep(4);
        hold_move(hold, &hold->relay.files[0], "hold", "deferred");
        hold_move(hold, &hold->relay.files[0], "deferred", "hold");
        sleep(1);
        change_in_place(hold, 0);
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "1 released, 1 were moved or changed since, so they may be an admin's: held still");
        assert_true(is_in(hold, 0, "hold"));
}

static void a_disk_too_slow_for_all_of_it_has_the_rest_counted(void **state) {
        const struct hold_lifetimes lifetimes = {.mail_seconds = 5 * DAY, .bounce_seconds = 5 * DAY};
        struct hold_relay *hold = *state;
        struct held held;
        struct mail_dir dir;

        add(hold, 3);
        hold_all(hold);
        assert_int_equal(mail_dir_open(hold->relay.spool.path, "hold", &dir), 0);
        assert_int_equal(held_look(&dir, LEASE, &lifetimes, 0, -1, &held), 0);
        assert_int_equal(held.ours, 3);
        assert_int_equal(held.later, 3);
        assert_int_equal(held_look(&dir, LEASE, &lifetimes, 60, -1, &held), 0);
        assert_int_equal(held.ours, 3);
        assert_int_equal(held.later, 0);
        mail_dir_close(&dir);
}

static void what_would_bounce_stays_held_and_is_tried_again_later(void **state) {
        struct hold_relay *hold = *state;

        add_of_age(hold, 6 * DAY, true);
        add_of_age(hold, 6 * DAY, false);
        add_of_age(hold, 4 * DAY, true);
        add_of_age(hold, 5 * DAY - 60, true); /* it would be overdue when it is tried */
        verb_relay_select(&hold->relay, 0, 4);
        set_lifetime(hold, "maximal_queue_lifetime = 60d\nbounce_queue_lifetime = 60d\n");
        hold->args[FILTER_ARG_SENDER].text = "";
        hold_arg(hold, FILTER_ARG_DOMAIN, "example.test");
        hold_all(hold);
        set_lifetime(hold, "");
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "1 released, 3 are overdue and would bounce: held still");
        assert_true(is_in(hold, 2, "deferred"));
        assert_true(is_in(hold, 0, "hold") && is_in(hold, 1, "hold") && is_in(hold, 3, "hold"));
        /* A bounce cannot live longer than other mail. */
        set_lifetime(hold, "maximal_queue_lifetime = 12h\nbounce_queue_lifetime = 2w\n");
        assert_int_equal(undo(hold), -EAGAIN);
        set_lifetime(hold, "maximal_queue_lifetime = 3w\n");
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "1 released, 2 are overdue and would bounce: held still");
        set_lifetime(hold, "maximal_queue_lifetime = 3w\nbounce_queue_lifetime = 2w\n");
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "2 released");
}

/* An hour old, it has one to go: less than two scans may take. */
static void what_would_bounce_before_the_next_scan_stays_held(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 1);
        hold_all(hold);
        set_lifetime(hold, "bounce_queue_lifetime = 2h\nqueue_run_delay = 31m\n");
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "0 released, 1 are overdue and would bounce: held still");
        set_lifetime(hold, "bounce_queue_lifetime = 2h\nqueue_run_delay = 29m\n");
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "1 released");
}

static void without_lifetimes_nothing_is_released(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        hold_all(hold);
        set_lifetime(hold, "maximal_queue_lifetime = long\n");
        assert_int_equal(undo(hold), -EINVAL);
        assert_true(is_in(hold, 0, "hold") && is_in(hold, 1, "hold"));
}

static void what_a_crash_left_before_the_move_is_retried(void **state) {
        struct hold_relay *hold = *state;
        struct timespec before = hold_mark_before(LEASE, time(NULL));

        add(hold, 2);
        verb_relay_set_time(&hold->relay, &hold->relay.files[0], before.tv_sec, before.tv_nsec);
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "0 released, 1 were not held yet and are retried over the next 5m");
        assert_in_range(stat_of(hold, 0).st_mtim.tv_sec, time(NULL) - 1, time(NULL) + 301);
        assert_int_equal(stat_of(hold, 0).st_mtim.tv_nsec, 0);
        assert_true(is_as_it_was(hold, 1));
}

static void what_a_crash_left_after_the_move_is_released(void **state) {
        struct hold_relay *hold = *state;
        struct timespec before = hold_mark_before(LEASE, time(NULL));

        add(hold, 2);
        for (size_t i = 0; i < 2; i++) {
                verb_relay_set_time(&hold->relay, &hold->relay.files[i], before.tv_sec, before.tv_nsec);
                hold_move(hold, &hold->relay.files[i], "deferred", "hold");
        }
        /* One that was marked an hour before somebody moved it. */
        set_mark(hold, 1, time(NULL), LEASE);
        set_mark(hold, 1, time(NULL) + 100, LEASE);
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "1 released, 1 were moved or changed since, so they may be an admin's: held still");
        assert_true(is_in(hold, 0, "deferred") && is_in(hold, 1, "hold"));
}

static void what_postsuper_leaves_is_said_and_tried_again(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 5);
        hold_all(hold);
        hold->moves_at_most = 2;
        hold->status = -ETIME;
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "2 released, 3 could not be moved out of hold; postsuper: Timer expired");
        hold->moves_at_most = SIZE_MAX;
        hold->status = 0;
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "3 released");
}

static void messages_deleted_from_hold_are_no_trouble(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 3);
        hold_all(hold);
        spool_remove(&hold->relay.spool, &hold->relay.files[0]);
        hold_move(hold, &hold->relay.files[1], "hold", "deferred");
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "1 released");
        assert_int_equal(hold->n_asked, 1);
}

/* As a crash in the middle of a rename leaves it on some file systems. */
static void what_has_a_second_name_is_counted_and_stays(void **state) {
        struct hold_relay *hold = *state;
        char second[256];

        add(hold, 4);
        verb_relay_select(&hold->relay, 0, 3);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        snprintf(second, sizeof(second), "%s/second", hold->relay.scratch.path);
        assert_int_equal(link(spool_path(&hold->relay.spool, "hold", hold->relay.files[1].id), second), 0);
        /* An admin's is not told of. */
        hold_move(hold, &hold->relay.files[3], "deferred", "hold");
        strcat(second, "-of-his");
        assert_int_equal(link(spool_path(&hold->relay.spool, "hold", hold->relay.files[3].id), second), 0);
        assert_int_equal(undo(hold), -EAGAIN);
        expect_text(hold, "2 released, 1 have a second name and are left alone: held still");
        assert_true(is_in(hold, 1, "hold") && is_in(hold, 3, "hold"));
        *strrchr(second, '-') = '\0';
        *strrchr(second, '-') = '\0';
        assert_int_equal(unlink(second), 0);
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "1 released");
}

static void a_held_file_that_is_no_message_any_more_is_released_to_postfix(void **state) {
        struct hold_relay *hold = *state;
        int fd;

        add(hold, 2);
        hold_all(hold);
        fd = open(spool_path(&hold->relay.spool, "hold", hold->relay.files[0].id), O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, "\377\377\377\377\377", 5), 5);
        close(fd);
        set_mark(hold, 0, time(NULL), LEASE);
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "2 released");
}

static void the_verb_releases_a_lease_by_its_number(void **state) {
        struct hold_relay *hold = *state;
        struct sg_value args[] = {
                [RELEASE_ARG_INSTANCE] = {.type = SG_TYPE_TEXT, .text = "-"},
                [RELEASE_ARG_LEASE] = {.type = SG_TYPE_NUMBER, .number = LEASE},
        };

        add_of_age(hold, 3600, true);
        add_of_age(hold, 6 * DAY, true);
        verb_relay_select(&hold->relay, 0, 2);
        set_lifetime(hold, "maximal_queue_lifetime = 60d\nbounce_queue_lifetime = 60d\n");
        hold_all(hold);
        set_lifetime(hold, "");
        hold->relay.bench.action.args = args;
        hold->relay.bench.action.lease = 0;
        hold_lease(hold, 1, LEASE + 1, "-");
        args[RELEASE_ARG_LEASE].number = LEASE + 1;
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_release), SG_VERDICT_NOTHING);
        args[RELEASE_ARG_LEASE].number = LEASE;
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_release), SG_VERDICT_GO);
        expect_text(hold, "2 messages that lease 7 holds would be released, but for those that would bounce");
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_release), 0);
        expect_text(hold, "1 released, 1 are overdue and would bounce: held still");
        assert_int_equal(hold->relay.bench.outcome.count, 1);
}

/* An admin's message carries the mark of some number, as every file does. */
static void a_number_that_fits_an_admins_message_releases_nothing(void **state) {
        struct hold_relay *hold = *state;
        struct verb_bench *bench = &hold->relay.bench;
        struct sg_value args[] = {
                [RELEASE_ARG_INSTANCE] = {.type = SG_TYPE_TEXT, .text = "-"},
                [RELEASE_ARG_LEASE] = {.type = SG_TYPE_NUMBER, .number = 60488966},
        };

        add(hold, 1);
        hold_move(hold, &hold->relay.files[0], "deferred", "hold");
        set_mark(hold, 0, time(NULL), 60488966);
        bench->action.args = args;
        bench->action.lease = 0;
        bench->leases[0].verb = NULL;
        assert_int_equal(verb_bench_check(bench, &postfix_release), SG_VERDICT_REFUSED);
        expect_text(hold,
                "60488966 is no lease of postfix.hold for instance - that holds anything: there is none");
        assert_int_equal(verb_bench_act(bench, &postfix_release), -EPERM);
        for (size_t i = 0; i < 6; i++)
                hold_lease(hold, i, 10 + i, "-");
        hold_lease(hold, 6, 60488967, "-");
        assert_int_equal(verb_bench_act(bench, &postfix_release), -EPERM);
        expect_text(hold,
                "60488966 is no lease of postfix.hold for instance - that holds anything: "
                "there is 10, 11, 12, 13, 14, 15 and more (spoolguardctl leases)");
        assert_int_equal(hold->n_calls, 0);
        assert_true(is_in(hold, 0, "hold"));
        /* With such a lease it would have been. */
        hold_lease(hold, 6, 60488966, "-");
        assert_int_equal(verb_bench_check(bench, &postfix_release), SG_VERDICT_GO);
        assert_int_equal(verb_bench_act(bench, &postfix_release), 0);
        expect_text(hold, "1 released");
}

static void a_lease_of_another_instance_or_verb_releases_nothing(void **state) {
        struct hold_relay *hold = *state;
        struct sg_value args[] = {
                [RELEASE_ARG_INSTANCE] = {.type = SG_TYPE_TEXT, .text = "-"},
                [RELEASE_ARG_LEASE] = {.type = SG_TYPE_NUMBER, .number = LEASE},
        };

        add(hold, 1);
        hold_all(hold);
        hold->relay.bench.action.args = args;
        hold_lease(hold, 0, LEASE, "postfix-out");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_release), SG_VERDICT_REFUSED);
        hold_lease(hold, 0, LEASE, "-");
        args[RELEASE_ARG_INSTANCE].text = "postfix-out";
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_release), SG_VERDICT_REFUSED);
        expect_text(hold,
                "7 is no lease of postfix.hold for instance postfix-out that holds anything: there is none");
        args[RELEASE_ARG_INSTANCE].text = "-";
        hold->relay.bench.leases[0].verb = "postfix.postpone";
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_release), SG_VERDICT_REFUSED);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_release), -EPERM);
        assert_true(is_in(hold, 0, "hold"));
}

/* undo() is told its number by the executor, which may have lost the rest. */
static void to_undo_no_record_is_asked(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 1);
        hold_all(hold);
        hold->relay.bench.leases[0].verb = NULL;
        assert_int_equal(undo(hold), 0);
        expect_text(hold, "1 released");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_HOLD(what_the_lease_holds_is_deferred_again_and_due_at_once),
                WITH_HOLD(what_an_admin_holds_stays_held),
                WITH_HOLD(an_admin_who_holds_it_again_shows_by_the_change_of_the_file),
                WITH_HOLD(what_was_changed_where_it_lies_is_released),
                WITH_HOLD(what_was_changed_is_kept_when_it_may_have_been_moved),
                WITH_HOLD(a_disk_too_slow_for_all_of_it_has_the_rest_counted),
                WITH_HOLD(what_would_bounce_stays_held_and_is_tried_again_later),
                WITH_HOLD(what_would_bounce_before_the_next_scan_stays_held),
                WITH_HOLD(without_lifetimes_nothing_is_released),
                WITH_HOLD(what_a_crash_left_before_the_move_is_retried),
                WITH_HOLD(what_a_crash_left_after_the_move_is_released),
                WITH_HOLD(what_postsuper_leaves_is_said_and_tried_again),
                WITH_HOLD(messages_deleted_from_hold_are_no_trouble),
                WITH_HOLD(what_has_a_second_name_is_counted_and_stays),
                WITH_HOLD(a_held_file_that_is_no_message_any_more_is_released_to_postfix),
                WITH_HOLD(the_verb_releases_a_lease_by_its_number),
                WITH_HOLD(a_number_that_fits_an_admins_message_releases_nothing),
                WITH_HOLD(a_lease_of_another_instance_or_verb_releases_nothing),
                WITH_HOLD(to_undo_no_record_is_asked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
