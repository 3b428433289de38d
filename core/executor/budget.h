/* SPDX-License-Identifier: MIT */
/*
 * budget - how much a playbook or verb did in its window, and when it may do more
 *
 * Pure.  A use is the wall clock time at which something was done, because that is what outlives a reboot.  When
 * the clock is set the uses move with it (the ledger sees to that), so that their age stays what it was; one that
 * lies in the future all the same, by less than what counts as a step, is as good as done right now.
 *
 * Limits: BUDGET_USES_MAX uses are remembered; a larger budget counts as that many.
 */
#ifndef EXECUTOR_BUDGET_H
#define EXECUTOR_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDGET_USES_MAX 64u

struct budget_use {
        uint64_t at_usec; /* CLOCK_REALTIME */
        bool observed;    /* would have been done: counts only for what is observed, too */
};

struct budget_uses {
        struct budget_use uses[BUDGET_USES_MAX]; /* oldest first */
        size_t n;
};

struct budget_limit {
        unsigned count; /* 0: no budget */
        uint64_t window_usec, cooldown_usec;
};

void budget_add(struct budget_uses *uses, uint64_t at_usec, bool observed);
/* The clock was set, forward or back, by so much. */
void budget_move(struct budget_uses *uses, bool forward, uint64_t by_usec);
/* Uses later than that count as made then. */
void budget_cap(struct budget_uses *uses, uint64_t at_usec);
/* When the budget, or the cool-down, allows the next use: 0 for now, else CLOCK_REALTIME. */
uint64_t budget_until(const struct budget_uses *uses, const struct budget_limit *limit, bool with_observed,
        uint64_t now_usec);
uint64_t budget_cooldown_until(const struct budget_uses *uses, const struct budget_limit *limit,
        bool with_observed, uint64_t now_usec);

#endif
