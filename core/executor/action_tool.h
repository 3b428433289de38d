/* SPDX-License-Identifier: MIT */
/* action_tool - run a program for a verb, with a deadline, a clean environment and bounded output */
#ifndef EXECUTOR_ACTION_TOOL_H
#define EXECUTOR_ACTION_TOOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Exit status 0-255, or negative: -ETIME when it was told to stop at `deadline_usec` (CLOCK_MONOTONIC) or by a
 * SIGTERM to us, -ECANCELED when a signal ended it.  `output` gets the beginning of what it printed.
 */
int action_tool_run(const char *const argv[], uint64_t deadline_usec, char *output, size_t size);

#endif
