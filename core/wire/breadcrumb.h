/* SPDX-License-Identifier: MIT */
/*
 * breadcrumb - what the watcher is doing right now, in memory it shares with the executor
 *
 * Written by the watcher before it enters Lua or a parser of hostile bytes, read by the executor after the
 * watcher died or was killed for its silence.  The executor copies it out and trusts nothing in it but the two
 * bounded strings: the worst a lying watcher achieves is the quarantine of a playbook.
 */
#ifndef WIRE_BREADCRUMB_H
#define WIRE_BREADCRUMB_H

#include <stdint.h>

enum breadcrumb_activity { BREADCRUMB_NONE = 0, BREADCRUMB_LUA, BREADCRUMB_PARSING };

struct breadcrumb {
        uint32_t activity;
        char what[256];    /* playbook name, or what is being parsed; ended by NUL */
        char skip[4][256]; /* written by the executor: things whose parsing killed a watcher */
};

int breadcrumb_new(int *ret_fd, struct breadcrumb **ret_breadcrumb); /* executor: a memfd, mapped shared */
int breadcrumb_map(int fd, struct breadcrumb **ret_breadcrumb);      /* watcher */
struct breadcrumb *breadcrumb_unmap(struct breadcrumb *breadcrumb);
/* watcher: cuts `what` at 255 bytes, and at no character; NULL is "" */
void breadcrumb_set(struct breadcrumb *breadcrumb, enum breadcrumb_activity activity, const char *what);
/* executor: a copy whose strings end and whose activity exists; the bytes of the strings are the watcher's word */
void breadcrumb_read(const struct breadcrumb *breadcrumb, struct breadcrumb *ret_copy);

#endif
