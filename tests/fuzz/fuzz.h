/* SPDX-License-Identifier: MIT */
/* fuzz - the one function of a driver; libFuzzer and standalone.c call it */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0.  What must not be ends in abort(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
