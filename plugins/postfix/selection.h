/* SPDX-License-Identifier: MIT */
/*
 * selection - which messages a verb shall act on: from the selector in the watcher to the verb, in a memfd
 *
 * Fixed-size entries behind a header; written by the watcher, so the reader in the verb believes none of it: a
 * wrong size, an illegal ID, or one that is not ended by NUL refuses the whole selection.
 */
#ifndef POSTFIX_SELECTION_H
#define POSTFIX_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "postfix/queue_id.h"

#define SELECTION_MAX 250000u /* messages, 12 MB; the rest has its turn at the next renewal */

struct selection_entry {
        uint64_t inode;
        char id[QUEUE_ID_MAX];
};

struct selection_writer {
        int fd; /* the caller's */
        size_t n, buffered;
        int error;
        struct selection_entry buffer[64];
};
void selection_writer_init(struct selection_writer *writer, int fd);
void selection_add(struct selection_writer *writer, const char *id, uint64_t inode);
/* Number of entries, or a negative errno value. */
ssize_t selection_finish(struct selection_writer *writer);

struct selection {
        const struct selection_entry *entries; /* mapped */
        size_t n;
        struct timespec made; /* by the clock that stamps files */
        void *map;
        size_t map_size;
};
/*
 * 0; -EBADMSG: not a selection, one that is not to be believed, or one without F_SEAL_WRITE and F_SEAL_SHRINK;
 * -ENODATA: it is empty.
 */
int selection_open(int fd, struct selection *ret_selection);
void selection_close(struct selection *selection);

#endif
