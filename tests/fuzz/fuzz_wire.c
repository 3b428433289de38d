/* SPDX-License-Identifier: MIT */
/*
 * fuzz_wire - any bytes, read as a packet of each side
 *
 * Holds the decoder to its promise: what it accepts encodes to the very same bytes and is accepted from one
 * side only; what it refuses has a reason and leaves the message alone.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/wire.h"

static void insist(bool holds) {
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const enum wire_from sides[] = {WIRE_FROM_WATCHER, WIRE_FROM_EXECUTOR, WIRE_FROM_CONTROL};
        unsigned accepted = 0;

        for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
                struct wire_message message = {.type = WIRE_TYPE_MAX};
                struct problem problem = {0};
                uint8_t again[WIRE_PACKET_MAX];

                if (wire_decode(data, size, sides[i], &message, &problem) < 0) {
                        insist(problem.text[0] != '\0' && message.type == WIRE_TYPE_MAX);
                        continue;
                }
                accepted++;
                insist(wire_encode(&message, again) == (ssize_t)size);
                insist(memcmp(again, data, size) == 0);
        }
        insist(accepted <= 1);
        return 0;
}
