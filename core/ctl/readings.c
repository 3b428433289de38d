/* SPDX-License-Identifier: MIT */
/*
 * readings - the daemon's readings, and how old the newest of them is
 *
 * Runs in: spoolguardctl.  Owns one reply of GetReadings.  Sensors publish at least every few minutes even when
 * nothing changes, so when the newest reading is older than STALE_USEC the daemon does not see any more what it
 * tells of; commands show it all the same, and exit with CTL_UNREACHABLE.
 *
 * Fails: as client_call().  Limits: without any reading, as right after the start, nothing is called stale.
 */
#include "ctl/readings.h"

#include <dbus/dbus.h>

#include "base/clock.h"

#define STALE_USEC (5 * USEC_PER_MINUTE)

/* Readings carry CLOCK_MONOTONIC, which is the same for all processes of a host. */
static uint64_t newest_age(const json_t *rows) {
        uint64_t newest = 0, now = clock_monotonic_usec();
        const json_t *row;
        size_t i;

        json_array_foreach((json_t *)rows, i, row) {
                uint64_t at = (uint64_t)json_integer_value(json_array_get(row, 3));

                newest = at > newest ? at : newest;
        }
        if (json_array_size(rows) == 0)
                return USEC_NEVER;
        return now > newest ? now - newest : 0;
}

enum ctl_exit readings_fetch(struct client *client, struct readings *ret_readings, struct problem *problem) {
        json_t *reply = NULL;
        enum ctl_exit exit = client_call(client, CLIENT_INTERFACE("Manager"), "GetReadings",
                CLIENT_TIMEOUT_MSEC, &reply, problem, DBUS_TYPE_INVALID);

        if (exit == CTL_GOOD) {
                ret_readings->rows = json_incref(json_array_get(reply, 0));
                ret_readings->age_usec = newest_age(ret_readings->rows);
                ret_readings->stale =
                        ret_readings->age_usec != USEC_NEVER && ret_readings->age_usec > STALE_USEC;
        }
        json_decref(reply);
        return exit;
}

void readings_deinit(struct readings *readings) {
        json_decref(readings->rows);
        *readings = (struct readings){0};
}
