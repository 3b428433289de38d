/* SPDX-License-Identifier: MIT */
/* dir_watch - "something changed below these directories", coalesced */
#ifndef COMMON_DIR_WATCH_H
#define COMMON_DIR_WATCH_H

#include <spoolguard/host.h>

typedef void (*dir_watch_fn)(void *data);

struct dir_watch;

/*
 * `roots`: directories, ended by NULL, copied.  Each is watched with its direct subdirectories, also those that
 * come later.  After the first change, `fn` runs once within `coalesce_usec`, however many follow.
 */
int dir_watch_new(const struct sg_host *host, const char *name, const char *const roots[],
        uint64_t coalesce_usec, dir_watch_fn fn, void *data, struct dir_watch **ret_watch);
/* After `fn` has run, a change within this time is told when it is over.  0, as at first: no such time. */
void dir_watch_rest(struct dir_watch *watch, uint64_t rest_usec);
/* Roots that did not exist before are watched from now on. */
void dir_watch_refresh(struct dir_watch *watch);
/* Not from inside of `fn`.  NULL is fine; returns NULL. */
struct dir_watch *dir_watch_free(struct dir_watch *watch);

#endif
