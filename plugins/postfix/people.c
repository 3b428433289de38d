/* SPDX-License-Identifier: MIT */
/*
 * people - numbers, times and strangers' words as a sentence for people has them
 *
 * Runs in the watcher, for the sentences that readings come with, and in children of the executor.  A time is short
 * where nobody can take it for another day, and never without the day where somebody could: who reads the sentence on
 * Monday was not there on Friday.  What a remote server said is quoted, so it must not be able to end the quotation.
 *
 * Owns nothing.  Cannot fail: a time that no calendar has is "?".
 * Limits: local time, as the process knows it since its start.
 */
#include "postfix/people.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY INT64_C(86400)
#define NAMED_DAYS 6 /* the name of a day means the nearest one of that name */

void people_time(int64_t seconds, int64_t now_seconds, char ret_text[static PEOPLE_TIME_MAX]) {
        int64_t away = seconds > now_seconds ? seconds - now_seconds : now_seconds - seconds;
        time_t there = seconds, here = now_seconds;
        const char *format = "%Y-%m-%d %H:%M";
        struct tm then, today;

        if (!localtime_r(&there, &then) || !localtime_r(&here, &today)) {
                snprintf(ret_text, PEOPLE_TIME_MAX, "?");
                return;
        }
        if (then.tm_year == today.tm_year && then.tm_yday == today.tm_yday)
                format = "%H:%M";
        else if (away < NAMED_DAYS * DAY)
                format = "%a %H:%M";
        if (strftime(ret_text, PEOPLE_TIME_MAX, format, &then) == 0)
                snprintf(ret_text, PEOPLE_TIME_MAX, "?");
}

void people_number(uint64_t number, char ret_text[static PEOPLE_NUMBER_MAX]) {
        char digits[PEOPLE_NUMBER_MAX];
        size_t n;

        snprintf(digits, sizeof(digits), "%" PRIu64, number);
        n = strlen(digits);
        for (const char *digit = digits; *digit; digit++) {
                *ret_text++ = *digit;
                if (--n > 0 && n % 3 == 0)
                        *ret_text++ = ',';
        }
        *ret_text = '\0';
}

void people_words(const char *words, char *text, size_t size) {
        size_t n = 0;

        for (; *words && n + 1 < size; words++)
                text[n++] = *words >= ' ' && *words <= '~' && *words != '\'' ? *words : '?';
        text[n] = '\0';
}

void people_add(char *text, size_t size, const char *format, ...) {
        size_t used = strlen(text);
        va_list args;

        va_start(args, format);
        vsnprintf(text + used, size - used, format, args);
        va_end(args);
}
