/* SPDX-License-Identifier: MIT */
/* test_wire_packet - a packet that is cut, too long, from the wrong side, changed or garbage is refused as a whole */
#include "wire_support.h"

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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_packet_cut_anywhere_is_refused),
                cmocka_unit_test(trailing_bytes_are_refused),
                cmocka_unit_test(a_packet_longer_than_a_packet_is_refused),
                cmocka_unit_test(an_unknown_type_is_refused),
                cmocka_unit_test(another_protocol_version_is_refused),
                cmocka_unit_test(a_message_of_another_side_is_refused),
                cmocka_unit_test(any_changed_byte_is_refused_or_canonical),
                cmocka_unit_test(ten_megabytes_of_garbage_are_refused),
                cmocka_unit_test(problems_name_message_and_field),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
