/* SPDX-License-Identifier: MIT */
/* spool_mount - whether a file system is missing on which a spool ought to be */
#ifndef POSTFIX_SPOOL_MOUNT_H
#define POSTFIX_SPOOL_MOUNT_H

#include <stdbool.h>

#define SPOOL_MOUNT_WHY_MAX 256

/* With a sentence for people when it is.  spool: without the host's root in front. */
bool spool_mount_is_missing(const char *root, const char *spool, char ret_why[static SPOOL_MOUNT_WHY_MAX]);

#endif
