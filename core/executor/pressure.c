/* SPDX-License-Identifier: MIT */
/*
 * pressure - measure for ourselves how full a file system is
 *
 * Runs in: a child of the executor that is about to act, never in the executor itself: statvfs(2) on a dead
 * network file system does not return, and only that child has a deadline.
 *
 * The levels are the trip levels of the two conditions in the frozen configuration, so that what the watcher
 * calls critical is critical here, but the measurement is our own: the watcher's readings decide nothing.
 * A condition that is missing or switched off leaves the built-in level.
 *
 * Fails: what cannot be measured is SG_PRESSURE_UNKNOWN, which lifts no protection.
 */
#include "executor/pressure.h"

#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>

static double level(const struct config *config, const char *name, double fallback) {
        const struct config_condition *condition = config_condition(config, name);

        return condition && condition->enabled && !condition->below && condition->trip > 0 &&
                        condition->trip <= 1
                ? condition->trip
                : fallback;
}

void pressure_levels(const struct config *config, struct pressure_levels *ret_levels) {
        ret_levels->high = level(config, "disk-space-high", 0.85);
        ret_levels->critical = level(config, "disk-space-critical", 0.95);
}

enum sg_pressure pressure_of(
        const struct pressure_levels *levels, uint64_t blocks, uint64_t free, uint64_t available) {
        double used, ratio;

        if (blocks == 0 || free > blocks)
                return SG_PRESSURE_UNKNOWN;
        used = (double)(blocks - free);
        ratio = used + (double)available > 0 ? used / (used + (double)available) : 1;
        if (ratio >= levels->critical)
                return SG_PRESSURE_CRITICAL;
        return ratio >= levels->high ? SG_PRESSURE_HIGH : SG_PRESSURE_NONE;
}

enum sg_pressure pressure_measure(const struct pressure_levels *levels, const char *root, const char *path) {
        char full[PATH_MAX];
        struct statvfs st;

        if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full) || statvfs(full, &st) < 0)
                return SG_PRESSURE_UNKNOWN;
        return pressure_of(levels, st.f_blocks, st.f_bfree, st.f_bavail);
}
