/* SPDX-License-Identifier: MIT */
/* test_logs_summary - what whole lines of a mail log say, and what they only pretend to say */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "logs/logs_cut.h"
#include "logs/logs_summary.h"

static struct logs_summary summary;
static char text[LOGS_CUT_TEXT_MAX];

static int setup(void **state) {
        (void)state;
        summary = (struct logs_summary){0};
        return 0;
}

static void add(const char *lines) {
        logs_summary_add(&summary, lines, strlen(lines), true);
}

static uint64_t finish(uint64_t total) {
        return logs_summary_text(&summary, total, text, sizeof(text));
}

static void statuses_relays_and_domains_are_counted(void **state) {
        static const char lines[] =
                "Dec 24 23:01:02 r postfix/smtp[1]: A: to=<a@Example.COM>, relay=mx.example[192.0.2.1]:25, "
                "delay=1, "
                "dsn=2.0.0, status=sent (250 ok)\n"
                "Dec 24 23:01:03 r postfix/smtp[1]: B: to=<b@example.com>, orig_to=<c@x>, relay=none, "
                "delay=1, "
                "dsn=4.4.1, status=deferred (connect to mx: no)\n"
                "Dec 24 23:01:04 r postfix/local[1]: C: to=<d@other.example>, relay=local, status=bounced "
                "(no)\n"
                "Dec 24 23:01:04 r postfix/qmgr[1]: D: from=<>, status=expired, returned to sender\n"
                "Dec 24 23:01:05 r sshd[1]: nothing of that\n";

        (void)state;
        add(lines);
        assert_int_equal(finish(strlen(lines)), 5);
        assert_string_equal(text,
                "status: sent 1, deferred 1, bounced 1, expired 1\n"
                "relays: mx.example 1, local 1\n"
                "recipients' domains: example.com 2, other.example 1\n");
}

static void what_was_not_read_is_estimated_and_that_is_said(void **state) {
        (void)state;
        add("x relay=a, status=sent\nx relay=a, status=sent\n");
        logs_summary_add(&summary, "1\n2\n", 4, false);
        assert_int_equal(finish(500), 40);
        assert_non_null(strstr(text, "sent 22, deferred 0"));
        assert_non_null(strstr(text, "(estimated: 9 % of the lines were read)"));
        assert_non_null(strstr(text, "relays: a 22\n"));
}

static void names_that_are_none_are_not_shown(void **state) {
        (void)state;
        add("x to=<a@b c>, relay=\x1b[31m, status=sent\n"
            "x to=<a@ev\xc3\xbcl>, relay=., status=deferred\n"
            "x to=<, relay=a%n, status=sent\n"
            "x to=<nobody>, status=sent\n"
            "x relay=hidden, status=sentence\n"
            " status= relay= to=<\n\n\n");
        logs_summary_add(&summary, "x\0 relay=nul, status=sent\n", 26, true);
        finish(summary.line_bytes);
        assert_int_equal(summary.lines, 9);
        assert_string_equal(text, "status: sent 4, deferred 1, bounced 0, expired 0\nrelays: . 1, nul 1\n");
        assert_true(logs_cut_is_text(text, strlen(text)));
}

static void the_frequent_ones_are_found_among_very_many(void **state) {
        char line[128];

        (void)state;
        for (unsigned i = 0; i < 20000; i++) {
                snprintf(line, sizeof(line), "x to=<a@d%u.example>, relay=none, status=deferred\n",
                        i % 3 == 0 ? i : i % 7);
                add(line);
        }
        finish(summary.line_bytes);
        assert_non_null(strstr(text, "most frequent recipients' domains:"));
        for (unsigned i = 0; i < 7; i++) {
                snprintf(line, sizeof(line), " d%u.example ", i);
                assert_non_null(strstr(text, line));
        }
}

static void lines_of_the_text_stay_short(void **state) {
        char line[256], name[LOGS_SUMMARY_NAME_MAX];
        const char *stop;
        unsigned lines = 0;

        (void)state;
        for (unsigned i = 0; i < 12; i++) {
                memset(name, 'a' + (int)i, sizeof(name) - 1);
                name[sizeof(name) - 1] = '\0';
                snprintf(line, sizeof(line), "x to=<a@%s>, relay=%s[1], status=sent\n", name, name);
                add(line);
                memset(name, 'x', sizeof(name)); /* too long to be counted */
                snprintf(line, sizeof(line), "x relay=%.64s, status=sent\n", name);
                add(line);
        }
        finish(UINT64_C(1) << 60);
        for (const char *at = text; (stop = strchr(at, '\n')); at = stop + 1, lines++)
                assert_true(stop - at <= LOGS_SUMMARY_LINE_MAX);
        assert_true(lines > 4);
        assert_null(strstr(text, "xxx"));
        /* What does not fit is left out, and the text still ends. */
        for (size_t size = 1; size < 200; size++) {
                memset(text, 'z', sizeof(text));
                logs_summary_text(&summary, 1000, text, size);
                assert_true(strlen(text) < size);
        }
}

static void time_stamps_of_both_kinds_are_understood(void **state) {
        static const struct {
                const char *line, *stamp;
        } rows[] = {
                {"Dec 24 23:01:02 relay postfix", "Dec 24 23:01:02"},
                {"Dec  4 23:01:02 relay postfix", "Dec  4 23:01:02"},
                {"2026-12-24T23:01:02.123456+01:00 relay", "2026-12-24 23:01:02"},
                {"2026-12-24T23:01:02", "2026-12-24 23:01:02"},
                {"Dec 24 23:01", ""},
                {"Foo 24 23:01:02 relay", ""},
                {"2026-12-24 23:01:02 relay", ""},
                {"", ""},
                {"\n", ""},
        };
        char stamp[LOGS_CUT_STAMP_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(logs_summary_stamp(rows[i].line, strlen(rows[i].line), stamp, sizeof(stamp)),
                        *rows[i].stamp != '\0');
                assert_string_equal(stamp, rows[i].stamp);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(statuses_relays_and_domains_are_counted, setup),
                cmocka_unit_test_setup(what_was_not_read_is_estimated_and_that_is_said, setup),
                cmocka_unit_test_setup(names_that_are_none_are_not_shown, setup),
                cmocka_unit_test_setup(the_frequent_ones_are_found_among_very_many, setup),
                cmocka_unit_test_setup(lines_of_the_text_stay_short, setup),
                cmocka_unit_test_setup(time_stamps_of_both_kinds_are_understood, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
