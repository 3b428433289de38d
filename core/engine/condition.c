/* SPDX-License-Identifier: MIT */
/*
 * condition - the pure step from one value to the next state
 *
 * Runs in the watcher and in simulations; allocates nothing and asks nobody for the time.  A condition trips when
 * its value stayed at or beyond `trip` for `lasting`, and clears when it stayed strictly on the good side of
 * `clear` for `clear_lasting`; between the two levels it keeps what it is, so that a value that flutters around
 * one level gives one edge and not ten.
 *
 * A missing value makes the state unknown and forgets how long a level was crossed: time in which nothing was
 * measured counts neither for tripping nor for clearing.  `tripped` is kept.
 *
 * Cannot fail.  Limits: one pair of levels; no rate of change (a sensor publishes such a thing as a reading).
 */
#include "engine/condition.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

const char *condition_state_name(enum condition_state state) {
        static const char *const names[] = {
                [CONDITION_OK] = "ok",
                [CONDITION_PENDING] = "pending",
                [CONDITION_ACTIVE] = "active",
                [CONDITION_CLEARING] = "clearing",
                [CONDITION_UNKNOWN] = "unknown",
        };

        return names[state];
}

bool condition_is_good(const struct condition *condition) {
        const struct config_condition *config = condition->config;

        if (isnan(condition->value))
                return false;
        return config->below ? condition->value > config->clear : condition->value < config->clear;
}

bool condition_is_named(const char *object, const char *name) {
        size_t length = strlen(name);

        return strncmp(object, name, length) == 0 && (object[length] == '\0' || object[length] == '_');
}

bool condition_is_listed(const char *object, const char *const *names) {
        for (; *names; names++)
                if (condition_is_named(object, *names))
                        return true;
        return false;
}

/*
 * The value is on the far side of a level: enter `waiting`, and after `lasting_usec` without a break take the
 * edge.  True when the edge is due.
 */
static bool wait_out(struct condition *condition, enum condition_state waiting, uint64_t lasting_usec,
        uint64_t now_usec, uint64_t *ret_again_usec) {
        if (condition->state != waiting) {
                condition->state = waiting;
                condition->crossed_at_usec = now_usec;
        }
        if (now_usec - condition->crossed_at_usec >= lasting_usec)
                return true;
        *ret_again_usec = condition->crossed_at_usec + lasting_usec;
        return false;
}

enum condition_edge condition_step(
        struct condition *condition, double value, uint64_t now_usec, uint64_t *ret_again_usec) {
        const struct config_condition *config = condition->config;

        *ret_again_usec = USEC_NEVER;
        condition->value = value;
        if (isnan(value)) {
                condition->state = CONDITION_UNKNOWN;
                return CONDITION_EDGE_NONE;
        }

        if (!condition->tripped) {
                bool beyond = config->below ? value <= config->trip : value >= config->trip;

                if (!beyond) {
                        condition->state = CONDITION_OK;
                        return CONDITION_EDGE_NONE;
                }
                if (!wait_out(condition, CONDITION_PENDING, config->lasting_usec, now_usec, ret_again_usec))
                        return CONDITION_EDGE_NONE;
                condition->state = CONDITION_ACTIVE;
                condition->tripped = true;
                return CONDITION_EDGE_TRIPPED;
        }

        if (!condition_is_good(condition)) {
                condition->state = CONDITION_ACTIVE;
                return CONDITION_EDGE_NONE;
        }
        if (!wait_out(condition, CONDITION_CLEARING, config->clear_lasting_usec, now_usec, ret_again_usec))
                return CONDITION_EDGE_NONE;
        condition->state = CONDITION_OK;
        condition->tripped = false;
        return CONDITION_EDGE_CLEARED;
}
