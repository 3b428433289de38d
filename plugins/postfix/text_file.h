/* SPDX-License-Identifier: MIT */
/* text_file - a short text file of the system as one string */
#ifndef POSTFIX_TEXT_FILE_H
#define POSTFIX_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Its text (malloc, ended by NUL), cut at `max` bytes.  `trusted`: only of a regular file that root alone can have
 * written (or this process itself, which could do its worst without a file): else -EPERM.  0 or a negative errno value.
 */
int text_file_read(const char *path, size_t max, bool trusted, char **ret_text);

#endif
