/* SPDX-License-Identifier: MIT */
/* watcher - role entry of the process that reads: sensors, engine, Lua and D-Bus, without power */
#ifndef WATCHER_WATCHER_H
#define WATCHER_WATCHER_H

#include <stdbool.h>

struct watcher_options {
        const char *plugin_dir;
        const char *root;      /* "" or a prefix for what sensors read (tests) */
        const char *state_dir; /* recorder file for Export() */
        const char *run_dir;   /* its mirror */
        bool bus_is_session;   /* tests: a private bus instead of the system bus */
        bool unprivileged;     /* tests: no confinement */
};

/* Descriptors as in enum role_fd.  Returns the exit status; the executor restarts it. */
int watcher_main(const struct watcher_options *options);

#endif
