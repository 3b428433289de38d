/* SPDX-License-Identifier: MIT */
/* state_file_kind - what tells the files of a state_file.c apart, and how each of them is written */
#ifndef EXECUTOR_STATE_FILE_KIND_H
#define EXECUTOR_STATE_FILE_KIND_H

#include <stddef.h>
#include <sys/types.h>

struct state_file_kind {
        const char *name;    /* of the file */
        const char *title;   /* "the record", for "... is kept in RUN" */
        const char *nowhere; /* "nothing can be recorded" */
        off_t size;
        /* Slots that are ours, and slots that are torn or foreign. */
        int (*count)(int fd, size_t *ret_good, size_t *ret_bad);
        /* Add to `to` what an earlier start had to keep in `from`.  Doing it again changes nothing. */
        int (*carry)(int to, int from);
        /* The same for two files with the same places, of which `from` has later writes. */
        int (*catch_up)(int to, int from);
};

/* All of it at its place in a file, or a negative errno value. */
int state_file_put(int fd, off_t at, const void *bytes, size_t size);

#endif
