/* SPDX-License-Identifier: MIT */
/* write_all - write, however often it takes */
#ifndef COMMON_WRITE_ALL_H
#define COMMON_WRITE_ALL_H

#include <stddef.h>

/* 0 or a negative errno value, of which -EIO is for a file that takes nothing; some of it may have been written then. */
int write_all(int fd, const void *bytes, size_t size);

#endif
