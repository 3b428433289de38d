/* SPDX-License-Identifier: MIT */
/* gentle - which verbs come before which when a disk is full; pure, the table of cases is test_gentle.c */
#ifndef EXECUTOR_GENTLE_H
#define EXECUTOR_GENTLE_H

#include <stdbool.h>
#include <stddef.h>

#define GENTLE_STEPS 7u

/* The gentlest first. */
extern const char *const gentle_steps[GENTLE_STEPS];

/* What is known of a step in an incident. */
struct gentle_step {
        bool to_come;  /* something in force can still take it */
        bool had_turn; /* it was taken, or its own check found nothing to take */
};

/* How many of the steps come before this verb; one that is no step comes after all of them. */
size_t gentle_before(const char *verb);
/* Every step before this verb had its turn, or will never have one. */
bool gentle_spent(const char *verb, const struct gentle_step steps[static GENTLE_STEPS]);

#endif
