/* SPDX-License-Identifier: MIT */
/* logs_spare - where a compressed log is kept while there is no room for it beside its log */
#ifndef LOGS_LOGS_SPARE_H
#define LOGS_LOGS_SPARE_H

#include "logs/logs.h"

struct logs_spare {
        int fd; /* -1: there is none that may be used */
        dev_t device;
        char path[LOGS_PATH_MAX];
};

/* Looks for the configured one; why it cannot be used is in the log. */
void logs_spare_open(const struct sg_action *action, struct logs_spare *ret_spare);
void logs_spare_close(struct logs_spare *spare);
/* How large a copy of such a log may become there; 0: it must not be put there. */
uint64_t logs_spare_room(
        const struct sg_action *action, const struct logs_spare *spare, const struct logs_file *file);

/* The name under which the copy waits: it says where it belongs.  -ENAMETOOLONG: it does not fit into one. */
int logs_spare_name(const char *directory, const char *name, char ret_name[static LOGS_NAME_MAX]);
/* The path of a copy that waits under this name; -EINVAL: that is none of ours. */
int logs_spare_parse(const char *name, char ret_path[static LOGS_PATH_MAX]);

struct logs_spare_count {
        size_t n_waiting; /* before */
        size_t n_back;    /* beside their logs now, or not needed any more */
        uint64_t bytes;   /* that those that are back take there */
};
/* Counts what waits for one of the places. */
size_t logs_spare_waiting(const struct logs_spare *spare, const struct logs_rotated *rotated);
/* Takes back what waits and has room beside its log; the rest goes on waiting. */
struct logs_spare_count logs_spare_return(
        const struct sg_action *action, const struct logs_spare *spare, const struct logs_rotated *rotated);

#endif
