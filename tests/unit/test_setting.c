/* SPDX-License-Identifier: MIT */
/* test_setting - which parameters may be set, to what, and what goes together */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "postfix/setting.h"

static const char *const all_names[] = {"maximal_queue_lifetime", "bounce_queue_lifetime",
        "minimal_backoff_time", "maximal_backoff_time", "queue_run_delay"};

static int parse(const char *text, struct settings *settings, char why[static SETTING_WHY_MAX]) {
        return settings_parse((const char *const[]){text, NULL}, settings, why);
}

static void values_are_read_as_postfix_reads_them(void **state) {
        static const struct {
                const char *text, *value;
                uint64_t seconds;
        } cases[] = {
                {"maximal_queue_lifetime = 28d", "28d", UINT64_C(2419200)},
                {"maximal_queue_lifetime=4w", "4w", UINT64_C(2419200)},
                {"maximal_queue_lifetime = 28", "28", UINT64_C(2419200)},
                {"maximal_queue_lifetime = 100d", "100d", UINT64_C(8640000)},
                {"bounce_queue_lifetime = 0", "0", 0},
                {"bounce_queue_lifetime = 90m", "90m", 5400},
                {"queue_run_delay = 60", "60", 60},
                {"minimal_backoff_time = 5m", "5m", 300},
                {"maximal_backoff_time = 2h", "2h", 7200},
        };
        char why[SETTING_WHY_MAX];
        struct settings settings;
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(parse(cases[i].text, &settings, why), 0);
                assert_int_equal(settings.n, 1);
                assert_string_equal(settings.all[0].value, cases[i].value);
                assert_int_equal(settings.all[0].seconds, cases[i].seconds);
        }
}

static void what_could_stop_the_mail_is_refused_with_what_is_allowed(void **state) {
        static const struct {
                const char *text, *part;
        } cases[] = {
                {"maximal_queue_lifetime = abc", "such as 90s"},
                {"maximal_queue_lifetime = 101d", "is refused"},
                {"maximal_queue_lifetime = 15w", "is refused"},
                {"maximal_queue_lifetime = -1d", "is refused"},
                {"maximal_queue_lifetime = +5d", "is refused"},
                {"maximal_queue_lifetime = 5 d", "is refused"},
                {"maximal_queue_lifetime = 5D", "is refused"},
                {"maximal_queue_lifetime = 5dd", "is refused"},
                {"maximal_queue_lifetime = 0x10", "is refused"},
                {"maximal_queue_lifetime = 1e2", "is refused"},
                {"maximal_queue_lifetime = 5d\nmynetworks = 0.0.0.0/0", "is refused"},
                {"maximal_queue_lifetime = 5d\r", "is refused"},
                {"maximal_queue_lifetime = 5d ", "is refused"},
                {"maximal_queue_lifetime = $bounce_queue_lifetime", "is refused"},
                {"maximal_queue_lifetime = ${x?5d}", "is refused"},
                {"maximal_queue_lifetime = 9999999999999999999999", "is refused"},
                {"maximal_queue_lifetime = 18446744073709551617", "is refused"},
                {"maximal_queue_lifetime = 999999999w", "is refused"},
                {"maximal_queue_lifetime =", "is refused"},
                {"maximal_queue_lifetime", "has no value"},
                {"maximal_queue_lifetime 5d", "has no value"},
                {"queue_run_delay = 5", "is refused"},
                {"queue_run_delay = 2h", "is refused"},
                {"minimal_backoff_time = 1s", "is refused"},
                {"maximal_backoff_time = 3d", "is refused"},
                {"relayhost = evil.example", "none of those that may be set: maximal_queue_lifetime, bounce"},
                {"maximal_queue_lifetime\n = 5d", "none of those"},
                {"Maximal_queue_lifetime = 5d", "none of those"},
                {"maximal_queue_lifetimes = 5d", "none of those"},
                {"maximal_queue = 5d", "none of those"},
                {" = 5d", "none of those"},
                {"", "none of those"},
        };
        char why[SETTING_WHY_MAX];
        struct settings settings;
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(parse(cases[i].text, &settings, why), -EINVAL);
                if (!strstr(why, cases[i].part))
                        fail_msg("'%s': '%s'", cases[i].text, why);
        }
}

static void a_name_counts_once_and_no_name_is_no_order(void **state) {
        const char *const twice[] = {"queue_run_delay = 60", "queue_run_delay = 90", NULL};
        const char *const nothing[] = {NULL};
        const char *six[SETTINGS_MAX + 2] = {NULL};
        char why[SETTING_WHY_MAX], texts[SETTINGS_MAX][64];
        struct settings settings;
        (void)state;

        assert_int_equal(settings_parse(twice, &settings, why), -EINVAL);
        assert_string_equal(why, "queue_run_delay is named twice");
        assert_int_equal(settings_parse(nothing, &settings, why), -EINVAL);
        assert_string_equal(why, "no setting is named");
        for (size_t i = 0; i < SETTINGS_MAX; i++) {
                snprintf(texts[i], sizeof(texts[i]), "%s = 1h", all_names[i]);
                six[i] = texts[i];
        }
        assert_int_equal(settings_parse(six, &settings, why), 0);
        assert_int_equal(settings.n, SETTINGS_MAX);
        six[SETTINGS_MAX] = texts[0];
        assert_int_equal(settings_parse(six, &settings, why), -EINVAL);
}

static void lifetimes_are_only_ever_made_longer(void **state) {
        static const struct {
                const char *main_cf;
                int r;
                enum setting_answer answer;
        } cases[] = {
                {"", 0, SETTING_CHANGE},
                {"maximal_queue_lifetime = 5d\n", 0, SETTING_CHANGE},
                {"maximal_queue_lifetime = 4w\n", 0, SETTING_SAME},
                {"maximal_queue_lifetime = 672h\n", 0, SETTING_SAME},
                {"maximal_queue_lifetime = 30d\n", 0, SETTING_LONGER},
                {"maximal_queue_lifetime = 5d\nmaximal_queue_lifetime =\n 40d\n", 0, SETTING_LONGER},
                {"mine = 40d\nmaximal_queue_lifetime = $mine\n", 0, SETTING_LONGER},
                {"maximal_queue_lifetime = soon\n", -EINVAL, SETTING_CHANGE},
                {"queue_run_delay = soon\n", -EINVAL, SETTING_CHANGE},
        };
        char why[SETTING_WHY_MAX];
        struct settings settings;
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(parse("maximal_queue_lifetime = 28d", &settings, why), 0);
                assert_int_equal(settings_judge(&settings, cases[i].main_cf, why), cases[i].r);
                if (cases[i].r < 0)
                        assert_non_null(strstr(why, "is not understood"));
                else
                        assert_int_equal(settings.all[0].answer, cases[i].answer);
        }
}

static void a_value_too_long_to_be_read_is_not_taken_for_none(void **state) {
        static const char name[] = "maximal_queue_lifetime = ";
        static char main_cf[8192];
        char why[SETTING_WHY_MAX];
        struct settings settings;
        (void)state;

        memset(main_cf, 'x', sizeof(main_cf) - 1);
        for (size_t i = 0; i < strlen(name); i++)
                main_cf[i] = name[i];
        assert_int_equal(parse("maximal_queue_lifetime = 28d", &settings, why), 0);
        assert_int_equal(settings_judge(&settings, main_cf, why), -EINVAL);
}

static void values_must_go_together_where_they_change(void **state) {
        static const struct {
                const char *settings[3];
                const char *main_cf;
                int r;
        } cases[] = {
                {{"minimal_backoff_time = 2h"}, "", -ERANGE},
                {{"minimal_backoff_time = 2h", "maximal_backoff_time = 4h"}, "", 0},
                {{"queue_run_delay = 10m"}, "", -ERANGE},
                {{"queue_run_delay = 10m"}, "minimal_backoff_time = 10m\n", 0},
                {{"maximal_backoff_time = 2d"}, "maximal_queue_lifetime = 1d\nbounce_queue_lifetime = 1d\n",
                        -ERANGE},
                {{"bounce_queue_lifetime = 28d"}, "", -ERANGE},
                {{"bounce_queue_lifetime = 28d", "maximal_queue_lifetime = 28d"}, "", 0},
                {{"bounce_queue_lifetime = 28d"}, "maximal_queue_lifetime = 30d\n", 0},
                /* An admin's own values that do not go together are his affair, also when it gets better. */
                {{"maximal_queue_lifetime = 2d"}, "maximal_queue_lifetime = 1d\n", 0},
                {{"maximal_queue_lifetime = 28d"}, "queue_run_delay = 1h\n", 0},
                {{"maximal_queue_lifetime = 10m"}, "maximal_queue_lifetime = 5m\n", 0},
        };
        char why[SETTING_WHY_MAX];
        struct settings settings;
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(settings_parse(cases[i].settings, &settings, why), 0);
                if (settings_judge(&settings, cases[i].main_cf, why) != cases[i].r)
                        fail_msg("%s with '%s': %s", cases[i].settings[0], cases[i].main_cf, why);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_are_read_as_postfix_reads_them),
                cmocka_unit_test(what_could_stop_the_mail_is_refused_with_what_is_allowed),
                cmocka_unit_test(a_name_counts_once_and_no_name_is_no_order),
                cmocka_unit_test(lifetimes_are_only_ever_made_longer),
                cmocka_unit_test(a_value_too_long_to_be_read_is_not_taken_for_none),
                cmocka_unit_test(values_must_go_together_where_they_change),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
