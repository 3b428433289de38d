/* SPDX-License-Identifier: MIT */
/* test_main_cf - values of main.cf are read as postconf(5) has them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "postfix/main_cf.h"

static void expect_setting(const char *text, const char *name, const char *expected) {
        char value[64];
        bool found = main_cf_value(text, name, value, sizeof(value));

        assert_int_equal(found, expected != NULL);
        assert_string_equal(value, expected ? expected : "");
}

static void the_last_setting_wins_and_lines_go_on(void **state) {
        (void)state;
        expect_setting("a = 1\na = 2\n", "a", "2");
        expect_setting("a=1", "a", "1");
        expect_setting("ab = 1\n", "a", NULL);
        expect_setting("#a = 1\n  # a = 2\n", "a", NULL);
        expect_setting("a = 1,\n\t2\n# no end\n\n   3  \nb = 4\n", "a", "1, 2 3");
        expect_setting("b = 4\n  5\na =\n  1\r\n", "a", "1");
        expect_setting("a = \n", "a", "");
        expect_setting("", "a", NULL);
        expect_setting("  1\n", "a", NULL);
}

static void what_does_not_fit_is_not_known(void **state) {
        char text[256];

        (void)state;
        snprintf(text, sizeof(text), "a = %0250d\n", 0);
        expect_setting(text, "a", NULL);
}

static void every_line_that_sets_it_counts(void **state) {
        (void)state;
        assert_int_equal(main_cf_times_set("", "alpha"), 0);
        assert_int_equal(main_cf_times_set("alpha = 1\nalphabet = 2\n#alpha = 3\n alpha = 4\n", "alpha"), 1);
        assert_int_equal(main_cf_times_set("alpha=1\nbeta=1\nalpha\t= 2\nalpha =", "alpha"), 3);
        assert_int_equal(main_cf_times_set("alpha", "alpha"), 0);
        assert_int_equal(main_cf_times_set("alpha 1\n", "alpha"), 0);
}

static void names_are_replaced_one_level_deep(void **state) {
        const char *text = "mydomain = example.test\nmyhostname=mx.${mydomain}\n"
                           "a = $mydomain, x.$(mydomain) ${mydomain}y $unknown. $\n";
        char value[128];

        (void)state;
        assert_true(main_cf_expanded(text, "a", "", value, sizeof(value)));
        assert_string_equal(value, "example.test, x.example.test example.testy . ");
        assert_true(main_cf_expanded(text, "b", "c.$mydomain", value, sizeof(value)));
        assert_string_equal(value, "c.example.test");
        assert_false(main_cf_expanded(text, "b", "$mydomain$mydomain", value, 20));
        assert_string_equal(value, "");
}

static void the_domain_follows_from_the_host_name(void **state) {
        char value[128];

        (void)state;
        assert_true(main_cf_expanded(
                "myhostname = mx.here.test\n", "x", "$mydomain $myorigin", value, sizeof(value)));
        assert_string_equal(value, "here.test mx.here.test");
}

static void times_are_as_postfix_writes_them(void **state) {
        static const struct {
                const char *value;
                uint64_t seconds; /* UINT64_MAX: not known */
        } cases[] = {
                {"5d", 432000},
                {"5", 432000},
                {"0", 0},
                {"90m", 5400},
                {"2W", 1209600},
                {"30s", 30},
                {"4h", 14400},
                {"", 432000},
                {"$never_set", 432000},
                {"$other", 3600},
                {"100d", 8640000},
                {"101d", UINT64_MAX},
                {"99999999999999999999d", UINT64_MAX},
                {"5 d", UINT64_MAX},
                {"5dd", UINT64_MAX},
                {"5x", UINT64_MAX},
                {"-5d", UINT64_MAX},
                {"five", UINT64_MAX},
        };
        char main_cf[128];
        uint64_t seconds;

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                snprintf(main_cf, sizeof(main_cf), "other = 1h\nlife = %s\n", cases[i].value);
                assert_int_equal(
                        main_cf_time(main_cf, "life", 'd', "5d", &seconds), cases[i].seconds != UINT64_MAX);
                if (cases[i].seconds != UINT64_MAX)
                        assert_int_equal(seconds, cases[i].seconds);
        }
        assert_true(main_cf_time("", "life", 'd', "5d", &seconds));
        assert_int_equal(seconds, 432000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_last_setting_wins_and_lines_go_on),
                cmocka_unit_test(what_does_not_fit_is_not_known),
                cmocka_unit_test(every_line_that_sets_it_counts),
                cmocka_unit_test(names_are_replaced_one_level_deep),
                cmocka_unit_test(the_domain_follows_from_the_host_name),
                cmocka_unit_test(times_are_as_postfix_writes_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
