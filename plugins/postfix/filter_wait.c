/* SPDX-License-Identifier: MIT */
/*
 * filter_wait - how long mail waits before a content filter that does not keep up
 *
 * Runs in the watcher, as part of the sensor `queue`.  Pure.  A filter is slow by nature, and a newsletter makes a crowd
 * before it that is gone after a while; so neither the number of messages nor their age says that something is wrong,
 * only that they do not become fewer.  The pace of the last minutes tells how long the rest would take: when that
 * is within LONG_SECONDS, the filter keeps up and the answer is 0; when it is not, the age of the oldest message is.
 *
 * A filter that accepts connections and says nothing cannot be told from a slow one by that for some minutes, and its
 * probe cannot tell either: all its processes may be at work.  But one that took a message each second and takes none for
 * many times as long has stopped, sooner still when the probe fails outright.  Then what waits will wait at least until
 * Postfix's client gives up on the greeting, or until the next try: that is known at once, and part of the answer.
 *
 * Several instances may use one filter, and each knows its own mail only.  The longest wait is told; while one of them
 * is not known, only a wait that is bad whatever the missing one would say, since a shorter one reads as "it is well".
 *
 * Owns nothing and cannot fail.
 * Limits: one or two messages are no crowd, and may themselves be what the filter cannot stomach; as long as its
 * probe does not fail they are not a filter that is stuck.
 */
#include "postfix/filter_wait.h"

#include <math.h>

#define CROWD 3u
#define SETTLE_SECONDS 60u /* before that nobody knows the pace: some may just have been let go from hold */
#define LONG_SECONDS 3600u /* that a crowd may take to be gone */
#define GREETING_SECONDS 300u /* smtp_helo_timeout, and minimal_backoff_time */

/* How long it must have taken nothing to have stopped: that long, and so many times as long as between two before. */
static const struct {
        unsigned seconds, turns;
} silences[] = {
        [false] = {18, 10}, [true] = {12, 4}, /* beside a probe that fails */
};

static bool has_stopped(const struct filter_wait *wait) {
        if (wait->quiet_seconds < silences[wait->is_dead].seconds)
                return false;
        /* Of one whose pace nobody knows the probe alone can say it. */
        if (wait->turn_seconds <= 0)
                return wait->is_dead;
        return (double)wait->quiet_seconds >= silences[wait->is_dead].turns * wait->turn_seconds;
}

double filter_wait_decide(const struct filter_wait *wait) {
        /* Those that only wait for their next try, while the filter is well, are not waiting for it. */
        bool is_its_fault = wait->came_back > 0 || !wait->is_answering;
        uint64_t waiting = wait->underway + (is_its_fault ? wait->deferred : 0);
        uint64_t known =
                wait->oldest_seconds < wait->watched_seconds ? wait->oldest_seconds : wait->watched_seconds;

        if (waiting == 0)
                return 0;
        if (waiting < CROWD && !wait->is_dead)
                return 0;
        if (has_stopped(wait))
                return (double)(wait->oldest_seconds + GREETING_SECONDS);
        if (waiting < CROWD)
                return 0;
        if (wait->watched_seconds < SETTLE_SECONDS)
                return wait->left > 0 ? 0 : (double)known;
        if (waiting * wait->watched_seconds <= wait->left * LONG_SECONDS)
                return 0;
        return (double)wait->oldest_seconds;
}

enum word { WORD_WELL, WORD_MISSING, WORD_STUCK };

static enum word word_of(double seconds) {
        if (isnan(seconds))
                return WORD_MISSING;
        return seconds >= FILTER_WAIT_STUCK_SECONDS ? WORD_STUCK : WORD_WELL;
}

bool filter_wait_is_worse(double seconds, double than) {
        if (word_of(seconds) != word_of(than))
                return word_of(seconds) > word_of(than);
        return seconds > than;
}
