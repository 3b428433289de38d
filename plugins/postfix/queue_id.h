/* SPDX-License-Identifier: MIT */
/* queue_id - names of queue files: which are legal, what they say, and where they are hashed to */
#ifndef POSTFIX_QUEUE_ID_H
#define POSTFIX_QUEUE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_ID_MAX 40 /* of a canonical ID, with NUL */
#define QUEUE_HASH_DEPTH_MAX 4

/* A canonical ID, short or long, in 16 bytes; equal values are equal names. */
struct queue_id {
        uint64_t inode;
        uint64_t
                stamp; /* bit 63: long; then 43 bits of seconds (0 in short ones) and 20 bits of microseconds */
};

/* What Postfix takes for a queue file's name: 1 to 255 letters, digits and underscores. */
bool queue_id_is_legal(const char *name);
/* False: legal or not, it is not what Postfix itself makes (formatting it would not give `name` back). */
bool queue_id_parse(const char *name, struct queue_id *ret_id);
void queue_id_format(const struct queue_id *id, char name[static QUEUE_ID_MAX]);
/* "D/3/" for depth 2; works for every legal name, as Postfix's mail_queue_dir() does. */
void queue_id_hash_path(const char *name, unsigned depth, char path[static 2 * QUEUE_HASH_DEPTH_MAX + 1]);

#endif
