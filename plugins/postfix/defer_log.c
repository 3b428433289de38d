/* SPDX-License-Identifier: MIT */
/*
 * defer_log - parse Postfix's defer/ID: why each recipient was deferred
 *
 * Runs in the watcher and in the process of owner_reader.c, over bytes that its caller has read.  Postfix writes the
 * log, one entry a recipient with blank lines around it, but much of the text is a remote server's: Postfix has
 * replaced its control characters, so a line ends where Postfix ended it, and they are replaced here once more in case
 * something else wrote there.  What a value says is believed by nobody; see reason.c.
 *
 * Owns nothing and allocates nothing.  Fails never: a line that is neither `name=value` nor of the old form
 * `<recipient>: reason` is passed over, an entry without a recipient or a reason is left out, and so is the last
 * one when it may not be whole.
 * Limits: values are cut to the sizes in struct defer_entry, in front of a broken UTF-8 sequence.
 */
#include "postfix/defer_log.h"

#include <string.h>

#define STATUS_DEFAULT "4.0.0"

struct parser {
        struct defer_entry entry;
        bool has_reason_line; /* the last line that Postfix writes */
        const char *old_form; /* a line of it, or NULL; copied only when it is needed */
        size_t old_length;
};

#define FIELD(line, member)                                                                                 \
        {                                                                                                   \
                .name = (line), .length = sizeof(line) - 1, .offset = offsetof(struct defer_entry, member), \
                .size = sizeof(((struct defer_entry *)NULL)->member)                                        \
        }

/* Names of lines and where their values go. */
static const struct field {
        const char *name;
        size_t length, offset, size;
} fields[] = {
        FIELD("recipient", recipient),
        FIELD("status", status),
        FIELD("mta_mname", mta),
        FIELD("diag_text", diagnostic),
        FIELD("reason", reason),
};

static bool is_continuation(char byte) {
        return ((unsigned char)byte & 0xc0) == 0x80;
}

static void copy(char *target, size_t size, const char *text, size_t length) {
        size_t n = length < size ? length : size - 1;

        while (n > 0 && n < length && is_continuation(text[n]))
                n--;
        for (size_t i = 0; i < n; i++)
                target[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
        target[n] = '\0';
}

static uint64_t parse_offset(const char *text, size_t length) {
        uint64_t value = 0;

        for (size_t i = 0; i < length; i++) {
                if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
                        __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
                        return 0;
        }
        return value;
}

static void take_value(struct parser *parser, const char *line, size_t length) {
        const char *equals = memchr(line, '=', length), *value;
        size_t name_length, value_length;

        if (!equals)
                return;
        name_length = (size_t)(equals - line);
        value = equals + 1;
        value_length = length - name_length - 1;
        if (name_length == strlen("offset") && memcmp(line, "offset", name_length) == 0)
                parser->entry.offset = parse_offset(value, value_length);
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
                const struct field *field = &fields[i];

                if (field->length != name_length || memcmp(line, field->name, name_length) != 0)
                        continue;
                copy((char *)&parser->entry + field->offset, field->size, value, value_length);
                if (field->offset == offsetof(struct defer_entry, reason))
                        parser->has_reason_line = true;
        }
}

/* "<recipient>: reason", which stands in front of the named lines or, long ago, alone. */
static void take_old_form(struct parser *parser) {
        const char *line = parser->old_form, *end = memmem(line, parser->old_length, ">: ", 3);
        struct defer_entry *entry = &parser->entry;

        if (!end)
                return;
        if (!entry->recipient[0])
                copy(entry->recipient, sizeof(entry->recipient), line + 1, (size_t)(end - line) - 1);
        if (!entry->reason[0])
                copy(entry->reason, sizeof(entry->reason), end + 3,
                        parser->old_length - (size_t)(end + 3 - line));
}

/* memset() of an entry of several kilobytes for each recipient would be most of the work. */
static void reset(struct parser *parser) {
        struct defer_entry *entry = &parser->entry;

        entry->recipient[0] = entry->mta[0] = entry->diagnostic[0] = entry->reason[0] = '\0';
        strcpy(entry->status, STATUS_DEFAULT);
        entry->offset = 0;
        parser->has_reason_line = false;
        parser->old_form = NULL;
}

static size_t finish(struct parser *parser, defer_log_fn fn, void *data) {
        size_t n = 0;

        if (parser->old_form && !(parser->entry.recipient[0] && parser->entry.reason[0]))
                take_old_form(parser);
        if (parser->entry.recipient[0] && parser->entry.reason[0]) {
                fn(&parser->entry, data);
                n = 1;
        }
        reset(parser);
        return n;
}

static bool is_alphanumeric(char byte) {
        return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

size_t defer_log_parse(const char *bytes, size_t size, bool is_cut, defer_log_fn fn, void *data) {
        struct parser parser;
        const char *end = bytes + size;
        size_t n = 0;

        reset(&parser);
        while (bytes < end) {
                const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
                size_t length;

                if (!newline)
                        return n; /* in the middle of a line */
                length = (size_t)(newline - bytes);
                if (length == 0)
                        n += finish(&parser, fn, data);
                else if (is_alphanumeric(*bytes))
                        take_value(&parser, bytes, length);
                else if (*bytes == '<') {
                        parser.old_form = bytes;
                        parser.old_length = length;
                }
                bytes = newline + 1;
        }
        if (!is_cut && parser.has_reason_line)
                n += finish(&parser, fn, data);
        return n;
}
