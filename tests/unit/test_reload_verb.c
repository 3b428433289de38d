/* SPDX-License-Identifier: MIT */
/*
 * test_reload_verb - a reload counts only with a new queue manager that stays alive, and says why not
 *
 * How long that is, is counted in looks with a pause between them.  Here the pause is a function, so what happens
 * between two looks is the test's to say and no machine is too busy for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "postfix/master.h"
#include "postfix/postfix.h"
#include "support/verb_relay.h"

#define MSEC UINT64_C(1000)

static time_t seconds_since; /* for which the queue manager has been running, it is said */

time_t __wrap_order_wall_clock(void);

time_t __wrap_order_wall_clock(void) {
        return verb_relay_now() + seconds_since;
}

/* Between two looks: what becomes of the queue manager.  NULL: nothing. */
static void (*meanwhile)(struct verb_relay *relay);
static struct verb_relay *paused;
static uint64_t paused_usec;

int __wrap_nanosleep(const struct timespec *time, struct timespec *left);

int __wrap_nanosleep(const struct timespec *time, struct timespec *left) {
        (void)left;
        paused_usec += (uint64_t)time->tv_sec * 1000 * MSEC + (uint64_t)time->tv_nsec / 1000;
        if (meanwhile)
                meanwhile(paused);
        return 0;
}

static int setup(void **state) {
        struct verb_relay *relay = malloc(sizeof(*relay));

        if (!relay)
                return -1;
        verb_relay_init(relay);
        verb_relay_start(relay);
        seconds_since = 60;
        meanwhile = NULL;
        paused = relay;
        paused_usec = 0;
        scratch_write(&relay->scratch, "etc/postfix/main.cf", "");
        scratch_write(&relay->scratch, "etc/postfix/master.cf", "");
        *state = relay;
        return 0;
}

static int teardown(void **state) {
        verb_relay_deinit(*state);
        free(*state);
        return 0;
}

static int reloads(struct verb_bench *bench, char *output, size_t size) {
        (void)output;
        (void)size;
        verb_relay_new_qmgr((struct verb_relay *)bench);
        return 0;
}

static int fails(struct verb_bench *bench, char *output, size_t size) {
        (void)bench;
        snprintf(output, size, "Failed to reload postfix@-.service: Unit not found.\nSee the log.");
        return 5;
}

static struct master_process qmgr_of(const struct verb_relay *relay) {
        struct master_process qmgr;

        assert_true(master_find_qmgr(relay->scratch.path, relay->master, &qmgr));
        return qmgr;
}

static void it_goes_through_systemd_and_a_new_queue_manager_is_waited_for(void **state) {
        struct verb_relay *relay = *state;
        struct master_process before = qmgr_of(relay);

        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_reload), SG_VERDICT_GO);
        assert_int_equal(relay->bench.n_tools, 0);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_reload), 0);
        assert_string_equal(relay->bench.command, "/usr/bin/systemctl reload postfix@-.service");
        assert_int_equal(relay->bench.outcome.count, 1);
        assert_int_not_equal(qmgr_of(relay).pid, before.pid);
}

static void what_systemctl_says_is_told(void **state) {
        struct verb_relay *relay = *state;

        relay->bench.tool = fails;
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_reload), -EIO);
        assert_string_equal(relay->bench.outcome.text,
                "systemctl reload postfix@-.service failed (5): Failed to reload postfix@-.service: Unit not "
                "found.");
}

static void a_postfix_that_is_down_is_not_reloaded(void **state) {
        struct verb_relay *relay = *state;

        relay->args[RELOAD_ARG_INSTANCE].text = "other";
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_reload), SG_VERDICT_REFUSED);
        assert_non_null(strstr(relay->bench.outcome.text, "no configured spool"));
        relay->args[RELOAD_ARG_INSTANCE].text = "-";
        verb_relay_stop(relay);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_reload), SG_VERDICT_REFUSED);
        assert_string_equal(relay->bench.outcome.text, "Postfix is not running");
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_reload), -ESRCH);
        assert_int_equal(relay->bench.n_tools, 0);
}

/* Written so many seconds after the queue manager was started. */
static void write_later(const struct verb_relay *relay, const char *name, time_t seconds) {
        const struct timespec time = {.tv_sec = verb_relay_now() + seconds};
        char path[64];

        snprintf(path, sizeof(path), "etc/postfix/%s", name);
        scratch_write(&relay->scratch, path, "# half of it\n");
        assert_return_code(utimensat(AT_FDCWD, scratch_path(&relay->scratch, path),
                                   (const struct timespec[]){time, time}, 0),
                errno);
}

static void what_postfix_has_not_read_yet_is_not_put_in_force(void **state) {
        static const char *const names[] = {"main.cf", "master.cf"};
        struct verb_relay *relay = *state;
        char says[96];

        relay->bench.tool = reloads;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                write_later(relay, names[i], 30);
                assert_int_equal(verb_bench_check(&relay->bench, &postfix_reload), SG_VERDICT_REFUSED);
                snprintf(says, sizeof(says), "/etc/postfix/%s was written at ", names[i]);
                assert_non_null(strstr(relay->bench.outcome.text, says));
                assert_non_null(strstr(relay->bench.outcome.text, "Postfix has not read it yet"));
                assert_int_equal(verb_bench_act(&relay->bench, &postfix_reload), -EPERM);
                assert_int_equal(relay->bench.n_tools, 0);
                write_later(relay, names[i], -3600);
        }
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_reload), 0);
}

static void for_a_time_yet_to_come_a_reload_alone_is_no_remedy_and_another_one_is_told(void **state) {
        struct verb_relay *relay = *state;

        relay->bench.tool = reloads;
        seconds_since = 0;
        write_later(relay, "main.cf", (time_t)400 * 86400);
        verb_relay_new_qmgr(relay);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_reload), SG_VERDICT_REFUSED);
        assert_non_null(strstr(relay->bench.outcome.text, "/etc/postfix/main.cf was written at "));
        assert_non_null(strstr(relay->bench.outcome.text, "touch it, then reload Postfix"));
        assert_null(strstr(relay->bench.outcome.text, "has not read it yet"));
        write_later(relay, "main.cf", 0);
        verb_relay_new_qmgr(relay);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_reload), 0);
}

static void without_a_queue_manager_there_is_nothing_that_a_reload_could_spoil(void **state) {
        struct verb_relay *relay = *state;

        relay->bench.tool = reloads;
        write_later(relay, "main.cf", 30);
        verb_relay_end_qmgr(relay);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_reload), SG_VERDICT_GO);
}

static void a_configuration_that_cannot_be_looked_at_is_none_that_was_read(void **state) {
        struct verb_relay *relay = *state;

        assert_return_code(unlink(scratch_path(&relay->scratch, "etc/postfix/master.cf")), errno);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_reload), SG_VERDICT_REFUSED);
        assert_non_null(strstr(relay->bench.outcome.text, "/etc/postfix/master.cf cannot be looked at"));
}

static int await(struct verb_relay *relay, const struct master_process *before, uint64_t limit_usec) {
        paused_usec = 0;
        return master_await_qmgr(relay->scratch.path, relay->spool.path, before, 300 * MSEC, limit_usec);
}

static void the_queue_manager_of_before_does_not_count(void **state) {
        struct verb_relay *relay = *state;
        struct master_process before = qmgr_of(relay);

        assert_int_equal(await(relay, &before, 500 * MSEC), -ETIME);
        assert_in_range(paused_usec, 500 * MSEC, 600 * MSEC);
        verb_relay_end_qmgr(relay);
        assert_int_equal(await(relay, &before, 500 * MSEC), -ETIME);
        verb_relay_new_qmgr(relay);
        assert_int_equal(await(relay, &before, 2000 * MSEC), 0);
        assert_in_range(paused_usec, 300 * MSEC, 400 * MSEC);
}

static void dies_young(struct verb_relay *relay) {
        if (paused_usec % (200 * MSEC) == 0)
                verb_relay_new_qmgr(relay);
}

static void lives_at_last(struct verb_relay *relay) {
        if (paused_usec <= 1000 * MSEC)
                verb_relay_new_qmgr(relay);
}

static void nor_do_new_ones_that_die_one_after_the_other(void **state) {
        struct verb_relay *relay = *state;
        struct master_process before = qmgr_of(relay);

        meanwhile = dies_young;
        assert_int_equal(await(relay, &before, 2000 * MSEC), -ETIME);
        meanwhile = lives_at_last;
        assert_int_equal(await(relay, &before, 2000 * MSEC), 0);
        assert_in_range(paused_usec, 1300 * MSEC, 1400 * MSEC);
}

static void a_master_that_ends_is_said_to_be_gone(void **state) {
        struct verb_relay *relay = *state;
        struct master_process before = qmgr_of(relay);

        verb_relay_stop(relay);
        assert_int_equal(await(relay, &before, 200 * MSEC), -ESRCH);
}

static void only_a_process_called_master_is_one(void **state) {
        static const char *const texts[] = {
                "", "x", "0", "1", "-5", "99999999999999999999", "               "};
        struct verb_relay *relay = *state;
        char own[64];
        pid_t master;

        assert_true(master_find(relay->scratch.path, relay->spool.path, &master));
        assert_int_equal(master, relay->master);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                scratch_write(&relay->scratch, SPOOL_DIRECTORY "/pid/master.pid", texts[i]);
                assert_false(master_find(relay->scratch.path, relay->spool.path, &master));
        }
        snprintf(own, sizeof(own), "%32d\n", (int)getpid()); /* a stale file, its number taken by another */
        scratch_write(&relay->scratch, SPOOL_DIRECTORY "/pid/master.pid", own);
        assert_false(master_find(relay->scratch.path, relay->spool.path, &master));
}

static void only_a_child_of_this_master_is_its_queue_manager(void **state) {
        struct verb_relay *relay = *state;
        struct master_process qmgr;
        char name[] = "a) S 1 (qmgr", byte;
        int ready[2];
        pid_t pid;

        assert_false(master_find_qmgr(relay->scratch.path, getpid(), &qmgr));
        assert_int_equal(pipe(ready), 0);
        pid = fork();
        if (pid == 0) {
                prctl(PR_SET_NAME, name);
                close(ready[1]);
                for (;;)
                        pause();
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 0);
        close(ready[0]);
        assert_false(master_find_qmgr(relay->scratch.path, getpid(), &qmgr));
        assert_false(master_find_qmgr(relay->scratch.path, 1, &qmgr) && qmgr.pid == pid);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        it_goes_through_systemd_and_a_new_queue_manager_is_waited_for, setup, teardown),
                cmocka_unit_test_setup_teardown(what_systemctl_says_is_told, setup, teardown),
                cmocka_unit_test_setup_teardown(a_postfix_that_is_down_is_not_reloaded, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_postfix_has_not_read_yet_is_not_put_in_force, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        for_a_time_yet_to_come_a_reload_alone_is_no_remedy_and_another_one_is_told, setup,
                        teardown),
                cmocka_unit_test_setup_teardown(
                        without_a_queue_manager_there_is_nothing_that_a_reload_could_spoil, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_configuration_that_cannot_be_looked_at_is_none_that_was_read, setup, teardown),
                cmocka_unit_test_setup_teardown(the_queue_manager_of_before_does_not_count, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        nor_do_new_ones_that_die_one_after_the_other, setup, teardown),
                cmocka_unit_test_setup_teardown(a_master_that_ends_is_said_to_be_gone, setup, teardown),
                cmocka_unit_test_setup_teardown(only_a_process_called_master_is_one, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        only_a_child_of_this_master_is_its_queue_manager, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
