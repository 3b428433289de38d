/* SPDX-License-Identifier: MIT */
/*
 * error - the one rule for return values
 *
 * 0: done.  Negative: an errno value, broken, pass it on, never match on it.  Positive: an answer that this
 * function documents by name (X_E_SOMETHING), handled by its direct caller and never passed on.
 * A function either logs or returns its failure, never both; the text for a person is made where the failure
 * is decided.  Functions that refuse input fill a `struct problem`.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <assert.h>
#include <errno.h>

/* What is wrong with somebody's input: where, what, and what would be right; one line. */
struct problem {
        char text[512];
};

/* Formats into the problem (NULL is fine), returns -EINVAL so that `return problem_set(...)` reads well. */
int problem_set(struct problem *problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
