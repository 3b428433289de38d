/* SPDX-License-Identifier: MIT */
/*
 * wire_support - packets of the samples, decoded or refused
 *
 * Packets are decoded from heap blocks of exactly their size: AddressSanitizer sees a read of one byte too many.
 * What came of the last one is in `decoded` and `problem`.
 */
#ifndef UNIT_WIRE_SUPPORT_H
#define UNIT_WIRE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "../support/wire_samples.h"
#include "base/cleanup.h"
#include "wire/wire.h"

// It declares its argument. NOLINTNEXTLINE(bugprone-macro-parentheses)
#define FOR_EACH_TYPE(type) for (enum wire_type type = WIRE_HELLO; type < WIRE_TYPE_MAX; type++)

static struct wire_message decoded;
static struct problem problem;

static inline int decode(const uint8_t *packet, size_t size, enum wire_from from) {
        _cleanup_free_ uint8_t *exact = malloc(size ? size : 1);

        assert_non_null(exact);
        memcpy(exact, packet, size);
        memset(&decoded, 0x5a, sizeof(decoded));
        memset(&problem, 0, sizeof(problem));
        return wire_decode(exact, size, from, &decoded, &problem);
}

static inline void assert_refused(const uint8_t *packet, size_t size, enum wire_from from) {
        struct wire_message untouched;

        memset(&untouched, 0x5a, sizeof(untouched));
        assert_int_equal(decode(packet, size, from), -EBADMSG);
        assert_true(problem.text[0] != '\0');
        assert_memory_equal(&decoded, &untouched, sizeof(decoded));
}

/* Whatever is accepted has one form only. */
static inline void assert_canonical_or_refused(const uint8_t *packet, size_t size, enum wire_from from) {
        uint8_t again[WIRE_PACKET_MAX];

        if (decode(packet, size, from) < 0)
                return;
        assert_int_equal(wire_encode(&decoded, again), size);
        assert_memory_equal(again, packet, size);
}

static inline size_t encode_sample(enum wire_type type, uint8_t packet[static WIRE_PACKET_MAX]) {
        const struct wire_message *sample = wire_sample(type);
        ssize_t size;

        assert_non_null(sample);
        size = wire_encode(sample, packet);
        assert_true(size > 4);
        return (size_t)size;
}

/* The first two bytes of a text on the wire. */
static inline size_t get_length(const uint8_t *at) {
        return (size_t)at[0] | (size_t)at[1] << 8;
}

#endif
