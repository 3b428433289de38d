/* SPDX-License-Identifier: MIT */
/* people - numbers, times and strangers' words as a sentence for people has them */
#ifndef POSTFIX_PEOPLE_H
#define POSTFIX_PEOPLE_H

#include <stddef.h>
#include <stdint.h>

#define PEOPLE_TIME_MAX 24
#define PEOPLE_NUMBER_MAX 28

/* "14:31" on the same day, "Sun 03:10" within some days, else "2026-12-28 08:00"; local time. */
void people_time(int64_t seconds, int64_t now_seconds, char ret_text[static PEOPLE_TIME_MAX]);
/* "1,346" */
void people_number(uint64_t number, char ret_text[static PEOPLE_NUMBER_MAX]);
/* What somebody else wrote, in printable ASCII without quotes, cut to the room there is. */
void people_words(const char *words, char *text, size_t size);
/* Appends to a text, as far as there is room. */
void people_add(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
