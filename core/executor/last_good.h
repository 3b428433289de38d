/* SPDX-License-Identifier: MIT */
/* last_good - the configuration that was in force last, kept for a start with a broken one */
#ifndef EXECUTOR_LAST_GOOD_H
#define EXECUTOR_LAST_GOOD_H

#include <stddef.h>

#include "base/error.h"

int last_good_store(const char *state_dir, const char *text, size_t size);
/* *ret_text: malloc.  Negative when there is none that can be read; what is in it is not checked here. */
int last_good_read(const char *state_dir, char **ret_text, size_t *ret_size);

#endif
