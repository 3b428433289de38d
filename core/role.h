/* SPDX-License-Identifier: MIT */
/* role - become a process with less power: user, capabilities, Landlock, seccomp, limits, title */
#ifndef ROLE_H
#define ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * File descriptors that a watcher finds open after exec, besides 0-2.  The executor's child dup2()s them there.
 */
enum role_fd {
        ROLE_FD_CHANNEL = 3,    /* SOCK_SEQPACKET to the executor */
        ROLE_FD_CONFIG = 4,     /* sealed memfd: serialised configuration */
        ROLE_FD_BREADCRUMB = 5, /* memfd: struct breadcrumb */
        ROLE_FD_MAX = 6,
};

/*
 * In a forked child of root, before exec: switch to `user` with its own groups only.  keep_read: keep
 * CAP_DAC_READ_SEARCH (ambient, so that exec keeps it), else keep no capability.  Sets no-new-privs and asks for
 * SIGKILL at the parent's death.
 */
int role_switch_user(const char *user, bool keep_read);

/*
 * In the watcher, once all shared objects, the D-Bus connection and descriptors are open: Landlock (read below
 * `readable`, nothing else), ambient set cleared, seccomp filter.  A kernel without Landlock is reported in
 * `problem` with 0 returned (degraded); anything else that fails is negative and the watcher must not go on.
 */
int role_confine_watcher(const char *const *readable, size_t n_readable, struct problem *problem);
/* In the loader, before it reads the first byte of a site's file: no network, no exec.  Its limits come from loader_run(). */
int role_confine_loader(struct problem *problem);

#endif
