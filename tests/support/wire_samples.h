/* SPDX-License-Identifier: MIT */
/* wire_samples - one plausible message of each type, every field set to something that is not zero */
#ifndef SUPPORT_WIRE_SAMPLES_H
#define SUPPORT_WIRE_SAMPLES_H

#include "wire/wire.h"

/* NULL: no such type.  Bytes between fields are zero, so samples compare with memcmp(). */
const struct wire_message *wire_sample(enum wire_type type);
/* The side that may send it. */
enum wire_from wire_sample_from(enum wire_type type);

#endif
