/* SPDX-License-Identifier: MIT */
/* wire_layout - what each message looks like on the wire, as data; for the codec in wire.c only */
#ifndef WIRE_WIRE_LAYOUT_H
#define WIRE_WIRE_LAYOUT_H

#include "wire/wire.h"

enum wire_field_kind {
        WIRE_FIELD_BOOL = 1,
        WIRE_FIELD_U32,
        WIRE_FIELD_U64,
        WIRE_FIELD_TEXT,
        WIRE_FIELD_PAIRS
};

struct wire_field {
        const char *name;
        enum wire_field_kind kind;
        size_t offset;        /* in the message's struct */
        size_t size;          /* of a text, with NUL */
        size_t count_offset;  /* pairs: of their number */
        uint32_t first, last; /* u32: an enumeration from first to last, when last is not 0 */
};

struct wire_layout {
        const char *name;
        enum wire_from from;
        const struct wire_field *fields;
        size_t n_fields;
};

/* NULL: no such message. */
const struct wire_layout *wire_layout_of(uint32_t type);

#endif
