/* SPDX-License-Identifier: MIT */
/* tool - run a program and read what it prints, with an end */
#ifndef CTL_TOOL_H
#define CTL_TOOL_H

#include <stddef.h>

/*
 * Exit status (128 + signal when it was killed), or a negative errno value: -ETIME when it had to be stopped after
 * `timeout_msec`.  The first size-1 bytes of stdout and stderr are in `output`, ended by NUL; the rest is thrown
 * away.
 */
int tool_run(const char *const argv[], int timeout_msec, char *output, size_t size);

#endif
