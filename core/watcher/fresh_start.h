/* SPDX-License-Identifier: MIT */
/* fresh_start - when a watcher that has to be started anew may end */
#ifndef WATCHER_FRESH_START_H
#define WATCHER_FRESH_START_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* So long it waits for a quiet moment. */
#define FRESH_START_WAIT_USEC (15 * USEC_PER_MINUTE)

/* Younger it does not end: what was replaced once may be replaced again. */
#define FRESH_START_AGE_USEC (30 * USEC_PER_SEC)

struct fresh_start {
        uint64_t born_usec;   /* when this process began */
        uint64_t wished_usec; /* since when; 0: it is not */
};

enum fresh_start_answer { FRESH_START_NO, FRESH_START_QUIET, FRESH_START_OVERDUE };

/* To be asked at every look, also when there is no wish. */
enum fresh_start_answer fresh_start_decide(
        struct fresh_start *fresh_start, bool is_wished, bool is_quiet, uint64_t now_usec);

#endif
