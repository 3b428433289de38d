/* SPDX-License-Identifier: MIT */
/* test_postpone - which messages get another time, what is said of the others, and that it can be taken back */
#include <limits.h>
#include <sys/inotify.h>

#include "postfix/mail_dir.h"
#include "postpone_support.h"

static void selected_messages_wait_and_carry_the_mark(void **state) {
        struct verb_relay *relay = *state;
        time_t before = time(NULL);

        add(relay, 12);
        verb_relay_select(relay, 0, 10);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        for (size_t i = 0; i < 10; i++) {
                struct stat status = verb_relay_stat(relay, &relay->files[i]);

                assert_true(is_marked(relay, i, LEASE));
                assert_in_range(status.st_mtim.tv_sec, before + 600, verb_relay_now() + 900);
        }
        assert_true(is_old(relay, 10) && is_old(relay, 11));
        assert_int_equal(relay->bench.outcome.count, 10);
        assert_string_equal(relay->bench.outcome.text, "10 of 10 postponed by up to 15m");
        assert_int_equal(relay->bench.n_tools, 0);
}

/* The kernel tells a change of the modification time alone as IN_MODIFY, for which nobody watches deferred. */
static void who_follows_the_spool_by_inotify_hears_of_it(void **state) {
        struct verb_relay *relay = *state;
        char path[PATH_MAX], buffer[4096] __attribute__((aligned(8)));
        int events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

        add(relay, 1);
        snprintf(path, sizeof(path), "%s", spool_path(&relay->spool, "deferred", relay->files[0].id));
        *strrchr(path, '/') = '\0';
        assert_true(inotify_add_watch(events, path, IN_ATTRIB) > 0);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_true(read(events, buffer, sizeof(buffer)) > 0);
        close(events);
}

static void a_message_that_waits_longer_keeps_its_time(void **state) {
        struct verb_relay *relay = *state;
        uint64_t later = (uint64_t)time(NULL) + 3000;

        verb_relay_add(relay, later);
        verb_relay_add(relay, OLD_RETRY);
        verb_relay_select(relay, 0, 2);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_sec, later);
        assert_int_equal(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_nsec, 0);
        assert_int_equal(relay->bench.outcome.count, 1);
        assert_string_equal(relay->bench.outcome.text, "1 of 2 postponed by up to 15m, 1 wait longer anyway");
}

static void a_renewal_moves_on_what_ends_soon_and_counts_all_of_the_lease(void **state) {
        struct verb_relay *relay = *state;
        time_t soon = time(NULL) + 100;

        add(relay, 4);
        verb_bench_act(&relay->bench, &postfix_postpone);
        verb_relay_set_time(relay, &relay->files[0], soon, (long)retry_time_mark(LEASE));
        verb_relay_select(relay, 0, 1);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_true(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_sec > soon + 400);
        assert_true(is_marked(relay, 0, LEASE));
        assert_int_equal(relay->bench.outcome.count, 4);
}

/* As postfix.retry does beside a renewal; what Postfix itself deferred meanwhile has a time to come. */
static void a_message_that_was_given_the_present_since_it_was_chosen_keeps_it(void **state) {
        struct verb_relay *relay = *state;
        time_t present = verb_relay_now();

        add(relay, 3);
        usleep(20000); /* more than a tick of the clock that stamps files */
        verb_relay_set_time(relay, &relay->files[0], present, 0);
        verb_relay_set_time(relay, &relay->files[1], present + 300, 0);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_sec, present);
        assert_false(is_marked(relay, 0, LEASE));
        assert_true(is_marked(relay, 1, LEASE) && is_marked(relay, 2, LEASE));
        assert_string_equal(relay->bench.outcome.text,
                "2 of 3 postponed by up to 15m, 1 not as they were chosen and left alone");
        verb_relay_select(relay, 0, 1);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_true(is_marked(relay, 0, LEASE));
}

static void check_says_how_many_and_changes_nothing(void **state) {
        struct verb_relay *relay = *state;

        add(relay, 3);
        spool_remove(&relay->spool, &relay->files[2]);
        relay->bench.action.lease = 0; /* in observe there is none */
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_postpone), SG_VERDICT_GO);
        assert_string_equal(relay->bench.outcome.text,
                "2 of 3 messages for example.test would be postponed by up to 15m, "
                "1 left the deferred queue meanwhile");
        assert_true(is_old(relay, 0) && is_old(relay, 1));
        spool_remove(&relay->spool, &relay->files[0]);
        spool_remove(&relay->spool, &relay->files[1]);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_postpone), SG_VERDICT_NOTHING);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), -EINVAL);
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), -EINVAL);
}

static void messages_delivered_meanwhile_are_counted(void **state) {
        struct verb_relay *relay = *state;

        add(relay, 5);
        spool_remove(&relay->spool, &relay->files[1]);
        spool_move(&relay->spool, &relay->files[3], "active");
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_string_equal(relay->bench.outcome.text,
                "3 of 5 postponed by up to 15m, 2 left the deferred queue meanwhile");
        assert_true(is_old(relay, 3));
}

static struct mail_dir open_deferred(struct verb_relay *relay) {
        struct mail_dir deferred;

        assert_int_equal(mail_dir_open(relay->spool.path, "deferred", &deferred), 0);
        assert_int_equal(geteuid(), relay->owner);
        return deferred;
}

static void a_message_held_in_between_gets_its_time_back(void **state) {
        struct verb_relay *relay = *state;
        const struct timespec later = {time(NULL) + 500, (long)retry_time_mark(LEASE)};
        struct spool_file *file = verb_relay_add(relay, OLD_RETRY);
        struct mail_dir deferred = open_deferred(relay);
        struct mail_file message;

        assert_int_equal(mail_dir_find(&deferred, file->id, file->inode, &message), 0);
        spool_move(&relay->spool, file, "hold");
        assert_int_equal(mail_dir_set_time(&deferred, &message, later), MAIL_GONE);
        mail_file_close(&message);
        mail_dir_close(&deferred);
        assert_true(is_old(relay, 0));
}

static void root_is_root_again_afterwards(void **state) {
        struct verb_relay *relay = *state;

        add(relay, 1);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(geteuid(), getuid());
        assert_int_equal(getegid(), getgid());
        relay->bench.action.selection_fd = -1;
        assert_true(verb_bench_act(&relay->bench, &postfix_postpone) < 0);
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(geteuid(), getuid());
        assert_int_equal(getegid(), getgid());
}

static void a_mark_survives_a_rename_but_not_what_postfix_sets(void **state) {
        struct verb_relay *relay = *state;

        add(relay, 2);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        spool_move(&relay->spool, &relay->files[0], "hold");
        spool_move(&relay->spool, &relay->files[0], "deferred");
        spool_move(&relay->spool, &relay->files[1], "active");
        spool_set_retry(&relay->spool, &relay->files[1], (uint64_t)time(NULL) + 4000);
        spool_move(&relay->spool, &relay->files[1], "deferred");
        assert_true(is_marked(relay, 0, LEASE));
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 1);
        assert_true(verb_relay_stat(relay, &relay->files[1]).st_mtim.tv_sec > time(NULL) + 3900);
}

static void undo_returns_its_own_lease_and_nothing_else(void **state) {
        struct verb_relay *relay = *state;
        time_t now = time(NULL);

        add(relay, 6);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        verb_relay_set_time(relay, &relay->files[1], now + 500, (long)retry_time_mark(LEASE + 1));
        verb_relay_set_time(relay, &relay->files[2], now + 500, 0);
        verb_relay_set_time(relay, &relay->files[3], now - 500, (long)retry_time_mark(LEASE)); /* lapsed */
        spool_move(&relay->spool, &relay->files[4], "hold");
        verb_relay_set_time(relay, &relay->files[5], now + 2, (long)retry_time_mark(LEASE));
        verb_relay_take_selection(relay, -1);

        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_string_equal(relay->bench.outcome.text, "2 messages are retried over the next 5m");
        assert_int_equal(relay->bench.outcome.count, 2);
        assert_in_range(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_sec, now, now + 305);
        assert_int_equal(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_nsec, 0);
        assert_in_range(verb_relay_stat(relay, &relay->files[5]).st_mtim.tv_sec, now, now + 2);
        assert_true(is_marked(relay, 1, LEASE + 1));
        assert_int_equal(verb_relay_stat(relay, &relay->files[2]).st_mtim.tv_sec, now + 500);
        assert_int_equal(verb_relay_stat(relay, &relay->files[3]).st_mtim.tv_sec, now - 500);
        assert_true(is_marked(relay, 4, LEASE)); /* an admin's hold is not looked into */

        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 0);
}

static void every_hash_depth_is_found(void **state) {
        for (unsigned depth = 0; depth <= QUEUE_HASH_DEPTH_MAX; depth++) {
                struct verb_relay *relay = *state;

                for (unsigned i = 0; i < 6; i++) { /* two depths in one spool, as while it is changed */
                        relay->spool.hash_depth = i < 3 ? depth : 1;
                        verb_relay_add(relay, OLD_RETRY);
                }
                verb_relay_select(relay, 0, 6);
                assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
                assert_string_equal(relay->bench.outcome.text, "6 of 6 postponed by up to 15m");
                assert_int_equal(relay->bench.outcome.count, 6);
                assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
                assert_int_equal(relay->bench.outcome.count, 6);
                teardown(state);
                setup(state);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_RELAY(selected_messages_wait_and_carry_the_mark),
                WITH_RELAY(who_follows_the_spool_by_inotify_hears_of_it),
                WITH_RELAY(a_message_that_waits_longer_keeps_its_time),
                WITH_RELAY(a_renewal_moves_on_what_ends_soon_and_counts_all_of_the_lease),
                WITH_RELAY(a_message_that_was_given_the_present_since_it_was_chosen_keeps_it),
                WITH_RELAY(check_says_how_many_and_changes_nothing),
                WITH_RELAY(messages_delivered_meanwhile_are_counted),
                WITH_RELAY(a_message_held_in_between_gets_its_time_back),
                WITH_RELAY(root_is_root_again_afterwards),
                WITH_RELAY(a_mark_survives_a_rename_but_not_what_postfix_sets),
                WITH_RELAY(undo_returns_its_own_lease_and_nothing_else),
                WITH_RELAY(every_hash_depth_is_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
