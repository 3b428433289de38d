/* SPDX-License-Identifier: MIT */
/*
 * budget - how much per window, how soon again
 *
 * Runs in: executor.  Pure functions over a list of uses, which the ledger rebuilds from the recorder at every
 * start: a crash gives nobody a fresh budget.  Time is an argument.
 *
 * What was only observed is counted apart: an observing host must come to the same decisions as an enforcing
 * one would, but must not have spent the budget when root lets it act.
 */
#include "executor/budget.h"

#include <string.h>

void budget_add(struct budget_uses *uses, uint64_t at_usec, bool observed) {
        if (uses->n == BUDGET_USES_MAX) {
                memmove(uses->uses, uses->uses + 1, (BUDGET_USES_MAX - 1) * sizeof(uses->uses[0]));
                uses->n--;
        }
        uses->uses[uses->n++] = (struct budget_use){.at_usec = at_usec, .observed = observed};
}

void budget_move(struct budget_uses *uses, bool forward, uint64_t by_usec) {
        for (size_t i = 0; i < uses->n; i++) {
                uint64_t *at = &uses->uses[i].at_usec;
                if (forward)
                        *at = *at < UINT64_MAX - by_usec ? *at + by_usec : UINT64_MAX;
                else
                        *at = *at > by_usec ? *at - by_usec : 0;
        }
}

void budget_cap(struct budget_uses *uses, uint64_t at_usec) {
        for (size_t i = 0; i < uses->n; i++)
                if (uses->uses[i].at_usec > at_usec)
                        uses->uses[i].at_usec = at_usec;
}

static uint64_t age(const struct budget_use *use, uint64_t now_usec) {
        return use->at_usec < now_usec ? now_usec - use->at_usec : 0;
}

static bool counts(
        const struct budget_use *use, uint64_t window_usec, bool with_observed, uint64_t now_usec) {
        return (with_observed || !use->observed) && age(use, now_usec) < window_usec;
}

static size_t count_spent(
        const struct budget_uses *uses, uint64_t window_usec, bool with_observed, uint64_t now_usec) {
        size_t n = 0;

        for (size_t i = 0; i < uses->n; i++)
                n += counts(&uses->uses[i], window_usec, with_observed, now_usec);
        return n;
}

uint64_t budget_until(const struct budget_uses *uses, const struct budget_limit *limit, bool with_observed,
        uint64_t now_usec) {
        size_t allowed = limit->count < BUDGET_USES_MAX ? limit->count : BUDGET_USES_MAX;
        size_t spent = count_spent(uses, limit->window_usec, with_observed, now_usec), seen = 0;

        if (limit->count == 0 || spent < allowed)
                return 0;
        /* It is over when so many of the oldest fell out of the window that one is to spare. */
        for (size_t i = 0; i < uses->n; i++) {
                if (!counts(&uses->uses[i], limit->window_usec, with_observed, now_usec))
                        continue;
                if (seen++ == spent - allowed)
                        return now_usec + limit->window_usec - age(&uses->uses[i], now_usec);
        }
        return now_usec + limit->window_usec;
}

uint64_t budget_cooldown_until(const struct budget_uses *uses, const struct budget_limit *limit,
        bool with_observed, uint64_t now_usec) {
        uint64_t until = 0;

        for (size_t i = 0; i < uses->n; i++)
                if (counts(&uses->uses[i], limit->cooldown_usec, with_observed, now_usec)) {
                        uint64_t end = now_usec + limit->cooldown_usec - age(&uses->uses[i], now_usec);
                        until = end > until ? end : until;
                }
        return until;
}
