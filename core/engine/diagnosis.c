/* SPDX-License-Identifier: MIT */
/*
 * diagnosis - which of several sentences about one incident people read
 *
 * Runs in the watcher and in simulations.  Pure: two sentences in, one answer out; engine_diagnosis.c keeps them.
 *
 * The cause decides: a name server that is dead explains a next hop that cannot be found, and not the other way
 * round.  Of equal causes the worse level is told, and of equal levels the newer sentence.
 *
 * A playbook has looked at more than one reading, and done something about it, so it wins against an equal cause; and
 * against a notice of any cause, because there is always some next hop that is down, and that must not take the place
 * of what was found and done.
 *
 * Cannot fail.  Limits: it compares two at a time, and held against each other in another order three of them may give
 * another one; so the one that is held is always the first argument.
 */
#include "engine/diagnosis.h"

bool diagnosis_gives_way(const struct diagnosis *held, const struct diagnosis *next) {
        if (!*held->text)
                return true;
        if (held->by_playbook && !next->by_playbook)
                return next->cause > held->cause && next->level > CONFIG_LEVEL_NOTICE;
        if (!held->by_playbook && next->by_playbook)
                return next->cause >= held->cause || held->level == CONFIG_LEVEL_NOTICE;
        if (next->cause != held->cause)
                return next->cause > held->cause;
        return next->by_playbook || next->level >= held->level;
}
