/* SPDX-License-Identifier: MIT */
/* test_set_undo - what postfix.set changed comes back to the byte, unless somebody's word or somebody's mail is in the way */
#include "set_support.h"

static void it_comes_back_to_the_byte_and_is_the_same_file(void **state) {
        struct set_relay *set = *state;
        const struct stat before = set_stat(set, MAIN_CF);
        struct stat after;

        assert_int_equal(set_act(set), 0);
        assert_int_equal(set_undo(set), 0);
        set_expect_text(set, "maximal_queue_lifetime is not set any more; reloaded");
        set_expect(set, MAIN_CF, ordinary);
        after = set_stat(set, MAIN_CF);
        assert_int_equal(after.st_ino, before.st_ino);
        assert_int_equal(after.st_nlink, 1);
        assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
        assert_false(set_is_there(set, RECORD));
        assert_int_equal(set->n_reloads, 2);
}

static void it_may_be_asked_for_again(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_undo(set), 0);
        set_expect_text(set, "nothing of it is on record");
        assert_int_equal(set_act(set), 0);
        assert_int_equal(set_undo(set), 0);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set->n_reloads, 2);
}

static void an_edit_of_something_else_is_kept(void **state) {
        struct set_relay *set = *state;

        set_replace(set, "maximal_queue_lifetime = 6d\nrelayhost = a.example\n");
        assert_int_equal(set_act(set), 0);
        set_replace(set, "# mine\nrelayhost = b.example\nmaximal_queue_lifetime = 28d\n");
        assert_int_equal(chmod(scratch_path(&set->relay.scratch, MAIN_CF), 0600), 0);
        assert_int_equal(set_undo(set), 0);
        set_expect_text(set, "maximal_queue_lifetime = 6d again");
        set_expect(set, MAIN_CF, "# mine\nrelayhost = b.example\nmaximal_queue_lifetime = 6d\n");
        assert_int_equal(set_stat(set, MAIN_CF).st_mode & 07777, 0600);
        assert_false(set_is_there(set, RECORD));
}

static void an_edit_that_leaves_the_last_line_without_an_end_is_kept(void **state) {
        struct set_relay *set = *state;

        set_replace(set, "maximal_queue_lifetime = 6d\nrelayhost = a.example\n");
        assert_int_equal(set_act(set), 0);
        set_replace(set, "maximal_queue_lifetime = 28d\nrelayhost = b.example");
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, "relayhost = b.example\nmaximal_queue_lifetime = 6d\n");
}

static void another_mode_is_kept_as_well(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        assert_int_equal(chmod(scratch_path(&set->relay.scratch, MAIN_CF), 0600), 0);
        assert_int_equal(set_undo(set), 0);
        assert_int_equal(set_stat(set, MAIN_CF).st_mode & 07777, 0600);
}

static void what_an_admin_made_of_the_setting_stays(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        set_replace(set, "relayhost = b.example\nmaximal_queue_lifetime = 12d\n");
        assert_int_equal(set_undo(set), 0);
        set_expect_text(set, "maximal_queue_lifetime was changed by somebody else since and stays");
        set_expect(set, MAIN_CF, "relayhost = b.example\nmaximal_queue_lifetime = 12d\n");
        assert_false(set_is_there(set, RECORD));
        assert_int_equal(set->n_reloads, 1);
}

static void of_two_settings_only_ours_goes_back(void **state) {
        struct set_relay *set = *state;

        set->settings[1] = "queue_run_delay = 60s";
        assert_int_equal(set_act(set), 0);
        set_replace(set, "queue_run_delay = 60s\nmaximal_queue_lifetime = 12d\n");
        assert_int_equal(set_undo(set), 0);
        set_expect_text(set,
                "queue_run_delay is not set any more, maximal_queue_lifetime was changed by somebody else");
        set_expect(set, MAIN_CF, "maximal_queue_lifetime = 12d\n");
}

static void what_is_as_before_by_hand_is_only_read_again(void **state) {
        struct set_relay *set = *state;
        struct spool_file *file;

        assert_int_equal(set_act(set), 0);
        set_replace(set, "relayhost = b.example\n");
        file = set_add(set, "deferred", 6 * DAY, false);
        assert_int_equal(set_undo(set), -EAGAIN);
        spool_remove(&set->relay.spool, file);
        assert_int_equal(set_undo(set), 0);
        set_expect_text(set, "the settings are as they were before");
        set_expect(set, MAIN_CF, "relayhost = b.example\n");
        assert_false(set_is_there(set, RECORD));
}

/* One message that is too old for the old lifetime, in that queue. */
static void expect_refused(struct set_relay *set, const char *queue, bool is_bounce, const char *text) {
        struct spool_file *file = set_add(set, queue, 6 * DAY, is_bounce);
        char *is;

        assert_int_equal(set_undo(set), -EAGAIN);
        set_expect_text(set, text);
        assert_int_equal(set->relay.bench.outcome.count, 1);
        is = set_read(set, MAIN_CF);
        assert_non_null(strstr(is, "maximal_queue_lifetime = 28d"));
        free(is);
        assert_true(set_is_there(set, RECORD "/before"));
        spool_remove(&set->relay.spool, file);
}

static void a_lifetime_stays_while_mail_would_be_returned_for_it(void **state) {
        static const char *const queues[] = {"deferred", "hold", "incoming", "active"};
        struct set_relay *set = *state;

        set_add(set, "deferred", 3 * DAY, false);
        set_add(set, "hold", 3 * DAY, true);
        assert_int_equal(set_act(set), 0);
        for (size_t i = 0; i < ELEMENTSOF(queues); i++)
                expect_refused(set, queues[i], false,
                        "1 messages are older than 5d: they would be returned to their senders");
        assert_int_equal(set->n_reloads, 1);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
}

static void it_stays_for_bounces_by_their_own_lifetime(void **state) {
        struct set_relay *set = *state;

        set_replace(set, "bounce_queue_lifetime = 2d\n");
        set->settings[1] = "bounce_queue_lifetime = 28d";
        assert_int_equal(set_act(set), 0);
        expect_refused(set, "deferred", true, "1 bounces are older than 2d");
        set_add(set, "deferred", 4 * DAY, false);
        assert_int_equal(set_undo(set), 0);
}

static void it_stays_for_what_has_no_try_left_before(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        set_add(set, "deferred", 5 * DAY - 1800, false);
        assert_int_equal(set_undo(set), -EAGAIN);
        set_expect_text(set, "1 messages will be too old before they are tried again");
}

static void it_stays_for_what_cannot_be_read(void **state) {
        struct set_relay *set = *state;
        struct spool_file *file;

        assert_int_equal(set_act(set), 0);
        file = set_add(set, "deferred", DAY, false);
        assert_int_equal(truncate(spool_path(&set->relay.spool, "deferred", file->id), 40), 0);
        assert_int_equal(set_undo(set), -EAGAIN);
        set_expect_text(set, "1 messages cannot be read and may be too old");
}

static void an_admin_who_lowered_it_is_not_asked_for_his_mail(void **state) {
        struct set_relay *set = *state;

        set->settings[1] = "queue_run_delay = 60s";
        assert_int_equal(set_act(set), 0);
        set_add(set, "deferred", 6 * DAY, false);
        set_replace(set, "queue_run_delay = 60s\nmaximal_queue_lifetime = 4d\n");
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, "maximal_queue_lifetime = 4d\n");
}

/* Too late to be seen by the first look. */
static void mail_comes_in(struct set_relay *set) {
        set_add(set, "hold", 6 * DAY, false);
}

static void mail_that_is_found_when_the_old_file_is_in_place_brings_ours_back(void **state) {
        struct set_relay *set = *state;
        struct stat ours;
        char *is;

        assert_int_equal(set_act(set), 0);
        ours = set_stat(set, MAIN_CF);
        set->at_exchange = mail_comes_in;
        assert_int_equal(set_undo(set), -EAGAIN);
        set_expect_text(set, "1 messages are older than 5d");
        is = set_read(set, MAIN_CF);
        assert_non_null(strstr(is, "maximal_queue_lifetime = 28d"));
        free(is);
        assert_int_equal(set_stat(set, MAIN_CF).st_ino, ours.st_ino);
        set_expect(set, RECORD "/before", ordinary);
        assert_int_equal(set->n_reloads, 1);
}

/* As postconf does, or an editor. */
static void somebody_replaces_it(struct set_relay *set) {
        set_replace(set, "maximal_queue_lifetime = 28d\nrelayhost = his.example\n");
}

static void an_edit_at_the_same_moment_is_kept_and_the_undo_comes_later(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        set->at_exchange = somebody_replaces_it;
        assert_int_equal(set_undo(set), -EBUSY);
        set_expect(set, MAIN_CF, "maximal_queue_lifetime = 28d\nrelayhost = his.example\n");
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, "relayhost = his.example\n");
}

static void a_reload_that_fails_is_made_up_for(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        set->reload_results[1] = -EIO;
        assert_int_equal(set_undo(set), -EIO);
        set_expect(set, MAIN_CF, ordinary);
        assert_true(set_is_there(set, RECORD "/restored"));
        assert_int_equal(set_undo(set), 0);
        assert_int_equal(set->n_reloads, 3);
        assert_false(set_is_there(set, RECORD));
}

static void expect_ours_in_force(const struct set_relay *set) {
        char *is = set_read(set, MAIN_CF);

        assert_non_null(is);
        assert_non_null(strstr(is, "maximal_queue_lifetime = 28d"));
        free(is);
        assert_false(set_is_there(set, RECORD "/restored"));
}

static void what_somebody_else_put_back_is_his_and_no_lifetime_is_said_to_stay(void **state) {
        struct set_relay *set = *state;
        struct spool_file *file;

        assert_int_equal(set_act(set), 0);
        set_replace(set, ordinary);
        file = set_add(set, "deferred", 6 * DAY, false);
        assert_int_equal(set_undo(set), -EAGAIN);
        set_expect_text(set, "so Postfix is not reloaded until they are gone");
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set->n_reloads, 1);
        spool_remove(&set->relay.spool, file);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
        assert_false(set_is_there(set, RECORD));
}

static void mail_that_ages_until_the_reload_can_be_made_brings_ours_back(void **state) {
        struct set_relay *set = *state;
        const struct stat before = set_stat(set, MAIN_CF);
        struct spool_file *file;

        assert_int_equal(set_act(set), 0);
        set->reload_results[1] = -EIO;
        assert_int_equal(set_undo(set), -EIO);
        set_expect(set, MAIN_CF, ordinary);
        file = set_add(set, "deferred", 6 * DAY, false);
        assert_int_equal(set_undo(set), -EAGAIN);
        set_expect_text(set, "so the lifetime stays until they are gone");
        assert_null(strstr(set->relay.bench.outcome.text, "has the old one already"));
        expect_ours_in_force(set);
        assert_int_equal(set_undo(set), -EAGAIN);
        expect_ours_in_force(set);
        assert_int_equal(set->n_reloads, 2);
        spool_remove(&set->relay.spool, file);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set_stat(set, MAIN_CF).st_ino, before.st_ino);
        assert_false(set_is_there(set, RECORD));
}

static void with_what_somebody_else_had_edited_as_well(void **state) {
        struct set_relay *set = *state;
        struct spool_file *file;

        assert_int_equal(set_act(set), 0);
        set_replace(set, "relayhost = b.example\nmaximal_queue_lifetime = 28d\n");
        set->reload_results[1] = -EIO;
        assert_int_equal(set_undo(set), -EIO);
        set_expect(set, MAIN_CF, "relayhost = b.example\n");
        file = set_add(set, "deferred", 6 * DAY, false);
        assert_int_equal(set_undo(set), -EAGAIN);
        set_expect(set, MAIN_CF, "relayhost = b.example\nmaximal_queue_lifetime = 28d\n");
        assert_false(set_is_there(set, RECORD "/restored"));
        spool_remove(&set->relay.spool, file);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, "relayhost = b.example\n");
        assert_false(set_is_there(set, RECORD));
}

static void what_was_written_since_it_came_back_is_left_alone_and_told(void **state) {
        static const char *const his[] = {"relayhost = b.example\n", "maximal_queue_lifetime = 4d\n"};
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        set->reload_results[1] = -EIO;
        assert_int_equal(set_undo(set), -EIO);
        set_add(set, "deferred", 6 * DAY, false);
        for (size_t i = 0; i < ELEMENTSOF(his); i++) {
                char text[1024];

                snprintf(text, sizeof(text), "%s\n%s", ordinary, his[i]);
                usleep(20000); /* the clock of a file has ticks */
                set_replace(set, text);
                assert_int_equal(set_undo(set), -EAGAIN);
                set_expect_text(set, "main.cf has the old one already, and a reload would return them");
                set_expect(set, MAIN_CF, text);
        }
}

static void a_postfix_that_is_down_reads_it_when_it_starts(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        set->check_result = -ESRCH;
        assert_int_equal(set_undo(set), 0);
        set_expect_text(set, "Postfix is not running");
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set->n_reloads, 1);
}

static void move_in_record(struct set_relay *set, const char *from, const char *to) {
        char path[256];

        snprintf(path, sizeof(path), "%s", scratch_path(&set->relay.scratch, from));
        assert_int_equal(rename(path, scratch_path(&set->relay.scratch, to)), 0);
}

static void what_was_cut_short_before_the_exchange_was_never_in_force(void **state) {
        struct set_relay *set = *state;
        char before[256];

        scratch_mkdir(&set->relay.scratch, RECORD);
        assert_int_equal(chmod(scratch_path(&set->relay.scratch, RECORD), 0700), 0);
        scratch_write(&set->relay.scratch, RECORD "/main.cf", "half of i");
        snprintf(before, sizeof(before), "%s", scratch_path(&set->relay.scratch, RECORD "/before"));
        assert_int_equal(link(scratch_path(&set->relay.scratch, MAIN_CF), before), 0);
        assert_int_equal(set_undo(set), 0);
        set_expect_text(set, "nothing had been changed");
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set_stat(set, MAIN_CF).st_nlink, 1);
        assert_false(set_is_there(set, RECORD));
        assert_int_equal(set->n_reloads, 0);
}

static void what_was_cut_short_behind_the_exchange_back_is_read(void **state) {
        struct set_relay *set = *state;
        struct spool_file *file;

        assert_int_equal(set_act(set), 0);
        move_in_record(set, MAIN_CF, RECORD "/x");
        move_in_record(set, RECORD "/before", MAIN_CF);
        move_in_record(set, RECORD "/x", RECORD "/before");
        file = set_add(set, "active", 6 * DAY, false);
        assert_int_equal(set_undo(set), -EAGAIN);
        expect_ours_in_force(set);
        set_expect(set, RECORD "/before", ordinary);
        assert_int_equal(set->n_reloads, 1);
        spool_remove(&set->relay.spool, file);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set->n_reloads, 2);
        assert_false(set_is_there(set, RECORD));
}

static void a_record_that_somebody_removed_is_his_word(void **state) {
        struct set_relay *set = *state;
        char *is;

        assert_int_equal(set_act(set), 0);
        move_in_record(set, RECORD, "etc/away");
        assert_int_equal(set_undo(set), 0);
        is = set_read(set, MAIN_CF);
        assert_non_null(strstr(is, "maximal_queue_lifetime = 28d"));
        free(is);
}

/* The directory of its configuration, or main.cf alone. */
static void remove_config(const struct set_relay *set, const char *moved_to) {
        char from[256];

        snprintf(from, sizeof(from), "%s", scratch_path(&set->relay.scratch, "etc/postfix"));
        assert_int_equal(rename(from, scratch_path(&set->relay.scratch, moved_to)), 0);
}

static void an_instance_that_is_gone_is_told_and_how_to_forget_it(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        remove_config(set, "gone");
        assert_true(set_undo(set) < 0);
        assert_true(set->relay.bench.outcome.is_gone);
        set_expect_text(set, "no main.cf of Postfix instance \"-\" is there any more");
        set_expect_text(set, "`spoolguardctl return --forget 7`");
}

static void what_may_only_have_moved_is_not_taken_for_gone(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        remove_config(set, "etc/postfix.old");
        assert_true(set_undo(set) < 0);
        assert_false(set->relay.bench.outcome.is_gone);
        set_expect_text(set, "/etc/postfix.old/main.cf.spoolguard-7 is there");
        set_expect_text(set, "`spoolguardctl return --forget --anyway 7`");
}

/* As when the package of Postfix is purged: the record keeps the directory. */
static void a_record_that_is_left_alone_tells_how_to_go_on(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        assert_int_equal(unlink(scratch_path(&set->relay.scratch, MAIN_CF)), 0);
        assert_true(set_undo(set) < 0);
        assert_false(set->relay.bench.outcome.is_gone);
        set_expect_text(set, "/etc/postfix/main.cf.spoolguard-7 is there");
        set_expect_text(set, "`spoolguardctl return --forget --anyway 7`");
}

static void what_cannot_be_read_is_not_taken_for_gone(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        assert_int_equal(chmod(scratch_path(&set->relay.scratch, MAIN_CF), 0666), 0);
        assert_true(set_undo(set) < 0);
        assert_false(set->relay.bench.outcome.is_gone);
}

static void what_he_put_beside_the_record_is_not_removed(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        scratch_write(&set->relay.scratch, RECORD "/notes", "mine");
        assert_int_equal(set_undo(set), 0);
        set_expect(set, RECORD "/notes", "mine");
        assert_false(set_is_there(set, RECORD "/after"));
}

static void a_record_that_others_can_write_is_not_believed(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        assert_int_equal(chmod(scratch_path(&set->relay.scratch, RECORD), 0777), 0);
        assert_int_equal(set_undo(set), -EPERM);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_SET(it_comes_back_to_the_byte_and_is_the_same_file),
                WITH_SET(it_may_be_asked_for_again),
                WITH_SET(an_edit_of_something_else_is_kept),
                WITH_SET(an_edit_that_leaves_the_last_line_without_an_end_is_kept),
                WITH_SET(another_mode_is_kept_as_well),
                WITH_SET(what_an_admin_made_of_the_setting_stays),
                WITH_SET(of_two_settings_only_ours_goes_back),
                WITH_SET(what_is_as_before_by_hand_is_only_read_again),
                WITH_SET(a_lifetime_stays_while_mail_would_be_returned_for_it),
                WITH_SET(it_stays_for_bounces_by_their_own_lifetime),
                WITH_SET(it_stays_for_what_has_no_try_left_before),
                WITH_SET(it_stays_for_what_cannot_be_read),
                WITH_SET(an_admin_who_lowered_it_is_not_asked_for_his_mail),
                WITH_SET(mail_that_is_found_when_the_old_file_is_in_place_brings_ours_back),
                WITH_SET(an_edit_at_the_same_moment_is_kept_and_the_undo_comes_later),
                WITH_SET(a_reload_that_fails_is_made_up_for),
                WITH_SET(what_somebody_else_put_back_is_his_and_no_lifetime_is_said_to_stay),
                WITH_SET(mail_that_ages_until_the_reload_can_be_made_brings_ours_back),
                WITH_SET(with_what_somebody_else_had_edited_as_well),
                WITH_SET(what_was_written_since_it_came_back_is_left_alone_and_told),
                WITH_SET(a_postfix_that_is_down_reads_it_when_it_starts),
                WITH_SET(what_was_cut_short_before_the_exchange_was_never_in_force),
                WITH_SET(what_was_cut_short_behind_the_exchange_back_is_read),
                WITH_SET(a_record_that_somebody_removed_is_his_word),
                WITH_SET(an_instance_that_is_gone_is_told_and_how_to_forget_it),
                WITH_SET(what_may_only_have_moved_is_not_taken_for_gone),
                WITH_SET(a_record_that_is_left_alone_tells_how_to_go_on),
                WITH_SET(what_cannot_be_read_is_not_taken_for_gone),
                WITH_SET(what_he_put_beside_the_record_is_not_removed),
                WITH_SET(a_record_that_others_can_write_is_not_believed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
