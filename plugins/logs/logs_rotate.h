/* SPDX-License-Identifier: MIT */
/* logs_rotate - what the parts of logs.rotate know of each other */
#ifndef LOGS_LOGS_ROTATE_H
#define LOGS_LOGS_ROTATE_H

#include "logs/logs.h"

/* logs_rotate_conf.c: how the logs of a stanza are rotated, as far as it matters here */
struct logs_rotate_how {
        int keep;          /* rotated logs; -1: all of them */
        unsigned max_days; /* older ones go, too; 0: whatever their age */
        bool compress, delay_compress, copies;
        const char *unusual; /* a setting that decides where rotated logs are, or how; NULL: none */
};
enum logs_rotate_item_type {
        LOGS_ROTATE_END,
        LOGS_ROTATE_DEFAULT, /* a setting outside of stanzas, or one that is nothing to us */
        LOGS_ROTATE_INCLUDE,
        LOGS_ROTATE_STANZA,
};
struct logs_rotate_item {
        enum logs_rotate_item_type type;
        size_t begin, end; /* of all of it */
        const char *text;  /* the path that is included, or the names of a stanza's logs; not ended by NUL */
        size_t length;
        struct logs_rotate_how how;
};
struct logs_rotate_conf {
        const char *text;
        size_t size, at;
        struct logs_rotate_how defaults;
};
/* The next item; -EINVAL: not understood, and then nothing of it may be acted upon. */
int logs_rotate_conf_next(struct logs_rotate_conf *conf, struct logs_rotate_item *ret_item);
/* The next name of a stanza's logs, at `text`; 1, 0 after the last one, or -EINVAL. */
int logs_rotate_conf_name(const char **text, size_t *length, char ret_name[static LOGS_PATH_MAX]);
/* logrotate passes over such a file in a directory that is included. */
bool logs_rotate_conf_is_taboo(const char *name);

/* logs_rotate_plan.c: what rotating a log once more would push out */
struct logs_rotate_log {
        char path[LOGS_PATH_MAX]; /* without the root in front */
        struct logs_rotate_how how;
        struct stat status;
        uint64_t birth_usec; /* 0: not known */
};
struct logs_rotate_old {
        size_t log;
        uint64_t mtime_usec, disk_bytes;
        unsigned number; /* 0: it bears a date */
        bool pushed;     /* logs_rotate_plan_pushed() says so */
        char name[LOGS_NAME_MAX];
};
/* 0 for a name with a date. */
unsigned logs_rotate_plan_number(const char *name, const struct logs_name *parsed);
/* Sorts them: those that go first, the oldest of them first; returns how many. */
size_t logs_rotate_plan_pushed(
        const struct logs_rotate_log logs[], struct logs_rotate_old olds[], size_t n, uint64_t now_usec);
bool logs_rotate_plan_was_rotated(const struct logs_rotate_log logs[], size_t log,
        const struct logs_rotate_old olds[], size_t n, uint64_t since_usec);
/* How much room logrotate may need for a copy of it, or to compress it. */
uint64_t logs_rotate_plan_room(const struct logs_rotate_log *log);

/* logs_rotate_find.c: the file of the host's configuration that names a log, and all logs that it names */
#define LOGS_ROTATE_LOGS_MAX 512
struct logs_rotate_found {
        char *conf; /* of logrotate: the host's defaults and that one file */
        size_t conf_size;
        char source[LOGS_PATH_MAX];   /* that file */
        struct logs_rotate_log *logs; /* sorted by path */
        size_t n_logs, chosen;
};
/*
 * Empty path: the largest log that is named anywhere and lies below one of the directories.  -ENOENT: there is no
 * configuration; -ESRCH: it names no such log; otherwise it is not understood.  `why` says it.
 */
int logs_rotate_find(const struct sg_action *action, const char *path, struct logs_rotate_found *ret_found,
        char *why, size_t size);
void logs_rotate_found_deinit(struct logs_rotate_found *found);

/* logs_rotate_olds.c: what was rotated earlier, and the room for one rotation more */
struct logs_rotate_olds {
        struct logs_rotate_old *items;
        size_t n, allocated;
};
/* Negative: it cannot be said what would go, or there is no room; `why` says it.  Deinitialise it in any case. */
int logs_rotate_olds_find(const struct sg_action *action, const struct logs_rotate_found *found,
        struct logs_rotate_olds *ret_olds, char *why, size_t size);
void logs_rotate_olds_deinit(struct logs_rotate_olds *olds);
/* The path without its last part; returns its length. */
size_t logs_rotate_directory(const char *path, char ret_directory[static LOGS_PATH_MAX]);

#define LOGS_ROTATE_SAID_MAX 80 /* bytes of a path in a sentence */

#endif
