/* SPDX-License-Identifier: MIT */
/*
 * logs_cut - what may go out of the middle of a live log: chosen in the watcher, doubted by the verb
 *
 *      0 ... keep ...|text_begin  ~marker~  cut_begin|... goes ...|cut_end  ~padding~  text_end|... keep ... size
 *
 * Lines end at text_begin and at text_end; what is cut lies between the other two, which are aligned.  The bytes
 * that are left of the torn lines become the marker that says what was there.
 */
#ifndef LOGS_LOGS_CUT_H
#define LOGS_LOGS_CUT_H

#include <stdbool.h>

#include "logs/logs.h"

#define LOGS_CUT_ALIGN (UINT64_C(1) << 20)   /* a multiple of every block, cluster and extent size in use */
#define LOGS_CUT_LEAST (UINT64_C(4) << 20)   /* less is not worth a seam */
#define LOGS_CUT_SEAM_MAX ((size_t)64 << 10) /* how far away from a boundary its line may begin or end */
#define LOGS_CUT_MARKER_MIN ((size_t)256)    /* bytes before cut_begin, for the words of the marker */
#define LOGS_CUT_STAMP_MAX 32
#define LOGS_CUT_TEXT_MAX 2048

enum { LOGS_TRIM_ARG_PATH, LOGS_TRIM_ARG_HEAD, LOGS_TRIM_ARG_TAIL };

struct logs_cut {
        char magic[8];
        char path[LOGS_PATH_MAX];     /* without the root in front */
        uint64_t device, inode, size; /* when it was looked at */
        uint64_t text_begin, cut_begin, cut_end, text_end;
        uint64_t lines;
        uint64_t is_estimate;           /* 1: not all of it was counted */
        char first[LOGS_CUT_STAMP_MAX]; /* time stamps; "": none was understood */
        char last[LOGS_CUT_STAMP_MAX];
        char text[LOGS_CUT_TEXT_MAX]; /* what goes, in lines */
};

/* The range that leaves at least so much at both ends; false: that is all of it, or nearly. */
bool logs_cut_range(uint64_t size, uint64_t head, uint64_t tail, struct logs_cut *cut);
/*
 * Where the marker begins: after the newest line that ends LOGS_CUT_MARKER_MIN bytes before the end of `bytes`, which
 * are those before cut_begin.  -1: no line ends there, or it is no text.
 */
ssize_t logs_cut_marker_begin(const char *bytes, size_t n);
/* Where it ends: after the first line that ends in `bytes`, those from cut_end on.  -1 as above. */
ssize_t logs_cut_marker_end(const char *bytes, size_t n);
/* Do these bytes begin with a marker of ours? */
bool logs_cut_is_marker(const char *bytes, size_t n);
/* Could these bytes be of a log that people read? */
bool logs_cut_is_text(const char *bytes, size_t n);

/* 0 or a negative errno value. */
int logs_cut_write(const struct logs_cut *cut, int fd);
/* -EBADMSG: it is none, its texts do not end or are not printable. */
int logs_cut_read(int fd, struct logs_cut *ret_cut);
/* NULL: a file of this status, of which so much shall stay, can be cut like that.  Otherwise why not. */
const char *logs_cut_refuse(
        const struct logs_cut *cut, const struct stat *status, uint64_t head, uint64_t tail);

/*
 * The marker, in the bytes before cut_begin and those from cut_end on.  With a hole between them each ends a line of
 * its own; without, it is one line.
 */
void logs_cut_mark(const struct logs_cut *cut, bool has_hole, char *before, char *after);

#endif
