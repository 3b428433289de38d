/* SPDX-License-Identifier: MIT */
/* test_ctl_preflight_allowed - a remedy that its verb would refuse in the night is found in the daytime */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/preflight.h"
#include "support/scratch.h"

struct fixture {
        struct scratch scratch;
        struct plugin_list *plugins; /* as they ship */
        struct preflight_finding finding;
        bool is_stranger;
};

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        if (!fixture)
                return -1;
        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "usr/bin/systemd-run", "");
        assert_return_code(chmod(scratch_path(&fixture->scratch, "usr/bin/systemd-run"), 0755), errno);
        scratch_write(&fixture->scratch, "usr/local/sbin/flush-scanner", "#!/bin/sh\n");
        assert_return_code(
                chmod(scratch_path(&fixture->scratch, "usr/local/sbin/flush-scanner"), 0755), errno);
        assert_int_equal(plugin_list_new_owned(PLUGIN_DIR, geteuid(), &fixture->plugins), 0);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;

        plugin_list_free(fixture->plugins);
        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static void expect(struct fixture *fixture, const struct preflight_allowed *allowed, const char *list,
        enum preflight_level level, const char *says) {
        const struct preflight_host where = {
                .root = fixture->scratch.path, .owner = geteuid(), .sees_all = !fixture->is_stranger};

        fixture->finding = (struct preflight_finding){.level = PREFLIGHT_OK};
        preflight_judge_allowed(fixture->plugins, &where, allowed, list, &fixture->finding);
        if (!strstr(fixture->finding.text, says))
                fail_msg("\"%s\" does not say \"%s\"", fixture->finding.text, says);
        assert_int_equal(fixture->finding.level, level);
}

static void expect_command(
        struct fixture *fixture, const char *list, enum preflight_level level, const char *says) {
        expect(fixture, &preflight_allowed_commands, list, level, says);
}

static void expect_unit(
        struct fixture *fixture, const char *list, enum preflight_level level, const char *says) {
        expect(fixture, &preflight_allowed_units, list, level, says);
}

static void an_empty_list_is_no_fault(void **state) {
        expect_command(
                *state, "", PREFLIGHT_OK, "no commands are allowed: plugins.command.commands is empty");
        expect_unit(*state, "", PREFLIGHT_OK, "no restarts are allowed: plugins.service.units is empty");
}

static void a_command_is_judged_by_its_program(void **state) {
        struct fixture *fixture = *state;
        const char *list = "flush-scanner: /usr/local/sbin/flush-scanner --since 1\\,2";

        expect_command(fixture, list, PREFLIGHT_OK, "flush-scanner would run: ");
        assert_return_code(
                chmod(scratch_path(&fixture->scratch, "usr/local/sbin/flush-scanner"), 0775), errno);
        expect_command(fixture, list, PREFLIGHT_FAIL, "others than root can write");
        assert_return_code(
                chmod(scratch_path(&fixture->scratch, "usr/local/sbin/flush-scanner"), 0644), errno);
        expect_command(fixture, list, PREFLIGHT_FAIL, "command \"flush-scanner\": ");
        assert_return_code(unlink(scratch_path(&fixture->scratch, "usr/local/sbin/flush-scanner")), errno);
        expect_command(fixture, list, PREFLIGHT_FAIL, "/usr/local/sbin/flush-scanner");
}

static void who_is_not_root_is_only_warned(void **state) {
        struct fixture *fixture = *state;

        fixture->is_stranger = true;
        expect_command(fixture, "more: /usr/local/sbin/more", PREFLIGHT_WARN, "/usr/local/sbin/more");
}

static void one_bad_command_among_good_ones_is_named(void **state) {
        expect_command(*state, "flush-scanner: /usr/local/sbin/flush-scanner,more: /usr/local/sbin/more",
                PREFLIGHT_FAIL, "command \"more\": ");
        expect_command(*state, "flush-scanner: /usr/local/sbin/flush-scanner,no name here", PREFLIGHT_FAIL,
                "there is no command \"no name here\"");
        expect_command(*state, "shell: /bin/sh -c 'true'", PREFLIGHT_FAIL, "there is no shell");
}

static void a_unit_must_be_there_and_wanted(void **state) {
        struct fixture *fixture = *state;

        expect_unit(fixture, "amavis.service", PREFLIGHT_FAIL, "amavis.service is not there");
        scratch_write(&fixture->scratch, "usr/lib/systemd/system/amavis.service", "[Service]\n");
        expect_unit(fixture, "amavis.service", PREFLIGHT_OK, "amavis.service would be restarted");
        scratch_write(&fixture->scratch, "etc/systemd/system/amavis.service", "");
        expect_unit(fixture, "amavis.service", PREFLIGHT_FAIL, "amavis.service is masked");
        expect_unit(fixture, "amavis", PREFLIGHT_FAIL, "is not the whole name of a service");
        expect_unit(fixture, "postfix@-.service", PREFLIGHT_FAIL, "is never restarted");
}

static void without_the_plugin_nothing_is_said_to_be_good(void **state) {
        struct fixture *fixture = *state;

        plugin_list_free(fixture->plugins);
        assert_int_equal(
                plugin_list_new_owned(scratch_path(&fixture->scratch, "none"), geteuid(), &fixture->plugins),
                0);
        expect_command(
                fixture, "flush-scanner: /usr/local/sbin/flush-scanner", PREFLIGHT_WARN, "not looked at");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(an_empty_list_is_no_fault),
                TEST(a_command_is_judged_by_its_program),
                TEST(who_is_not_root_is_only_warned),
                TEST(one_bad_command_among_good_ones_is_named),
                TEST(a_unit_must_be_there_and_wanted),
                TEST(without_the_plugin_nothing_is_said_to_be_good),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
