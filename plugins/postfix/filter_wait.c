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
 * probe cannot tell either: all its processes may be at work.  But one that took a message each second and takes none
 * for many times as long has stopped, sooner still when the probe fails outright.  Then what waits will wait at least
 * until Postfix's client gives up on the greeting, or until the next try: that is known at once, and part of the
 * answer.
 *
 * A burst is no silence, however large: while a filter works on it, messages leave.  What does make one is a scanner
 * that loads its rules anew, or large mail in all its processes at once.  So it is counted in seconds and in turns, and
 * no condition has to wait once more.  One that answers its probe has a process free; that no mail gets to it may be
 * Postfix's own doing, which is stopped for an upgrade, and takes longer to be believed.
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
        double seconds, turns;
} silences[] = {
        [FILTER_PROBE_UNTOLD] = {15, 12},
        [FILTER_PROBE_ANSWERED] = {22, 12},
        [FILTER_PROBE_FAILED] = {15, 5},
};

/* Infinite: of one whose pace nobody knows the probe alone can say it. */
static double longest_silence(const struct filter_wait *wait) {
        double seconds = silences[wait->probe].seconds, turns = silences[wait->probe].turns;

        if (wait->turn_seconds <= 0)
                return wait->probe == FILTER_PROBE_FAILED ? seconds : (double)INFINITY;
        return turns * wait->turn_seconds > seconds ? turns * wait->turn_seconds : seconds;
}

/* Those that only wait for their next try, while the filter is well, are not waiting for it. */
static uint64_t count_waiting(const struct filter_wait *wait) {
        bool is_its_fault = wait->came_back > 0 || wait->probe != FILTER_PROBE_ANSWERED;

        return wait->underway + (is_its_fault ? wait->deferred : 0);
}

static bool is_listened_to(const struct filter_wait *wait) {
        uint64_t waiting = count_waiting(wait);

        return waiting >= CROWD || (waiting > 0 && wait->probe == FILTER_PROBE_FAILED);
}

double filter_wait_again(const struct filter_wait *wait) {
        double left = longest_silence(wait) - wait->quiet_seconds;

        return is_listened_to(wait) && left > 0 ? left : (double)INFINITY;
}

double filter_wait_decide(const struct filter_wait *wait) {
        uint64_t waiting = count_waiting(wait);
        uint64_t known =
                wait->oldest_seconds < wait->watched_seconds ? wait->oldest_seconds : wait->watched_seconds;

        if (!is_listened_to(wait))
                return 0;
        if (wait->quiet_seconds >= longest_silence(wait))
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
