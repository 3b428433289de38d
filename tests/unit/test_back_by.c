/* SPDX-License-Identifier: MIT */
/* test_back_by - when people are next back: what may be written, and the moment it stands for, in Berlin */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/back_by.h"
#include "base/clock.h"

/* Local time as "2026-12-25 12:00"; `is_dst` only matters where there are two. */
static uint64_t at(const char *text, int is_dst) {
        struct tm local = {.tm_isdst = -1};

        assert_non_null(strptime(text, "%Y-%m-%d %H:%M:%S", &local));
        local.tm_isdst = is_dst;
        return (uint64_t)mktime(&local) * USEC_PER_SEC;
}

static uint64_t next(const char *text, uint64_t now_usec) {
        struct back_by back_by;
        struct problem problem = {""};

        if (back_by_parse("back_by", text, &back_by, &problem) < 0)
                fail_msg("%s", problem.text);
        return back_by_next(&back_by, now_usec);
}

static void a_week_day_is_the_next_one_of_its_kind(void **state) {
        static const struct {
                const char *text, *now, *next;
        } rows[] = {
                {"Mon 08:00", "2026-12-25 12:00:00", "2026-12-28 08:00:00"},
                {"Mon 08:00", "2026-12-28 07:59:59", "2026-12-28 08:00:00"},
                {"Mon 08:00", "2026-12-28 08:00:00", "2027-01-04 08:00:00"},
                {"Mon 08:00", "2026-12-28 18:00:00", "2027-01-04 08:00:00"},
                {"Fri 00:00", "2026-12-25 12:00:00", "2027-01-01 00:00:00"},
                {"Sun 23:59", "2026-12-25 12:00:00", "2026-12-27 23:59:00"},
                {"Sat 00:00", "2026-02-27 12:00:00", "2026-02-28 00:00:00"},
                {"Sun 09:05", "2028-02-28 12:00:00", "2028-03-05 09:05:00"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (next(rows[i].text, at(rows[i].now, -1)) != at(rows[i].next, -1))
                        fail_msg("%s at %s is not %s", rows[i].text, rows[i].now, rows[i].next);
}

static void a_date_is_once_and_nobody_knows_what_comes_after_it(void **state) {
        (void)state;
        assert_int_equal(
                next("2026-12-28 08:00", at("2026-12-18 12:00:00", -1)), at("2026-12-28 08:00:00", -1));
        assert_int_equal(
                next("2026-12-28 08:00", at("2026-12-28 07:59:59", -1)), at("2026-12-28 08:00:00", -1));
        assert_int_equal(next("2026-12-28 08:00", at("2026-12-28 08:00:00", -1)), 0);
        assert_int_equal(next("2026-12-28 08:00", at("2027-03-01 08:00:00", -1)), 0);
        assert_int_equal(
                next("2028-02-29 08:00", at("2027-03-01 08:00:00", -1)), at("2028-02-29 08:00:00", -1));
}

static uint64_t alone_until(const char *text, const char *now) {
        struct back_by back_by;
        struct problem problem;

        assert_int_equal(back_by_parse("back_by", text, &back_by, &problem), 0);
        return back_by_alone_until(&back_by, at(now, -1));
}

static void on_working_days_nobody_is_away(void **state) {
        uint64_t monday = at("2026-12-28 08:00:00", -1);

        (void)state;
        assert_int_equal(alone_until("Mon 08:00", "2026-12-21 08:00:00"), 0);
        assert_int_equal(alone_until("Mon 08:00", "2026-12-25 07:59:59"), 0);
        assert_int_equal(alone_until("Mon 08:00", "2026-12-25 08:00:00"), monday);
        assert_int_equal(alone_until("Mon 08:00", "2026-12-28 07:59:59"), monday);
        assert_int_equal(alone_until("2026-12-28 08:00", "2026-12-18 12:00:00"), monday);
        assert_int_equal(alone_until("2026-12-28 08:00", "2026-12-28 08:00:00"), 0);
}

static void what_nobody_configured_is_unknown(void **state) {
        (void)state;
        assert_int_equal(back_by_next(&(struct back_by){0}, at("2026-12-25 12:00:00", -1)), 0);
}

static void a_night_in_which_the_clock_moves_has_another_length(void **state) {
        uint64_t friday = at("2026-03-27 08:00:00", -1);

        (void)state;
        assert_int_equal(next("Mon 08:00", friday) - friday, 71 * USEC_PER_HOUR);
        friday = at("2026-10-23 08:00:00", -1);
        assert_int_equal(next("Mon 08:00", friday) - friday, 73 * USEC_PER_HOUR);
}

static void a_time_that_there_is_twice_is_the_later_one(void **state) {
        uint64_t first = at("2026-10-25 02:30:00", 1), second = at("2026-10-25 02:30:00", 0);

        (void)state;
        assert_int_equal(second - first, USEC_PER_HOUR);
        assert_int_equal(next("2026-10-25 02:30", at("2026-10-24 12:00:00", -1)), second);
        assert_int_equal(next("Sun 02:30", at("2026-10-24 12:00:00", -1)), second);
        assert_int_equal(next("Sun 02:30", first), second);
}

static void a_time_that_the_clock_leaves_out_is_behind_the_gap(void **state) {
        (void)state;
        assert_int_equal(
                next("2026-03-29 02:30", at("2026-03-28 12:00:00", -1)), at("2026-03-29 03:30:00", -1));
        assert_int_equal(next("Sun 02:00", at("2026-03-28 12:00:00", -1)), at("2026-03-29 03:00:00", -1));
}

static void a_zone_without_summer_time_has_every_hour_once(void **state) {
        (void)state;
        setenv("TZ", "UTC", 1);
        tzset();
        assert_int_equal(
                next("Mon 08:00", UINT64_C(1798200000) * USEC_PER_SEC), UINT64_C(1798444800) * USEC_PER_SEC);
        setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        tzset();
}

static void what_is_no_such_time_is_refused_with_what_is_allowed(void **state) {
        static const char *const nonsense[][2] = {{"", "(\"Mon 08:00\")"},
                {"Monday 08:00", "(\"Mon 08:00\")"}, {"mon 08:00", "(\"Mon 08:00\")"},
                {"Mon", "(\"Mon 08:00\")"}, {"Mon 8:00", "(\"Mon 08:00\")"},
                {"Mon  08:00", "(\"Mon 08:00\")"}, {"Mon 08:00 ", "(\"Mon 08:00\")"},
                {"Mon 08:00:00", "(\"Mon 08:00\")"}, {"08:00 Mon", "(\"Mon 08:00\")"},
                {"28.12.2026 08:00", "(\"2026-12-28 08:00\")"}, {"2026-12-28", "(\"2026-12-28 08:00\")"},
                {"2026-12-28T08:00", "(\"2026-12-28 08:00\")"}, {"2026-02-29 08:00", "there is no such day"},
                {"2100-02-29 08:00", "there is no such day"}, {"2026-13-01 08:00", "there is no such day"},
                {"2026-00-10 08:00", "there is no such day"}, {"2026-04-31 08:00", "there is no such day"},
                {"0000-01-01 08:00", "there is no such day"}, {"Mon 24:00", "there is no 24:00 on a clock"},
                {"Mon 08:60", "there is no 08:60 on a clock"}};

        (void)state;
        for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
                struct problem problem = {""};
                struct back_by back_by = {.year = 7};

                if (back_by_parse("back_by", nonsense[i][0], &back_by, &problem) != -EINVAL)
                        fail_msg("taken: %s", nonsense[i][0]);
                assert_non_null(strstr(problem.text, "back_by = \""));
                if (!strstr(problem.text, nonsense[i][1]))
                        fail_msg("\"%s\" does not say \"%s\"", problem.text, nonsense[i][1]);
                assert_int_equal(back_by.year, 7);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_week_day_is_the_next_one_of_its_kind),
                cmocka_unit_test(a_date_is_once_and_nobody_knows_what_comes_after_it),
                cmocka_unit_test(on_working_days_nobody_is_away),
                cmocka_unit_test(what_nobody_configured_is_unknown),
                cmocka_unit_test(a_night_in_which_the_clock_moves_has_another_length),
                cmocka_unit_test(a_time_that_there_is_twice_is_the_later_one),
                cmocka_unit_test(a_time_that_the_clock_leaves_out_is_behind_the_gap),
                cmocka_unit_test(a_zone_without_summer_time_has_every_hour_once),
                cmocka_unit_test(what_is_no_such_time_is_refused_with_what_is_allowed),
        };

        /* The rules of Berlin, written out: a machine may have no table of time zones. */
        setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
