/* SPDX-License-Identifier: MIT */
/* logs_who - which logs grow at this moment, and who writes them */
#ifndef LOGS_LOGS_WHO_H
#define LOGS_LOGS_WHO_H

#include <sys/types.h>

#include "common/open_files.h"
#include "logs/logs.h"

#define LOGS_WHO_TOP_MAX 10
#define LOGS_WHO_WRITERS_MAX 3 /* that are named of one file */

/* Processes of one name and unit. */
struct logs_writer {
        struct open_files_owner owner;
        pid_t pid; /* of the first of them */
        unsigned n;
};

struct logs_grown {
        char path[LOGS_PATH_MAX]; /* as people know it, without the root in front */
        struct open_files_id id;
        uint64_t bytes; /* that came in between the two looks */
        struct logs_writer writers[LOGS_WHO_WRITERS_MAX];
        size_t n_writers;
        unsigned n_others; /* processes that write it and are not among these */
        pid_t latest;      /* of the walk over all processes */
};

struct logs_who {
        struct logs_grown files[LOGS_WHO_TOP_MAX]; /* the fastest, the first of them first */
        size_t n_files, top;
        size_t n_growing; /* all that grew */
        uint64_t bytes;   /* of all that grew */
        uint64_t usec;    /* between the two looks */
        bool cut;         /* there was more than could be looked at */
        bool hidden;      /* some processes do not let us look */
};

/*
 * logs_who_look.c: all logs below these directories are looked at once, and some time later again.
 * 0, -ENOMEM, or -ENOENT: none of the directories can be looked at.
 */
struct logs_who_look;
int logs_who_look_new(const char *root, const char *const *directories, struct logs_who_look **ret_look);
/* What has grown since then, without its writers; the `top` of it are named.  Once. */
int logs_who_look_again(struct logs_who_look *look, size_t top, struct logs_who *ret_who);
struct logs_who_look *logs_who_look_free(struct logs_who_look *look);

/* logs_who_say.c: the sentence, in printable ASCII; what does not fit is counted at its end. */
void logs_who_say(const struct logs_who *who, char *text, size_t size);
/* "/var/log/mail.log grows by 1.2 MiB/s, written by rsyslogd (rsyslog.service, pid 312)" */
void logs_who_say_file(const struct logs_who *who, size_t i, char *text, size_t size);

#endif
