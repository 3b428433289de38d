/* SPDX-License-Identifier: MIT */
/* test_retry - what Postfix is asked for canaries and batches, that pauses are respected, what is said */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "postfix/postfix.h"
#include "postfix/retry_time.h"
#include "support/verb_relay.h"

#define OLD_RETRY 1766509200 /* long ago */
#define KICK "/usr/sbin/postkick -c /etc/postfix public qmgr D"
#define ASK_PAUSES "/usr/sbin/postconf -c /etc/postfix -hx defer_transports"

/* Nothing here goes on by itself: what would be slept is only added up. */
static uint64_t slept_usec;

int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left) {
        (void)left;
        slept_usec += (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_nsec / 1000;
        return 0;
}

/* What the tools of this Postfix do. */
struct tools {
        char commands[16][512];
        unsigned n;
        const char *pauses;   /* what postconf prints; NULL: it fails */
        const char *takes_to; /* where postqueue -i moves a message; NULL: nowhere */
        bool tries_at_once;   /* ... and back, with Postfix's own next time */
        int kick;             /* exit status of postkick */
        bool dies;            /* Postfix ends before postkick comes */
        uint64_t kicked_usec; /* when the last scan was asked for */
        bool scans;           /* it takes up the first message */
        int broken_pipes;     /* so often postkick is ended by SIGPIPE, which the host calls -ECANCELED */
};

static struct verb_relay *relay_of(struct verb_bench *bench) {
        return (struct verb_relay *)bench;
}

static void take_up(struct verb_relay *relay, const struct tools *tools, const char *id) {
        for (size_t i = 0; i < relay->n; i++) {
                struct spool_file *file = &relay->files[i];

                if (strcmp(file->id, id) != 0 || !tools->takes_to)
                        continue;
                spool_move(&relay->spool, file, tools->takes_to);
                if (!tools->tries_at_once)
                        continue;
                spool_set_retry(&relay->spool, file, (uint64_t)time(NULL) + 300);
                spool_move(&relay->spool, file, "deferred");
        }
}

static int tool(struct verb_bench *bench, char *output, size_t size) {
        struct tools *tools = (struct tools *)(uintptr_t)bench->tool_data;

        assert_true(tools->n < ELEMENTSOF(tools->commands));
        assert_int_equal(geteuid(), getuid()); /* tools are not run as the mail owner */
        snprintf(tools->commands[tools->n++], sizeof(tools->commands[0]), "%s", bench->command);
        if (strstr(bench->command, "postconf")) {
                snprintf(output, size, "%s", tools->pauses ? tools->pauses : "postconf: fatal: open main.cf");
                return tools->pauses ? 0 : 1;
        }
        if (strstr(bench->command, "postqueue"))
                take_up(relay_of(bench), tools, strrchr(bench->command, ' ') + 1);
        if (strstr(bench->command, "postkick"))
                tools->kicked_usec = slept_usec;
        if (strstr(bench->command, "postkick") && tools->scans)
                spool_move(&relay_of(bench)->spool, &relay_of(bench)->files[0], "active");
        if (strstr(bench->command, "postkick") && tools->dies)
                verb_relay_stop(relay_of(bench));
        if (strstr(bench->command, "postkick") && tools->broken_pipes-- > 0)
                return -ECANCELED;
        if (strstr(bench->command, "postkick") && tools->kick) {
                snprintf(output, size, "postkick: warning: it is broken\nand more");
                return tools->kick;
        }
        return 0;
}

struct fixture {
        struct verb_relay relay; /* first */
        struct tools tools;
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        if (!fixture)
                return -1;
        verb_relay_init(&fixture->relay);
        verb_relay_start(&fixture->relay);
        scratch_write(&fixture->relay.scratch, "etc/postfix/main.cf", "mydestination = here.test\n");
        scratch_write(&fixture->relay.scratch, "etc/postfix/master.cf",
                "smtp unix - - y - - smtp\nuucp unix - n n - - pipe flags=Fqhu\n");
        fixture->tools = (struct tools){.pauses = "\n", .takes_to = "incoming"};
        fixture->relay.bench.tool = tool;
        fixture->relay.bench.tool_data = &fixture->tools;
        fixture->relay.args[RETRY_ARG_MESSAGES] = (struct sg_value){.type = SG_TYPE_NUMBER, .number = 20000};
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        verb_relay_deinit(&fixture->relay);
        free(fixture);
        return 0;
}

static void add(struct fixture *fixture, size_t n, const char *how) {
        for (size_t i = 0; i < n; i++) {
                struct spool_file *file = verb_relay_add(&fixture->relay, OLD_RETRY);

                verb_relay_set_time(&fixture->relay, file, time(NULL) + 700, (long)retry_time_mark(3));
        }
        verb_relay_select(&fixture->relay, fixture->relay.n - n, n);
        fixture->relay.args[RETRY_ARG_HOW] = (struct sg_value){.type = SG_TYPE_TEXT, .text = how};
}

static bool waits(struct fixture *fixture, size_t i) {
        struct stat status = verb_relay_stat(&fixture->relay, &fixture->relay.files[i]);

        return status.st_mtim.tv_sec > time(NULL) + 600 && status.st_mtim.tv_nsec == (long)retry_time_mark(3);
}

static void a_batch_is_due_now_and_one_scan_is_asked_for(void **state) {
        struct fixture *fixture = *state;
        struct verb_bench *bench = &fixture->relay.bench;
        time_t before = time(NULL);

        add(fixture, 12, "batch");
        verb_relay_select(&fixture->relay, 0, 10);
        assert_int_equal(verb_bench_act(bench, &postfix_retry), 0);
        for (size_t i = 0; i < 10; i++) {
                struct stat status = verb_relay_stat(&fixture->relay, &fixture->relay.files[i]);

                assert_in_range(status.st_mtim.tv_sec, before, verb_relay_now());
                assert_int_equal(status.st_mtim.tv_nsec, 0); /* no lease holds it any more */
        }
        assert_true(waits(fixture, 10) && waits(fixture, 11));
        assert_int_equal(fixture->tools.n, 2);
        assert_string_equal(fixture->tools.commands[0], ASK_PAUSES);
        assert_string_equal(fixture->tools.commands[1], KICK);
        assert_int_equal(bench->outcome.count, 10);
        assert_string_equal(bench->outcome.text, "10 of 10 are tried now");
}

static void no_more_than_asked_for_are_tried(void **state) {
        struct fixture *fixture = *state;

        add(fixture, 8, "batch");
        fixture->relay.args[RETRY_ARG_MESSAGES].number = 3;
        assert_int_equal(verb_bench_check(&fixture->relay.bench, &postfix_retry), SG_VERDICT_GO);
        assert_string_equal(
                fixture->relay.bench.outcome.text, "3 of 3 messages for example.test would be tried now");
        assert_true(waits(fixture, 0)); /* check() changes nothing */
        assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), 0);
        assert_int_equal(fixture->relay.bench.outcome.count, 3);
        assert_true(!waits(fixture, 2) && waits(fixture, 3));
}

static void canaries_are_handed_to_postqueue_and_seen_to_move(void **state) {
        struct fixture *fixture = *state;
        char expected[512];

        add(fixture, 7, "canary");
        assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), 0);
        assert_int_equal(fixture->tools.n, 1 + 5); /* at most five */
        assert_string_equal(fixture->tools.commands[0], ASK_PAUSES);
        for (size_t i = 0; i < 5; i++) {
                snprintf(expected, sizeof(expected), "/usr/sbin/postqueue -c /etc/postfix -i %s",
                        fixture->relay.files[i].id);
                assert_string_equal(fixture->tools.commands[1 + i], expected);
        }
        assert_int_equal(fixture->relay.bench.outcome.count, 5);
        assert_string_equal(fixture->relay.bench.outcome.text, "5 of 5 were taken up as canaries");
        assert_true(waits(fixture, 5) && waits(fixture, 6));
}

static void a_canary_that_was_tried_and_is_back_has_moved(void **state) {
        struct fixture *fixture = *state;

        add(fixture, 2, "canary");
        fixture->tools.tries_at_once = true;
        assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), 0);
        assert_int_equal(fixture->relay.bench.outcome.count, 2);
}

static void canaries_that_postfix_does_not_take_up_fail(void **state) {
        struct fixture *fixture = *state;

        add(fixture, 2, "canary");
        fixture->tools.takes_to = NULL; /* postqueue says nothing of it, as ever */
        assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), -ETIME);
        assert_string_equal(fixture->relay.bench.outcome.text,
                "Postfix took up none of 2 messages within 2s of being asked to");
        assert_int_equal(fixture->relay.bench.outcome.count, 0);
        assert_true(waits(fixture, 0));
}

static void while_somebody_defers_such_mail_nothing_is_tried(void **state) {
        static const char *const hows[] = {"canary", "batch"};
        static const char *const pauses[] = {
                "smtp\n", "uucp, smtp", "postconf: warning: x\nsmtp\n", "unheard-of", NULL};

        for (size_t i = 0; i < ELEMENTSOF(pauses) * ELEMENTSOF(hows); i++) {
                struct fixture *fixture = *state;

                add(fixture, 7, hows[i % 2]);
                fixture->tools.pauses = pauses[i / 2]; /* and what cannot be found out counts as paused */
                assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), -EBUSY);
                assert_int_equal(fixture->tools.n, 1);
                assert_true(waits(fixture, 0));
                teardown(state);
                setup(state);
        }
}

static void what_main_cf_says_of_pauses_is_known_before_anything_is_started(void **state) {
        struct fixture *fixture = *state;
        struct verb_bench *bench = &fixture->relay.bench;

        add(fixture, 7, "batch");
        scratch_write(&fixture->relay.scratch, "etc/postfix/main.cf", "defer_transports = uucp\n  smtp\n");
        assert_int_equal(verb_bench_check(bench, &postfix_retry), SG_VERDICT_REFUSED);
        assert_string_equal(bench->outcome.text,
                "defer_transports names smtp: somebody wants such mail to wait, and it does");
        scratch_write(&fixture->relay.scratch, "etc/postfix/main.cf", "defer_transports = uucp\n");
        assert_int_equal(verb_bench_check(bench, &postfix_retry), SG_VERDICT_GO);
        unlink(scratch_path(&fixture->relay.scratch, "etc/postfix/master.cf"));
        assert_int_equal(verb_bench_check(bench, &postfix_retry), SG_VERDICT_REFUSED);
        unlink(scratch_path(&fixture->relay.scratch, "etc/postfix/main.cf"));
        assert_int_equal(verb_bench_check(bench, &postfix_retry), SG_VERDICT_REFUSED);
        assert_int_equal(fixture->tools.n, 0);
}

/* Postfix lets mail wait for 4000 seconds at most, if nobody told it otherwise. */
static void a_time_that_somebody_else_chose_stands(void **state) {
        static const char *const hows[] = {"canary", "batch"};

        for (size_t i = 0; i < ELEMENTSOF(hows); i++) {
                struct fixture *fixture = *state;
                struct verb_bench *bench = &fixture->relay.bench;

                add(fixture, 3, hows[i]);
                verb_relay_set_time(&fixture->relay, &fixture->relay.files[0], time(NULL) + 86400, 0);
                verb_relay_set_time(&fixture->relay, &fixture->relay.files[1], time(NULL) + 3900, 0);
                assert_int_equal(verb_bench_check(bench, &postfix_retry), SG_VERDICT_GO);
                assert_int_equal(verb_bench_act(bench, &postfix_retry), 0);
                assert_int_equal(bench->outcome.count, 2);
                assert_non_null(strstr(bench->outcome.text, ", 1 not as they were chosen and left alone"));
                assert_true(verb_relay_stat(&fixture->relay, &fixture->relay.files[0]).st_mtim.tv_sec >
                        time(NULL) + 86000);
                scratch_write(&fixture->relay.scratch, "etc/postfix/main.cf", "maximal_backoff_time = 2d\n");
                verb_relay_select(&fixture->relay, 0, 1);
                assert_int_equal(verb_bench_check(bench, &postfix_retry), SG_VERDICT_GO);
                teardown(state);
                setup(state);
        }
}

static void an_action_lasts_until_another_scan_may_be_asked_for(void **state) {
        struct fixture *fixture = *state;

        for (int broken_pipes = 0; broken_pipes < 4; broken_pipes++) {
                fixture->tools.n = 0;
                fixture->tools.broken_pipes = broken_pipes;
                add(fixture, 2, "batch");
                assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), 0);
                assert_true(slept_usec >= fixture->tools.kicked_usec + 1000000);
        }
}

static void warnings_of_postconf_are_no_pause(void **state) {
        struct fixture *fixture = *state;

        add(fixture, 1, "canary");
        fixture->tools.pauses =
                "/usr/sbin/postconf: warning: /etc/postfix/main.cf: unused parameter: x=y\n \n";
        assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), 0);
        assert_non_null(strstr(fixture->tools.commands[1], "postqueue"));
}

static void a_pause_behind_more_warnings_than_are_read_is_one(void **state) {
        static const char warning[] =
                "/usr/sbin/postconf: warning: /etc/postfix/main.cf: unused parameter: x=y\n";
        struct fixture *fixture = *state;
        char said[16384] = "";

        for (size_t used = 0; used + 2 * sizeof(warning) < sizeof(said); used += sizeof(warning) - 1)
                memcpy(said + used, warning, sizeof(warning));
        strcat(said, "smtp\n");
        add(fixture, 1, "canary");
        fixture->tools.pauses = said;
        assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), -EBUSY);
        assert_string_equal(
                fixture->relay.bench.outcome.text, "it is not known which transports somebody paused");
        assert_true(waits(fixture, 0));
}

static void messages_that_vanished_are_counted_and_alone_ask_for_nothing(void **state) {
        static const char *const hows[] = {"batch", "canary"};

        for (size_t i = 0; i < ELEMENTSOF(hows); i++) {
                struct fixture *fixture = *state;
                struct verb_bench *bench = &fixture->relay.bench;

                add(fixture, 3, hows[i]);
                spool_remove(&fixture->relay.spool, &fixture->relay.files[0]);
                spool_move(&fixture->relay.spool, &fixture->relay.files[1], "hold");
                assert_int_equal(verb_bench_act(bench, &postfix_retry), 0);
                assert_int_equal(bench->outcome.count, 1);
                assert_non_null(strstr(bench->outcome.text, "1 of 3 "));
                assert_non_null(strstr(bench->outcome.text, ", 2 left the deferred queue meanwhile"));
                assert_true(waits(fixture, 1)); /* an admin's hold */

                fixture->tools.n = 0;
                verb_relay_select(&fixture->relay, 0, 2);
                assert_int_equal(verb_bench_check(bench, &postfix_retry), SG_VERDICT_NOTHING);
                assert_int_equal(verb_bench_act(bench, &postfix_retry), 0);
                assert_int_equal(bench->outcome.count, 0);
                for (unsigned n = 0; n < fixture->tools.n; n++)
                        assert_string_equal(fixture->tools.commands[n], ASK_PAUSES);
                teardown(state);
                setup(state);
        }
}

static void refused(struct fixture *fixture, const char *why) {
        assert_int_equal(verb_bench_check(&fixture->relay.bench, &postfix_retry), SG_VERDICT_REFUSED);
        if (!strstr(fixture->relay.bench.outcome.text, why))
                fail_msg("\"%s\" does not say \"%s\"", fixture->relay.bench.outcome.text, why);
        assert_true(verb_bench_act(&fixture->relay.bench, &postfix_retry) < 0);
        for (unsigned i = 0; i < fixture->tools.n; i++)
                assert_string_equal(fixture->tools.commands[i], ASK_PAUSES);
}

static void what_does_not_hold_is_refused_with_a_sentence(void **state) {
        struct fixture *fixture = *state;

        add(fixture, 1, "all");
        refused(fixture, "how must be \"canary\" or \"batch\", not \"all\"");
        fixture->relay.args[RETRY_ARG_HOW].text = "batch";
        fixture->relay.args[RETRY_ARG_NEXTHOP].text = "";
        refused(fixture, "never means all");
        fixture->relay.args[RETRY_ARG_NEXTHOP].text = "example.test";
        fixture->relay.args[RETRY_ARG_INSTANCE].text = "postfix-other";
        refused(fixture, "no configured spool");
        fixture->relay.args[RETRY_ARG_INSTANCE].text = "-";
        verb_relay_take_selection(&fixture->relay, -1);
        refused(fixture, "there is no selection");
        verb_relay_select(&fixture->relay, 0, 1);
        verb_relay_stop(&fixture->relay); /* the pid file stays */
        refused(fixture, "Postfix is not running");
        assert_true(waits(fixture, 0));
}

static void what_postkick_says_is_told_and_no_mail_is_lost(void **state) {
        struct fixture *fixture = *state;
        struct verb_bench *bench = &fixture->relay.bench;

        add(fixture, 2, "batch");
        fixture->tools.kick = 69;
        assert_int_equal(verb_bench_act(bench, &postfix_retry), -EIO);
        assert_string_equal(
                bench->outcome.text, "/usr/sbin/postkick failed (69): postkick: warning: it is broken");
        verb_relay_stat(&fixture->relay, &fixture->relay.files[0]);
        fixture->tools.dies = true;
        assert_int_equal(verb_bench_act(bench, &postfix_retry), -ESRCH);
        assert_string_equal(bench->outcome.text, "Postfix is not running: postkick: warning: it is broken");
        verb_relay_stat(&fixture->relay, &fixture->relay.files[0]);
}

static void a_scan_is_asked_for_again_when_postkick_met_a_closed_door(void **state) {
        struct fixture *fixture = *state;

        add(fixture, 2, "batch");
        fixture->tools.broken_pipes = 2;
        assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), 0);
        assert_int_equal(fixture->tools.n, 4);
        assert_string_equal(fixture->relay.bench.outcome.text, "2 of 2 are tried now");
        fixture->tools.n = 0;
        fixture->tools.broken_pipes = 100;
        assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), -ECANCELED);
        assert_int_equal(fixture->tools.n, 6);
}

static void a_scan_that_was_heard_in_spite_of_that_is_not_asked_for_again(void **state) {
        struct fixture *fixture = *state;

        add(fixture, 2, "batch");
        fixture->tools.broken_pipes = 100;
        fixture->tools.scans = true;
        assert_int_equal(verb_bench_act(&fixture->relay.bench, &postfix_retry), 0);
        assert_int_equal(fixture->tools.n, 2);
        assert_string_equal(fixture->relay.bench.outcome.text, "2 of 2 are tried now");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        a_batch_is_due_now_and_one_scan_is_asked_for, setup, teardown),
                cmocka_unit_test_setup_teardown(no_more_than_asked_for_are_tried, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        canaries_are_handed_to_postqueue_and_seen_to_move, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_canary_that_was_tried_and_is_back_has_moved, setup, teardown),
                cmocka_unit_test_setup_teardown(canaries_that_postfix_does_not_take_up_fail, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        while_somebody_defers_such_mail_nothing_is_tried, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_main_cf_says_of_pauses_is_known_before_anything_is_started, setup, teardown),
                cmocka_unit_test_setup_teardown(a_time_that_somebody_else_chose_stands, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        an_action_lasts_until_another_scan_may_be_asked_for, setup, teardown),
                cmocka_unit_test_setup_teardown(warnings_of_postconf_are_no_pause, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_pause_behind_more_warnings_than_are_read_is_one, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        messages_that_vanished_are_counted_and_alone_ask_for_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_does_not_hold_is_refused_with_a_sentence, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_postkick_says_is_told_and_no_mail_is_lost, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_scan_is_asked_for_again_when_postkick_met_a_closed_door, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_scan_that_was_heard_in_spite_of_that_is_not_asked_for_again, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
