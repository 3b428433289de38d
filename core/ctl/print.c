/* SPDX-License-Identifier: MIT */
/*
 * print - text, quantities and JSON on stdout
 *
 * Runs in: spoolguardctl.  Labels and reasons come from hostile bytes by way of the daemon; whatever is printed
 * passes through here and cannot move a cursor or change a title.  Colours only on a terminal, only for words
 * of state, never as the only carrier of a meaning.
 *
 * Limits: one printed piece is at most PIECE_MAX bytes.
 */
#include "ctl/print.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define PIECE_MAX 16384

#define RED "\x1b[31m"
#define YELLOW "\x1b[33m"
#define GREEN "\x1b[32m"
#define BOLD "\x1b[1m"
#define PLAIN PRINT_PLAIN

static const struct {
        const char *word, *colour;
} colours[] = {
        {"ok", GREEN},
        {"up", GREEN},
        {"done", GREEN},
        {"enforce", GREEN},
        {"incident", YELLOW},
        {"pending", YELLOW},
        {"taking", YELLOW},
        {"in-force", YELLOW},
        {"lapsed", YELLOW},
        {"overruled", YELLOW},
        {"ending", YELLOW},
        {"clearing", YELLOW},
        {"unknown", YELLOW},
        {"cooldown", YELLOW},
        {"running", YELLOW},
        {"observe", YELLOW},
        {"would-have", YELLOW},
        {"warn", YELLOW},
        {"active", RED},
        {"down", RED},
        {"escalated", RED},
        {"degraded", RED},
        {"spent", RED},
        {"quarantined", RED},
        {"failed", RED},
        {"timed-out", RED},
        {"denied", RED},
        {"refused", RED},
        {"fail", RED},
        {"stale", RED},
};

void print_text(const char *format, ...) {
        static char raw[PIECE_MAX], clean[4 * PIECE_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(raw, sizeof(raw), format, arguments);
        va_end(arguments);
        for (char *line = raw; line;) {
                char *end = strchr(line, '\n');

                if (end)
                        *end = '\0';
                text_escape(clean, sizeof(clean), line);
                fputs(clean, stdout);
                if (end)
                        fputc('\n', stdout);
                line = end ? end + 1 : NULL;
        }
}

const char *print_colour(const struct ctl *ctl, const char *word) {
        for (size_t i = 0; ctl->colour && i < ELEMENTSOF(colours); i++)
                if (strcmp(colours[i].word, word) == 0)
                        return colours[i].colour;
        return NULL;
}

void print_state(const struct ctl *ctl, const char *word) {
        const char *colour = print_colour(ctl, word);

        fputs(colour ? colour : "", stdout);
        print_text("%s", word);
        fputs(colour ? PLAIN : "", stdout);
}

void print_heading(const struct ctl *ctl, const char *text) {
        printf("\n%s%s%s\n", ctl->colour ? BOLD : "", text, ctl->colour ? PLAIN : "");
}

void print_json_consume(json_t *json) {
        /* Control characters are escaped by JSON itself; these keep C1 ones from a terminal, too. */
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));
        fputc('\n', stdout);
        json_decref(json);
}

static bool ends_with(const char *text, const char *end) {
        size_t length = strlen(text), end_length = strlen(end);

        return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

const char *print_count(uint64_t count, char buffer[static PRINT_VALUE_MAX]) {
        char digits[32];
        size_t length, used = 0;

        text_format(digits, sizeof(digits), "%" PRIu64, count);
        length = strlen(digits);
        for (size_t i = 0; i < length; i++) {
                if (i > 0 && (length - i) % 3 == 0)
                        buffer[used++] = ',';
                buffer[used++] = digits[i];
        }
        buffer[used] = '\0';
        return buffer;
}

const char *print_value(const char *reading, double value, char buffer[static PRINT_VALUE_MAX]) {
        char quantity[TEXT_QUANTITY_MAX];

        if (isnan(value))
                text_copy(buffer, PRINT_VALUE_MAX, "missing");
        else if (isinf(value))
                text_copy(buffer, PRINT_VALUE_MAX, value > 0 ? "never" : "-inf");
        else if (ends_with(reading, "_ratio"))
                text_format(buffer, PRINT_VALUE_MAX, "%.1f%%", value * 100);
        else if (ends_with(reading, "_bytes") && value >= 0 && value < 1e18)
                text_copy(buffer, PRINT_VALUE_MAX, text_size((uint64_t)value, quantity));
        else if (ends_with(reading, "_bytes_per_second") && value >= 0 && value < 1e18)
                text_format(buffer, PRINT_VALUE_MAX, "%s/s", text_size((uint64_t)value, quantity));
        else if (ends_with(reading, "_seconds") && value >= 0 && value < 1e12)
                text_copy(buffer, PRINT_VALUE_MAX, text_duration((uint64_t)(value * 1e6), quantity));
        else if (value >= 0 && value < 1e15 && value == floor(value))
                print_count((uint64_t)value, buffer);
        else
                text_format(buffer, PRINT_VALUE_MAX, "%g", value);
        return buffer;
}

const char *print_time(uint64_t usec, char buffer[static PRINT_VALUE_MAX]) {
        char now[TEXT_QUANTITY_MAX], then[TEXT_QUANTITY_MAX];

        if (usec == 0) {
                text_copy(buffer, PRINT_VALUE_MAX, "-");
                return buffer;
        }
        text_time(usec, then);
        text_time(clock_realtime_usec(), now);
        /* "YYYY-MM-DD " is the same today. */
        text_copy(buffer, PRINT_VALUE_MAX, strncmp(now, then, 11) == 0 ? then + 11 : then);
        return buffer;
}

const char *print_distance(uint64_t usec, char buffer[static PRINT_VALUE_MAX]) {
        char quantity[TEXT_QUANTITY_MAX];
        uint64_t now_usec = clock_realtime_usec();

        if (usec == 0)
                text_copy(buffer, PRINT_VALUE_MAX, "-");
        else if (usec <= now_usec)
                text_format(buffer, PRINT_VALUE_MAX, "%s ago",
                        text_duration((now_usec - usec) / USEC_PER_SEC * USEC_PER_SEC, quantity));
        else
                text_format(buffer, PRINT_VALUE_MAX, "in %s",
                        text_duration((usec - now_usec) / USEC_PER_SEC * USEC_PER_SEC, quantity));
        return buffer;
}
