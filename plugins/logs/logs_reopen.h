/* SPDX-License-Identifier: MIT */
/* logs_reopen - what the parts of logs.reopen know of each other */
#ifndef LOGS_LOGS_REOPEN_H
#define LOGS_LOGS_REOPEN_H

#include "common/deleted_files.h"
#include "common/space_gain.h"
#include "logs/logs.h"

#define LOGS_REOPEN_PLACES_MAX 32
#define LOGS_REOPEN_UNITS_MAX 8

/* logs_reopen_find.c: the deleted files that were below the configured directories */
struct logs_reopen_place {
        int fd;
        dev_t device;
        char path[LOGS_PATH_MAX]; /* without links, as /proc shows what is below it */
};
struct logs_reopen_files {
        struct logs_reopen_place places[LOGS_REOPEN_PLACES_MAX];
        size_t n_places;
        struct deleted_files deleted;
};
/*
 * `only`: nothing but this path, or what was below it; "": all.  -EINVAL: it does not lie below a configured
 * directory.  Deinitialise `ret_files` whatever it returns.
 */
int logs_reopen_find(const struct sg_action *action, const char *only, struct logs_reopen_files *ret_files);
void logs_reopen_deinit(struct logs_reopen_files *files);

/* logs_reopen_plan.c: who is asked, and how.  Pure. */
enum logs_reopen_way {
        LOGS_REOPEN_UNKNOWN, /* named, and left alone */
        LOGS_REOPEN_HUP,     /* its main process reopens its logs at SIGHUP */
        LOGS_REOPEN_RELOAD,  /* Postfix's postlogd does so when Postfix is reloaded */
};
enum logs_reopen_way logs_reopen_way(const char *const *units, const struct deleted_holder *holder);
struct logs_reopen_unit {
        char name[sizeof(((struct open_files_owner *)0)->unit)];
        enum logs_reopen_way way;
        bool asked; /* without trouble; false in a plan */
};
struct logs_reopen_plan {
        struct logs_reopen_unit units[LOGS_REOPEN_UNITS_MAX];
        size_t n_units;
        size_t n_files; /* that one of them holds */
        uint64_t held_bytes;
        const struct deleted_file *largest; /* of these; NULL: there is none */
        /* The largest file that somebody else holds, and who; NULL: there is none. */
        const struct deleted_file *foreign;
        const struct deleted_holder *foreign_holder;
};
void logs_reopen_make_plan(
        const char *const *units, const struct deleted_files *deleted, struct logs_reopen_plan *ret_plan);

/* logs_reopen_say.c: what people read */
/* What check() says; the plan is not empty. */
void logs_reopen_say_plan(const struct logs_reopen_plan *plan, char *text, size_t size);
/* "nginx.service (nginx, pid 7) holds 3.1 GiB of /var/log/x: its own way to reopen is not known"; "": nobody does. */
void logs_reopen_say_foreign(const struct logs_reopen_plan *plan, char *text, size_t size);
struct logs_reopen_end {
        const struct logs_reopen_plan *plan;  /* as it was carried out */
        const struct logs_reopen_plan *still; /* what one would do now */
        size_t n_files, n_gone;
        uint64_t gone_bytes;
        struct space_gained gained;
};
void logs_reopen_say_end(const struct logs_reopen_end *end, char *text, size_t size);

/* logs_reopen_ask.c */
/* 0, or a negative errno value with the reason in `text`. */
int logs_reopen_ask(
        const struct sg_action *action, const struct logs_reopen_unit *unit, char *text, size_t size);

#endif
