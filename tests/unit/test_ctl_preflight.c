/* SPDX-License-Identifier: MIT */
/* test_ctl_preflight - what preflight decides on, from plain text and numbers; and quoting for ssh */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/preflight.h"
#include "ctl/remote.h"
#include "ctl/tool.h"

#define GIB (UINT64_C(1) << 30)

static void the_last_assignment_of_journald_counts(void **state) {
        struct preflight_journal journal;

        (void)state;
        preflight_journal_parse(
                "# /etc/systemd/journald.conf\n[Journal]\n#SystemMaxUse=1G\nSystemMaxUse=4G\n"
                "Storage=volatile\n\n# /etc/systemd/journald.conf.d/x.conf\n[Journal]\n"
                "SystemMaxUse=500M   \nSystemKeepFree=20%\nStorage=persistent\nSystemMaxUseX=9G",
                10 * GIB, &journal);
        assert_string_equal(journal.storage, "persistent");
        assert_int_equal(journal.max_use_bytes, 500 << 20);
        assert_int_equal(journal.keep_free_bytes, 2 * GIB);
}

static void nothing_set_means_the_defaults_of_journald(void **state) {
        struct preflight_journal journal;

        (void)state;
        preflight_journal_parse(
                "[Journal]\nSystemMaxUse=4G\nSystemMaxUse=\nSystemKeepFree=rubbish\n", GIB, &journal);
        assert_string_equal(journal.storage, "auto");
        assert_int_equal(journal.max_use_bytes, 0);
        assert_int_equal(journal.keep_free_bytes, 0);
}

static void a_journal_that_may_fill_its_file_system_is_warned_of(void **state) {
        static const struct {
                struct preflight_journal journal;
                uint64_t fs_bytes;
                enum preflight_level level;
        } cases[] = {
                {{"auto", 0, 0}, GIB, PREFLIGHT_OK},
                {{"auto", 4 * GIB, 0}, GIB, PREFLIGHT_WARN},
                {{"auto", 4 * GIB, 1}, GIB, PREFLIGHT_WARN},
                {{"auto", 4 * GIB, GIB / 4}, GIB, PREFLIGHT_OK},
                {{"auto", 4 * GIB, 0}, 100 * GIB, PREFLIGHT_OK},
                {{"auto", 81 * GIB, 0}, 100 * GIB, PREFLIGHT_WARN},
                {{"auto", 0, 0}, 0, PREFLIGHT_OK},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct preflight_finding finding = {.level = PREFLIGHT_FAIL};

                preflight_judge_journal(&cases[i].journal, cases[i].fs_bytes, &finding);
                assert_int_equal(finding.level, cases[i].level);
                assert_true(finding.text[0] != '\0');
        }
}

static void arguments_survive_the_shell_at_the_other_end(void **state) {
        static const char *const arguments[] = {
                "", "plain", "two words", "it's", "''", "$(reboot);`id`\n*", "\\'"};

        (void)state;
        for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
                char command[256] = "printf %s ", output[256];
                const char *const argv[] = {"sh", "-c", command, NULL};

                assert_true(remote_quote(arguments[i], command + strlen(command), 200));
                assert_int_equal(tool_run(argv, 5000, output, sizeof(output)), 0);
                assert_string_equal(output, arguments[i]);
        }
}

static void what_does_not_fit_is_not_quoted_in_part(void **state) {
        char quoted[8];

        (void)state;
        assert_false(remote_quote("it's too long", quoted, sizeof(quoted)));
        assert_false(remote_quote("x", quoted, 2));
}

static void a_tool_that_hangs_is_stopped(void **state) {
        static const char *const argv[] = {"sh", "-c", "echo begun; exec sleep 30", NULL};
        uint64_t begin_usec = clock_monotonic_usec();
        char output[64];

        (void)state;
        assert_int_equal(tool_run(argv, 200, output, sizeof(output)), -ETIME);
        assert_string_equal(output, "begun\n");
        assert_true(clock_monotonic_usec() - begin_usec < 10 * USEC_PER_SEC);
}

static void a_tool_that_talks_too_much_is_cut_and_waited_for(void **state) {
        static const char *const argv[] = {"sh", "-c", "yes | head -c 1000000; exit 7", NULL};
        char output[5];

        (void)state;
        assert_int_equal(tool_run(argv, 10000, output, sizeof(output)), 7);
        assert_string_equal(output, "y\ny\n");
}

static void a_tool_that_is_not_there_is_an_error(void **state) {
        static const char *const argv[] = {"/nonexistent/tool", NULL};
        char output[16];

        (void)state;
        assert_int_equal(tool_run(argv, 1000, output, sizeof(output)), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_last_assignment_of_journald_counts),
                cmocka_unit_test(nothing_set_means_the_defaults_of_journald),
                cmocka_unit_test(a_journal_that_may_fill_its_file_system_is_warned_of),
                cmocka_unit_test(arguments_survive_the_shell_at_the_other_end),
                cmocka_unit_test(what_does_not_fit_is_not_quoted_in_part),
                cmocka_unit_test(a_tool_that_hangs_is_stopped),
                cmocka_unit_test(a_tool_that_talks_too_much_is_cut_and_waited_for),
                cmocka_unit_test(a_tool_that_is_not_there_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
