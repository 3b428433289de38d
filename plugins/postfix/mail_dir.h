/* SPDX-License-Identifier: MIT */
/*
 * mail_dir - messages of one queue of a spool, touched as the mail owner
 *
 * From mail_dir_open() to mail_dir_close() the process has the rights of the directory's owner and no others.
 */
#ifndef POSTFIX_MAIL_DIR_H
#define POSTFIX_MAIL_DIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "postfix/queue_id.h"

/* Hash directories, then a name of at most 255 bytes. */
#define MAIL_PATH_MAX (2 * QUEUE_HASH_DEPTH_MAX + 256)

enum mail_answer {
        MAIL_GONE = 1, /* not there any more: delivered, or moved by Postfix or an admin */
        MAIL_CHANGED,  /* there is something else under that name, or it is not for us */
};

struct mail_dir {
        int directory; /* O_PATH */
        uid_t owner;
        unsigned depth; /* hash depth at which the last message was found */
        bool became_owner;
};

struct mail_file {
        int fd;
        char path[MAIL_PATH_MAX]; /* below the queue */
        struct stat status;
};

/*
 * 0 or a negative errno value: -ENOENT there is none, -EPERM it belongs to root (or, when we are not root, to
 * somebody else).  Supplementary groups are dropped for good.
 */
int mail_dir_open(const char *spool, const char *queue, struct mail_dir *ret_dir);
/* Another queue of the same spool, while `dir` is open; it must have the same owner. */
int mail_dir_open_beside(const struct mail_dir *dir, const char *queue, struct mail_dir *ret_dir);
/* This process is the mail owner from now on, and never root again. */
int mail_dir_stay_owner(struct mail_dir *dir);
void mail_dir_close(struct mail_dir *dir);

/* 0, an enum mail_answer, or a negative errno value.  inode: as it was when the message was chosen. */
int mail_dir_find(struct mail_dir *dir, const char *id, uint64_t inode, struct mail_file *ret_message);
/*
 * What is called like a message in a queue of logs, whatever it is: a descriptor, or a negative errno value; -ENOENT:
 * there is none.  `id` is legal.
 */
int mail_dir_open_log(struct mail_dir *dir, const char *id);
/*
 * Sets the time of the next try and reads it back into message->status.  0, MAIL_GONE when the message
 * left meanwhile (its old time is back then, unless Postfix has set another), or a negative errno value.
 */
int mail_dir_set_time(const struct mail_dir *dir, struct mail_file *message, struct timespec time);
void mail_file_close(struct mail_file *message);

/* Calls `fn` with the place of every complete message until it returns something other than 0. */
typedef int (*mail_dir_fn)(const char *path, const struct stat *status, void *data);
int mail_dir_walk(const struct mail_dir *dir, mail_dir_fn fn, void *data);
/* The same for what it passes over because it has a second name. */
int mail_dir_walk_linked(const struct mail_dir *dir, mail_dir_fn fn, void *data);
/* A message that mail_dir_walk() came by, opened and checked as by mail_dir_find(). */
int mail_dir_open_file(
        const struct mail_dir *dir, const char *path, uint64_t inode, struct mail_file *ret_message);

#endif
