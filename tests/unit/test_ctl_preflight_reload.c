/* SPDX-License-Identifier: MIT */
/* test_ctl_preflight_reload - a reload that postfix.reload would refuse in the night is found in the daytime */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/preflight.h"
#include "support/verb_relay.h"

struct fixture {
        struct verb_relay relay;
        struct plugin_list *plugins; /* as they ship */
};

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        if (!fixture)
                return -1;
        verb_relay_init(&fixture->relay);
        verb_relay_start(&fixture->relay);
        scratch_write(&fixture->relay.scratch, "etc/postfix/main.cf", "");
        scratch_write(&fixture->relay.scratch, "etc/postfix/master.cf", "");
        assert_int_equal(plugin_list_new_owned(PLUGIN_DIR, geteuid(), &fixture->plugins), 0);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;

        plugin_list_free(fixture->plugins);
        verb_relay_deinit(&fixture->relay);
        free(fixture);
        return 0;
}

static void expect(
        struct fixture *fixture, const char *spools, size_t n, enum preflight_level level, const char *says) {
        static const struct postconf_instance instances[] = {
                {.name = "-", .config = "/etc/postfix"}, {.name = "bulk", .config = "/etc/postfix-out"}};
        const struct preflight_host where = {
                .root = fixture->relay.scratch.path, .owner = geteuid(), .sees_all = true};
        struct preflight_finding finding = {.level = PREFLIGHT_OK};

        preflight_judge_reload(fixture->plugins, &where, spools, instances, n, &finding);
        if (finding.level != level || !strstr(finding.text, says))
                fail_msg("%d: \"%s\", not %d: \"%s\"", finding.level, finding.text, level, says);
}

static void what_postfix_has_read_is_good(void **state) {
        expect(*state, "", 1, PREFLIGHT_OK, "instance - has read its files");
}

static void a_file_that_postfix_has_not_read_is_named(void **state) {
        static const char *const names[] = {"etc/postfix/main.cf", "etc/postfix/master.cf"};
        struct fixture *fixture = *state;
        const struct timespec later = {.tv_sec = verb_relay_now() + 30};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                const char *path = scratch_path(&fixture->relay.scratch, names[i]);

                assert_return_code(
                        utimensat(AT_FDCWD, path, (const struct timespec[]){later, later}, 0), errno);
                expect(fixture, "", 1, PREFLIGHT_WARN, names[i]);
                expect(fixture, "", 1, PREFLIGHT_WARN, "no reload would be made: /etc/postfix/");
                assert_return_code(utimensat(AT_FDCWD, path, NULL, 0), errno);
        }
}

static void a_postfix_that_is_down_or_unknown_to_us_is_named(void **state) {
        struct fixture *fixture = *state;

        expect(fixture, "", 2, PREFLIGHT_WARN, "instance bulk: no reload would be made: no configured spool");
        expect(fixture, "/srv/queue", 1, PREFLIGHT_WARN,
                "instance -: no reload would be made: no configured");
        verb_relay_stop(&fixture->relay);
        expect(fixture, "", 1, PREFLIGHT_WARN, "Postfix is not running");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(what_postfix_has_read_is_good),
                TEST(a_file_that_postfix_has_not_read_is_named),
                TEST(a_postfix_that_is_down_or_unknown_to_us_is_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
