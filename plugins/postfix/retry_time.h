/* SPDX-License-Identifier: MIT */
/* retry_time - when a deferred message is tried next, and the mark that says who chose that */
#ifndef POSTFIX_RETRY_TIME_H
#define POSTFIX_RETRY_TIME_H

#include <stdint.h>
#include <time.h>

/*
 * The fraction of a second that marks the messages of a lease: 1 to 999,999,999, never a whole number of
 * microseconds, and another one for each of 999,000,000 leases in a row.
 */
uint32_t retry_time_mark(uint64_t lease);
/* A slice from now, the ends spread by the message's ID. */
time_t retry_time_postponed(time_t now, const char *id);
/* Within the spread from now, and never later than `planned`. */
time_t retry_time_returned(time_t now, const char *id, time_t planned);

#endif
