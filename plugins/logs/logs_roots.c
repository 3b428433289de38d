/* SPDX-License-Identifier: MIT */
/*
 * logs_roots - the readings of the configured directories
 *
 * Runs in the watcher.  A directory is published when something about it changed, and is missing with the reason
 * when it cannot be looked at: one that is gone is not an empty one, and one on a network file system is not
 * looked at at all.
 *
 * Owns nothing but what is published.  Cannot fail.
 */
#include <errno.h>
#include <string.h>

#include "logs/logs_sensor.h"

static void publish_missing(const struct sg_host *host, struct logs_state *state, int why) {
        const char *text = why == EREMOTE ? "it is on a network file system" : strerror(why);
        const struct sg_label label = {"path", state->label};

        if (state->missing != why) {
                host->missing(host, "log_bytes", &label, 1, text);
                host->missing(host, "log_growth_bytes_per_second", &label, 1, text);
        }
        state->missing = why;
        state->shown = false;
}

bool logs_roots_publish(const struct sg_host *host, const struct logs_root *root, struct logs_state *state) {
        double rate = logs_growth_rate(&state->growth, host->now_usec(host));
        const struct sg_label label = {"path", state->label};

        if (root->why_missing) {
                publish_missing(host, state, root->why_missing);
                return false;
        }
        if (!state->shown || state->disk_bytes != state->shown_bytes)
                host->publish(host, "log_bytes", &label, 1, (double)state->disk_bytes);
        if (!state->shown || rate < state->shown_rate || rate > state->shown_rate)
                host->publish(host, "log_growth_bytes_per_second", &label, 1, rate);
        state->shown = true;
        state->missing = 0;
        state->shown_bytes = state->disk_bytes;
        state->shown_rate = rate;
        return rate > 0;
}
