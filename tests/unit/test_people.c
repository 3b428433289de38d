/* SPDX-License-Identifier: MIT */
/* test_people - numbers, times and strangers' words in a sentence */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "postfix/people.h"

#define NOON INT64_C(1766836800) /* Saturday, 2025-12-27 12:00 UTC */
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)

static const char *time_text(int64_t seconds) {
        static char text[PEOPLE_TIME_MAX];

        people_time(seconds, NOON, text);
        return text;
}

static void a_time_has_its_day_where_it_could_be_taken_for_another(void **state) {
        (void)state;
        setenv("TZ", "UTC", 1);
        tzset();
        assert_string_equal(time_text(NOON - 3 * HOUR), "09:00");
        assert_string_equal(time_text(NOON + 11 * HOUR), "23:00");
        assert_string_equal(time_text(NOON - 13 * HOUR), "Fri 23:00");
        assert_string_equal(time_text(NOON + 2 * DAY - 4 * HOUR), "Mon 08:00");
        assert_string_equal(time_text(NOON + 7 * DAY), "2026-01-03 12:00");
        assert_string_equal(time_text(NOON - 365 * (int64_t)DAY), "2024-12-27 12:00");
        assert_string_equal(time_text(INT64_MAX), "?");
        setenv("TZ", "EST5", 1);
        tzset();
        assert_string_equal(time_text(NOON - 3 * HOUR), "04:00");
}

static void a_number_has_its_thousands_apart(void **state) {
        static const struct {
                uint64_t number;
                const char *text;
        } cases[] = {{0, "0"}, {7, "7"}, {999, "999"}, {1346, "1,346"}, {80000, "80,000"},
                {1000000, "1,000,000"}, {UINT64_MAX, "18,446,744,073,709,551,615"}};
        char text[PEOPLE_NUMBER_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                people_number(cases[i].number, text);
                assert_string_equal(text, cases[i].text);
        }
}

static void what_somebody_else_wrote_ends_no_quotation_and_no_line(void **state) {
        char text[16];

        (void)state;
        people_words("451 'a'\n\x1b\xc3\xa4", text, sizeof(text));
        assert_string_equal(text, "451 ?a?????");
        people_words("0123456789abcdefghi", text, sizeof(text));
        assert_string_equal(text, "0123456789abcde");
}

static void a_sentence_is_cut_where_there_is_no_room(void **state) {
        char text[8] = "";

        (void)state;
        people_add(text, sizeof(text), "%s", "abcd");
        people_add(text, sizeof(text), "%d", 123456);
        people_add(text, sizeof(text), "more");
        assert_string_equal(text, "abcd123");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_time_has_its_day_where_it_could_be_taken_for_another),
                cmocka_unit_test(a_number_has_its_thousands_apart),
                cmocka_unit_test(what_somebody_else_wrote_ends_no_quotation_and_no_line),
                cmocka_unit_test(a_sentence_is_cut_where_there_is_no_room),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
