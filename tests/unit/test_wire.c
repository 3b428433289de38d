/* SPDX-License-Identifier: MIT */
/* test_wire - every message goes there and comes back, and what the encoder makes of what it is given */
#include "wire/wire_layout.h"
#include "wire_support.h"

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
                cmocka_unit_test(encode_makes_text_clean),
                cmocka_unit_test(encode_survives_text_without_an_end),
                cmocka_unit_test(encode_refuses_types_that_do_not_exist),
                cmocka_unit_test(the_fullest_message_of_every_type_fits),
                cmocka_unit_test(everything_has_a_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
