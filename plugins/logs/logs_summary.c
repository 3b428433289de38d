/* SPDX-License-Identifier: MIT */
/*
 * logs_summary - how many lines there are, what became of the mail in them, and where it was to go
 *
 * Runs in the watcher: log lines are hostile bytes.  Anybody who sends mail writes parts of them, so nothing is
 * believed but what has the form it must have: a status is one of four words, a relay or a domain has letters,
 * digits and ".-_" only.  A line that says something else counts as a line.
 *
 * Names are counted in LOGS_SUMMARY_NAMES places: a new one takes the place of the least frequent and its count
 * with it, so what is really frequent is always there, and its count too high by no more than the least of them.
 *
 * Pure.  Owns nothing, cannot fail.  Limits: names of LOGS_SUMMARY_NAME_MAX - 1 bytes; longer ones are not counted.
 */
#include "logs/logs_summary.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const statuses[LOGS_SUMMARY_STATUSES] = {"sent", "deferred", "bounced", "expired"};

static void count_name(struct logs_summary_names *names, const char *name, size_t length) {
        char lower[LOGS_SUMMARY_NAME_MAX];
        uint32_t hash = 2166136261U;
        size_t least = 0;

        if (length == 0 || length >= sizeof(lower))
                return;
        for (size_t i = 0; i < length; i++) {
                unsigned char c = (unsigned char)name[i];

                /* Of the C locale whatever the process has. */
                if (c >= 'A' && c <= 'Z')
                        c = (unsigned char)(c - 'A' + 'a');
                if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
                        return;
                lower[i] = (char)c;
                hash = (hash ^ c) * 16777619U;
        }
        lower[length] = '\0';
        for (size_t i = 0; i < names->n; i++) {
                if (names->items[i].hash == hash && strcmp(names->items[i].name, lower) == 0) {
                        names->items[i].count++;
                        return;
                }
                if (names->items[i].count < names->items[least].count)
                        least = i;
        }
        if (names->n < LOGS_SUMMARY_NAMES)
                least = names->n++;
        else
                names->is_crowded = true;
        memcpy(names->items[least].name, lower, length + 1);
        names->items[least].hash = hash;
        names->items[least].count++;
}

/* What follows the first `key` in the line, up to one of `ends`; NULL: nothing. */
static const char *value_of(
        const char *line, size_t n, const char *key, const char *ends, size_t *ret_length) {
        const char *value = memmem(line, n, key, strlen(key)), *end = line + n, *stop;

        if (!value)
                return NULL;
        value += strlen(key);
        for (stop = value; stop < end && *stop != '\0' && !strchr(ends, *stop); stop++)
                ;
        *ret_length = (size_t)(stop - value);
        return value;
}

static void parse_line(struct logs_summary *summary, const char *line, size_t n) {
        size_t length, address_length;
        const char *status = value_of(line, n, " status=", " ,", &length), *address, *relay, *at;
        bool known = false;

        for (size_t i = 0; status && i < LOGS_SUMMARY_STATUSES; i++)
                if (strlen(statuses[i]) == length && memcmp(statuses[i], status, length) == 0) {
                        summary->statuses[i]++;
                        known = true;
                }
        if (!known)
                return;
        relay = value_of(line, n, " relay=", "[:, ", &length);
        if (relay && !(length == 4 && memcmp(relay, "none", 4) == 0))
                count_name(&summary->relays, relay, length);
        address = value_of(line, n, " to=<", ">", &address_length);
        at = address ? memrchr(address, '@', address_length) : NULL;
        if (at)
                count_name(&summary->domains, at + 1, (size_t)(address + address_length - at - 1));
}

void logs_summary_add(struct logs_summary *summary, const char *bytes, size_t n, bool parse) {
        const char *line = bytes, *end = bytes + n, *stop;

        summary->line_bytes += n;
        if (parse)
                summary->parsed_bytes += n;
        for (; line < end && (stop = memchr(line, '\n', (size_t)(end - line))); line = stop + 1) {
                summary->lines++;
                if (parse)
                        parse_line(summary, line, (size_t)(stop - line));
        }
}

static bool has_form(const char *line, size_t n, const char *form) {
        for (size_t i = 0; form[i]; i++)
                if (i >= n || (form[i] == '0' ? !isdigit((unsigned char)line[i]) : line[i] != form[i]))
                        return false;
        return true;
}

bool logs_summary_stamp(const char *line, size_t n, char *text, size_t size) {
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

        text[0] = '\0';
        if (has_form(line, n, "0000-00-00T00:00:00")) {
                snprintf(text, size, "%.10s %.8s", line, line + 11);
                return true;
        }
        if (n < 15)
                return false;
        for (size_t i = 0; months[i]; i += 3)
                if (memcmp(line, &months[i], 3) == 0 &&
                        (has_form(line + 3, n - 3, " 00 00:00:00") ||
                                has_form(line + 3, n - 3, "  0 00:00:00"))) {
                        snprintf(text, size, "%.15s", line);
                        return true;
                }
        return false;
}

struct text {
        char *text;
        size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...) {
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vsnprintf(text->text + text->used, text->size - text->used, format, arguments);
        va_end(arguments);
        /* What does not fit is left out as a whole, and everything behind it. */
        if (n < 0 || text->used + (size_t)n >= text->size) {
                text->text[text->used] = '\0';
                text->size = text->used + 1;
        } else {
                text->used += (size_t)n;
        }
}

static void append_names(
        struct text *text, const char *title, const struct logs_summary_names *names, double factor) {
        bool taken[LOGS_SUMMARY_NAMES] = {false};
        size_t line = text->used;
        bool begins = true;

        if (names->n > 0)
                append(text, "%s%s:", names->is_crowded ? "most frequent " : "", title);
        for (size_t shown = 0; shown < LOGS_SUMMARY_TOP && shown < names->n; shown++) {
                size_t most = LOGS_SUMMARY_NAMES;

                for (size_t i = 0; i < names->n; i++)
                        if (!taken[i] &&
                                (most == LOGS_SUMMARY_NAMES ||
                                        names->items[i].count > names->items[most].count))
                                most = i;
                taken[most] = true;
                if (text->used - line > LOGS_SUMMARY_LINE_MAX - LOGS_SUMMARY_NAME_MAX - 24) {
                        append(text, "\n%s, too:", title);
                        line = text->used;
                        begins = true;
                }
                append(text, "%s %s %.0f", begins ? "" : ",", names->items[most].name,
                        (double)names->items[most].count * factor);
                begins = false;
        }
        if (names->n > 0)
                append(text, "\n");
}

uint64_t logs_summary_text(
        const struct logs_summary *summary, uint64_t total_bytes, char *text, size_t size) {
        double parsed = summary->parsed_bytes > 0 ? (double)total_bytes / (double)summary->parsed_bytes : 0;
        bool all = summary->parsed_bytes >= total_bytes;
        struct text built = {.text = text, .size = size};

        text[0] = '\0';
        append(&built, "status:");
        for (size_t i = 0; i < LOGS_SUMMARY_STATUSES; i++)
                append(&built, "%s %s %.0f", i > 0 ? "," : "", statuses[i],
                        (double)summary->statuses[i] * parsed);
        if (!all)
                append(&built, " (estimated: %.0f %% of the lines were read)", parsed > 0 ? 100 / parsed : 0);
        append(&built, "\n");
        append_names(&built, "relays", &summary->relays, parsed);
        append_names(&built, "recipients' domains", &summary->domains, parsed);
        if (summary->line_bytes == 0 || summary->line_bytes >= total_bytes)
                return summary->lines;
        return (uint64_t)((double)summary->lines * (double)total_bytes / (double)summary->line_bytes);
}
