/* SPDX-License-Identifier: MIT */
/* program - is a program root's alone, so that it may be run with root's power */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include <sys/types.h>

#include "base/error.h"

/*
 * An absolute path of a regular, executable file that belongs to root or `owner` and that nobody else can write or
 * replace.  `root` is put in front of it, and of what absolute links name.  -EINVAL with the reason.
 */
int program_check(const char *root, const char *program, uid_t owner, struct problem *problem);
/* The same for a verb, whose room for the reason is its own; as much of it as fits. */
int program_check_told(const char *root, const char *program, uid_t owner, char *ret_why, size_t size);

#endif
