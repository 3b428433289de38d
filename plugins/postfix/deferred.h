/* SPDX-License-Identifier: MIT */
/*
 * deferred - messages below deferred/ of one spool, touched as the mail owner
 *
 * From deferred_open() to deferred_close() the process has the rights of the directory's owner and no others.
 */
#ifndef POSTFIX_DEFERRED_H
#define POSTFIX_DEFERRED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "postfix/queue_id.h"

/* Hash directories, then a name of at most 255 bytes. */
#define DEFERRED_PATH_MAX (2 * QUEUE_HASH_DEPTH_MAX + 256)

enum deferred_answer {
        DEFERRED_GONE = 1, /* not there any more: delivered, or moved by Postfix or an admin */
        DEFERRED_CHANGED,  /* there is something else under that name, or it is not for us */
};

struct deferred {
        int directory; /* O_PATH */
        uid_t owner;
        unsigned depth; /* hash depth at which the last message was found */
        bool became_owner;
};

struct deferred_message {
        int fd;
        char path[DEFERRED_PATH_MAX]; /* below deferred/ */
        struct stat status;
};

/*
 * 0 or a negative errno value: -ENOENT there is none, -EPERM it belongs to root (or, when we are not root, to
 * somebody else).  Supplementary groups are dropped for good.
 */
int deferred_open(const char *spool, struct deferred *ret_deferred);
void deferred_close(struct deferred *deferred);

/* 0, an enum deferred_answer, or a negative errno value.  inode: as it was when the message was chosen. */
int deferred_find(
        struct deferred *deferred, const char *id, uint64_t inode, struct deferred_message *ret_message);
/*
 * Sets the time of the next try and reads it back into message->status.  0, DEFERRED_GONE when the message
 * left meanwhile (its old time is back then, unless Postfix has set another), or a negative errno value.
 */
int deferred_set_time(
        const struct deferred *deferred, struct deferred_message *message, struct timespec time);
void deferred_message_close(struct deferred_message *message);

/* Calls `fn` with the place of every complete message until it returns something other than 0. */
typedef int (*deferred_fn)(const char *path, const struct stat *status, void *data);
int deferred_walk(const struct deferred *deferred, deferred_fn fn, void *data);
/* A message that deferred_walk() came by, opened and checked as by deferred_find(). */
int deferred_open_message(const struct deferred *deferred, const char *path, uint64_t inode,
        struct deferred_message *ret_message);

#endif
