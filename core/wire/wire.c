/* SPDX-License-Identifier: MIT */
/*
 * wire - messages to bytes and back, from the tables of wire_layout.c
 *
 * Runs in the executor, the watcher and spoolguardctl.  Pure: no I/O, no allocation.
 *
 * The decoder believes nothing.  Every read is bounded by the packet, every text by its field, every
 * enumeration by its last value; booleans are 0 or 1; text is UTF-8 without control characters; each byte must
 * be used.  So a packet has exactly one reading and a message exactly one packet: what encode writes decode
 * accepts, and what decode accepts encodes to the same bytes.
 *
 * Fails: wire_decode() with -EBADMSG and a reason that names message and field; wire_encode() with -EINVAL for
 * a message that no decoder would take (our bug), -EMSGSIZE when it does not fit a packet.
 *
 * Limits: integers, enumerations, booleans, text, pairs of text; the largest message is about 10 KiB.
 */
#include "wire/wire.h"

#include <endian.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "wire/wire_layout.h"

/* Every member of the union starts where the union starts. */
#define BODY_OFFSET offsetof(struct wire_message, hello)

/* Only the long texts may have lines. */
static bool may_have_lines(size_t size) {
        return size == WIRE_LONG_MAX;
}

static bool in_range(const struct wire_field *field, uint32_t value) {
        return field->last == 0 || (value >= field->first && value <= field->last);
}

struct writer {
        uint8_t *at;
        size_t left;
        bool full;
};

static void put(struct writer *writer, const void *bytes, size_t size) {
        if (writer->full || size > writer->left) {
                writer->full = true;
                return;
        }
        memcpy(writer->at, bytes, size);
        writer->at += size;
        writer->left -= size;
}

static void put_u16(struct writer *writer, size_t value) {
        uint16_t little = htole16((uint16_t)value);

        put(writer, &little, sizeof(little));
}

static void put_text(struct writer *writer, const char *text, size_t size) {
        size_t length = strnlen(text, size - 1);

        put_u16(writer, length);
        for (size_t i = 0; i < length;) {
                size_t character = text_character(text + i, length - i);

                if (character > 0)
                        put(writer, text + i, character);
                else
                        put(writer, text[i] == '\n' && may_have_lines(size) ? "\n" : "?", character = 1);
                i += character;
        }
}

static int put_pairs(struct writer *writer, const struct wire_pair *pairs, uint8_t n) {
        if (n > WIRE_PAIRS_MAX)
                return -EINVAL;
        put(writer, &n, sizeof(n));
        for (unsigned i = 0; i < n; i++) {
                put_text(writer, pairs[i].name, sizeof(pairs[i].name));
                put_text(writer, pairs[i].text, sizeof(pairs[i].text));
        }
        return 0;
}

static int put_field(struct writer *writer, const struct wire_field *field, const uint8_t *body) {
        const uint8_t *member = body + field->offset;

        switch (field->kind) {
        case WIRE_FIELD_BOOL: {
                uint8_t byte = *(const bool *)member;

                put(writer, &byte, sizeof(byte));
                return 0;
        }
        case WIRE_FIELD_U32: {
                uint32_t value;

                memcpy(&value, member, sizeof(value));
                if (!in_range(field, value))
                        return -EINVAL;
                value = htole32(value);
                put(writer, &value, sizeof(value));
                return 0;
        }
        case WIRE_FIELD_U64: {
                uint64_t value;

                memcpy(&value, member, sizeof(value));
                value = htole64(value);
                put(writer, &value, sizeof(value));
                return 0;
        }
        case WIRE_FIELD_TEXT: put_text(writer, (const char *)member, field->size); return 0;
        case WIRE_FIELD_PAIRS:
                return put_pairs(writer, (const struct wire_pair *)member, body[field->count_offset]);
        }
        return -EINVAL;
}

ssize_t wire_encode(const struct wire_message *message, uint8_t packet[static WIRE_PACKET_MAX]) {
        const struct wire_layout *layout = wire_layout_of((uint32_t)message->type);
        struct writer writer = {.at = packet, .left = WIRE_PACKET_MAX};

        if (!layout)
                return -EINVAL;
        put_u16(&writer, (size_t)message->type);
        put_u16(&writer, WIRE_VERSION);
        for (size_t i = 0; i < layout->n_fields; i++) {
                int r = put_field(&writer, &layout->fields[i], (const uint8_t *)message + BODY_OFFSET);

                if (r < 0)
                        return r;
        }
        return writer.full ? -EMSGSIZE : writer.at - packet;
}

struct reader {
        const uint8_t *at;
        size_t left;
};

static bool get(struct reader *reader, void *ret_bytes, size_t size) {
        if (size > reader->left)
                return false;
        memcpy(ret_bytes, reader->at, size);
        reader->at += size;
        reader->left -= size;
        return true;
}

static bool get_u16(struct reader *reader, uint16_t *ret_value) {
        uint16_t little;

        if (!get(reader, &little, sizeof(little)))
                return false;
        *ret_value = le16toh(little);
        return true;
}

/* The getters of fields return NULL, or what is wrong. */
static const char *const ends_early = "the packet ends in it";

static const char *get_text(struct reader *reader, char *ret_text, size_t size) {
        uint16_t length;

        if (!get_u16(reader, &length) || length > reader->left)
                return ends_early;
        if (length >= size)
                return "text is too long";
        for (size_t i = 0; i < length;) {
                const char *text = (const char *)reader->at + i;
                size_t character = text_character(text, length - i);

                if (character == 0 && *text == '\n' && may_have_lines(size))
                        character = 1;
                if (character == 0)
                        return "text with a control character, or not UTF-8";
                i += character;
        }
        (void)get(reader, ret_text, length);
        ret_text[length] = '\0';
        return NULL;
}

static const char *get_pairs(struct reader *reader, struct wire_pair *ret_pairs, uint8_t *ret_n) {
        if (!get(reader, ret_n, sizeof(*ret_n)))
                return ends_early;
        if (*ret_n > WIRE_PAIRS_MAX)
                return "too many pairs";
        for (unsigned i = 0; i < *ret_n; i++) {
                const char *wrong = get_text(reader, ret_pairs[i].name, sizeof(ret_pairs[i].name));

                if (!wrong)
                        wrong = get_text(reader, ret_pairs[i].text, sizeof(ret_pairs[i].text));
                if (wrong)
                        return wrong;
        }
        return NULL;
}

static const char *get_field(struct reader *reader, const struct wire_field *field, uint8_t *body) {
        uint8_t *member = body + field->offset;

        switch (field->kind) {
        case WIRE_FIELD_BOOL: {
                uint8_t byte;

                if (!get(reader, &byte, sizeof(byte)))
                        return ends_early;
                if (byte > 1)
                        return "neither true nor false";
                *(bool *)member = byte;
                return NULL;
        }
        case WIRE_FIELD_U32: {
                uint32_t value;

                if (!get(reader, &value, sizeof(value)))
                        return ends_early;
                value = le32toh(value);
                if (!in_range(field, value))
                        return "value out of range";
                memcpy(member, &value, sizeof(value));
                return NULL;
        }
        case WIRE_FIELD_U64: {
                uint64_t value;

                if (!get(reader, &value, sizeof(value)))
                        return ends_early;
                value = le64toh(value);
                memcpy(member, &value, sizeof(value));
                return NULL;
        }
        case WIRE_FIELD_TEXT: return get_text(reader, (char *)member, field->size);
        case WIRE_FIELD_PAIRS:
                return get_pairs(reader, (struct wire_pair *)member, body + field->count_offset);
        }
        return "no such kind of field";
}

#define refuse(problem, ...) (problem_set((problem), __VA_ARGS__), -EBADMSG)

int wire_decode(const uint8_t *packet, size_t size, enum wire_from from, struct wire_message *ret_message,
        struct problem *problem) {
        struct reader reader = {.at = packet, .left = size};
        const struct wire_layout *layout;
        struct wire_message message;
        uint16_t type, version;

        if (size > WIRE_PACKET_MAX)
                return refuse(problem, "packet of %zu bytes is too long", size);
        if (!get_u16(&reader, &type) || !get_u16(&reader, &version))
                return refuse(problem, "packet of %zu bytes is too short", size);
        layout = wire_layout_of(type);
        if (!layout)
                return refuse(problem, "unknown message type %u", type);
        if (version != WIRE_VERSION)
                return refuse(problem, "%s: protocol version %u instead of %u", layout->name, version,
                        WIRE_VERSION);
        if (layout->from != from)
                return refuse(problem, "%s: not a message of this side", layout->name);

        memset(&message, 0, sizeof(message));
        message.type = (enum wire_type)type;
        for (size_t i = 0; i < layout->n_fields; i++) {
                const char *wrong = get_field(&reader, &layout->fields[i], (uint8_t *)&message + BODY_OFFSET);

                if (wrong)
                        return refuse(problem, "%s: %s: %s", layout->name, layout->fields[i].name, wrong);
        }
        if (reader.left > 0)
                return refuse(problem, "%s: %zu bytes too many", layout->name, reader.left);
        *ret_message = message;
        return 0;
}

const char *wire_type_name(enum wire_type type) {
        const struct wire_layout *layout = wire_layout_of((uint32_t)type);

        return layout ? layout->name : "invalid";
}

const char *wire_status_name(enum wire_status status) {
        static const char *const names[] = {
                [WIRE_DONE] = "done",
                [WIRE_WOULD_HAVE] = "would-have",
                [WIRE_NOTHING] = "nothing",
                [WIRE_DENIED] = "denied",
                [WIRE_FAILED] = "failed",
                [WIRE_TIMED_OUT] = "timed-out",
                [WIRE_UNKNOWN] = "unknown",
        };

        return (size_t)status < ELEMENTSOF(names) && names[status] ? names[status] : "invalid";
}

const char *wire_lease_state_name(enum wire_lease_state state) {
        static const char *const names[] = {
                [WIRE_LEASE_TAKING] = "taking",
                [WIRE_LEASE_IN_FORCE] = "in-force",
                [WIRE_LEASE_LAPSED] = "lapsed",
                [WIRE_LEASE_OVERRULED] = "overruled",
                [WIRE_LEASE_ENDING] = "ending",
                [WIRE_LEASE_ENDED] = "ended",
        };

        return (size_t)state < ELEMENTSOF(names) && names[state] ? names[state] : "invalid";
}

bool wire_carries_fd(enum wire_type type) {
        return type == WIRE_ACTION_REQUEST || type == WIRE_LEASE_RENEW;
}

const char *wire_verdict_name(enum wire_verdict verdict) {
        static const char *const names[] = {
                [WIRE_GO] = "go",
                [WIRE_COOLDOWN] = "cooldown",
                [WIRE_SPENT] = "spent",
                [WIRE_MAINTENANCE] = "maintenance",
                [WIRE_QUARANTINED] = "quarantined",
                [WIRE_OFF] = "off",
                [WIRE_REFUSED] = "refused",
        };

        return (size_t)verdict < ELEMENTSOF(names) && names[verdict] ? names[verdict] : "invalid";
}
