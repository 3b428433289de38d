/* SPDX-License-Identifier: MIT */
/* test_option - what written values are taken for, and what is said about those that are not taken */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/option.h"

static struct sg_option row(enum sg_type type) {
        return (struct sg_option){.name = "option", .type = type};
}

static void accepted_values_read_back_from_their_canonical_form(void **state) {
        static const struct {
                enum sg_type type;
                const char *text, *canonical;
        } cases[] = {
                {SG_TYPE_TEXT, "", ""},
                {SG_TYPE_TEXT, "Käse, too", "Käse, too"},
                {SG_TYPE_BOOL, "true", "true"},
                {SG_TYPE_BOOL, "false", "false"},
                {SG_TYPE_NUMBER, "0.1", "0.1"},
                {SG_TYPE_NUMBER, "-3", "-3"},
                {SG_TYPE_NUMBER, "1e3", "1000"},
                {SG_TYPE_NUMBER, "0.30000000000000004", "0.30000000000000004"},
                {SG_TYPE_RATIO, "0", "0"},
                {SG_TYPE_RATIO, "1", "1"},
                {SG_TYPE_DURATION, "0", "0s"},
                {SG_TYPE_DURATION, "250ms", "250ms"},
                {SG_TYPE_DURATION, "60s", "1m"},
                {SG_TYPE_DURATION, "90m", "1h30m"},
                {SG_TYPE_DURATION, "1h30m", "1h30m"},
                {SG_TYPE_DURATION, "7d", "7d"},
                {SG_TYPE_DURATION, "1500us", "1ms500us"},
                {SG_TYPE_SIZE, "0", "0"},
                {SG_TYPE_SIZE, "200M", "200M"},
                {SG_TYPE_SIZE, "1024M", "1G"},
                {SG_TYPE_SIZE, "1500", "1500"},
                {SG_TYPE_LIST, "", ""},
                {SG_TYPE_LIST, "a, b,c", "a,b,c"},
                {SG_TYPE_LIST, "/bin/x,one\\,item,back\\\\slash", "/bin/x,one\\,item,back\\\\slash"},
                {SG_TYPE_LIST, "\\ led by a blank", "\\ led by a blank"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct sg_option rule = row(cases[i].type);
                struct problem problem = {0};
                char text[OPTION_TEXT_MAX], again[OPTION_TEXT_MAX];
                struct sg_value value;

                if (option_parse(&rule, cases[i].text, &value, &problem) < 0)
                        fail_msg("\"%s\": %s", cases[i].text, problem.text);
                option_format(&value, text, sizeof(text));
                assert_string_equal(text, cases[i].canonical);
                option_value_deinit(&value);

                assert_int_equal(option_parse(&rule, text, &value, &problem), 0);
                option_format(&value, again, sizeof(again));
                assert_string_equal(again, text);
                option_value_deinit(&value);
        }
}

static void values_of_another_shape_are_refused(void **state) {
        static const struct {
                enum sg_type type;
                const char *text;
        } cases[] = {
                {SG_TYPE_TEXT, "two\nlines"},
                {SG_TYPE_TEXT, "\xff"},
                {SG_TYPE_BOOL, "yes"},
                {SG_TYPE_BOOL, ""},
                {SG_TYPE_NUMBER, ""},
                {SG_TYPE_NUMBER, "inf"},
                {SG_TYPE_NUMBER, "nan"},
                {SG_TYPE_NUMBER, "0x10"},
                {SG_TYPE_NUMBER, " 1"},
                {SG_TYPE_NUMBER, "1e999"},
                {SG_TYPE_NUMBER, "1,5"},
                {SG_TYPE_NUMBER, "-"},
                {SG_TYPE_RATIO, "85%"},
                {SG_TYPE_RATIO, "1.01"},
                {SG_TYPE_RATIO, "-0.01"},
                {SG_TYPE_DURATION, ""},
                {SG_TYPE_DURATION, "5"},
                {SG_TYPE_DURATION, "5 m"},
                {SG_TYPE_DURATION, "m"},
                {SG_TYPE_DURATION, "-5m"},
                {SG_TYPE_DURATION, "5w"},
                {SG_TYPE_DURATION, "99999999999999999999s"},
                {SG_TYPE_DURATION, "213503983d"},
                {SG_TYPE_SIZE, ""},
                {SG_TYPE_SIZE, "200MB"},
                {SG_TYPE_SIZE, "-1"},
                {SG_TYPE_SIZE, "1.5G"},
                {SG_TYPE_SIZE, "99999999T"},
                {SG_TYPE_LIST, "a,,b"},
                {SG_TYPE_LIST, ","},
                {SG_TYPE_LIST, "a\tb"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct sg_option rule = row(cases[i].type);
                struct problem problem = {0};
                struct sg_value value;

                if (option_parse(&rule, cases[i].text, &value, &problem) != -EINVAL)
                        fail_msg("\"%s\" was taken", cases[i].text);
                assert_non_null(strstr(problem.text, "option"));
        }
}

static void ranges_are_in_seconds_and_bytes(void **state) {
        struct sg_option wait = {.name = "wait", .type = SG_TYPE_DURATION, .min = 1, .max = 60};
        struct sg_option keep = {.name = "keep", .type = SG_TYPE_SIZE, .min = 1024, .max = 2048};
        struct problem problem;
        struct sg_value value;

        (void)state;
        assert_int_equal(option_parse(&wait, "1m", &value, &problem), 0);
        assert_int_equal(value.usec, USEC_PER_MINUTE);
        assert_int_equal(option_parse(&wait, "999ms", &value, &problem), -EINVAL);
        assert_int_equal(option_parse(&wait, "61s", &value, &problem), -EINVAL);
        assert_string_equal(problem.text, "wait = 61s is out of range: from 1 to 60 seconds are allowed");
        assert_int_equal(option_parse(&keep, "2K", &value, &problem), 0);
        assert_int_equal(option_parse(&keep, "3K", &value, &problem), -EINVAL);
}

static void texts_and_lists_have_an_end(void **state) {
        struct sg_option text = row(SG_TYPE_TEXT), list = row(SG_TYPE_LIST);
        char long_text[OPTION_TEXT_MAX + 1], many[2 * (OPTION_LIST_MAX + 1) + 1] = "";
        struct problem problem;
        struct sg_value value;

        (void)state;
        memset(long_text, 'x', sizeof(long_text) - 1);
        long_text[OPTION_TEXT_MAX] = '\0';
        assert_int_equal(option_parse(&text, long_text, &value, &problem), -EINVAL);
        long_text[OPTION_TEXT_MAX - 1] = '\0';
        assert_int_equal(option_parse(&text, long_text, &value, &problem), 0);
        option_value_deinit(&value);

        for (int i = 0; i <= OPTION_LIST_MAX; i++)
                strcat(many, i ? ",x" : "x");
        assert_int_equal(option_parse(&list, many, &value, &problem), -EINVAL);
        many[strlen(many) - 2] = '\0';
        assert_int_equal(option_parse(&list, many, &value, &problem), 0);
        assert_null(value.list[OPTION_LIST_MAX]);
        assert_string_equal(value.list[OPTION_LIST_MAX - 1], "x");
        option_value_deinit(&value);
}

static const struct sg_option table[] = {
        {.name = "keep", .type = SG_TYPE_SIZE, .fallback = "200M"},
        {.name = "paths", .type = SG_TYPE_LIST, .fallback = ""},
        {.name = "server", .type = SG_TYPE_TEXT},
        {0},
};

static void values_come_from_pairs_and_defaults_in_the_order_of_the_table(void **state) {
        const struct option_pair pairs[] = {{"server", "ns1"}, {"paths", "/a,/b"}};
        struct problem problem;
        struct sg_value *values;

        (void)state;
        assert_int_equal(option_values_new(table, pairs, 2, &values, &problem), 0);
        assert_int_equal(values[0].bytes, 200u << 20);
        assert_string_equal(values[1].list[1], "/b");
        assert_string_equal(values[2].text, "ns1");
        assert_null(option_values_free(table, values));
        assert_null(option_values_free(table, NULL));
}

static void a_misspelt_option_names_the_nearest(void **state) {
        const struct option_pair pairs[] = {{"server", "ns1"}, {"kepe", "1M"}};
        struct problem problem;
        struct sg_value *values;

        (void)state;
        assert_int_equal(option_values_new(table, pairs, 2, &values, &problem), -EINVAL);
        assert_string_equal(problem.text, "\"kepe\" is not known here; did you mean \"keep\"?");
}

static void a_required_option_must_be_given(void **state) {
        struct problem problem;
        struct sg_value *values;

        (void)state;
        assert_int_equal(option_values_new(table, NULL, 0, &values, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "\"server\" must be given"));
}

static void no_table_takes_nothing_and_gives_nothing(void **state) {
        const struct option_pair pair = {"any", "1"};
        struct problem problem;
        struct sg_value *values;

        (void)state;
        assert_int_equal(option_values_new(NULL, NULL, 0, &values, &problem), 0);
        option_values_free(NULL, values);
        assert_int_equal(option_values_new(NULL, &pair, 1, &values, &problem), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accepted_values_read_back_from_their_canonical_form),
                cmocka_unit_test(values_of_another_shape_are_refused),
                cmocka_unit_test(ranges_are_in_seconds_and_bytes),
                cmocka_unit_test(texts_and_lists_have_an_end),
                cmocka_unit_test(values_come_from_pairs_and_defaults_in_the_order_of_the_table),
                cmocka_unit_test(a_misspelt_option_names_the_nearest),
                cmocka_unit_test(a_required_option_must_be_given),
                cmocka_unit_test(no_table_takes_nothing_and_gives_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
