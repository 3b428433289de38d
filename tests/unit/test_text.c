/* SPDX-License-Identifier: MIT */
/* test_text - bounded copies, escaping, quantities, the nearest name; and problem_set(), which is made of them */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

static void copy_says_when_something_was_cut(void **state) {
        char target[6];

        (void)state;
        assert_true(text_copy(target, sizeof(target), "12345"));
        assert_string_equal(target, "12345");
        assert_false(text_copy(target, sizeof(target), "123456"));
        assert_string_equal(target, "12345");
        assert_true(text_copy(target, sizeof(target), ""));
        assert_string_equal(target, "");
}

static void copy_never_cuts_inside_a_character(void **state) {
        char target[6];

        (void)state;
        assert_false(text_copy(target, sizeof(target), "1234\xc3\xa9"));
        assert_string_equal(target, "1234");
        assert_false(text_copy(target, sizeof(target), "123\xf0\x9f\x93\xa7"));
        assert_string_equal(target, "123");
        assert_false(text_copy(target, sizeof(target), "1\xf0\x9f\x93\xa7x"));
        assert_string_equal(target, "1\xf0\x9f\x93\xa7");
}

static void a_sentence_that_is_cut_says_so_after_a_whole_word(void **state) {
        char target[16];

        (void)state;
        text_abridge(target, sizeof(target), "123456789012345");
        assert_string_equal(target, "123456789012345");
        text_abridge(target, sizeof(target), "it is full in 117 minutes");
        assert_string_equal(target, "it is full ...");
        text_abridge(target, sizeof(target), "/var 789012345678");
        assert_string_equal(target, "/var 7890123...");
        text_abridge(target, sizeof(target), "1234567890123456");
        assert_string_equal(target, "123456789012...");
        text_abridge(target, sizeof(target),
                "12345678901\xc3\xa9"
                "abcdef");
        assert_string_equal(target, "12345678901...");
}

static void copy_of_stray_continuation_bytes_keeps_what_fits(void **state) {
        char target[6];

        (void)state;
        assert_false(text_copy(target, sizeof(target), "\x80\x80\x80\x80\x80\x80\x80\x80"));
        assert_int_equal(strlen(target), 5);
}

static void format_never_cuts_inside_a_character(void **state) {
        char target[6];

        (void)state;
        text_format(target, sizeof(target), "%s", "1234\xc3\xa9");
        assert_string_equal(target, "1234");
        text_format(target, sizeof(target), "%s", "12\xf0\x9f\x93\xa7");
        assert_string_equal(target, "12");
        text_format(target, sizeof(target), "%s", "123\xc3\xa9z");
        assert_string_equal(target, "123\xc3\xa9");
        text_format(target, sizeof(target), "%d", 1234567);
        assert_string_equal(target, "12345");
}

static void escape_shows_what_a_terminal_would_obey(void **state) {
        char target[64];

        (void)state;
        text_escape(target, sizeof(target), "a\033[2Jb\n\177");
        assert_string_equal(target, "a\\x1b[2Jb\\x0a\\x7f");
        text_escape(target, sizeof(target),
                "\xc2\x9b"
                "31m gr\xc3\xbc\xc3\x9f");
        assert_string_equal(target, "\\xc2\\x9b31m gr\xc3\xbc\xc3\x9f");
        text_escape(target, sizeof(target), "a\xe2\x80\xaemoc");
        assert_string_equal(target, "a\\xe2\\x80\\xaemoc");
        text_escape(target, sizeof(target), "\xff\xc3");
        assert_string_equal(target, "\\xff\\xc3");
}

static void escape_is_cut_between_pieces(void **state) {
        char target[7];

        (void)state;
        text_escape(target, sizeof(target), "abc\n");
        assert_string_equal(target, "abc");
        text_escape(target, sizeof(target), "ab\nc");
        assert_string_equal(target, "ab\\x0a");
        text_escape(target, sizeof(target), "abcde\xc3\xa9");
        assert_string_equal(target, "abcde");
}

static void only_well_formed_utf8_is_clean(void **state) {
        static const char *const clean[] = {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\xa7",
                "\xc2\xa0", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xe2\x80\xa7", "\xe2\x80\xaf",
                "\xe2\x81\xa5", "\xe2\x81\xaa", "\xd7\x90"};
        static const char *const dirty[] = {
                "\n", "\t", "\177", "\xc2\x80", "\xc2\x9f",                     /* C0, DEL, C1 */
                "\xe2\x80\xa8", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9", /* end or turn a line */
                "\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x93", "\xc3\x28",         /* torn */
                "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",     /* overlong */
                "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", /* surrogate, too large */
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(clean); i++)
                assert_true(text_is_clean(clean[i]));
        for (size_t i = 0; i < ELEMENTSOF(dirty); i++)
                assert_false(text_is_clean(dirty[i]));
}

static void a_character_is_never_read_past_its_size(void **state) {
        /* exactly sized, so that AddressSanitizer sees one byte too far */
        char *text = malloc(2);

        (void)state;
        memcpy(text, "\xf0\x9f", 2);
        assert_int_equal(text_character(text, 2), 0);
        assert_int_equal(text_character(text, 1), 0);
        assert_int_equal(text_character(text, 0), 0);
        free(text);
}

static void durations_have_at_most_two_units(void **state) {
        static const struct {
                uint64_t usec;
                const char *text;
        } cases[] = {
                {0, "0s"},
                {7, "7us"},
                {250 * USEC_PER_MSEC, "250ms"},
                {12 * USEC_PER_SEC, "12s"},
                {1500 * USEC_PER_MSEC, "1s 500ms"},
                {90 * USEC_PER_MINUTE, "1h 30m"},
                {USEC_PER_HOUR + 5 * USEC_PER_SEC, "1h"},
                {3 * USEC_PER_DAY + 4 * USEC_PER_HOUR + 59 * USEC_PER_MINUTE, "3d 4h"},
                {USEC_NEVER - 1, "213503982d 8h"},
                {USEC_NEVER, "never"},
        };
        char buffer[TEXT_QUANTITY_MAX];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_string_equal(text_duration(cases[i].usec, buffer), cases[i].text);
}

static void sizes_are_rounded_down(void **state) {
        static const struct {
                uint64_t bytes;
                const char *text;
        } cases[] = {
                {0, "0B"},
                {1023, "1023B"},
                {1024, "1K"},
                {1536, "1.5K"},
                {(UINT64_C(1) << 20) - 1, "1023.9K"},
                {UINT64_C(200) << 20, "200M"},
                {(UINT64_C(25) << 20) / 2, "12.5M"},
                {UINT64_C(3) << 40, "3T"},
                {UINT64_MAX, "15.9E"},
        };
        char buffer[TEXT_QUANTITY_MAX];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_string_equal(text_size(cases[i].bytes, buffer), cases[i].text);
}

static void times_are_local(void **state) {
        char buffer[TEXT_QUANTITY_MAX];

        (void)state;
        setenv("TZ", "UTC-1", 1);
        tzset();
        assert_string_equal(text_time(UINT64_C(1798149667) * USEC_PER_SEC, buffer), "2026-12-24 23:01:07");
        assert_string_equal(text_time(USEC_NEVER, buffer), "never");
        assert_string_not_equal(text_time(USEC_NEVER - 1, buffer), "");
}

static void a_typo_finds_its_name(void **state) {
        static const char *const names[] = {"trip", "clear", "lasting", "clear_lasting", "summary"};
        char endless[300];

        (void)state;
        assert_string_equal(text_nearest("tirp", names, ELEMENTSOF(names)), "trip");
        assert_string_equal(text_nearest("lastin", names, ELEMENTSOF(names)), "lasting");
        assert_string_equal(text_nearest("clear-lasting", names, ELEMENTSOF(names)), "clear_lasting");
        assert_string_equal(text_nearest("sumary", names, ELEMENTSOF(names)), "summary");
        assert_string_equal(text_nearest("clear", names, ELEMENTSOF(names)), "clear");

        assert_null(text_nearest("colour", names, ELEMENTSOF(names)));
        assert_null(text_nearest("", names, ELEMENTSOF(names)));
        assert_null(text_nearest("x", names, ELEMENTSOF(names)));
        assert_null(text_nearest("trip", NULL, 0));
        memset(endless, 't', sizeof(endless) - 1);
        endless[sizeof(endless) - 1] = '\0';
        assert_null(text_nearest(endless, names, ELEMENTSOF(names)));
}

static void a_problem_is_one_clean_line(void **state) {
        struct problem problem;

        (void)state;
        assert_int_equal(problem_set(&problem, "bad value \"%s\"", "a\nb\033"), -EINVAL);
        assert_string_equal(problem.text, "bad value \"a\\x0ab\\x1b\"");
        assert_int_equal(problem_set(NULL, "%d", 1), -EINVAL);
}

static void a_problem_may_be_put_inside_itself(void **state) {
        struct problem problem;

        (void)state;
        problem_set(&problem, "not a number");
        problem_set(&problem, "%s:%d: %s", "spoolguard.lua", 7, problem.text);
        assert_string_equal(problem.text, "spoolguard.lua:7: not a number");
}

static void a_long_problem_is_cut(void **state) {
        struct problem problem;
        char endless[4096];

        (void)state;
        for (size_t i = 0; i + 2 < sizeof(endless); i += 2)
                memcpy(endless + i, "\xc3\xa9", 3);
        problem_set(&problem, "%s", endless);
        assert_int_equal(strlen(problem.text), sizeof(problem.text) - 2);
        assert_true(text_is_clean(problem.text));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(copy_says_when_something_was_cut),
                cmocka_unit_test(copy_never_cuts_inside_a_character),
                cmocka_unit_test(a_sentence_that_is_cut_says_so_after_a_whole_word),
                cmocka_unit_test(copy_of_stray_continuation_bytes_keeps_what_fits),
                cmocka_unit_test(format_never_cuts_inside_a_character),
                cmocka_unit_test(escape_shows_what_a_terminal_would_obey),
                cmocka_unit_test(escape_is_cut_between_pieces),
                cmocka_unit_test(only_well_formed_utf8_is_clean),
                cmocka_unit_test(a_character_is_never_read_past_its_size),
                cmocka_unit_test(durations_have_at_most_two_units),
                cmocka_unit_test(sizes_are_rounded_down),
                cmocka_unit_test(times_are_local),
                cmocka_unit_test(a_typo_finds_its_name),
                cmocka_unit_test(a_problem_is_one_clean_line),
                cmocka_unit_test(a_problem_may_be_put_inside_itself),
                cmocka_unit_test(a_long_problem_is_cut),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
