/* SPDX-License-Identifier: MIT */
/* action_tool - run a program for a verb, with a deadline, a clean environment and bounded output */
#ifndef EXECUTOR_ACTION_TOOL_H
#define EXECUTOR_ACTION_TOOL_H

#include <stddef.h>
#include <stdint.h>

struct action_tool {
        const char *const *argv;
        int in_fd, out_fd;      /* its stdin and stdout, the caller's; -1: /dev/null, and the output */
        uint64_t deadline_usec; /* CLOCK_MONOTONIC */
};

/*
 * Exit status 0-255, or negative: -ETIME when it was told to stop at the deadline or by a SIGTERM to us,
 * -ECANCELED when a signal ended it.  `output` gets the beginning of what it printed on stderr and, unless that
 * goes elsewhere, stdout.
 */
int action_tool_run(const struct action_tool *tool, char *output, size_t size);

#endif
