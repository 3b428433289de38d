/* SPDX-License-Identifier: MIT */
/* remote - the same command on another host, over ssh */
#ifndef CTL_REMOTE_H
#define CTL_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

/* Quotes an argument for a POSIX shell, which ssh starts at the other end; false when it does not fit. */
bool remote_quote(const char *argument, char *quoted, size_t size);
/* Does not return unless ssh cannot be run (then CTL_UNREACHABLE). */
int remote_exec(const char *host, int argc, char *const *argv);

#endif
