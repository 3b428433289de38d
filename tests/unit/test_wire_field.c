/* SPDX-License-Identifier: MIT */
/*
 * test_wire_field - every field of every message, with all that a stranger could write in its place
 *
 * Attacks are made from the layout tables, so a message added later is attacked without a line here.
 */
#include "wire/wire_layout.h"
#include "wire_support.h"

typedef void (*field_attack_fn)(const struct wire_layout *layout, const struct wire_field *field,
        uint8_t *packet, size_t size, size_t at);

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
        assert_int_equal(size, count_at + 1 + (size_t)4 * WIRE_PAIRS_MAX);
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hostile_bytes_in_any_text_are_refused),
                cmocka_unit_test(only_long_texts_have_lines),
                cmocka_unit_test(a_length_that_lies_is_refused),
                cmocka_unit_test(a_text_fills_its_field_and_no_more),
                cmocka_unit_test(a_bool_is_zero_or_one),
                cmocka_unit_test(an_enumeration_has_only_its_values),
                cmocka_unit_test(too_many_pairs_are_refused),
                cmocka_unit_test(hostile_bytes_in_a_pair_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
