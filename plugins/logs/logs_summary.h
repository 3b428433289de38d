/* SPDX-License-Identifier: MIT */
/* logs_summary - what whole lines of a mail log say, counted in bounded room */
#ifndef LOGS_LOGS_SUMMARY_H
#define LOGS_LOGS_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGS_SUMMARY_NAMES 64
#define LOGS_SUMMARY_NAME_MAX 64
#define LOGS_SUMMARY_TOP 10
#define LOGS_SUMMARY_LINE_MAX 200
#define LOGS_SUMMARY_STATUSES 4

/* The most frequent names; when there are more than fit, the least frequent makes room and leaves its count. */
struct logs_summary_names {
        struct {
                uint64_t count;
                uint32_t hash;
                char name[LOGS_SUMMARY_NAME_MAX];
        } items[LOGS_SUMMARY_NAMES];
        size_t n;
        bool is_crowded;
};

struct logs_summary {
        uint64_t lines, line_bytes; /* of all that was added */
        uint64_t parsed_bytes;      /* of that which was parsed, too */
        uint64_t statuses[LOGS_SUMMARY_STATUSES];
        struct logs_summary_names relays, domains;
};

/* Whole lines, but for one that is longer than the caller's buffer. */
void logs_summary_add(struct logs_summary *summary, const char *bytes, size_t n, bool parse);
/* The time stamp that a line begins with, as "2026-12-24 23:01:02" or "Dec 24 23:01:02"; false: there is none. */
bool logs_summary_stamp(const char *line, size_t n, char *text, size_t size);
/*
 * Lines of printable ASCII, none longer than LOGS_SUMMARY_LINE_MAX; of `total_bytes` some may never have been added.
 * Returns how many lines of log there are, by what was seen.
 */
uint64_t logs_summary_text(const struct logs_summary *summary, uint64_t total_bytes, char *text, size_t size);

#endif
