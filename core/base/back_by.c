/* SPDX-License-Identifier: MIT */
/*
 * back_by - when people are next back: "Mon 08:00" every week, or "2026-12-28 08:00" once, in local time
 *
 * Runs in the loader, which refuses what is no such time, and in the watcher, whose sensors and playbooks ask how long
 * the host is still on its own.  Owns nothing.  Local time is what the admin wrote down, so the moment is computed
 * anew each time: a clock that was set, or a time zone that was changed, is taken as it is now.
 *
 * Of a time that there is twice, in the night when the clock goes back, the later one is meant: who plans for people
 * to be away must not count on them an hour early.
 *
 * Who comes back every week is there on most days of it.  Without that difference all mail that arrives on a Monday
 * would be mail that five days are too short for.
 *
 * Fails with -EINVAL and a sentence that names what is wrong; a date of the past parses, since it was right once,
 * and has no next moment.
 */
#include "base/back_by.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define ALLOWED                                                                                         \
        "allowed are a day of the week and a time (\"Mon 08:00\"), or a date and a time (\"2026-12-28 " \
        "08:00\")"

static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/* Exactly so many digits; -1: they are not there. */
static int take_number(const char **text, int digits) {
        int number = 0;

        for (int i = 0; i < digits; i++, (*text)++) {
                if (**text < '0' || **text > '9')
                        return -1;
                number = 10 * number + (**text - '0');
        }
        return number;
}

static bool take_char(const char **text, char wanted) {
        if (**text != wanted)
                return false;
        (*text)++;
        return true;
}

static bool take_day(const char **text, struct back_by *back_by) {
        for (size_t i = 0; i < ELEMENTSOF(weekdays); i++)
                if (strncmp(*text, weekdays[i], 3) == 0) {
                        *text += 3;
                        back_by->weekly = true;
                        back_by->weekday = (int)i;
                        return true;
                }
        back_by->year = take_number(text, 4);
        if (back_by->year < 0 || !take_char(text, '-'))
                return false;
        back_by->month = take_number(text, 2);
        if (back_by->month < 0 || !take_char(text, '-'))
                return false;
        back_by->day = take_number(text, 2);
        return back_by->day >= 0;
}

static bool take_time(const char **text, struct back_by *back_by) {
        back_by->hour = take_number(text, 2);
        if (back_by->hour < 0 || !take_char(text, ':'))
                return false;
        back_by->minute = take_number(text, 2);
        return back_by->minute >= 0;
}

static bool is_date(const struct back_by *back_by) {
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        int year = back_by->year, month = back_by->month;

        if (year < 1970 || month < 1 || month > 12 || back_by->day < 1)
                return false;
        bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        return back_by->day <= days[month - 1] + (leap ? 1 : 0);
}

int back_by_parse(const char *where, const char *text, struct back_by *ret, struct problem *problem) {
        struct back_by back_by = {.weekly = false};
        const char *rest = text;

        if (!take_day(&rest, &back_by) || !take_char(&rest, ' ') || !take_time(&rest, &back_by) || *rest)
                return problem_set(problem, "%s = \"%s\": " ALLOWED, where, text);
        if (!back_by.weekly && !is_date(&back_by))
                return problem_set(problem, "%s = \"%s\": there is no such day; " ALLOWED, where, text);
        if (back_by.hour > 23 || back_by.minute > 59)
                return problem_set(problem,
                        "%s = \"%s\": there is no %02d:%02d on a clock, which goes from 00:00 to 23:59",
                        where, text, back_by.hour, back_by.minute);
        *ret = back_by;
        return 0;
}

/* A local time, days and months beyond their ends included, as a moment. */
static uint64_t moment(const struct tm *local) {
        uint64_t latest_usec = 0;

        for (int is_dst = 0; is_dst <= 1; is_dst++) {
                struct tm wanted = *local, normal = *local, got;

                wanted.tm_isdst = is_dst;
                normal.tm_isdst = -1;
                time_t at = mktime(&wanted);
                if (at <= 0 || mktime(&normal) < 0 || !localtime_r(&at, &got))
                        continue;
                /* Asked for with the other offset, a time that there is once comes out an hour beside it. */
                bool exists = got.tm_hour == local->tm_hour && got.tm_min == local->tm_min;
                bool in_gap = normal.tm_hour != local->tm_hour || normal.tm_min != local->tm_min;
                uint64_t usec = (uint64_t)at * USEC_PER_SEC;
                if ((exists || (in_gap && is_dst == 0)) && usec > latest_usec)
                        latest_usec = usec;
        }
        return latest_usec;
}

uint64_t back_by_next(const struct back_by *back_by, uint64_t realtime_usec) {
        time_t now = (time_t)(realtime_usec / USEC_PER_SEC);
        struct tm local, today;
        uint64_t next_usec;

        local = (struct tm){.tm_hour = back_by->hour, .tm_min = back_by->minute};
        if (!back_by->weekly) {
                local.tm_year = back_by->year - 1900;
                local.tm_mon = back_by->month - 1;
                local.tm_mday = back_by->day;
                next_usec = moment(&local);
                return next_usec > realtime_usec ? next_usec : 0;
        }
        if (!localtime_r(&now, &today))
                return 0;
        local.tm_year = today.tm_year;
        local.tm_mon = today.tm_mon;
        local.tm_mday = today.tm_mday + (back_by->weekday - today.tm_wday + 7) % 7;
        next_usec = moment(&local);
        if (next_usec > realtime_usec)
                return next_usec;
        local.tm_mday += 7;
        return moment(&local);
}

uint64_t back_by_alone_until(const struct back_by *back_by, uint64_t realtime_usec) {
        uint64_t next_usec = back_by_next(back_by, realtime_usec);

        if (back_by->weekly && next_usec > realtime_usec + BACK_BY_WEEKEND_USEC)
                return 0;
        return next_usec;
}
