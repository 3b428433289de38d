/* SPDX-License-Identifier: MIT */
/* pressure - how full a file system is, against the levels of disk-space-high and disk-space-critical */
#ifndef EXECUTOR_PRESSURE_H
#define EXECUTOR_PRESSURE_H

#include "config/config.h"
#include "spoolguard/action.h"

struct pressure_levels {
        double high, critical; /* used ratio */
};

void pressure_levels(const struct config *config, struct pressure_levels *ret_levels);
/* Pure; as df counts: what is available is what an ordinary user may still use. */
enum sg_pressure pressure_of(
        const struct pressure_levels *levels, uint64_t blocks, uint64_t free, uint64_t available);
enum sg_pressure pressure_measure(const struct pressure_levels *levels, const char *root, const char *path);

#endif
