/* SPDX-License-Identifier: MIT */
/* deleted_files - files that were deleted while somebody had them open, and who that is */
#ifndef COMMON_DELETED_FILES_H
#define COMMON_DELETED_FILES_H

#include "common/open_files.h"

#define DELETED_HOLDERS_MAX 8 /* that are known of one file */
#define DELETED_PATH_MAX 256

struct deleted_holder {
        pid_t pid;
        bool writes;
        struct open_files_owner owner;
};

/* One inode, however many hold it. */
struct deleted_file {
        struct open_files_id id;
        uint64_t held_bytes;
        char path
                [DELETED_PATH_MAX]; /* in printable ASCII, its end if it is longer; see open_files.h for its worth */
        struct deleted_holder holders[DELETED_HOLDERS_MAX];
        size_t n_holders;
        size_t n_processes; /* all that hold it */
        pid_t latest;       /* the last of these that was found */
};

struct deleted_files {
        struct deleted_file *files; /* the largest first */
        size_t n;
        uint64_t held_bytes; /* of all of them */
        size_t hidden;       /* processes that do not let us look */
        bool cut;            /* there are more */
};

struct deleted_files_query {
        const char *root;
        const dev_t *devices;
        size_t n_devices;
        uint64_t min_bytes;                          /* smaller ones are passed over, and empty ones always */
        bool (*wants)(const char *path, void *data); /* by the path as /proc shows it; NULL: any */
        void *data;
};

/* Negative errno value: nobody can say.  Deinitialise `ret_files` whatever it returns. */
int deleted_files_find(const struct deleted_files_query *query, struct deleted_files *ret_files);
void deleted_files_deinit(struct deleted_files *files);

#define DELETED_SIZE_MAX 32
/* "4.8 GiB" */
const char *deleted_files_size(uint64_t bytes, char text[static DELETED_SIZE_MAX]);
/* "4.8 GiB /var/log/mail.info by rsyslogd (rsyslog.service, pid 312) and 2 more"; returns `text`. */
const char *deleted_files_say(const struct deleted_file *file, char *text, size_t size);

#endif
