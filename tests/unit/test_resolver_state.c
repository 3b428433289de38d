/* SPDX-License-Identifier: MIT */
/* test_resolver_state - when Postfix asks by another configuration than the present one, and how that is said */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "postfix/process.h"
#include "postfix/resolver_state.h"
#include "process_support.h"
#include "support/scratch.h"

#define NOW INT64_C(1800000000)

/* Postfix was reloaded a day ago, an agent runs since an hour, and nothing changed. */
static struct resolver_facts at_peace(void) {
        struct resolver_facts facts = {.now_seconds = NOW,
                .is_seen = true,
                .is_running = true,
                .has_qmgr = true,
                .qmgr_seconds = NOW - 86400,
                .is_used = {true, true}};

        for (int side = 0; side < RESOLVER_SIDES; side++)
                facts.oldest[side] =
                        (struct resolver_agent){.name = "smtp", .pid = 812, .since_seconds = NOW - 3600};
        return facts;
}

static struct resolver_verdict judge(struct resolver_facts facts) {
        struct resolver_verdict verdict;

        /* A verdict points to the agent, and nobody here follows it. */
        resolver_state_judge(&facts, &verdict);
        return verdict;
}

#define JUDGE(change)                                     \
        ({                                                \
                struct resolver_facts facts = at_peace(); \
                change;                                   \
                judge(facts).state;                       \
        })

static void nothing_changed_is_current(void **state) {
        (void)state;
        assert_int_equal(JUDGE((void)0), RESOLVER_CURRENT);
        assert_int_equal(JUDGE(facts.changed_seconds[RESOLVER_OUTSIDE] = NOW - 7200), RESOLVER_CURRENT);
}

static void an_agent_that_is_older_than_a_change_and_lives_is_stale(void **state) {
        (void)state;
        for (int side = 0; side < RESOLVER_SIDES; side++) {
                assert_int_equal(JUDGE(facts.changed_seconds[side] = NOW - 10), RESOLVER_STALE);
                /* It may be about to go. */
                assert_int_equal(JUDGE(facts.changed_seconds[side] = NOW - 4), RESOLVER_CURRENT);
                assert_int_equal(JUDGE((facts.changed_seconds[side] = NOW - 29, facts.is_guess[side] = true)),
                        RESOLVER_CURRENT);
                assert_int_equal(JUDGE((facts.changed_seconds[side] = NOW - 30, facts.is_guess[side] = true)),
                        RESOLVER_STALE);
                /* Started in the same second: nobody knows which came first. */
                assert_int_equal(JUDGE(facts.changed_seconds[side] = NOW - 3600 + 2), RESOLVER_CURRENT);
                assert_int_equal(JUDGE((facts.changed_seconds[side] = NOW - 10, facts.is_used[side] = false)),
                        RESOLVER_CURRENT);
                assert_int_equal(
                        JUDGE((facts.changed_seconds[side] = NOW - 10, facts.oldest[side].name[0] = '\0')),
                        RESOLVER_CURRENT);
        }
}

/* In a long delivery it outlives the reload, and goes when that is done. */
static void a_reload_since_the_change_is_all_that_can_be_done(void **state) {
        (void)state;
        assert_int_equal(
                JUDGE((facts.changed_seconds[RESOLVER_OUTSIDE] = NOW - 100, facts.qmgr_seconds = NOW - 50)),
                RESOLVER_CURRENT);
        assert_int_equal(JUDGE((facts.changed_seconds[RESOLVER_OUTSIDE] = NOW - 100, facts.has_qmgr = false)),
                RESOLVER_UNKNOWN);
}

static void a_copy_that_drifted_is_stale_where_something_uses_it(void **state) {
        (void)state;
        for (int copy = RESOLVER_COPY_SAME; copy <= RESOLVER_COPY_UNKNOWN; copy++) {
                enum resolver_state expected = RESOLVER_CURRENT;

                if (resolver_copy_is_stale((enum resolver_copy)copy))
                        expected = RESOLVER_STALE;
                if (copy == RESOLVER_COPY_UNKNOWN)
                        expected = RESOLVER_UNKNOWN;
                assert_int_equal(
                        JUDGE(facts.copies[RESOLVER_RESOLV_CONF] = (enum resolver_copy)copy), expected);
                assert_int_equal(JUDGE((facts.copies[RESOLVER_RESOLV_CONF] = (enum resolver_copy)copy,
                                         facts.is_used[RESOLVER_INSIDE] = false)),
                        RESOLVER_CURRENT);
                assert_int_equal(
                        JUDGE(facts.copies[RESOLVER_HOSTS] = (enum resolver_copy)copy), RESOLVER_CURRENT);
                assert_int_equal(JUDGE((facts.copies[RESOLVER_HOSTS] = (enum resolver_copy)copy,
                                         facts.is_native = true)),
                        expected);
                assert_int_equal(JUDGE((facts.copies[RESOLVER_SERVICES] = (enum resolver_copy)copy,
                                         facts.is_native = true)),
                        RESOLVER_CURRENT);
        }
        /* Also when nothing runs that could be too old. */
        assert_int_equal(JUDGE((facts.copies[RESOLVER_RESOLV_CONF] = RESOLVER_COPY_DRIFTED,
                                 facts.oldest[RESOLVER_INSIDE].name[0] = '\0')),
                RESOLVER_STALE);
        assert_int_equal(
                JUDGE((facts.copies[RESOLVER_RESOLV_CONF] = RESOLVER_COPY_DRIFTED, facts.is_running = false)),
                RESOLVER_CURRENT);
}

static void who_sees_no_processes_knows_nothing(void **state) {
        (void)state;
        assert_int_equal(JUDGE(facts.is_seen = false), RESOLVER_UNKNOWN);
        assert_int_equal(JUDGE((facts.is_seen = false, facts.is_running = false)), RESOLVER_UNKNOWN);
}

static void the_sentence_names_the_process_the_change_and_the_copy(void **state) {
        const struct resolver_agent agent = {.name = "smtp", .pid = 812, .since_seconds = NOW - 1740};
        struct resolver_verdict verdict = {
                .state = RESOLVER_STALE, .agent = &agent, .changed_seconds = NOW - 60, .copy = "resolv.conf"};
        char sentence[RESOLVER_SENTENCE_MAX];

        (void)state;
        setenv("TZ", "UTC", 1);
        tzset();
        resolver_state_say(&verdict, "/var/spool/postfix", NOW, sentence);
        assert_string_equal(sentence,
                "smtp (pid 812, since 07:31) still uses the name servers of before 07:59; the copy of "
                "resolv.conf in "
                "/var/spool/postfix/etc, which the services in the chroot use, differs");
        verdict.copy = NULL;
        verdict.changed_seconds = agent.since_seconds + 12;
        resolver_state_say(&verdict, "/var/spool/postfix", NOW, sentence);
        assert_string_equal(
                sentence, "smtp (pid 812, 12 s older) still uses the name servers of before 07:31");
        verdict.agent = NULL;
        verdict.copy = "resolv.conf";
        verdict.is_missing = true;
        resolver_state_say(&verdict, "/var/spool/postfix", NOW, sentence);
        assert_string_equal(sentence,
                "there is no resolv.conf in /var/spool/postfix/etc, where the services in the chroot look "
                "for it");
}

static void the_processes_of_this_master_are_looked_at_and_no_others(void **state) {
        struct resolver_facts facts;
        struct scratch scratch;
        char config[300], spool[300];
        time_t now = time(NULL);

        (void)state;
        scratch_init(&scratch);
        snprintf(config, sizeof(config), "%s/etc/postfix", scratch.path);
        snprintf(spool, sizeof(spool), "%s/var/spool/postfix", scratch.path);
        assert_int_equal(resolver_state_look(scratch.path, spool, config, now, &facts), -ENOENT);
        scratch_write(&scratch, "etc/postfix/main.cf", "compatibility_level = 3.6\n");
        scratch_write(&scratch, "etc/postfix/master.cf",
                "smtp inet n - n - - smtpd\nsmtp unix - - y - - smtp\nqmgr unix n - n 300 1 qmgr\n");
        scratch_write(&scratch, "etc/resolv.conf", "nameserver 192.0.2.1\n");
        assert_int_equal(resolver_state_look(scratch.path, spool, config, now, &facts), 0);
        assert_false(facts.is_seen || facts.is_running);
        assert_true(facts.is_used[RESOLVER_INSIDE] && facts.is_used[RESOLVER_OUTSIDE]);
        assert_int_equal(facts.copies[RESOLVER_RESOLV_CONF], RESOLVER_COPY_MISSING);

        process_write(&scratch, 1, "systemd", 0, 90000);
        process_write(&scratch, 500, "master", 1, 9000);
        process_write(&scratch, 501, "qmgr", 500, 8000);
        process_write(&scratch, 502, "smtp", 500, 700);
        process_write(&scratch, 503, "smtp", 500, 900);
        process_write(&scratch, 504, "smtpd", 500, 100);
        process_write(&scratch, 505, "smtp", 499, 5000);
        scratch_write(&scratch, "proc/500/task/500/children", "501 502 503 504 505 506 ");
        scratch_write(&scratch, "var/spool/postfix/pid/master.pid", "                             500\n");
        assert_int_equal(resolver_state_look(scratch.path, spool, config, now, &facts), 0);
        assert_true(facts.is_seen && facts.is_running && facts.has_qmgr);
        assert_in_range(now - facts.qmgr_seconds, 7998, 8002);
        assert_int_equal(facts.oldest[RESOLVER_INSIDE].pid, 503);
        assert_in_range(now - facts.oldest[RESOLVER_INSIDE].since_seconds, 898, 902);
        assert_int_equal(facts.oldest[RESOLVER_OUTSIDE].pid, 504);
        assert_string_equal(facts.oldest[RESOLVER_OUTSIDE].name, "smtpd");

        unlink(scratch_path(&scratch, "proc/500/task/500/children"));
        assert_int_equal(resolver_state_look(scratch.path, spool, config, now, &facts), -ENOENT);
        scratch_deinit(&scratch);
}

static void count_child(const struct process *child, void *data) {
        (void)child;
        (*(unsigned *)data)++;
}

static void a_long_list_of_children_is_looked_at_in_part(void **state) {
        struct scratch scratch;
        char list[20000] = "";
        unsigned n = 0;

        (void)state;
        scratch_init(&scratch);
        process_write(&scratch, 1000, "smtp", 500, 10);
        for (int i = 0; i < 3500; i++)
                strcat(list, "1000 ");
        scratch_write(&scratch, "proc/500/task/500/children", list);
        assert_int_equal(process_children(scratch.path, 500, 512, count_child, &n), 512);
        assert_int_equal(n, 512);
        /* More than fits: the last number may have been cut, and is not asked for. */
        n = 0;
        assert_in_range(process_children(scratch.path, 500, 5000, count_child, &n), 3000, 3400);
        assert_int_equal(process_children(scratch.path, 501, 512, count_child, &n), -ENOENT);
        scratch_deinit(&scratch);
}

/* Of a file that was written before anybody looked. */
static void the_times_of_the_files_tell_what_nobody_saw(void **state) {
        struct resolver_facts facts = {.now_seconds = NOW};
        struct scratch scratch;
        char spool[300];

        (void)state;
        scratch_init(&scratch);
        snprintf(spool, sizeof(spool), "%s/var/spool/postfix", scratch.path);
        scratch_write(&scratch, "etc/resolv.conf", "nameserver 192.0.2.1\n");
        resolver_state_guess(scratch.path, spool, &facts);
        assert_in_range(facts.changed_seconds[RESOLVER_OUTSIDE], time(NULL) - 60, time(NULL));
        assert_int_equal(facts.changed_seconds[RESOLVER_INSIDE], 0);
        assert_true(facts.is_guess[RESOLVER_OUTSIDE] && facts.is_guess[RESOLVER_INSIDE]);
        /* Postfix was started with what is there now. */
        facts = (struct resolver_facts){.now_seconds = NOW};
        scratch_write(&scratch, "var/spool/postfix/etc/resolv.conf", "# a copy\nnameserver 192.0.2.1\n");
        resolver_state_guess(scratch.path, spool, &facts);
        assert_int_equal(facts.changed_seconds[RESOLVER_OUTSIDE], 0);
        assert_in_range(facts.changed_seconds[RESOLVER_INSIDE], time(NULL) - 60, time(NULL));
        scratch_deinit(&scratch);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_changed_is_current),
                cmocka_unit_test(an_agent_that_is_older_than_a_change_and_lives_is_stale),
                cmocka_unit_test(a_reload_since_the_change_is_all_that_can_be_done),
                cmocka_unit_test(a_copy_that_drifted_is_stale_where_something_uses_it),
                cmocka_unit_test(who_sees_no_processes_knows_nothing),
                cmocka_unit_test(the_sentence_names_the_process_the_change_and_the_copy),
                cmocka_unit_test(the_processes_of_this_master_are_looked_at_and_no_others),
                cmocka_unit_test(a_long_list_of_children_is_looked_at_in_part),
                cmocka_unit_test(the_times_of_the_files_tell_what_nobody_saw),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
