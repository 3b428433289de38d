/* SPDX-License-Identifier: MIT */
/*
 * queue_file - read the envelope of a queue file, a bounded piece at a time
 *
 * Runs in the watcher, and below the executor in the process of owner_reader.c.  A queue file is a row of records: a
 * type, a length, bytes.  The envelope comes first, then the content, which is jumped over by the size in the first
 * record (C), then what was extracted from it, then E.  When a milter had a say, records were appended behind E, and
 * pointers (p) lead there and back.  In maildrop the size is not to be had, or not to be believed, so there the
 * content is walked.
 *
 * The bytes are whatever a local user gave to sendmail, and Postfix may be writing them: a type that does not
 * belong where it is, a length or pointer that leads out of the file and a run of pointers without end make it
 * QUEUE_FILE_BAD; an end before E makes it QUEUE_FILE_UNFINISHED.  The first sender and the first times count,
 * as the queue manager has it, and the last filter.  An address ends at its first NUL, and its control characters
 * become question marks, as in Postfix's logs.
 *
 * Owns nothing: descriptor and memory are the caller's.  Fails with the negative errno value of pread().
 * Limits: QUEUE_FILE_READ_MAX bytes and QUEUE_FILE_RECORDS_MAX records of a file, which only the content of mail
 * in maildrop can reach without malice; records that are of interest are to fit the buffer.
 */
#include "postfix/queue_file.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_BYTES_MAX 4u
#define HEADER_MAX (1u + LENGTH_BYTES_MAX)
#define SECONDS_MAX (UINT64_C(1) << 43) /* what a queue ID can hold */

enum stage {
        STAGE_FIRST, /* the record of sizes */
        STAGE_ENVELOPE,
        STAGE_CONTENT,   /* walked */
        STAGE_BEHIND,    /* where the content was said to end */
        STAGE_EXTRACTED, /* up to E */
        STAGES,
};

/* What Postfix writes and accepts in each stage; a type of 0 is in none. */
static const char *const types_of[STAGES] = {
        [STAGE_FIRST] = "C",
        [STAGE_ENVELOPE] = "CTcFILSDRO/WVA>K<ionpwM",
        [STAGE_CONTENT] = "NLwpX",
        [STAGE_BEHIND] = "X",
        [STAGE_EXTRACTED] = "EDRO/PreAFIL>Konpw",
};

struct record {
        unsigned char type;
        uint64_t offset, data_offset;
        uint64_t length;
        const char *data; /* once load() was called */
};

void queue_file_reader_init(struct queue_file_reader *reader, int fd, uint64_t file_size, bool maildrop,
        queue_file_recipient_fn on_recipient, void *data) {
        /* The buffer stays as it is: clearing it would cost more than reading a file. */
        memset(reader, 0, offsetof(struct queue_file_reader, buffer));
        reader->fd = fd;
        reader->file_size = file_size;
        reader->maildrop = maildrop;
        reader->on_recipient = on_recipient;
        reader->data = data;
        reader->stage = maildrop ? STAGE_ENVELOPE : STAGE_FIRST;
        reader->state = QUEUE_FILE_MORE;
}

static int bad(struct queue_file_reader *reader, const char *why) {
        reader->file.bad = why;
        return QUEUE_FILE_BAD;
}

/* Makes `need` bytes from `offset` available, at most what the buffer holds, or as many as there are. */
static int load_at(struct queue_file_reader *reader, uint64_t offset, size_t need,
        const unsigned char **ret_bytes, size_t *ret_available) {
        uint64_t left = reader->file_size - offset;

        *ret_bytes = reader->buffer;
        *ret_available = 0;
        if (need > left)
                need = (size_t)left;
        if (offset < reader->buffer_offset || offset + need > reader->buffer_offset + reader->buffered) {
                size_t size = left < QUEUE_FILE_BUFFER ? (size_t)left : QUEUE_FILE_BUFFER;
                ssize_t n = pread(reader->fd, reader->buffer, size, (off_t)offset);

                if (n < 0)
                        return -errno;
                reader->buffer_offset = offset;
                reader->buffered = (uint32_t)n;
                reader->bytes_read += (uint64_t)n;
        }
        *ret_bytes = reader->buffer + (offset - reader->buffer_offset);
        left = reader->buffer_offset + reader->buffered - offset;
        *ret_available = left < need ? (size_t)left : need;
        return 0;
}

/* QUEUE_FILE_MORE: there is a record. */
static int read_header(struct queue_file_reader *reader, struct record *ret_record) {
        struct record record = {.offset = reader->offset};
        const unsigned char *bytes;
        unsigned char byte = 0x80;
        size_t available;
        unsigned n = 1;
        int r;

        r = load_at(reader, reader->offset, HEADER_MAX, &bytes, &available);
        if (r < 0)
                return r;
        if (available == 0)
                return QUEUE_FILE_UNFINISHED;
        record.type = bytes[0];
        if (!record.type || !strchr(types_of[reader->stage], record.type))
                return bad(reader, "a record that does not belong there");
        for (; byte & 0x80; n++) {
                if (n > LENGTH_BYTES_MAX)
                        return bad(reader, "a length of too many bytes");
                if (n >= available)
                        return QUEUE_FILE_UNFINISHED;
                byte = bytes[n];
                record.length |= (uint64_t)(byte & 0x7f) << (7 * (n - 1));
        }
        record.data_offset = record.offset + n;
        if (record.length > reader->file_size - record.data_offset)
                return QUEUE_FILE_UNFINISHED;
        *ret_record = record;
        return QUEUE_FILE_MORE;
}

static int load(struct queue_file_reader *reader, struct record *record) {
        const unsigned char *bytes;
        size_t available;
        int r;

        if (record->length > QUEUE_FILE_BUFFER)
                return bad(reader, "a record that is too long");
        r = load_at(reader, record->data_offset, (size_t)record->length, &bytes, &available);
        if (r < 0)
                return r;
        if (available < record->length)
                return QUEUE_FILE_UNFINISHED;
        record->data = (const char *)bytes;
        return QUEUE_FILE_MORE;
}

/* The next number behind any blanks; false: something else.  `*at` is moved behind it. */
static bool parse_number(const char **at, const char *end, uint64_t *ret_number) {
        const char *start;
        uint64_t number = 0;

        while (*at < end && **at == ' ')
                (*at)++;
        for (start = *at; *at < end && **at >= '0' && **at <= '9'; (*at)++)
                if (__builtin_mul_overflow(number, 10, &number) ||
                        __builtin_add_overflow(number, (uint64_t)(**at - '0'), &number))
                        return false;
        *ret_number = number;
        return *at > start;
}

/* The end of a text that is too long is kept, since that is where the domain is. */
static void copy_text(const struct record *record, char ret_text[static QUEUE_FILE_ADDRESS_MAX]) {
        size_t length = strnlen(record->data, (size_t)record->length), cut = 0;

        if (length >= QUEUE_FILE_ADDRESS_MAX)
                cut = length - (QUEUE_FILE_ADDRESS_MAX - 1);
        length -= cut;
        for (size_t i = 0; i < length; i++) {
                char byte = record->data[cut + i];

                ret_text[i] = (unsigned char)byte < ' ' || byte == 0x7f ? '?' : byte;
        }
        ret_text[length] = '\0';
}

static int take_sizes(struct queue_file_reader *reader, const struct record *record) {
        const char *at = record->data, *end = record->data + record->length;
        bool all_zero = true;
        uint64_t number;

        if (reader->stage != STAGE_FIRST)
                return reader->maildrop ? QUEUE_FILE_MORE : bad(reader, "two records of sizes");
        for (unsigned i = 0; at < end; i++) {
                if (!parse_number(&at, end, &number))
                        return bad(reader, "sizes that are no numbers");
                if (i == 0)
                        reader->data_size = number;
                all_zero = all_zero && number == 0;
        }
        reader->stage = STAGE_ENVELOPE;
        return all_zero ? QUEUE_FILE_UNFINISHED : QUEUE_FILE_MORE;
}

static int take_arrival(struct queue_file_reader *reader, const struct record *record) {
        const char *at = record->data;
        uint64_t seconds;

        if (reader->file.arrival_seconds)
                return QUEUE_FILE_MORE;
        if (!parse_number(&at, at + record->length, &seconds) || seconds == 0 || seconds >= SECONDS_MAX)
                return bad(reader, "an arrival time that is none");
        reader->file.arrival_seconds = seconds;
        return QUEUE_FILE_MORE;
}

static void take_creation(struct queue_file_reader *reader, const char *at, const char *end) {
        uint64_t seconds;

        if (!reader->file.create_seconds && parse_number(&at, end, &seconds) && seconds < SECONDS_MAX)
                reader->file.create_seconds = seconds;
}

static int take_creation_record(struct queue_file_reader *reader, const struct record *record) {
        take_creation(reader, record->data, record->data + record->length);
        return QUEUE_FILE_MORE;
}

static int take_attribute(struct queue_file_reader *reader, const struct record *record) {
        static const char name[] = "create_time=";
        const size_t length = sizeof(name) - 1;

        if (record->length > length && memcmp(record->data, name, length) == 0)
                take_creation(reader, record->data + length, record->data + record->length);
        return QUEUE_FILE_MORE;
}

static int take_filter(struct queue_file_reader *reader, const struct record *record) {
        /* The same letter continues a line of the content. */
        if (reader->stage == STAGE_CONTENT)
                return QUEUE_FILE_MORE;
        copy_text(record, reader->file.filter);
        reader->file.has_filter = reader->file.filter[0] != '\0';
        return QUEUE_FILE_MORE;
}

static int take_sender(struct queue_file_reader *reader, const struct record *record) {
        if (reader->file.has_sender)
                return QUEUE_FILE_MORE;
        reader->file.has_sender = true;
        copy_text(record, reader->file.sender);
        reader->file.null_sender = reader->file.sender[0] == '\0';
        return QUEUE_FILE_MORE;
}

static int take_recipient(struct queue_file_reader *reader, const struct record *record) {
        char address[QUEUE_FILE_ADDRESS_MAX];

        reader->file.recipients_left++;
        if (reader->on_recipient) {
                copy_text(record, address);
                reader->on_recipient(address, record->offset, reader->data);
        }
        return QUEUE_FILE_MORE;
}

static int take_done(struct queue_file_reader *reader, const struct record *record) {
        (void)record;
        reader->file.recipients_done++;
        return QUEUE_FILE_MORE;
}

static int take_pointer(struct queue_file_reader *reader, const struct record *record) {
        const char *at = record->data;
        uint64_t target;

        if (!parse_number(&at, at + record->length, &target) || target >= reader->file_size)
                return bad(reader, "a pointer that leads out of the file");
        if (target == 0)
                return QUEUE_FILE_MORE; /* room for one, not used */
        if (++reader->jumps > QUEUE_FILE_JUMPS_MAX)
                return bad(reader, "too many pointers");
        reader->offset = target;
        return QUEUE_FILE_MORE;
}

static int take_content(struct queue_file_reader *reader, const struct record *record) {
        (void)record;
        if (reader->maildrop) {
                reader->file.size_bytes = reader->file_size;
                reader->stage = STAGE_CONTENT;
                return QUEUE_FILE_MORE;
        }
        if (reader->data_size > reader->file_size - reader->offset)
                return bad(reader, "content that reaches beyond the file");
        reader->file.size_bytes = reader->data_size;
        reader->offset += reader->data_size;
        reader->stage = STAGE_BEHIND;
        return QUEUE_FILE_MORE;
}

static int take_behind(struct queue_file_reader *reader, const struct record *record) {
        (void)record;
        reader->stage = STAGE_EXTRACTED;
        return QUEUE_FILE_MORE;
}

static int take_end(struct queue_file_reader *reader, const struct record *record) {
        (void)record;
        if (!reader->file.arrival_seconds)
                return bad(reader, "no arrival time");
        if (!reader->file.create_seconds)
                reader->file.create_seconds = reader->file.arrival_seconds;
        return QUEUE_FILE_DONE;
}

/* take() finds reader->offset behind the record.  Types without a row are passed over. */
static const struct taker {
        int (*take)(struct queue_file_reader *reader, const struct record *record);
        bool needs_data;
} takers[UCHAR_MAX + 1] = {
        ['C'] = {take_sizes, true},
        ['T'] = {take_arrival, true},
        ['c'] = {take_creation_record, true},
        ['A'] = {take_attribute, true},
        ['L'] = {take_filter, true},
        ['S'] = {take_sender, true},
        ['R'] = {take_recipient, true},
        ['D'] = {take_done, false},
        ['/'] = {take_done, false},
        ['p'] = {take_pointer, true},
        ['M'] = {take_content, false},
        ['X'] = {take_behind, false},
        ['E'] = {take_end, false},
};

static int read_record(struct queue_file_reader *reader) {
        struct record record;
        const struct taker *taker;
        int r;

        if (reader->bytes_read >= QUEUE_FILE_READ_MAX || reader->records >= QUEUE_FILE_RECORDS_MAX)
                return bad(reader, "more than is read of one file");
        r = read_header(reader, &record);
        if (r != QUEUE_FILE_MORE)
                return r;
        taker = &takers[record.type];
        if (taker->needs_data) {
                r = load(reader, &record);
                if (r != QUEUE_FILE_MORE)
                        return r;
        }
        reader->records++;
        reader->offset = record.data_offset + record.length;
        return taker->take ? taker->take(reader, &record) : QUEUE_FILE_MORE;
}

int queue_file_reader_step(struct queue_file_reader *reader, uint32_t max_bytes) {
        uint64_t bytes_end = reader->bytes_read + max_bytes;
        /* Going round in the buffer reads nothing; no record has fewer than two bytes. */
        uint64_t records_end = (uint64_t)reader->records + max_bytes / 2 + 1;
        int r = reader->state;

        while (r == QUEUE_FILE_MORE) {
                r = read_record(reader);
                if (reader->bytes_read >= bytes_end || reader->records >= records_end)
                        break;
        }
        /* A disk that failed may be asked again. */
        if (r > 0)
                reader->state = r;
        return r;
}

void queue_file_domain(const char *address, char ret_domain[static QUEUE_DOMAIN_MAX]) {
        const char *at = strrchr(address, '@');
        bool has_dot;
        size_t n = 0;

        at = at ? at + 1 : address;
        has_dot = *at == '.';
        /* A pair of dots becomes one wherever it is, and only then one goes at each end, but never the last there is. */
        if (*at == '.')
                at += at[1] == '.' ? 2 : 1;
        for (; *at && n < QUEUE_DOMAIN_MAX - 1; at += at[0] == '.' && at[1] == '.' ? 2 : 1)
                ret_domain[n++] = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
        if (n > 0 && ret_domain[n - 1] == '.')
                n--;
        if (n == 0 && has_dot)
                ret_domain[n++] = '.';
        ret_domain[n] = '\0';
}
