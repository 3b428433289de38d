/* SPDX-License-Identifier: MIT */
/*
 * text - small helpers on text: bounded copies, durations and sizes for people, the nearest valid name
 *
 * Every target has room for at least the NUL.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies what fits and always ends with NUL; false when something was cut.  Cuts fall between characters. */
bool text_copy(char *target, size_t size, const char *source);
/* Into an array, which knows its size itself. */
#define TEXT_COPY(target, source) text_copy((target), sizeof(target), (source))
/* The same for a sentence: one that does not fit ends with a whole word and "...". */
void text_abridge(char *target, size_t size, const char *source);
/* Line ends become blanks. */
void text_one_line(char *text);
/* printf into a fixed buffer, cut on overflow. */
void text_format(char *target, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Like text_copy, with control characters and invalid UTF-8 shown as \xNN. */
void text_escape(char *target, size_t size, const char *source);
bool text_is_clean(const char *source); /* valid UTF-8 without control characters */
/* Bytes of the clean character that these `size` bytes start with; 0: none, a control character, or not UTF-8. */
size_t text_character(const char *text, size_t size);

#define TEXT_QUANTITY_MAX 32
/* "1h 30m", "12s", "250ms"; at most two units. USEC_NEVER is "never". */
const char *text_duration(uint64_t usec, char buffer[static TEXT_QUANTITY_MAX]);
/* "12.5M", "200M", "512B": powers of 1024, rounded down, one decimal unless it is 0. */
const char *text_size(uint64_t bytes, char buffer[static TEXT_QUANTITY_MAX]);
/* "2026-12-24 23:01:07" in local time. */
const char *text_time(uint64_t realtime_usec, char buffer[static TEXT_QUANTITY_MAX]);

/* The candidate with the smallest edit distance, when it is close enough to be a typo; else NULL. */
const char *text_nearest(const char *word, const char *const candidates[], size_t n);

#endif
