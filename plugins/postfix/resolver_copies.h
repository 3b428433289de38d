/* SPDX-License-Identifier: MIT */
/* resolver_copies - files of a chroot that are replaced by what the host has now, each whole or not at all */
#ifndef POSTFIX_RESOLVER_COPIES_H
#define POSTFIX_RESOLVER_COPIES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "postfix/resolver_files.h"

#define RESOLVER_COPIES_WHY_MAX 200

/* One copy, from the moment its new content is on disk under a name that nobody reads. */
struct resolver_copies_file {
        bool is_prepared, had_copy;
        struct stat source, copy; /* as they were then */
};

struct resolver_copies {
        const char *root;
        int directory; /* etc/ of the spool */
        struct resolver_copies_file files[RESOLVER_FILES];
};

/*
 * `spool` has the root in front already.  0, or a negative errno value with the reason in `why`: -EPERM, others than
 * root could put something in its place.
 */
int resolver_copies_open(const char *root, const char *spool, struct resolver_copies *ret_copies,
        char why[static RESOLVER_COPIES_WHY_MAX]);
/* Removes what was prepared and not committed. */
void resolver_copies_close(struct resolver_copies *copies);

/*
 * Whether the host's file is one to be copied, and into `spool`, when that is not NULL, in the place of what is there: 0,
 * or a negative errno value with file, line and reason in `why`.  Changes nothing.
 */
int resolver_copies_judge(const char *root, const char *spool, enum resolver_file_id id,
        char why[static RESOLVER_COPIES_WHY_MAX]);
/* Brings the new content to disk, with owner and mode of the copy that is there.  As above. */
int resolver_copies_prepare(
        struct resolver_copies *copies, enum resolver_file_id id, char why[static RESOLVER_COPIES_WHY_MAX]);
/*
 * Puts a prepared file in the place of the copy: -EAGAIN, the host's file or the copy is not what it was when it was
 * prepared.
 */
int resolver_copies_commit(
        struct resolver_copies *copies, enum resolver_file_id id, char why[static RESOLVER_COPIES_WHY_MAX]);

#endif
