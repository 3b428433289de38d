/* SPDX-License-Identifier: MIT */
/*
 * text - bounded copies, hostile bytes made printable, quantities for people, the nearest valid name
 *
 * Runs in every process.  Pure functions over the caller's buffers; nothing is allocated or kept.  Nothing here
 * fails: what does not fit is cut, and cuts fall between characters, so that a clean text stays clean (the bus
 * and the wire both refuse half a character).
 *
 * UTF-8 is checked strictly: no overlong forms, no surrogates, nothing above U+10FFFF.  Control characters are
 * C0, DEL and C1; the latter because terminals obey them too.  So are the characters that turn the direction of
 * what follows, or end a line: with them a name could rewrite the rest of its row.
 *
 * Limits: escaping is for eyes and not reversible (a backslash stays one backslash); text_nearest() looks at
 * words of up to 64 bytes.
 */
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define NEAREST_WORD_MAX 64

/* Rows of the table of well-formed byte sequences in the Unicode standard (3.9, table 3-7). */
static const struct {
        unsigned char first, last;
        unsigned char second_low, second_high;
        unsigned char length;
} utf8_rows[] = {
        {0xc2, 0xc2, 0xa0, 0xbf, 2}, /* U+0080 to U+009F are the C1 controls: not among the clean ones */
        {0xc3, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* U+2028 to U+202E and U+2066 to U+2069. */
static bool turns_or_ends_a_line(const unsigned char *bytes) {
        return bytes[0] == 0xe2 &&
                ((bytes[1] == 0x80 && bytes[2] >= 0xa8 && bytes[2] <= 0xae) ||
                        (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9));
}

size_t text_character(const char *text, size_t size) {
        const unsigned char *bytes = (const unsigned char *)text;

        if (size == 0)
                return 0;
        if (bytes[0] < 0x80)
                return bytes[0] >= 0x20 && bytes[0] != 0x7f;

        for (size_t i = 0; i < ELEMENTSOF(utf8_rows); i++) {
                size_t length = utf8_rows[i].length;

                if (bytes[0] < utf8_rows[i].first || bytes[0] > utf8_rows[i].last)
                        continue;
                if (size < length || bytes[1] < utf8_rows[i].second_low ||
                        bytes[1] > utf8_rows[i].second_high)
                        return 0;
                for (size_t k = 2; k < length; k++)
                        if ((bytes[k] & 0xc0) != 0x80)
                                return 0;
                return length == 3 && turns_or_ends_a_line(bytes) ? 0 : length;
        }
        return 0;
}

/* How much of the first `size` bytes of a longer text to keep, so that no character is cut in two. */
static size_t cut_between_characters(const char *text, size_t size) {
        size_t cut = size;

        while (cut > 0 && size - cut < 3 && ((unsigned char)text[cut] & 0xc0) == 0x80)
                cut--;
        /* a run of stray continuation bytes is no character: cut it anywhere */
        return ((unsigned char)text[cut] & 0xc0) == 0x80 ? size : cut;
}

bool text_copy(char *target, size_t size, const char *source) {
        size_t length = strlen(source), kept = length;

        assert(size > 0);
        if (length >= size)
                kept = cut_between_characters(source, size - 1);
        memmove(target, source, kept);
        target[kept] = '\0';
        return kept == length;
}

void text_one_line(char *text) {
        while ((text = strchr(text, '\n')))
                *text = ' ';
}

void text_abridge(char *target, size_t size, const char *source) {
        static const char mark[] = "...";
        char *space;

        assert(size > sizeof(mark));
        if (text_copy(target, size, source))
                return;
        text_copy(target, size - sizeof(mark) + 1, source);
        /* Of a word that is most of it, as a path may be, what there is room for is kept. */
        space = strrchr(target, ' ');
        strcpy(space && (size_t)(space - target) >= size / 2 ? space + 1 : target + strlen(target), mark);
}

void text_format(char *target, size_t size, const char *format, ...) {
        va_list arguments;
        size_t start;
        int length;

        assert(size > 0);
        va_start(arguments, format);
        length = vsnprintf(target, size, format, arguments);
        va_end(arguments);
        if (length < 0) {
                target[0] = '\0';
                return;
        }
        if ((size_t)length < size)
                return;

        /* vsnprintf() counts bytes: take away a last character that lost its end */
        start = size - 1;
        while (start > 0 && size - 1 - start < 3 && ((unsigned char)target[start - 1] & 0xc0) == 0x80)
                start--;
        if (start > 0 && (unsigned char)target[start - 1] >= 0xc0 &&
                text_character(target + start - 1, size - start) == 0)
                target[start - 1] = '\0';
}

void text_escape(char *target, size_t size, const char *source) {
        size_t left = strlen(source), used = 0;

        assert(size > 0);
        while (left > 0) {
                size_t length = text_character(source, left);
                char escaped[5];
                const char *piece = source;
                size_t consumed = length;

                if (length == 0) {
                        snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)*source);
                        piece = escaped;
                        length = 4;
                        consumed = 1;
                }
                if (used + length >= size)
                        break;
                memcpy(target + used, piece, length);
                used += length;
                source += consumed;
                left -= consumed;
        }
        target[used] = '\0';
}

bool text_is_clean(const char *source) {
        size_t left = strlen(source);

        while (left > 0) {
                size_t length = text_character(source, left);

                if (length == 0)
                        return false;
                source += length;
                left -= length;
        }
        return true;
}

const char *text_duration(uint64_t usec, char buffer[static TEXT_QUANTITY_MAX]) {
        static const struct {
                const char *name;
                uint64_t usec;
        } units[] = {
                {"d", USEC_PER_DAY},
                {"h", USEC_PER_HOUR},
                {"m", USEC_PER_MINUTE},
                {"s", USEC_PER_SEC},
                {"ms", USEC_PER_MSEC},
                {"us", 1},
        };
        size_t unit = 0;
        uint64_t rest;

        if (usec == USEC_NEVER)
                return strcpy(buffer, "never");
        if (usec == 0)
                return strcpy(buffer, "0s");

        while (usec < units[unit].usec)
                unit++;
        text_format(buffer, TEXT_QUANTITY_MAX, "%llu%s", (unsigned long long)(usec / units[unit].usec),
                units[unit].name);

        rest = usec % units[unit].usec;
        if (unit + 1 < ELEMENTSOF(units) && rest >= units[unit + 1].usec) {
                size_t used = strlen(buffer);

                text_format(buffer + used, TEXT_QUANTITY_MAX - used, " %llu%s",
                        (unsigned long long)(rest / units[unit + 1].usec), units[unit + 1].name);
        }
        return buffer;
}

const char *text_size(uint64_t bytes, char buffer[static TEXT_QUANTITY_MAX]) {
        static const char units[] = "BKMGTPE";
        unsigned unit = 0;
        uint64_t tenths;

        while (unit + 2 < sizeof(units) && bytes >> (10 * (unit + 1)))
                unit++;
        /* rounded down: what is said to be freed was freed */
        tenths = ((bytes & ((UINT64_C(1) << (10 * unit)) - 1)) >> (unit ? 10 * (unit - 1) : 0)) * 10 / 1024;
        if (tenths)
                text_format(buffer, TEXT_QUANTITY_MAX, "%llu.%llu%c",
                        (unsigned long long)(bytes >> (10 * unit)), (unsigned long long)tenths, units[unit]);
        else
                text_format(buffer, TEXT_QUANTITY_MAX, "%llu%c", (unsigned long long)(bytes >> (10 * unit)),
                        units[unit]);
        return buffer;
}

const char *text_time(uint64_t realtime_usec, char buffer[static TEXT_QUANTITY_MAX]) {
        time_t seconds = (time_t)(realtime_usec / USEC_PER_SEC);
        struct tm local;

        if (realtime_usec == USEC_NEVER)
                return strcpy(buffer, "never");
        if (!localtime_r(&seconds, &local) ||
                strftime(buffer, TEXT_QUANTITY_MAX, "%Y-%m-%d %H:%M:%S", &local) == 0)
                return strcpy(buffer, "?");
        return buffer;
}

static size_t least(size_t a, size_t b) {
        return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) from one word to the other; both are short. */
static size_t edit_distance(const char *from, size_t from_length, const char *to, size_t to_length) {
        size_t rows[3][NEAREST_WORD_MAX + 1];
        size_t *before = rows[0], *above = rows[1], *row = rows[2];

        for (size_t k = 0; k <= to_length; k++)
                above[k] = k;
        for (size_t i = 1; i <= from_length; i++) {
                size_t *recycled = before;

                row[0] = i;
                for (size_t k = 1; k <= to_length; k++) {
                        row[k] = least(
                                least(above[k], row[k - 1]) + 1, above[k - 1] + (from[i - 1] != to[k - 1]));
                        if (i > 1 && k > 1 && from[i - 1] == to[k - 2] && from[i - 2] == to[k - 1])
                                row[k] = least(row[k], before[k - 2] + 1);
                }
                before = above;
                above = row;
                row = recycled;
        }
        return above[to_length];
}

const char *text_nearest(const char *word, const char *const candidates[], size_t n) {
        size_t length = strlen(word), best_distance;
        const char *best = NULL;

        if (length == 0 || length > NEAREST_WORD_MAX)
                return NULL;
        /* a third of the word may be wrong, three letters at most: further away it is another word */
        best_distance = least((length + 2) / 3, 3) + 1;

        for (size_t i = 0; i < n; i++) {
                size_t candidate_length = strlen(candidates[i]), distance;

                if (candidate_length > NEAREST_WORD_MAX)
                        continue;
                distance = edit_distance(word, length, candidates[i], candidate_length);
                if (distance < best_distance && distance < candidate_length && distance < length) {
                        best = candidates[i];
                        best_distance = distance;
                }
        }
        return best;
}
