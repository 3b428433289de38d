/* SPDX-License-Identifier: MIT */
/* test_set - postfix.set changes what it was asked to and nothing else, or nothing at all */
#include "set_support.h"

#include <sys/file.h>
#include <sys/xattr.h>

static const char with_lifetime[] = "# see postconf(5)\n"
                                    "myhostname = mx.example.test\n"
                                    "\n"
                                    "smtpd_banner = $myhostname ESMTP\n"
                                    "# the relay\n"
                                    "relayhost =\n"
                                    "\t[192.0.2.25]:25\n"
                                    "inet_interfaces = all\n"
                                    "maximal_queue_lifetime = 28d\n";

static void a_setting_is_added_with_one_reload(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_GO);
        set_expect_text(set, "would set maximal_queue_lifetime = 28d (before: not set)");
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set->relay.bench.n_tools, 0);
        assert_int_equal(set_act(set), 0);
        set_expect(set, MAIN_CF, with_lifetime);
        set_expect_text(set, "maximal_queue_lifetime = 28d (before: not set); reloaded");
        assert_int_equal(set->relay.bench.outcome.count, 1);
        assert_int_equal(set->n_reloads, 1);
}

static void check_leaves_nothing_behind(void **state) {
        struct set_relay *set = *state;

        verb_bench_check(&set->relay.bench, &postfix_set);
        assert_false(set_is_there(set, RECORD));
        assert_false(set_is_there(set, MAIN_CF ".tmp"));
}

static void several_settings_are_one_reload(void **state) {
        struct set_relay *set = *state;

        set->settings[1] = "bounce_queue_lifetime = 28d";
        set->settings[2] = "queue_run_delay = 60";
        assert_int_equal(set_act(set), 0);
        assert_int_equal(set->relay.bench.outcome.count, 3);
        assert_int_equal(set->n_reloads, 1);
}

static void what_was_there_is_kept_beside_it(void **state) {
        struct set_relay *set = *state;
        const struct stat before = set_stat(set, MAIN_CF);
        char *words;

        assert_int_equal(set_act(set), 0);
        assert_int_equal(set_stat(set, RECORD "/before").st_ino, before.st_ino);
        assert_int_equal(set_stat(set, RECORD "/before").st_nlink, 1);
        assert_int_equal(set_stat(set, RECORD).st_mode & 07777, 0700);
        set_expect(set, RECORD "/before", ordinary);
        set_expect(set, RECORD "/after", with_lifetime);
        assert_false(set_is_there(set, RECORD "/main.cf"));
        assert_false(set_is_there(set, MAIN_CF ".tmp"));
        words = set_read(set, RECORD "/how-to-undo");
        assert_non_null(strstr(words, "\n  postconf -c /etc/postfix -X maximal_queue_lifetime\n"));
        assert_non_null(strstr(words, "\npostfix -c /etc/postfix reload\n"));
        free(words);
}

static void owner_mode_and_attributes_are_kept(void **state) {
        struct set_relay *set = *state;
        const char *path = scratch_path(&set->relay.scratch, MAIN_CF);
        struct stat before, after;
        char value[8];

        if (geteuid() == 0)
                assert_int_equal(chown(path, 0, 61234), 0);
        assert_int_equal(chmod(path, 0640), 0);
        if (setxattr(path, "user.note", "kept", 4, 0) < 0)
                assert_int_equal(errno, EOPNOTSUPP);
        before = set_stat(set, MAIN_CF);
        assert_int_equal(set_act(set), 0);
        after = set_stat(set, MAIN_CF);
        assert_int_not_equal(after.st_ino, before.st_ino);
        assert_int_equal(after.st_mode, before.st_mode);
        assert_int_equal(after.st_uid, before.st_uid);
        assert_int_equal(after.st_gid, before.st_gid);
        path = scratch_path(&set->relay.scratch, MAIN_CF);
        if (getxattr(scratch_path(&set->relay.scratch, RECORD "/before"), "user.note", value, 8) == 4)
                assert_int_equal(getxattr(path, "user.note", value, sizeof(value)), 4);
}

static void a_link_stays_a_link(void **state) {
        struct set_relay *set = *state;
        char from[256], target[64] = "";

        scratch_mkdir(&set->relay.scratch, "etc/shared");
        snprintf(from, sizeof(from), "%s", scratch_path(&set->relay.scratch, MAIN_CF));
        assert_int_equal(rename(from, scratch_path(&set->relay.scratch, "etc/shared/relay.cf")), 0);
        assert_int_equal(symlink("../shared/relay.cf", from), 0);
        assert_int_equal(set_act(set), 0);
        assert_true(readlink(from, target, sizeof(target) - 1) > 0);
        assert_string_equal(target, "../shared/relay.cf");
        set_expect(set, "etc/shared/relay.cf", with_lifetime);
        set_expect(set, "etc/shared/relay.cf.spoolguard-7/before", ordinary);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, "etc/shared/relay.cf", ordinary);
        assert_true(readlink(from, target, sizeof(target) - 1) > 0);
}

static void what_an_older_lease_of_that_number_left_is_neither_believed_nor_removed(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        /* As after a purge: the numbers start over, and the lease that asks was never told to go. */
        set->relay.bench.leases[0].verb = NULL;
        set_replace(set, "relayhost = b.example\n");
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, "main.cf.spoolguard-7 is left of an older lease");
        set_expect_text(set, "how-to-undo");
        assert_true(set_act(set) < 0);
        set_expect(set, MAIN_CF, "relayhost = b.example\n");
        set_expect(set, RECORD "/before", ordinary);
        assert_int_equal(set->n_reloads, 1);
}

static void what_is_no_record_but_has_its_name_is_no_place_for_one(void **state) {
        struct set_relay *set = *state;

        set->relay.bench.leases[0].verb = NULL;
        scratch_write(&set->relay.scratch, RECORD, "mine\n");
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect(set, RECORD, "mine\n");
}

static void what_is_so_already_is_nothing(void **state) {
        struct set_relay *set = *state;

        set_replace(set, "maximal_queue_lifetime = 40d\n");
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_NOTHING);
        set_expect_text(set, "maximal_queue_lifetime is longer already");
        assert_int_equal(set_act(set), 0);
        assert_int_equal(set->n_reloads, 0);
        assert_false(set_is_there(set, RECORD));
}

static void the_lease_that_did_it_does_it_once(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_NOTHING);
        assert_int_equal(set_act(set), 0);
        assert_int_equal(set->n_reloads, 1);
        set_replace(set, "maximal_queue_lifetime = 3d\n");
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set,
                "somebody else has changed main.cf, and his word stays: maximal_queue_lifetime is 3d, where "
                "lease 7 "
                "had set 28d; no message is too old for that yet");
        assert_true(set->relay.bench.outcome.is_overruled);
        assert_int_equal(set_act(set), -EPERM);
        set_expect(set, MAIN_CF, "maximal_queue_lifetime = 3d\n");
}

static void where_a_lifetime_is_short_again_it_says_for_how_many(void **state) {
        struct set_relay *set = *state;

        set->settings[0] = "maximal_queue_lifetime = 28d";
        set->settings[1] = "bounce_queue_lifetime = 28d";
        set->settings[2] = NULL;
        set_replace(set, "maximal_queue_lifetime = 6d\nrelayhost = a.example\n");
        assert_int_equal(set_act(set), 0);
        set_add(set, "deferred", 7 * DAY, false);
        set_add(set, "hold", 7 * DAY, false);
        set_add(set, "deferred", 6 * DAY - 60, false);
        set_add(set, "deferred", 2 * DAY, true);
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_NOTHING);
        assert_false(set->relay.bench.outcome.is_overruled);
        /* As a tool puts it back that keeps main.cf for many hosts. */
        set_replace(set, "maximal_queue_lifetime = 6d\nrelayhost = a.example\n");
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        assert_true(set->relay.bench.outcome.is_overruled);
        assert_string_equal(set->relay.bench.outcome.text,
                "somebody else has changed main.cf, and his word stays: maximal_queue_lifetime is 6d, where "
                "lease 7 "
                "had set 28d, bounce_queue_lifetime is not set, not 28d; 2 messages are too old for that, "
                "and return "
                "to their senders when they are tried, 1 more soon");
        /* Back again, whoever did it. */
        set_replace(set, "maximal_queue_lifetime = 28d\nbounce_queue_lifetime = 28d\n");
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_NOTHING);
        set_expect_text(set, "the settings are in force by this lease");
        assert_int_equal(set->n_reloads, 1);
}

/* What is there when all ends behind the exchange of names. */
static void forget_that_it_was_read(struct set_relay *set) {
        assert_int_equal(unlink(scratch_path(&set->relay.scratch, RECORD "/read")), 0);
}

static void what_was_cut_short_before_the_reload_is_read_when_it_is_asked_for_again(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        forget_that_it_was_read(set);
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_GO);
        assert_int_equal(set->n_reloads, 1);
        assert_int_equal(set_act(set), 0);
        set_expect_text(set, "the settings were in main.cf already; reloaded");
        assert_int_equal(set->relay.bench.outcome.count, 1);
        assert_int_equal(set->n_reloads, 2);
        set_expect(set, MAIN_CF, with_lifetime);
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_NOTHING);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
        assert_false(set_is_there(set, RECORD));
}

static void what_cannot_be_read_then_is_taken_back_when_no_mail_is_in_the_way(void **state) {
        struct set_relay *set = *state;
        struct spool_file *file;

        assert_int_equal(set_act(set), 0);
        forget_that_it_was_read(set);
        set->reload_results[1] = set->reload_results[2] = -ETIME;
        file = set_add(set, "deferred", 6 * DAY, false);
        assert_int_equal(set_act(set), -ETIME);
        set_expect_text(set, "it could not be taken back: 1 messages are older than 5d");
        set_expect(set, MAIN_CF, with_lifetime);
        spool_remove(&set->relay.spool, file);
        assert_int_equal(set_act(set), -ETIME);
        set_expect_text(set, "taken back: maximal_queue_lifetime is not set any more");
        set_expect(set, MAIN_CF, ordinary);
        assert_false(set_is_there(set, RECORD));
}

static void an_instance_has_one_such_lease_at_a_time(void **state) {
        struct set_relay *set = *state;

        set->relay.bench.leases[1] = set->relay.bench.leases[0];
        set->relay.bench.leases[1].number = 9;
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, "lease 9 has changed settings of instance - already");
        set->relay.bench.leases[1].value = "postfix-out";
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_GO);
}

static void without_a_lease_nothing_is_done(void **state) {
        struct set_relay *set = *state;

        set->relay.bench.action.lease = 0;
        set->relay.bench.leases[0].verb = NULL;
        assert_int_equal(set_act(set), -EINVAL);
        set_expect(set, MAIN_CF, ordinary);
}

static void a_bad_value_touches_nothing(void **state) {
        struct set_relay *set = *state;

        set->settings[0] = "maximal_queue_lifetime = abc";
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        assert_int_equal(set_act(set), -EINVAL);
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set->relay.bench.n_tools, 0);
}

static void a_postfix_that_is_down_or_not_there_is_left_alone(void **state) {
        struct set_relay *set = *state;

        set->check_result = -ESRCH;
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, "Postfix is not running");
        assert_int_equal(set_act(set), -ESRCH);
        set_expect(set, MAIN_CF, ordinary);
        set->args[SET_ARG_INSTANCE].text = "other";
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, "no configured spool belongs to a Postfix instance \"other\"");
}

static void what_others_can_write_is_not_believed(void **state) {
        struct set_relay *set = *state;
        const char *path = scratch_path(&set->relay.scratch, MAIN_CF);

        assert_int_equal(chmod(path, 0664), 0);
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(chmod(scratch_path(&set->relay.scratch, "etc/postfix"), 0775), 0);
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, "can be written by others than root");
}

static void what_the_unit_may_not_write_is_told_before(void **state) {
        struct set_relay *set = *state;

        set->access_error = EROFS;
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, "etc/postfix is read-only here: the unit needs a drop-in with ReadWritePaths=");
        assert_int_equal(set_act(set), -EROFS);
        set_expect(set, MAIN_CF, ordinary);
        set->access_error = EACCES;
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, "cannot be written: ");
}

static void postconf_that_fails_or_does_something_else_changes_nothing(void **state) {
        struct set_relay *set = *state;
        const struct stat before = set_stat(set, MAIN_CF);

        set->status = 1;
        set->complaint =
                "postconf: warning: line 53: overriding earlier entry\npostconf: fatal: No space left\n";
        assert_int_equal(set_act(set), -EIO);
        set_expect_text(set, "postconf -e failed (1): fatal: No space left");
        set->status = 0;
        set->spoils = true;
        assert_int_equal(set_act(set), -EBADMSG);
        set->spoils = false;
        set->ignores = true;
        assert_int_equal(set_act(set), -EBADMSG);
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set_stat(set, MAIN_CF).st_ino, before.st_ino);
        assert_int_equal(set_stat(set, MAIN_CF).st_nlink, 1);
        assert_false(set_is_there(set, RECORD));
        assert_false(set_is_there(set, MAIN_CF ".tmp"));
        assert_int_equal(set->n_reloads, 0);
}

static void a_queue_manager_that_master_cf_overrides_is_told(void **state) {
        struct set_relay *set = *state;

        set->overrides = "smtp/unix/maximal_queue_lifetime = 1d\nqmgr/unix/queue_run_delay = 60s\n";
        assert_int_equal(set_act(set), 0);
        assert_int_equal(set_undo(set), 0);
        set->overrides = "smtp/inet/syslog_name = x\nqmgr/unix/maximal_queue_lifetime = 1d\n";
        assert_int_equal(set_act(set), -EPERM);
        set_expect_text(set, "master.cf has the last word, with qmgr/unix/maximal_queue_lifetime = 1d");
        set_expect(set, MAIN_CF, ordinary);
}

static void overrides_that_are_not_all_known_are_taken_for_one(void **state) {
        struct set_relay *set = *state;
        char many[12288];

        memset(many, 'x', sizeof(many));
        for (size_t at = 60; at < sizeof(many); at += 60)
                many[at] = '\n';
        snprintf(many + sizeof(many) - 64, 64, "\nqmgr/unix/maximal_queue_lifetime = 1d\n");
        set->overrides = many;
        assert_int_equal(set_act(set), -E2BIG);
        set_expect_text(set, "postconf -P says more than 8 KiB, so what master.cf overrides is not known");
        set_expect(set, MAIN_CF, ordinary);
        assert_false(set_is_there(set, RECORD));
}

static void without_a_queue_manager_afterwards_all_is_taken_back(void **state) {
        struct set_relay *set = *state;
        const struct stat before = set_stat(set, MAIN_CF);

        set_add(set, "deferred", 10 * DAY, false);
        set->reload_results[0] = -ETIME;
        assert_int_equal(set_act(set), -ETIME);
        set_expect_text(set, "its log: postfix/qmgr[1]: fatal: bad value; taken back: ");
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set_stat(set, MAIN_CF).st_ino, before.st_ino);
        assert_false(set_is_there(set, RECORD));
        assert_int_equal(set->n_reloads, 2);
        /* The executor undoes what failed: there is nothing left to do. */
        assert_int_equal(set_undo(set), 0);
        assert_int_equal(set->n_reloads, 2);
}

/* An editor that writes a new file just before ours takes its place. */
static void somebody_replaces_it(struct set_relay *set) {
        set_replace(set, "relayhost = his.example\n");
}

static void somebody_writes_into_it(struct set_relay *set) {
        FILE *stream = fopen(scratch_path(&set->relay.scratch, MAIN_CF), "a");

        assert_non_null(stream);
        fputs("\nrelayhost = his.example\n", stream);
        fclose(stream);
}

static void somebody_who_writes_it_at_the_same_moment_wins(void **state) {
        struct set_relay *set = *state;
        char *text;

        set->meanwhile = somebody_replaces_it;
        assert_int_equal(set_act(set), -EBUSY);
        set_expect_text(set, "somebody else has changed");
        set_expect(set, MAIN_CF, "relayhost = his.example\n");
        assert_false(set_is_there(set, RECORD));
        set->meanwhile = somebody_writes_into_it;
        assert_int_equal(set_act(set), -EBUSY);
        text = set_read(set, MAIN_CF);
        assert_string_equal(text, "relayhost = his.example\n\nrelayhost = his.example\n");
        free(text);
        assert_int_equal(set->n_reloads, 0);
}

static void somebody_who_was_faster_by_a_moment_gets_his_file_back(void **state) {
        struct set_relay *set = *state;

        set->at_exchange = somebody_replaces_it;
        assert_int_equal(set_act(set), -EBUSY);
        set_expect(set, MAIN_CF, "relayhost = his.example\n");
        assert_false(set_is_there(set, RECORD));
        set->at_exchange = somebody_writes_into_it;
        assert_int_equal(set_act(set), -EBUSY);
        set_expect(set, MAIN_CF, "relayhost = his.example\n\nrelayhost = his.example\n");
        assert_int_equal(set->n_reloads, 0);
}

static void a_postconf_at_work_is_not_disturbed(void **state) {
        struct set_relay *set = *state;
        int lock = open(scratch_path(&set->relay.scratch, MAIN_CF ".tmp"), O_RDWR | O_CREAT, 0600);

        assert_int_equal(flock(lock, LOCK_EX), 0);
        assert_int_equal(set_act(set), -EBUSY);
        set_expect_text(set, "postconf is changing main.cf at this moment");
        assert_true(set_is_there(set, MAIN_CF ".tmp"));
        close(lock);
        assert_int_equal(set_act(set), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_SET(a_setting_is_added_with_one_reload),
                WITH_SET(check_leaves_nothing_behind),
                WITH_SET(several_settings_are_one_reload),
                WITH_SET(what_was_there_is_kept_beside_it),
                WITH_SET(owner_mode_and_attributes_are_kept),
                WITH_SET(a_link_stays_a_link),
                WITH_SET(what_an_older_lease_of_that_number_left_is_neither_believed_nor_removed),
                WITH_SET(what_is_no_record_but_has_its_name_is_no_place_for_one),
                WITH_SET(what_is_so_already_is_nothing),
                WITH_SET(the_lease_that_did_it_does_it_once),
                WITH_SET(where_a_lifetime_is_short_again_it_says_for_how_many),
                WITH_SET(what_was_cut_short_before_the_reload_is_read_when_it_is_asked_for_again),
                WITH_SET(what_cannot_be_read_then_is_taken_back_when_no_mail_is_in_the_way),
                WITH_SET(an_instance_has_one_such_lease_at_a_time),
                WITH_SET(without_a_lease_nothing_is_done),
                WITH_SET(a_bad_value_touches_nothing),
                WITH_SET(a_postfix_that_is_down_or_not_there_is_left_alone),
                WITH_SET(what_others_can_write_is_not_believed),
                WITH_SET(what_the_unit_may_not_write_is_told_before),
                WITH_SET(postconf_that_fails_or_does_something_else_changes_nothing),
                WITH_SET(a_queue_manager_that_master_cf_overrides_is_told),
                WITH_SET(overrides_that_are_not_all_known_are_taken_for_one),
                WITH_SET(without_a_queue_manager_afterwards_all_is_taken_back),
                WITH_SET(somebody_who_writes_it_at_the_same_moment_wins),
                WITH_SET(somebody_who_was_faster_by_a_moment_gets_his_file_back),
                WITH_SET(a_postconf_at_work_is_not_disturbed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
