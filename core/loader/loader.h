/* SPDX-License-Identifier: MIT */
/*
 * loader - run the short-lived unprivileged process that evaluates configuration and playbooks
 *
 * loader_main() is the role; loader_run() is the executor's (and --check's) side: fork, exec ourselves with
 * --role=loader, read the serialised configuration or the problems, with a deadline.
 */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Where things are; all overridable for tests (see main.c). */
struct loader_paths {
        const char *etc;        /* /etc/spoolguard: spoolguard.lua, conf.d, playbooks */
        const char *share;      /* /usr/share/spoolguard: prelude.lua, playbooks */
        const char *plugin_dir; /* /usr/lib/<triplet>/spoolguard/plugins */
        const char *user; /* whom the loader becomes when root starts it; NULL or "": nobody else (tests) */
};

/* In the loader process: evaluates, prints the serialised form to fd `out`, problems as lines to fd 2; 0 or 1. */
int loader_main(const struct loader_paths *paths, int out);

/*
 * What loader_main() does, without the printing; plugins must belong to `owner`.  -EINVAL: refused, and
 * *ret_problems (malloc) has one line for every reason.
 */
int loader_evaluate(const struct loader_paths *paths, uid_t owner, char **ret_text, size_t *ret_size,
        char **ret_problems);

/*
 * Blocking, at most 30 s.  On success *ret_text (malloc) is the serialised form.  -EINVAL: the configuration was
 * refused; *ret_problems (malloc, maybe several lines) says why.
 */
int loader_run(const struct loader_paths *paths, char **ret_text, size_t *ret_size, char **ret_problems);

#endif
