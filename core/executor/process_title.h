/* SPDX-License-Identifier: MIT */
/* process_title - what ps(1) shows of this process */
#ifndef EXECUTOR_PROCESS_TITLE_H
#define EXECUTOR_PROCESS_TITLE_H

/*
 * printf style; the memory of argv and environment is overwritten, so nothing may point there any more.  Does
 * nothing where the kernel does not let us.
 */
void process_title(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
