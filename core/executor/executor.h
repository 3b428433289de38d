/* SPDX-License-Identifier: MIT */
/* executor - role entry of the process with power: the only reader of requests, the only one that acts */
#ifndef EXECUTOR_EXECUTOR_H
#define EXECUTOR_EXECUTOR_H

#include <stdbool.h>

#include "loader/loader.h"

struct executor_options {
        struct loader_paths paths;
        const char *state_dir; /* /var/lib/spoolguard */
        const char *run_dir;   /* /run/spoolguard: control socket */
        const char *root;      /* "" or a prefix for the paths that verbs touch (tests) */
        const char *user;      /* "spoolguard" */
        bool bus_is_session;   /* tests: DBUS_SESSION_BUS_ADDRESS instead of the system bus */
        bool unprivileged;     /* tests: no user switch, plugins of the current uid, no sandbox */
};

/* Runs until SIGTERM or SIGINT; returns the exit status. */
int executor_main(const struct executor_options *options);

/* spoolguardd --check: load the configuration, print problems and what is in force; 0 good, 1 refused. */
int executor_check(const struct executor_options *options);

#endif
