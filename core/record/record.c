/* SPDX-License-Identifier: MIT */
/*
 * record - write and read one slot of the recorder file
 *
 * Runs in: executor (writes and reads), watcher and spoolguardctl (read).  Pure: a slot is a block of
 * RECORD_SLOT_SIZE bytes in memory, whoever owns it does the I/O.
 *
 * A slot is text so that less(1) is enough on the night when nothing else works, and of fixed size so that it
 * is overwritten in place.  Long sentences are cut to make it fit; what a restart decides by (event and
 * numbers) never is, and a slot that cannot hold even those is refused with -EMSGSIZE.
 *
 * The parser meets files that a crash tore or somebody else wrote, so nothing in a slot is believed before the
 * checksum is right, and even then every length is checked.
 *
 * Limits: values are text without NUL; field names are lower case letters, digits and '_'.
 */
#include "record/record.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_SIZE 34u /* "SG1 " 20 digits " " 8 hex digits " " */
#define NUMBER_AT 4u  /* where the digits begin */
#define NUMBER_SIZE 20u
#define SUM_AT 25u
#define BODY_MAX (RECORD_SLOT_SIZE - HEAD_SIZE - 1)

uint32_t record_sum(uint32_t seed, const void *bytes, size_t size) {
        const uint8_t *byte = bytes;
        uint32_t sum = ~seed;

        for (size_t i = 0; i < size; i++) {
                sum ^= byte[i];
                for (unsigned bit = 0; bit < 8; bit++)
                        sum = (sum >> 1) ^ (UINT32_C(0xedb88320) & (0 - (sum & 1)));
        }
        return ~sum;
}

static uint32_t slot_sum(const char *slot, size_t body_size) {
        return record_sum(record_sum(0, slot + NUMBER_AT, NUMBER_SIZE), slot + HEAD_SIZE, body_size);
}

static bool is_name(const char *text) {
        if (!*text)
                return false;
        for (; *text; text++)
                if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) && *text != '_' &&
                        *text != '-')
                        return false;
        return true;
}

static bool is_number(const char *text) {
        return *text && strspn(text, "0123456789") == strlen(text);
}

/*
 * One unit of the written form: an escape, or a whole UTF-8 sequence, so that a cut never leaves half of one.
 * Returns how many bytes of `text` it covers.
 */
static size_t write_unit(const char *text, char unit[static 8], size_t *ret_size) {
        unsigned char c = (unsigned char)*text;
        size_t n = 1;

        if (c == '"' || c == '\\')
                *ret_size = (size_t)snprintf(unit, 8, "\\%c", c);
        else if (c == '\n')
                *ret_size = (size_t)snprintf(unit, 8, "\\n");
        else if (c < 0x20 || c == 0x7f)
                *ret_size = (size_t)snprintf(unit, 8, "\\x%02x", c);
        else {
                unit[0] = *text;
                while (n < 4 && c >= 0xc0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
                        unit[n] = text[n];
                        n++;
                }
                *ret_size = n;
        }
        return n;
}

static size_t written_size(const char *value) {
        size_t total = 0, size;
        char unit[8];

        for (size_t i = 0; value[i];) {
                i += write_unit(value + i, unit, &size);
                total += size;
        }
        return total;
}

static size_t write_value(char *at, size_t room, const char *value) {
        size_t used = 0, size;
        char unit[8];

        for (size_t i = 0; value[i];) {
                size_t step = write_unit(value + i, unit, &size);
                if (used + size > room)
                        break;
                memcpy(at + used, unit, size);
                used += size;
                i += step;
        }
        return used;
}

int record_format(uint64_t number, uint64_t time_usec, const struct record_field *fields, size_t n_fields,
        char slot[static RECORD_SLOT_SIZE]) {
        char text[RECORD_SLOT_SIZE], *body = slot + HEAD_SIZE;
        size_t used, needed, room;
        int written;

        if (n_fields == 0 || n_fields > RECORD_FIELDS_MAX || strcmp(fields[0].name, "event") != 0 ||
                !is_name(fields[0].value))
                return -EINVAL;
        written = snprintf(text, sizeof(text), "time=%" PRIu64 " event=%s", time_usec, fields[0].value);
        if (written < 0 || (size_t)written > BODY_MAX)
                return -EMSGSIZE;
        used = needed = (size_t)written;

        /* What must not be cut has its room first, wherever it stands in the line. */
        for (size_t i = 1; i < n_fields; i++) {
                if (!is_name(fields[i].name))
                        return -EINVAL;
                needed += strlen(fields[i].name) + strlen(" =\"\"");
                if (is_number(fields[i].value))
                        needed += strlen(fields[i].value);
        }
        if (needed > BODY_MAX)
                return -EMSGSIZE;
        room = BODY_MAX - needed;

        memset(slot, ' ', RECORD_SLOT_SIZE);
        memcpy(body, text, used);
        for (size_t i = 1; i < n_fields; i++) {
                const char *value = fields[i].value;
                size_t size = written_size(value), name_size = strlen(fields[i].name);

                body[used++] = ' ';
                memcpy(body + used, fields[i].name, name_size);
                used += name_size;
                body[used++] = '=';
                body[used++] = '"';
                if (is_number(value)) {
                        memcpy(body + used, value, size);
                        used += size;
                } else {
                        size = write_value(body + used, size < room ? size : room, value);
                        used += size;
                        room -= size;
                }
                body[used++] = '"';
        }
        slot[RECORD_SLOT_SIZE - 1] = '\n';

        snprintf(text, sizeof(text), "SG1 %020" PRIu64 " ", number);
        memcpy(slot, text, SUM_AT);
        snprintf(text, sizeof(text), "%08" PRIx32 " ", slot_sum(slot, used));
        memcpy(slot + SUM_AT, text, HEAD_SIZE - SUM_AT);
        return 0;
}

/* Digits from *at up to `end`; false when there is none or the number is too big. */
static bool read_number(const char **at, const char *end, uint64_t *ret_number) {
        const char *start = *at;
        uint64_t number = 0;

        for (; *at < end && isdigit((unsigned char)**at); (*at)++)
                if (__builtin_mul_overflow(number, 10, &number) ||
                        __builtin_add_overflow(number, (uint64_t)(**at - '0'), &number))
                        return false;
        *ret_number = number;
        return *at > start;
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

/* One character behind `*at`, unescaped; -1 at a broken escape or at the end. */
static int read_unit(const char **at, const char *end) {
        int high, low;

        if (*at >= end)
                return -1;
        if (**at != '\\')
                return (unsigned char)*(*at)++;
        if (++*at >= end)
                return -1;
        switch (*(*at)++) {
        case '"': return '"';
        case '\\': return '\\';
        case 'n': return '\n';
        case 'x':
                if (end - *at < 2)
                        return -1;
                high = hex_digit((*at)[0]);
                low = hex_digit((*at)[1]);
                *at += 2;
                return high < 0 || low < 0 || (high | low) == 0 ? -1 : high * 16 + low;
        default: return -1;
        }
}

struct reader {
        const char *at, *end;
        struct record *record;
        size_t used; /* of record->text */
};

static const char *read_word(struct reader *reader, const char *stop) {
        char *word = reader->record->text + reader->used;

        while (reader->at < reader->end && !strchr(stop, *reader->at))
                reader->record->text[reader->used++] = *reader->at++;
        reader->record->text[reader->used++] = '\0';
        return is_name(word) ? word : NULL;
}

/* The text is never longer than what it was written as, so it fits in record->text. */
static const char *read_quoted(struct reader *reader) {
        char *value = reader->record->text + reader->used;

        if (reader->at >= reader->end || *reader->at++ != '"')
                return NULL;
        while (reader->at < reader->end && *reader->at != '"') {
                int c = read_unit(&reader->at, reader->end);
                if (c < 0)
                        return NULL;
                reader->record->text[reader->used++] = (char)c;
        }
        reader->record->text[reader->used++] = '\0';
        return reader->at < reader->end && *reader->at++ == '"' ? value : NULL;
}

static bool read_literal(struct reader *reader, const char *literal) {
        size_t size = strlen(literal);

        if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, literal, size) != 0)
                return false;
        reader->at += size;
        return true;
}

static bool read_body(struct reader *reader) {
        struct record *record = reader->record;

        if (!read_literal(reader, "time=") || !read_number(&reader->at, reader->end, &record->time_usec) ||
                !read_literal(reader, " event="))
                return false;
        record->fields[0].name = "event";
        record->fields[0].value = read_word(reader, " ");
        if (!record->fields[0].value)
                return false;
        record->n_fields = 1;
        while (reader->at < reader->end) {
                struct record_field *field = &record->fields[record->n_fields];
                if (record->n_fields == RECORD_FIELDS_MAX || !read_literal(reader, " "))
                        return false;
                field->name = read_word(reader, "=");
                if (!field->name || !read_literal(reader, "="))
                        return false;
                field->value = read_quoted(reader);
                if (!field->value)
                        return false;
                record->n_fields++;
        }
        return true;
}

int record_parse(const char slot[static RECORD_SLOT_SIZE], struct record *ret_record) {
        const char *at = slot + NUMBER_AT;
        size_t size = RECORD_SLOT_SIZE - 1;
        char sum[9];

        if (memcmp(slot, "SG1 ", 4) != 0 || slot[RECORD_SLOT_SIZE - 1] != '\n' || slot[SUM_AT - 1] != ' ' ||
                slot[HEAD_SIZE - 1] != ' ')
                return -EBADMSG;
        while (size > HEAD_SIZE && slot[size - 1] == ' ')
                size--;
        snprintf(sum, sizeof(sum), "%08" PRIx32, slot_sum(slot, size - HEAD_SIZE));
        if (memcmp(sum, slot + SUM_AT, 8) != 0)
                return -EBADMSG;

        memset(ret_record, 0, sizeof(*ret_record));
        if (!read_number(&at, slot + SUM_AT - 1, &ret_record->number) || at != slot + SUM_AT - 1 ||
                ret_record->number == 0)
                return -EBADMSG;
        return read_body(&(struct reader){.at = slot + HEAD_SIZE, .end = slot + size, .record = ret_record})
                ? 0
                : -EBADMSG;
}

const char *record_get(const struct record *record, const char *name) {
        for (size_t i = 0; i < record->n_fields; i++)
                if (strcmp(record->fields[i].name, name) == 0)
                        return record->fields[i].value;
        return "";
}

uint64_t record_get_number(const struct record *record, const char *name) {
        const char *at = record_get(record, name), *end = at + strlen(at);
        uint64_t number;

        return read_number(&at, end, &number) && at == end ? number : 0;
}
