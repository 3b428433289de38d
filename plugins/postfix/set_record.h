/* SPDX-License-Identifier: MIT */
/* set_record - the directory beside main.cf that keeps what a lease of postfix.set needs to take it back */
#ifndef POSTFIX_SET_RECORD_H
#define POSTFIX_SET_RECORD_H

#include "postfix/main_cf_file.h"

/* Files in it. */
#define SET_RECORD_WORK "main.cf"  /* what postconf works on, and then the new file */
#define SET_RECORD_BEFORE "before" /* the very file that was main.cf */
#define SET_RECORD_AFTER "after"   /* a copy of what took its place */
#define SET_RECORD_RESTORED \
        "restored"             /* what was main.cf until it was taken back; Postfix has not read that yet */
#define SET_RECORD_READ "read" /* there: Postfix has read what took its place */
#define SET_RECORD_HOW_TO_UNDO "how-to-undo" /* for people, and for the removal of the package */

#define SET_RECORD_NAME_MAX 320

struct set_record {
        int directory;
        char name[SET_RECORD_NAME_MAX]; /* beside main.cf */
        char path[ORDER_PATH_MAX + SET_RECORD_NAME_MAX];
};

enum set_record_state {
        SET_RECORD_NOTHING = 1, /* nothing was changed: at most a rest of something that was cut short */
        SET_RECORD_IN_FORCE,
        SET_RECORD_UNREAD, /* taken back, but Postfix has not read it */
};

/* What that of a lease is called. */
void set_record_name(
        const struct main_cf_file *file, uint64_t lease, char ret_name[static SET_RECORD_NAME_MAX]);
/* 0 or a negative errno value: -ENOENT there is none, -EPERM it is not ours. */
int set_record_open(const struct main_cf_file *file, uint64_t lease, struct set_record *ret_record);
/* An empty one; what the lease itself left there, cut short, is removed. */
int set_record_make(const struct main_cf_file *file, uint64_t lease, struct set_record *ret_record);
void set_record_close(struct set_record *record);
/* Wherever below /etc one of that lease lies, in a directory that was renamed, say: the first such path, or false. */
bool set_record_find(const char *root, uint64_t lease, char ret_path[static ORDER_PATH_MAX]);
/* With all that is in it, but for what somebody else put there. */
void set_record_remove(const struct main_cf_file *file, struct set_record *record);

/* enum set_record_state or a negative errno value. */
int set_record_look(const struct main_cf_file *file, const struct set_record *record);

/* Whether a queue manager that has read the new file was seen alive. */
bool set_record_is_read(const struct set_record *record);

/* A new file, on disk when it returns; an old one of that name goes first.  0 or a negative errno value. */
int set_record_write(const struct set_record *record, const char *name, const char *text);

#endif
