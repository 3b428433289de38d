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

#endif
