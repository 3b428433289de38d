/* SPDX-License-Identifier: MIT */
/* test_ctl_leftovers - what preflight says of records beside a main.cf that no lease is of */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/preflight.h"
#include "support/scratch.h"

#define MAIN_CF "etc/postfix/main.cf"

static int set_up(void **state) {
        struct scratch *scratch = calloc(1, sizeof(*scratch));

        if (!scratch)
                return -1;
        scratch_init(scratch);
        scratch_write(scratch, MAIN_CF, "relayhost =\n");
        *state = scratch;
        return 0;
}

static int tear_down(void **state) {
        scratch_deinit(*state);
        free(*state);
        return 0;
}

/* Beside the main.cf of the default instance and, when it is enabled, of postfix-out. */
static struct preflight_finding judge_both(
        struct scratch *scratch, bool is_enabled, const struct preflight_lease *leases, size_t n) {
        struct preflight_finding finding = {.level = PREFLIGHT_OK};
        struct postconf_instance rows[] = {{.name = "-"}, {.name = "bulk"}};
        char etc[128];

        snprintf(etc, sizeof(etc), "%s", scratch_path(scratch, "etc"));
        snprintf(rows[0].config, sizeof(rows[0].config), "%s/postfix", etc);
        snprintf(rows[1].config, sizeof(rows[1].config), "%s/postfix-out", etc);
        preflight_judge_leftovers(etc, rows, is_enabled ? 2 : 1, leases, n, &finding);
        return finding;
}

static struct preflight_finding judge(
        struct scratch *scratch, const struct preflight_lease *leases, size_t n) {
        return judge_both(scratch, false, leases, n);
}

static void assert_finding(struct preflight_finding finding, enum preflight_level level, const char *part) {
        if (finding.level != level || !strstr(finding.text, part))
                fail_msg("%d: \"%s\", not %d: \"%s\"", finding.level, finding.text, level, part);
}

static void what_no_lease_is_of_is_named_with_what_to_do(void **state) {
        const struct preflight_lease known[] = {{3, "-"}, {7, "-"}};

        assert_finding(judge(*state, known, 2), PREFLIGHT_OK, "none beside ");
        scratch_write(*state, MAIN_CF ".spoolguard-7/before", "x\n");
        assert_finding(judge(*state, known, 2), PREFLIGHT_OK, "none beside ");
        scratch_write(*state, MAIN_CF ".spoolguard-70/before", "x\n");
        assert_finding(judge(*state, known, 2), PREFLIGHT_WARN,
                "/etc/postfix/main.cf.spoolguard-70 is left of a lease that is not there any more: see "
                "how-to-undo");
        assert_null(strstr(judge(*state, known, 2).text, "spoolguard-7 "));
        /* After a purge there is none. */
        assert_finding(judge(*state, known, 0), PREFLIGHT_WARN, "spoolguard-7 is left");
}

static void what_is_not_known_is_not_taken_for_left(void **state) {
        assert_finding(judge(*state, NULL, 0), PREFLIGHT_OK, "none beside ");
        scratch_write(*state, MAIN_CF ".spoolguard-7/before", "x\n");
        assert_finding(judge(*state, NULL, 0), PREFLIGHT_WARN, "whether it is in use is not known");
        assert_null(strstr(judge(*state, NULL, 0).text, "remove"));
}

/* After a purge numbers begin at 1 again, so that one lease may have the number of another's record. */
static void a_lease_of_that_number_but_of_another_instance_is_another_one(void **state) {
        const struct preflight_lease first[] = {{7, "-"}}, second[] = {{7, "bulk"}};

        scratch_write(*state, "etc/postfix-out/main.cf", "queue_directory = /var/spool/postfix-out\n");
        scratch_write(*state, "etc/postfix-out/main.cf.spoolguard-7/before", "x\n");
        assert_finding(judge_both(*state, true, second, 1), PREFLIGHT_OK, "none beside ");
        assert_finding(judge_both(*state, true, first, 1), PREFLIGHT_WARN,
                "/etc/postfix-out/main.cf.spoolguard-7 is left");
        scratch_write(*state, MAIN_CF ".spoolguard-7/before", "x\n");
        assert_finding(judge_both(*state, true, second, 1), PREFLIGHT_WARN,
                "/etc/postfix/main.cf.spoolguard-7 is left");
        assert_null(strstr(judge_both(*state, true, second, 1).text, "postfix-out"));
}

static void what_is_left_of_an_instance_that_is_not_enabled_any_more_is_named(void **state) {
        const struct preflight_lease first[] = {{7, "-"}}, removed[] = {{7, "bulk"}};

        scratch_write(*state, "etc/postfix-out/main.cf.spoolguard-7/before", "x\n");
        scratch_write(*state, "etc/postfix-out/sub/main.cf.spoolguard-8/before", "x\n");
        assert_finding(judge(*state, removed, 1), PREFLIGHT_OK, "none beside ");
        assert_finding(
                judge(*state, first, 1), PREFLIGHT_WARN, "/etc/postfix-out/main.cf.spoolguard-7 is left");
        assert_finding(judge(*state, first, 0), PREFLIGHT_WARN, "main.cf.spoolguard-7 is left");
        assert_finding(judge(*state, NULL, 0), PREFLIGHT_WARN, "whether it is in use is not known");
        assert_null(strstr(judge(*state, first, 0).text, "postfix-out/sub"));
}

static void other_names_are_somebody_elses(void **state) {
        static const char *const names[] = {".spoolguard-", ".spoolguard-0", ".spoolguard-7a",
                ".spoolguard-+7", ".spoolguard-99999999999999999999", ".spoolguard", ".bak", ""};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                char name[128];

                snprintf(name, sizeof(name), MAIN_CF "%s", names[i]);
                scratch_write(*state, name, "x\n");
        }
        assert_finding(judge(*state, &(struct preflight_lease){1, "-"}, 0), PREFLIGHT_OK, "none beside ");
}

static void it_is_looked_for_where_a_link_leads_to(void **state) {
        char target[256];

        scratch_write(*state, "srv/relay.cf", "relayhost =\n");
        scratch_write(*state, "srv/relay.cf.spoolguard-7/before", "x\n");
        snprintf(target, sizeof(target), "%s", scratch_path(*state, "srv/relay.cf"));
        assert_int_equal(unlink(scratch_path(*state, MAIN_CF)), 0);
        assert_int_equal(symlink(target, scratch_path(*state, MAIN_CF)), 0);
        assert_finding(judge(*state, &(struct preflight_lease){1, "-"}, 1), PREFLIGHT_WARN,
                "/srv/relay.cf.spoolguard-7 is left");
        assert_int_equal(unlink(target), 0);
        assert_finding(judge(*state, &(struct preflight_lease){1, "-"}, 1), PREFLIGHT_WARN,
                "not looked at: beside ");
}

static void many_are_counted_and_not_all_named(void **state) {
        for (unsigned i = 1; i <= 6; i++) {
                char name[128];

                snprintf(name, sizeof(name), MAIN_CF ".spoolguard-%u/before", i);
                scratch_write(*state, name, "x\n");
        }
        assert_finding(judge(*state, &(struct preflight_lease){2, "-"}, 1), PREFLIGHT_WARN, "; 2 more");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(what_no_lease_is_of_is_named_with_what_to_do),
                TEST(what_is_not_known_is_not_taken_for_left),
                TEST(a_lease_of_that_number_but_of_another_instance_is_another_one),
                TEST(what_is_left_of_an_instance_that_is_not_enabled_any_more_is_named),
                TEST(other_names_are_somebody_elses),
                TEST(it_is_looked_for_where_a_link_leads_to),
                TEST(many_are_counted_and_not_all_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
