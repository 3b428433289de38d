/* SPDX-License-Identifier: MIT */
/* test_hold - which messages are held, that only those are, and what is said when postsuper does otherwise */
#include "hold_support.h"

static void what_was_selected_is_held_and_carries_the_mark(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 12);
        verb_relay_select(&hold->relay, 0, 10);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        for (size_t i = 0; i < 10; i++) {
                struct stat status = stat_of(hold, i);

                assert_true(is_in(hold, i, "hold"));
                assert_int_equal(hold_mark_of(LEASE, &status), HOLD_MARK_OURS);
                assert_in_range(status.st_mtim.tv_sec, time(NULL) - 5, verb_relay_now());
        }
        assert_true(is_as_it_was(hold, 10) && is_as_it_was(hold, 11));
        assert_string_equal(hold->commands[0], "/usr/sbin/postsuper -c /etc/postfix -h - deferred");
        assert_int_equal(hold->n_asked, 10);
        assert_int_equal(hold->relay.bench.outcome.count, 10);
        expect_held(hold, "10 of 10 held");
}

static void it_says_when_the_last_one_would_expire(void **state) {
        struct hold_relay *hold = *state;
        char when[32], expected[128];
        time_t end;

        scratch_write(&hold->relay.scratch, "etc/postfix/main.cf", "bounce_queue_lifetime = 2d\n");
        add(hold, 2);
        end = time(NULL) - 3600 + 2 * DAY;
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", gmtime(&end));
        snprintf(expected, sizeof(expected), "2 of 2 held; the last expires by %s UTC", when);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        /* A minute may end meanwhile. */
        assert_int_equal(strlen(hold->relay.bench.outcome.text), strlen(expected));
        assert_memory_equal(
                hold->relay.bench.outcome.text, expected, strlen("2 of 2 held; the last expires by "));
}

static void check_says_how_many_and_changes_nothing(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 3);
        spool_remove(&hold->relay.spool, &hold->relay.files[2]);
        hold->relay.bench.action.lease = 0; /* in observe there is none */
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_GO);
        expect_text(
                hold, "2 of 3 messages without a sender would be held, 1 left the deferred queue meanwhile");
        assert_true(is_as_it_was(hold, 0) && is_as_it_was(hold, 1));
        assert_int_equal(hold->n_calls, 0);
        spool_remove(&hold->relay.spool, &hold->relay.files[0]);
        spool_remove(&hold->relay.spool, &hold->relay.files[1]);
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_NOTHING);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), -EINVAL);
        assert_int_equal(verb_bench_undo(&hold->relay.bench, &postfix_hold), -EINVAL);
}

static void an_empty_filter_is_never_everything(void **state) {
        static const int rows[] = {FILTER_ARG_REASON, FILTER_ARG_NEXTHOP};
        struct hold_relay *hold = *state;

        add(hold, 2);
        hold_arg(hold, FILTER_ARG_SENDER, "");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), -EINVAL);
        /* These alone could mean the mail of our own domains. */
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                hold_arg(hold, rows[i], "timeout");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
        expect_text(hold, "neither a sender nor a domain is named, and that never means all of them");
        assert_int_equal(hold->n_calls, 0);
        assert_true(is_as_it_was(hold, 0));
}

static void mail_for_our_own_domains_is_never_held(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        hold_arg(hold, FILTER_ARG_SENDER, "");
        hold_arg(hold, FILTER_ARG_DOMAIN, "lab.here.test");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
        expect_text(
                hold, "this host is responsible for lab.here.test (mydestination): its mail is never held");
        hold_arg(hold, FILTER_ARG_DOMAIN, "example.test");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_GO);
        scratch_write(
                &hold->relay.scratch, "etc/postfix/main.cf", "relay_domains = hash:/etc/postfix/relay\n");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), -EPERM);
        expect_text(
                hold, "this host may be responsible for example.test: what relay_domains says is not known");
}

static void mail_from_our_own_domains_is_never_held(void **state) {
        static const char *const ours[] = {"here.test", "Lab.Here.Test", "localhost", "alice", "[192.0.2.1]"};
        struct hold_relay *hold = *state;

        for (size_t i = 0; i < ELEMENTSOF(ours); i++) {
                add_message(hold,
                        &(struct spool_message){.arrival_seconds = (uint64_t)time(NULL),
                                .sender = "alice@here.test",
                                .next_retry_seconds = OLD_RETRY,
                                .recipients = {{.address = "bob@example.test"}}});
                verb_relay_select(&hold->relay, 0, hold->relay.n);
                hold_arg(hold, FILTER_ARG_SENDER, ours[i]);
                assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
                assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), -EPERM);
        }
        /* Neither for the sake of a domain elsewhere. */
        hold_arg(hold, FILTER_ARG_SENDER, "here.test");
        hold_arg(hold, FILTER_ARG_DOMAIN, "example.test");
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), -EPERM);
        expect_text(hold, "this host is responsible for here.test (mydestination): its mail is never held");
        assert_int_equal(hold->n_calls, 0);
        assert_true(is_as_it_was(hold, 0));
}

/* No table of domains says anything about mail without a sender. */
static void bounces_may_be_held_whatever_the_domains_are(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 1);
        scratch_write(
                &hold->relay.scratch, "etc/postfix/main.cf", "relay_domains = hash:/etc/postfix/relay\n");
        hold_arg(hold, FILTER_ARG_SENDER, "flood.test");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
        hold_arg(hold, FILTER_ARG_SENDER, "MAILER-DAEMON");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_GO);
        hold_arg(hold, FILTER_ARG_SENDER, "<>");
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        assert_true(is_in(hold, 0, "hold"));
}

static void without_a_main_cf_nothing_is_held(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 1);
        unlink(scratch_path(&hold->relay.scratch, "etc/postfix/main.cf"));
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_hold), SG_VERDICT_REFUSED);
}

/* Between our mark and the rename, Postfix takes up two and is done with one of them. */
static void deliver_two(struct hold_relay *hold) {
        hold_move(hold, &hold->relay.files[1], "deferred", "active");
        hold_move(hold, &hold->relay.files[3], "deferred", "active");
        spool_remove(&hold->relay.spool, &hold->relay.files[3]);
}

static void what_is_tried_or_gone_meanwhile_is_told_exactly(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 8);
        hold_move(hold, &hold->relay.files[5], "deferred", "incoming");
        spool_remove(&hold->relay.spool, &hold->relay.files[6]);
        chmod(spool_path(&hold->relay.spool, "deferred", hold->relay.files[7].id), 0600);
        hold->meanwhile = deliver_two;
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        expect_held(hold,
                "3 of 8 held, 2 being tried at this moment, 2 gone: delivered, bounced or deleted, "
                "1 not as they were chosen and left alone");
        assert_true(is_in(hold, 1, "active") && is_in(hold, 5, "incoming") && is_in(hold, 7, "deferred"));
        assert_int_equal(hold->n_asked, 5);
        assert_int_equal(hold->relay.bench.outcome.count, 3);
}

static void fail_one(struct hold_relay *hold) {
        hold_move(hold, &hold->relay.files[1], "active", "deferred");
}

static void what_comes_back_meanwhile_is_not_told_to_have_left(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        hold_move(hold, &hold->relay.files[1], "deferred", "active");
        hold->meanwhile = fail_one;
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        expect_held(hold, "1 of 2 held, 1 not as they were chosen and left alone");
        assert_true(is_in(hold, 1, "deferred"));
}

static void what_postsuper_does_not_move_is_put_back_as_it_was(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 5);
        hold->moves_at_most = 2;
        hold->status = 1;
        hold->complaint = "postsuper: fatal: rename file: No space left on device\n";
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        expect_held(hold, "2 of 5 held, 3 not moved; postsuper: fatal: rename file: No space left on device");
        for (size_t i = 2; i < 5; i++)
                assert_true(is_as_it_was(hold, i));
}

static void when_nothing_is_moved_it_has_failed(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 3);
        hold->moves_at_most = 0;
        hold->status = 1;
        hold->complaint = "postsuper: fatal: use of this command is reserved for the superuser\n";
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), -EIO);
        assert_true(is_as_it_was(hold, 0) && is_as_it_was(hold, 2));
        assert_int_equal(hold->relay.bench.outcome.count, 0);
}

static void one_that_hangs_is_over_at_the_deadline(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 4);
        hold->moves_at_most = 1;
        hold->status = -ETIME;
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        assert_true(is_in(hold, 0, "hold") && is_as_it_was(hold, 1) && is_as_it_was(hold, 3));
        assert_non_null(
                strstr(hold->relay.bench.outcome.text, "1 of 4 held, 3 not moved; postsuper: Timer expired"));
}

static void good_work_counts_whatever_the_exit_status_says(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        hold->status = 1;
        hold->complaint = "postsuper: fatal: open logfile /var/log/maillog: Permission denied\n";
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        expect_held(hold, "2 of 2 held; postsuper: fatal: open logfile /var/log/maillog: Permission denied");
}

static void what_it_moves_without_being_asked_is_not_ours(void **state) {
        struct hold_relay *hold = *state;
        struct stat status;

        add(hold, 3);
        verb_relay_select(&hold->relay, 0, 2);
        hold->also = &hold->relay.files[2];
        hold->lies = "postsuper: Placed on hold: 3 messages\n";
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        expect_held(hold, "2 of 2 held; postsuper says 3");
        assert_true(is_in(hold, 2, "hold"));
        status = stat_of(hold, 2);
        assert_int_equal(hold_mark_of(LEASE, &status), HOLD_MARK_NONE);
}

/* Another message below the same ID, with another inode. */
static void reuse_id(struct hold_relay *hold) {
        const char *path = spool_path(&hold->relay.spool, "deferred", hold->relay.files[0].id);
        const char *other = scratch_path(&hold->relay.scratch, "other");

        scratch_write(&hold->relay.scratch, "other", "a later message with the same ID");
        assert_int_equal(chmod(other, 0700), 0);
        verb_relay_own(&hold->relay, other);
        assert_int_equal(rename(other, path), 0);
}

static void another_message_with_the_same_id_gets_no_mark(void **state) {
        struct hold_relay *hold = *state;
        struct stat status;

        add(hold, 2);
        hold->meanwhile = reuse_id;
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        status = stat_of(hold, 0);
        assert_int_equal(hold_mark_of(LEASE, &status), HOLD_MARK_NONE);
        assert_int_equal(hold->relay.bench.outcome.count, 1);
        expect_held(hold, "1 of 2 held, 1 not as they were chosen and left alone; postsuper says 2");
}

static void messages_without_a_recipient_are_counted(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 3);
        spool_done(&hold->relay.spool, &hold->relay.files[1], 0);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        expect_held(hold, "3 of 3 held; 1 have no recipient left");
}

static void a_second_time_it_takes_more_under_the_same_lease(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 4);
        verb_relay_select(&hold->relay, 0, 2);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        verb_relay_select(&hold->relay, 1, 3);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        expect_held(hold, "2 of 3 held, 1 not as they were chosen and left alone");
        assert_int_equal(hold->relay.bench.outcome.count, 4);
}

static void root_is_root_again_afterwards(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 1);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        assert_int_equal(geteuid(), getuid());
        assert_int_equal(getegid(), getgid());
        assert_int_equal(verb_bench_undo(&hold->relay.bench, &postfix_hold), 0);
        assert_int_equal(geteuid(), getuid());
        assert_int_equal(getegid(), getgid());
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_HOLD(what_was_selected_is_held_and_carries_the_mark),
                WITH_HOLD(it_says_when_the_last_one_would_expire),
                WITH_HOLD(check_says_how_many_and_changes_nothing),
                WITH_HOLD(an_empty_filter_is_never_everything),
                WITH_HOLD(mail_for_our_own_domains_is_never_held),
                WITH_HOLD(mail_from_our_own_domains_is_never_held),
                WITH_HOLD(bounces_may_be_held_whatever_the_domains_are),
                WITH_HOLD(without_a_main_cf_nothing_is_held),
                WITH_HOLD(what_is_tried_or_gone_meanwhile_is_told_exactly),
                WITH_HOLD(what_comes_back_meanwhile_is_not_told_to_have_left),
                WITH_HOLD(what_postsuper_does_not_move_is_put_back_as_it_was),
                WITH_HOLD(when_nothing_is_moved_it_has_failed),
                WITH_HOLD(one_that_hangs_is_over_at_the_deadline),
                WITH_HOLD(good_work_counts_whatever_the_exit_status_says),
                WITH_HOLD(what_it_moves_without_being_asked_is_not_ours),
                WITH_HOLD(another_message_with_the_same_id_gets_no_mark),
                WITH_HOLD(messages_without_a_recipient_are_counted),
                WITH_HOLD(a_second_time_it_takes_more_under_the_same_lease),
                WITH_HOLD(root_is_root_again_afterwards),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
