/* SPDX-License-Identifier: MIT */
/* logs_trim - what the parts of the verb logs.trim know of each other */
#ifndef LOGS_LOGS_TRIM_H
#define LOGS_LOGS_TRIM_H

#include "logs/logs_cut.h"

/* logs_trim_file.c: the log that is to be cut, opened where nobody can put another one in its place */
struct logs_trim_file {
        int directory, fd; /* -1: not open */
        char name[LOGS_NAME_MAX];
        struct stat status;
};
/* `access`: O_RDONLY or O_RDWR.  NULL, or why it must not be touched; close it in any case. */
const char *logs_trim_file_open(
        const struct sg_action *action, const char *path, int access, struct logs_trim_file *ret_file);
/* The name still stands for it. */
bool logs_trim_file_is_named(const struct logs_trim_file *file);
void logs_trim_file_close(struct logs_trim_file *file);

/* logs_trim_writers.c: does everybody who writes to it append? */
struct logs_trim_writers {
        size_t n, n_elsewhere; /* who write, and those of them that write at an offset of their own */
        size_t n_hidden;       /* processes of which nobody can say what they have open */
        char elsewhere[80];    /* the first of these, in words */
};
/* Negative errno: nothing is known. */
int logs_trim_writers_look(
        const char *root, const struct stat *status, struct logs_trim_writers *ret_writers);
bool logs_trim_writers_append(const struct logs_trim_writers *writers);

/* logs_trim_range.c: the range goes */
/* NULL: lines end where the cut says, and what becomes the marker is text.  Otherwise why nothing may be cut. */
const char *logs_trim_range_refuse(int fd, const struct logs_cut *cut);
/* Can this file system take a range out of a file?  Tried on a file without a name in that directory. */
bool logs_trim_range_can_collapse(int directory, int fd);
struct logs_trim_result {
        bool has_hole; /* the range is still there, as zeros that need no space */
        bool is_marked;
};
/* 0 or a negative errno value; the log is then as it was. */
int logs_trim_range_cut(
        int fd, const struct logs_cut *cut, bool may_collapse, struct logs_trim_result *ret_result);

#endif
