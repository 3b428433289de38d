/* SPDX-License-Identifier: MIT */
/*
 * test_wire - every message there and back, and everything a stranger could write instead
 *
 * Attacks are made from the layout tables, so a message added later is attacked without a line here.  Packets
 * are decoded from heap blocks of exactly their size: AddressSanitizer sees a read of one byte too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "../support/wire_samples.h"
#include "base/cleanup.h"
#include "wire/wire.h"
#include "wire/wire_layout.h"

static struct wire_message decoded;
static struct problem problem;

static int decode(const uint8_t *packet, size_t size, enum wire_from from) {
        _cleanup_free_ uint8_t *exact = malloc(size ? size : 1);

        assert_non_null(exact);
        memcpy(exact, packet, size);
        memset(&decoded, 0x5a, sizeof(decoded));
        memset(&problem, 0, sizeof(problem));
        return wire_decode(exact, size, from, &decoded, &problem);
}

static void assert_refused(const uint8_t *packet, size_t size, enum wire_from from) {
        struct wire_message untouched;

        memset(&untouched, 0x5a, sizeof(untouched));
        assert_int_equal(decode(packet, size, from), -EBADMSG);
        assert_true(problem.text[0] != '\0');
        assert_memory_equal(&decoded, &untouched, sizeof(decoded));
}

/* Whatever is accepted has one form only. */
static void assert_canonical_or_refused(const uint8_t *packet, size_t size, enum wire_from from) {
        uint8_t again[WIRE_PACKET_MAX];

        if (decode(packet, size, from) < 0)
                return;
        assert_int_equal(wire_encode(&decoded, again), size);
        assert_memory_equal(again, packet, size);
}

#define FOR_EACH_TYPE(type) for (enum wire_type type = WIRE_HELLO; type < WIRE_TYPE_MAX; type++)

static size_t encode_sample(enum wire_type type, uint8_t packet[static WIRE_PACKET_MAX]) {
        const struct wire_message *sample = wire_sample(type);
        ssize_t size;

        assert_non_null(sample);
        size = wire_encode(sample, packet);
        assert_true(size > 4);
        return (size_t)size;
}

typedef void (*field_attack_fn)(const struct wire_layout *layout, const struct wire_field *field,
        uint8_t *packet, size_t size, size_t at);

static size_t get_length(const uint8_t *at) {
        return (size_t)at[0] | (size_t)at[1] << 8;
}

/* Call `attack` for every field of one kind in every sample, with the place of its first byte. */
static unsigned attack_fields(enum wire_field_kind kind, field_attack_fn attack) {
        unsigned n = 0;

        FOR_EACH_TYPE(type) {
                const struct wire_layout *layout = wire_layout_of((uint32_t)type);
                uint8_t packet[WIRE_PACKET_MAX + 16];
                size_t size = encode_sample(type, packet), at = 4;

                for (size_t i = 0; i < layout->n_fields; i++) {
                        const struct wire_field *field = &layout->fields[i];

                        if (field->kind == kind) {
                                attack(layout, field, packet, size, at);
                                n++;
                        }
                        switch (field->kind) {
                        case WIRE_FIELD_BOOL: at += 1; break;
                        case WIRE_FIELD_U32: at += 4; break;
                        case WIRE_FIELD_U64: at += 8; break;
                        case WIRE_FIELD_TEXT: at += 2 + get_length(packet + at); break;
                        case WIRE_FIELD_PAIRS: {
                                unsigned texts = 2u * packet[at++];

                                while (texts-- > 0)
                                        at += 2 + get_length(packet + at);
                                break;
                        }
                        }
                }
                assert_int_equal(at, size);
        }
        return n;
}

static void every_message_survives_the_round_trip(void **state) {
        (void)state;
        FOR_EACH_TYPE(type) {
                uint8_t packet[WIRE_PACKET_MAX];
                size_t size = encode_sample(type, packet);

                assert_int_equal(decode(packet, size, wire_sample_from(type)), 0);
                assert_memory_equal(&decoded, wire_sample(type), sizeof(decoded));
                assert_canonical_or_refused(packet, size, wire_sample_from(type));
        }
}

static void empty_messages_survive_the_round_trip(void **state) {
        (void)state;
        FOR_EACH_TYPE(type) {
                const struct wire_layout *layout = wire_layout_of((uint32_t)type);
                struct wire_message message = {.type = type};
                uint8_t packet[WIRE_PACKET_MAX];
                bool has_choice = false;
                ssize_t size = wire_encode(&message, packet);

                for (size_t i = 0; i < layout->n_fields; i++)
                        has_choice |= layout->fields[i].last > 0 && layout->fields[i].first > 0;
                /* an enumeration without a zero has no empty value, and saying so is the point of it */
                if (has_choice) {
                        assert_int_equal(size, -EINVAL);
                        continue;
                }
                assert_true(size > 4);
                assert_int_equal(decode(packet, (size_t)size, wire_sample_from(type)), 0);
                assert_memory_equal(&decoded, &message, sizeof(message));
        }
}

static void the_wire_is_little_endian_and_has_no_padding(void **state) {
        static const uint8_t expected[] = {
                2, 0, 1, 0,                                     /* heartbeat, version 1 */
                0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* turns */
                2, 0, 'o', 'k',                                 /* status */
        };
        const struct wire_message message = {
                .type = WIRE_HEARTBEAT, .heartbeat = {.turns = UINT64_C(0x0102030405060708), .status = "ok"}};
        uint8_t packet[WIRE_PACKET_MAX];

        (void)state;
        assert_int_equal(wire_encode(&message, packet), sizeof(expected));
        assert_memory_equal(packet, expected, sizeof(expected));
}

static void a_packet_cut_anywhere_is_refused(void **state) {
        (void)state;
        FOR_EACH_TYPE(type) {
                uint8_t packet[WIRE_PACKET_MAX];
                size_t size = encode_sample(type, packet);

                for (size_t cut = 0; cut < size; cut++)
                        assert_refused(packet, cut, wire_sample_from(type));
        }
}

static void trailing_bytes_are_refused(void **state) {
        (void)state;
        FOR_EACH_TYPE(type) {
                uint8_t packet[WIRE_PACKET_MAX + 16] = {0};
                size_t size = encode_sample(type, packet);

                for (size_t more = 1; more <= 16; more++)
                        assert_refused(packet, size + more, wire_sample_from(type));
        }
}

static void a_packet_longer_than_a_packet_is_refused(void **state) {
        static uint8_t packet[WIRE_PACKET_MAX + 1];

        (void)state;
        assert_refused(packet, sizeof(packet), WIRE_FROM_WATCHER);
}

static void an_unknown_type_is_refused(void **state) {
        static const unsigned types[] = {0, WIRE_TYPE_MAX, WIRE_TYPE_MAX + 1, 255, 256 + WIRE_HELLO, 65535};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                uint8_t packet[WIRE_PACKET_MAX];
                size_t size = encode_sample(WIRE_HELLO, packet);

                packet[0] = (uint8_t)types[i];
                packet[1] = (uint8_t)(types[i] >> 8);
                assert_refused(packet, size, WIRE_FROM_WATCHER);
                assert_non_null(strstr(problem.text, "unknown message type"));
        }
}

static void another_protocol_version_is_refused(void **state) {
        uint8_t packet[WIRE_PACKET_MAX];
        size_t size = encode_sample(WIRE_HELLO, packet);

        (void)state;
        packet[2] = 2;
        assert_refused(packet, size, WIRE_FROM_WATCHER);
        assert_non_null(strstr(problem.text, "version 2"));
}

static void a_message_of_another_side_is_refused(void **state) {
        static const enum wire_from sides[] = {WIRE_FROM_WATCHER, WIRE_FROM_EXECUTOR, WIRE_FROM_CONTROL};

        (void)state;
        FOR_EACH_TYPE(type) {
                uint8_t packet[WIRE_PACKET_MAX];
                size_t size = encode_sample(type, packet);

                for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
                        if (sides[i] == wire_sample_from(type)) {
                                assert_int_equal(decode(packet, size, sides[i]), 0);
                                continue;
                        }
                        assert_refused(packet, size, sides[i]);
                        assert_non_null(strstr(problem.text, "not a message of this side"));
                }
        }
}

static void put_bytes_into_text(const struct wire_layout *layout, const struct wire_field *field,
        uint8_t *packet, size_t size, size_t at) {
        static const char *const hostile[] = {"\x01", "\t", "\r", "\033", "\177", "\xff", "\x80", "\xc3",
                "\xc2\x80", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"};
        size_t length = get_length(packet + at);
        uint8_t saved[WIRE_PACKET_MAX];

        memcpy(saved, packet, size);
        assert_true(length >= 4);
        for (size_t place = 0; place < length; place++) {
                packet[at + 2 + place] = '\0';
                assert_refused(packet, size, layout->from);
                memcpy(packet, saved, size);
        }
        for (size_t i = 0; i < ELEMENTSOF(hostile); i++) {
                size_t n = strlen(hostile[i]);

                memcpy(packet + at + 2, hostile[i], n);
                assert_refused(packet, size, layout->from);
                assert_non_null(strstr(problem.text, layout->name));
                assert_non_null(strstr(problem.text, field->name));
                memcpy(packet, saved, size);

                memcpy(packet + at + 2 + length - n, hostile[i], n);
                assert_refused(packet, size, layout->from);
                memcpy(packet, saved, size);
        }
}

static void hostile_bytes_in_any_text_are_refused(void **state) {
        (void)state;
        assert_true(attack_fields(WIRE_FIELD_TEXT, put_bytes_into_text) > 20);
}

static void put_newline_into_text(const struct wire_layout *layout, const struct wire_field *field,
        uint8_t *packet, size_t size, size_t at) {
        uint8_t saved = packet[at + 2];

        packet[at + 2] = '\n';
        if (field->size == WIRE_LONG_MAX)
                assert_int_equal(decode(packet, size, layout->from), 0);
        else
                assert_refused(packet, size, layout->from);
        packet[at + 2] = saved;
}

static void only_long_texts_have_lines(void **state) {
        (void)state;
        attack_fields(WIRE_FIELD_TEXT, put_newline_into_text);
}

static void lie_about_length(const struct wire_layout *layout, const struct wire_field *field,
        uint8_t *packet, size_t size, size_t at) {
        size_t length = get_length(packet + at);
        const size_t lies[] = {
                0, length - 1, length + 1, field->size - 1, field->size, 0x7fff, 0x8000, 0xffff};

        for (size_t i = 0; i < ELEMENTSOF(lies); i++) {
                packet[at] = (uint8_t)lies[i];
                packet[at + 1] = (uint8_t)(lies[i] >> 8);
                if (lies[i] != length)
                        assert_canonical_or_refused(packet, size, layout->from);
                if (lies[i] > size)
                        assert_refused(packet, size, layout->from);
        }
        packet[at] = (uint8_t)length;
        packet[at + 1] = (uint8_t)(length >> 8);
}

static void a_length_that_lies_is_refused(void **state) {
        (void)state;
        attack_fields(WIRE_FIELD_TEXT, lie_about_length);
}

/* The text grows to the size of its field, which leaves no room for the NUL; the packet grows with it. */
static void make_text_too_long(const struct wire_layout *layout, const struct wire_field *field,
        uint8_t *packet, size_t size, size_t at) {
        size_t length = get_length(packet + at), tail = size - at - 2 - length;

        for (size_t grown = field->size - 1; grown <= field->size; grown++) {
                uint8_t longer[WIRE_PACKET_MAX];

                assert_true(at + 2 + grown + tail <= sizeof(longer));
                memcpy(longer, packet, at);
                longer[at] = (uint8_t)grown;
                longer[at + 1] = (uint8_t)(grown >> 8);
                memset(longer + at + 2, 'x', grown);
                memcpy(longer + at + 2 + grown, packet + at + 2 + length, tail);
                if (grown < field->size)
                        assert_int_equal(decode(longer, at + 2 + grown + tail, layout->from), 0);
                else
                        assert_refused(longer, at + 2 + grown + tail, layout->from);
        }
}

static void a_text_fills_its_field_and_no_more(void **state) {
        (void)state;
        attack_fields(WIRE_FIELD_TEXT, make_text_too_long);
}

static void make_bool_odd(const struct wire_layout *layout, const struct wire_field *field, uint8_t *packet,
        size_t size, size_t at) {
        uint8_t saved = packet[at];

        (void)field;
        for (unsigned value = 0; value < 256; value++) {
                packet[at] = (uint8_t)value;
                if (value > 1)
                        assert_refused(packet, size, layout->from);
                else
                        assert_int_equal(decode(packet, size, layout->from), 0);
        }
        packet[at] = saved;
}

static void a_bool_is_zero_or_one(void **state) {
        (void)state;
        assert_true(attack_fields(WIRE_FIELD_BOOL, make_bool_odd) > 5);
}

static void leave_the_enumeration(const struct wire_layout *layout, const struct wire_field *field,
        uint8_t *packet, size_t size, size_t at) {
        const uint32_t outside[] = {field->first - 1, field->last + 1, UINT32_MAX, 0x80000000};
        uint8_t saved[4];

        memcpy(saved, packet + at, sizeof(saved));
        if (field->last == 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(outside); i++) {
                struct wire_message message = *wire_sample((enum wire_type)packet[0]);
                uint8_t again[WIRE_PACKET_MAX];

                for (unsigned byte = 0; byte < 4; byte++)
                        packet[at + byte] = (uint8_t)(outside[i] >> (8 * byte));
                assert_refused(packet, size, layout->from);
                assert_non_null(strstr(problem.text, "out of range"));

                memcpy((uint8_t *)&message + offsetof(struct wire_message, hello) + field->offset,
                        &outside[i], 4);
                assert_int_equal(wire_encode(&message, again), -EINVAL);
        }
        memcpy(packet + at, saved, sizeof(saved));
}

static void an_enumeration_has_only_its_values(void **state) {
        (void)state;
        attack_fields(WIRE_FIELD_U32, leave_the_enumeration);
}

static void too_many_pairs_are_refused(void **state) {
        struct wire_message message = {
                .type = WIRE_ACTION_REQUEST, .action_request = {.n_args = WIRE_PAIRS_MAX}};
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t size = wire_encode(&message, packet);
        /* serial, run, three empty texts, then the number of pairs, all of them empty */
        size_t count_at = 4 + 8 + 8 + 3 * 2;

        (void)state;
        assert_int_equal(size, count_at + 1 + 4 * WIRE_PAIRS_MAX);
        assert_int_equal(decode(packet, (size_t)size, WIRE_FROM_WATCHER), 0);
        assert_int_equal(decoded.action_request.n_args, WIRE_PAIRS_MAX);

        packet[count_at] = WIRE_PAIRS_MAX + 1;
        memset(packet + size, 0, 4);
        assert_refused(packet, (size_t)size + 4, WIRE_FROM_WATCHER);
        packet[count_at] = 255;
        assert_refused(packet, (size_t)size, WIRE_FROM_WATCHER);

        message.action_request.n_args = WIRE_PAIRS_MAX + 1;
        assert_int_equal(wire_encode(&message, packet), -EINVAL);
}

static void hostile_bytes_in_a_pair_are_refused(void **state) {
        static const char marks[][5] = {"keep", "200M"};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(marks); i++) {
                uint8_t packet[WIRE_PACKET_MAX];
                size_t size = encode_sample(WIRE_ACTION_REQUEST, packet);
                uint8_t *mark = memmem(packet, size, marks[i], 4);

                assert_non_null(mark);
                mark[1] = '\0';
                assert_refused(packet, size, WIRE_FROM_WATCHER);
                mark[1] = '\n';
                assert_refused(packet, size, WIRE_FROM_WATCHER);
                mark[1] = 0xff;
                assert_refused(packet, size, WIRE_FROM_WATCHER);
        }
}

static void any_changed_byte_is_refused_or_canonical(void **state) {
        static const uint8_t changes[] = {0x01, 0x80, 0xff, 0x20};

        (void)state;
        FOR_EACH_TYPE(type) {
                uint8_t packet[WIRE_PACKET_MAX];
                size_t size = encode_sample(type, packet);

                for (size_t at = 0; at < size; at++)
                        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                                packet[at] ^= changes[i];
                                assert_canonical_or_refused(packet, size, wire_sample_from(type));
                                packet[at] ^= changes[i];
                        }
        }
}

static void ten_megabytes_of_garbage_are_refused(void **state) {
        static uint8_t garbage[10 << 20];
        uint64_t seed = 88172645463325252;

        (void)state;
        for (size_t i = 0; i < sizeof(garbage); i++) {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                garbage[i] = (uint8_t)seed;
        }
        assert_refused(garbage, sizeof(garbage), WIRE_FROM_WATCHER);
        for (size_t at = 0, size; at < sizeof(garbage); at += size) {
                size = 1 + get_length(garbage + at) % WIRE_PACKET_MAX;
                if (size > sizeof(garbage) - at)
                        size = sizeof(garbage) - at;
                /* a header in order gets it past the first checks; each packet is its own garbage behind it */
                if (size > 4) {
                        garbage[at] = (uint8_t)(WIRE_HELLO + at % (WIRE_TYPE_MAX - 1));
                        garbage[at + 1] = 0;
                        garbage[at + 2] = WIRE_VERSION;
                        garbage[at + 3] = 0;
                }
                assert_canonical_or_refused(garbage + at, size, WIRE_FROM_WATCHER);
        }
}

static void encode_makes_text_clean(void **state) {
        struct wire_message message = {.type = WIRE_ESCALATE,
                .escalate = {.reason = "a\nb\tc", .text = "one\ntwo\033[2J \xff \xc3\xa9 \xc2\x9b"}};
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t size = wire_encode(&message, packet);

        (void)state;
        assert_true(size > 0);
        assert_int_equal(decode(packet, (size_t)size, WIRE_FROM_WATCHER), 0);
        assert_string_equal(decoded.escalate.reason, "a?b?c");
        assert_string_equal(decoded.escalate.text, "one\ntwo?[2J ? \xc3\xa9 ??");
}

static void encode_survives_text_without_an_end(void **state) {
        struct wire_message message = {.type = WIRE_HELLO};
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t size;

        (void)state;
        memset(message.hello.version, 'v', sizeof(message.hello.version));
        size = wire_encode(&message, packet);
        assert_true(size > 0);
        assert_int_equal(decode(packet, (size_t)size, WIRE_FROM_WATCHER), 0);
        assert_int_equal(strlen(decoded.hello.version), WIRE_NAME_MAX - 1);
}

static void encode_refuses_types_that_do_not_exist(void **state) {
        static const int types[] = {0, WIRE_TYPE_MAX, 1000};
        uint8_t packet[WIRE_PACKET_MAX];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                struct wire_message message = {.type = (enum wire_type)types[i]};

                assert_int_equal(wire_encode(&message, packet), -EINVAL);
        }
}

static void the_fullest_message_of_every_type_fits(void **state) {
        (void)state;
        FOR_EACH_TYPE(type) {
                const struct wire_layout *layout = wire_layout_of((uint32_t)type);
                struct wire_message message = *wire_sample(type);
                uint8_t *body = (uint8_t *)&message + offsetof(struct wire_message, hello);
                uint8_t packet[WIRE_PACKET_MAX];
                ssize_t size;

                for (size_t i = 0; i < layout->n_fields; i++) {
                        const struct wire_field *field = &layout->fields[i];

                        if (field->kind == WIRE_FIELD_TEXT)
                                memset(body + field->offset, 'x', field->size);
                        if (field->kind == WIRE_FIELD_PAIRS) {
                                memset(body + field->offset, 'x', WIRE_PAIRS_MAX * sizeof(struct wire_pair));
                                body[field->count_offset] = WIRE_PAIRS_MAX;
                        }
                }
                size = wire_encode(&message, packet);
                assert_true(size > 0);
                assert_int_equal(decode(packet, (size_t)size, wire_sample_from(type)), 0);
        }
}

static void problems_name_message_and_field(void **state) {
        uint8_t packet[WIRE_PACKET_MAX];
        size_t size = encode_sample(WIRE_LOWER, packet);

        (void)state;
        assert_refused(packet, size - 3, WIRE_FROM_WATCHER);
        assert_string_equal(problem.text, "lower: who: the packet ends in it");
        assert_refused(packet, 3, WIRE_FROM_WATCHER);
        assert_string_equal(problem.text, "packet of 3 bytes is too short");
        assert_int_equal(wire_decode(packet, 3, WIRE_FROM_WATCHER, &decoded, NULL), -EBADMSG);
}

static void everything_has_a_name(void **unused) {
        (void)unused;
        FOR_EACH_TYPE(type) {
                assert_string_not_equal(wire_type_name(type), "invalid");
                for (enum wire_type other = WIRE_HELLO; other < type; other++)
                        assert_string_not_equal(wire_type_name(type), wire_type_name(other));
        }
        for (enum wire_status status = WIRE_DONE; status <= WIRE_UNKNOWN; status++)
                assert_string_not_equal(wire_status_name(status), "invalid");
        for (enum wire_verdict verdict = WIRE_GO; verdict <= WIRE_REFUSED; verdict++)
                assert_string_not_equal(wire_verdict_name(verdict), "invalid");
        for (enum wire_lease_state state = WIRE_LEASE_TAKING; state <= WIRE_LEASE_ENDED; state++)
                assert_string_not_equal(wire_lease_state_name(state), "invalid");
        assert_string_equal(wire_lease_state_name(WIRE_LEASE_IN_FORCE), "in-force");
        assert_string_equal(wire_lease_state_name((enum wire_lease_state)0), "invalid");
        assert_string_equal(wire_lease_state_name((enum wire_lease_state)99), "invalid");
        assert_string_equal(wire_status_name(WIRE_WOULD_HAVE), "would-have");
        assert_string_equal(wire_verdict_name(WIRE_COOLDOWN), "cooldown");

        assert_string_equal(wire_type_name((enum wire_type)0), "invalid");
        assert_string_equal(wire_type_name(WIRE_TYPE_MAX), "invalid");
        assert_string_equal(wire_status_name((enum wire_status)0), "invalid");
        assert_string_equal(wire_status_name((enum wire_status)99), "invalid");
        assert_string_equal(wire_verdict_name((enum wire_verdict)0), "invalid");
        assert_string_equal(wire_verdict_name((enum wire_verdict)99), "invalid");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_message_survives_the_round_trip),
                cmocka_unit_test(empty_messages_survive_the_round_trip),
                cmocka_unit_test(the_wire_is_little_endian_and_has_no_padding),
                cmocka_unit_test(a_packet_cut_anywhere_is_refused),
                cmocka_unit_test(trailing_bytes_are_refused),
                cmocka_unit_test(a_packet_longer_than_a_packet_is_refused),
                cmocka_unit_test(an_unknown_type_is_refused),
                cmocka_unit_test(another_protocol_version_is_refused),
                cmocka_unit_test(a_message_of_another_side_is_refused),
                cmocka_unit_test(hostile_bytes_in_any_text_are_refused),
                cmocka_unit_test(only_long_texts_have_lines),
                cmocka_unit_test(a_length_that_lies_is_refused),
                cmocka_unit_test(a_text_fills_its_field_and_no_more),
                cmocka_unit_test(a_bool_is_zero_or_one),
                cmocka_unit_test(an_enumeration_has_only_its_values),
                cmocka_unit_test(too_many_pairs_are_refused),
                cmocka_unit_test(hostile_bytes_in_a_pair_are_refused),
                cmocka_unit_test(any_changed_byte_is_refused_or_canonical),
                cmocka_unit_test(ten_megabytes_of_garbage_are_refused),
                cmocka_unit_test(encode_makes_text_clean),
                cmocka_unit_test(encode_survives_text_without_an_end),
                cmocka_unit_test(encode_refuses_types_that_do_not_exist),
                cmocka_unit_test(the_fullest_message_of_every_type_fits),
                cmocka_unit_test(problems_name_message_and_field),
                cmocka_unit_test(everything_has_a_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
