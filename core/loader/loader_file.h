/* SPDX-License-Identifier: MIT */
/* loader_file - bounded reading of the site's files */
#ifndef LOADER_LOADER_FILE_H
#define LOADER_LOADER_FILE_H

#include <stddef.h>

#include "base/error.h"

#define LOADER_FILE_E_NONE 1 /* there is no such file */

/* The text (malloc, ended by NUL) of a regular file of at most `max` bytes without NUL. */
int loader_file_read(
        const char *path, size_t max, char **ret_text, size_t *ret_size, struct problem *problem);

/* Names of *.lua in a directory, in byte order; a missing directory has none. */
int loader_file_list(const char *directory, char ***ret_names, size_t *ret_n, struct problem *problem);
char **loader_file_list_free(char **names, size_t n);

#endif
