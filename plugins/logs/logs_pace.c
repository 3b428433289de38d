/* SPDX-License-Identifier: MIT */
/*
 * logs_pace - is a directory written to so much that it is cheaper to look than to listen?
 *
 * Runs in the watcher.  Pure.  Each event is paid by the one who writes, and when several logs are written in turn
 * the kernel merges nothing: ten thousand lines a second are ten thousand events, and twice as many overflow its
 * queue.  So a busy directory says no longer what is written there, only what comes and goes, and all its files are
 * measured once a second.  It is listened to again when it was calm for a while; the clear level is well below the
 * other one, so that it does not go to and fro.
 *
 * The number of events alone would not tell: writes to a single log are merged, and cost their writer as much.
 *
 * Owns nothing, cannot fail.
 */
#include "logs/logs_sensor.h"

#define BUSY_EVENTS 256
#define BUSY_BYTES 65536
#define CALM_BYTES (BUSY_BYTES / 4)
#define CALM_LOOKS 10

bool logs_pace_next(struct logs_pace *pace, bool fits) {
        if (!pace->busy)
                pace->busy = fits && (pace->events >= BUSY_EVENTS || pace->bytes >= BUSY_BYTES);
        else
                pace->calm_looks = pace->bytes < CALM_BYTES ? pace->calm_looks + 1 : 0;
        if (!fits || pace->calm_looks >= CALM_LOOKS)
                pace->busy = false;
        if (!pace->busy)
                pace->calm_looks = 0;
        pace->events = 0;
        pace->bytes = 0;
        return pace->busy;
}
