/* SPDX-License-Identifier: MIT */
/* test_notify - the command that wakes a person up: which is run, how, and when it is stopped */
#include "executor_support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "executor/notify.h"
#include "executor/notify_text.h"

struct fixture {
        char path[PATH_MAX], program[PATH_MAX], out[PATH_MAX];
        struct loop *loop;
        struct notify *notify;
        struct config *config;
        unsigned ended, waiting_for;
        char status[64];
};

static void on_done(uint64_t incident, const char *status, void *data) {
        struct fixture *fixture = data;
        assert_int_equal(incident, 7);
        strcpy(fixture->status, status);
        if (++fixture->ended == fixture->waiting_for)
                stop_waiting();
}

static void write_program(struct fixture *fixture, const char *script) {
        FILE *file = fopen(fixture->program, "w");
        fprintf(file, "#!/bin/sh\nOUT=%s\n%s\n", fixture->out, script);
        fclose(file);
        assert_int_equal(chmod(fixture->program, 0700), 0);
}

static void configure(struct fixture *fixture, const char *deadline) {
        char lines[PATH_MAX * 2];
        config_free(fixture->config);
        snprintf(lines, sizeof(lines),
                "mode\tt\tobserve\nnotify.command\tt\t%.4000s,it is,'quoted'\nnotify.deadline\tt\t%s\n",
                fixture->program, deadline);
        fixture->config = config_of(lines);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        scratch_new(fixture->path);
        snprintf(fixture->program, sizeof(fixture->program), "%.4000s/page-me", fixture->path);
        snprintf(fixture->out, sizeof(fixture->out), "%.4000s/out", fixture->path);
        fixture->loop = real_loop();
        fixture->waiting_for = 1;
        assert_int_equal(notify_new(fixture->loop, NULL, on_done, fixture, &fixture->notify), 0);
        configure(fixture, "20s");
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        notify_free(fixture->notify);
        config_free(fixture->config);
        loop_free(fixture->loop);
        scratch_free(fixture->path);
        free(fixture);
        return 0;
}

static const struct notify_message message = {.incident = 7,
        .reason = "spent",
        .title = "disk-space-high on /var/log",
        .text = "please; $(look)\nTried: it"};

static int begin(struct fixture *fixture, struct problem *problem) {
        return notify_send(fixture->notify, fixture->config, &message, problem);
}

static void the_command_gets_text_environment_and_its_arguments(void **state) {
        struct fixture *fixture = *state;
        struct problem problem;
        char text[2 * NOTIFY_TEXT_MAX] = "", expected[512], name[256] = "";
        FILE *file;

        setenv("SECRET", "x", 1);
        write_program(fixture,
                "{ echo \"$#:$1:$2\"; echo \"$SPOOLGUARD_REASON/$SPOOLGUARD_INCIDENT/$SPOOLGUARD_TITLE\"; "
                "test -n \"$SPOOLGUARD_HOST\" && echo host; echo secret=$SECRET; cat; } >$OUT; exit 3");
        assert_int_equal(begin(fixture, &problem), 0);
        wait_until_stopped(fixture->loop, 20);
        assert_string_equal(fixture->status, "exit 3");
        file = fopen(fixture->out, "r");
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
        gethostname(name, sizeof(name) - 1);
        snprintf(expected, sizeof(expected),
                "2:it is:'quoted'\nspent/7/disk-space-high on /var/log\nhost\nsecret=\n"
                "%s: disk-space-high on /var/log\n\nplease; $(look)\n\nTried: it\n\nWhat to do: ",
                name);
        text[strlen(expected)] = '\0';
        assert_string_equal(text, expected);
}

static void a_call_is_short_paragraphs_and_ends_with_what_to_do(void **state) {
        char text[NOTIFY_TEXT_MAX];

        (void)state;
        notify_text(&message, "relay1", text);
        assert_string_equal(text,
                "relay1: disk-space-high on /var/log\n\nplease; $(look)\n\nTried: it\n\n"
                "What to do: Please find out why it keeps coming back: what helps has used up its budget "
                "for now.\n"
                "How it stands: spoolguardctl explain\n"
                "What was done: spoolguardctl log --incident 7\n");
        const struct notify_message of_none = {.reason = "watcher-fails", .title = "a\nb", .text = "\n\nc\n"};

        notify_text(&of_none, "relay1", text);
        assert_string_equal(text,
                "relay1: a b\n\nc\n\n"
                "What to do: Please look at systemctl status spoolguard and journalctl -u spoolguard.\n"
                "How it stands: spoolguardctl explain\nWhat was done: spoolguardctl log\n");
}

static void a_call_is_bounded_whatever_it_is_about(void **state) {
        static const char *const reasons[] = {"not-cleared", "spent", "no-playbook", "refused", "error",
                "unknown-outcome", "lease-expired", "undo-failed", "watcher-fails", "made-up"};
        static char longest[5000], title[400], host[256];
        struct notify_message call = {.incident = UINT64_MAX, .title = title, .text = longest};
        char text[NOTIFY_TEXT_MAX];

        (void)state;
        for (size_t every = 10; every < 4000; every += 37)
                for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
                        memset(title, 't', sizeof(title) - 1);
                        memset(host, 'h', sizeof(host) - 1);
                        for (size_t k = 0; k < sizeof(longest) - 1; k++)
                                longest[k] = k % every == every - 1 ? '\n' : k % 7 == 0 ? ' ' : 'x';
                        call.reason = reasons[i];
                        notify_text(&call, host, text);
                        assert_true(strlen(text) < NOTIFY_TEXT_MAX);
                        assert_non_null(strstr(text, "\n\nWhat to do: "));
                        const char *end =
                                strstr(text, "What was done: spoolguardctl log --incident 184467440737095");

                        assert_non_null(end);
                        assert_string_equal(strchr(end, '\n'), "\n");
                        assert_true(!strstr(text, "Please look at it.") ||
                                i == sizeof(reasons) / sizeof(reasons[0]) - 1);
                }
}

static void a_command_that_hangs_is_stopped(void **state) {
        struct fixture *fixture = *state;
        struct problem problem;

        configure(fixture, "1s");
        write_program(fixture, "exec sleep 60");
        assert_int_equal(begin(fixture, &problem), 0);
        wait_until_stopped(fixture->loop, 20);
        assert_string_equal(fixture->status, "timed out");
}

static void without_a_command_nothing_is_run(void **state) {
        struct fixture *fixture = *state;
        struct problem problem;

        config_free(fixture->config);
        fixture->config = config_of("mode\tt\tobserve\n");
        assert_int_equal(begin(fixture, &problem), 1);
}

static void a_command_others_can_write_or_replace_is_refused(void **state) {
        struct fixture *fixture = *state;
        struct problem problem;

        write_program(fixture, "touch $OUT");
        assert_int_equal(chmod(fixture->program, 0722), 0);
        assert_int_equal(begin(fixture, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "write"));
        assert_int_equal(chmod(fixture->program, 0600), 0);
        assert_int_equal(begin(fixture, &problem), -EINVAL);
        assert_int_equal(chmod(fixture->program, 0700), 0);
        assert_int_equal(chmod(fixture->path, 0777), 0);
        assert_int_equal(begin(fixture, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "replace"));
        assert_int_equal(chmod(fixture->path, 0700), 0);
        assert_int_not_equal(access(fixture->out, F_OK), 0);
}

static void only_so_many_run_at_once(void **state) {
        struct fixture *fixture = *state;
        struct problem problem;

        write_program(fixture, "exec sleep 1");
        for (unsigned i = 0; i < NOTIFY_RUNNING_MAX; i++)
                assert_int_equal(begin(fixture, &problem), 0);
        assert_int_equal(begin(fixture, &problem), -EINVAL);
        fixture->waiting_for = NOTIFY_RUNNING_MAX;
        wait_until_stopped(fixture->loop, 20);
        assert_string_equal(fixture->status, "exit 0");
        assert_int_equal(begin(fixture, &problem), 0);
        fixture->waiting_for++;
        wait_until_stopped(fixture->loop, 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_command_gets_text_environment_and_its_arguments),
                TEST(a_call_is_short_paragraphs_and_ends_with_what_to_do),
                TEST(a_call_is_bounded_whatever_it_is_about),
                TEST(a_command_that_hangs_is_stopped),
                TEST(without_a_command_nothing_is_run),
                TEST(a_command_others_can_write_or_replace_is_refused),
                TEST(only_so_many_run_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
