/* SPDX-License-Identifier: MIT */
/*
 * ledger_fold - what the files that fold records into a ledger share
 *
 * ledger_apply.c has the table of events, and folds what is not one of the following; ledger_action.c folds what
 * became of actions, ledger_clock.c that the clock was set.  Who only reads a ledger needs ledger.h.
 */
#ifndef EXECUTOR_LEDGER_FOLD_H
#define EXECUTOR_LEDGER_FOLD_H

#include <string.h>

#include "base/text.h"
#include "executor/ledger.h"

/* Removes entry `i` of an array of *n entries. */
static inline void ledger_drop(void *array, size_t *n, size_t i, size_t size) {
        char *base = array;
        memmove(base + i * size, base + (i + 1) * size, (*n - i - 1) * size);
        (*n)--;
}

/* The next number is beyond every one that was seen. */
static inline void ledger_see(uint64_t *next, uint64_t number) {
        if (number >= *next && number < UINT64_MAX)
                *next = number + 1;
}

static inline bool ledger_says_yes(const struct record *record, const char *name) {
        return strcmp(record_get(record, name), "yes") == 0;
}

/* The verb of this name, begun if it is new; NULL: it has no name. */
struct ledger_verb *ledger_verb_of(struct ledger *ledger, const char *name);

void ledger_on_action_intent(struct ledger *ledger, const struct record *record);
/* action-outcome, and action-unknown: an outcome with the status "unknown". */
void ledger_on_action_outcome(struct ledger *ledger, const struct record *record);
void ledger_on_action_would_have(struct ledger *ledger, const struct record *record);
void ledger_on_action_denied(struct ledger *ledger, const struct record *record);

void ledger_on_clock_stepped(struct ledger *ledger, const struct record *record);

#endif
