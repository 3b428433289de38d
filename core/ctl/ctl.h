/* SPDX-License-Identifier: MIT */
/*
 * ctl - what the commands of spoolguardctl share: where things are, how to answer, how to exit
 *
 * A command is one file with one const row: its name, what it takes, what it does, and its help beside the
 * code.  main.c holds the table.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>

enum ctl_exit {
        CTL_GOOD = 0,
        CTL_TROUBLE = 1,
        CTL_USAGE = 2,
        CTL_UNREACHABLE = 3, /* the daemon does not answer, or what it says is old */
};

struct ctl {
        bool json, colour;
        const char *etc_dir, *state_dir, *run_dir, *plugin_dir, *daemon;
        bool elsewhere; /* one of the above was given: tests, or another root */
};

struct ctl_command {
        const char *name;
        const char *arguments; /* as in its usage line */
        const char *summary;
        const char *help;
        bool has_options; /* takes them off itself; else none gets as far as run() */
        int (*run)(const struct ctl *ctl, int argc, char **argv); /* argv[0] is the command */
};

extern const struct ctl_command command_status, command_explain, command_log, command_incidents,
        command_leases, command_queue, command_qshape, command_return, command_run, command_mode,
        command_maintenance, command_config, command_plugins, command_preflight, command_reload,
        command_unquarantine;

/* "spoolguardctl: ..." on stderr, control characters escaped; returns `exit` so that it can be returned. */
int ctl_fail(enum ctl_exit exit, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, with the usage of the command. */
int ctl_usage(const struct ctl_command *command, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* The same for what getopt_long() has just answered with '?'; argv ends with NULL. */
int ctl_unknown_option(const struct ctl_command *command, char **argv);

/* "90s", "15m", "24h", "7d": CTL_GOOD, or what ctl_usage() returns for anything else and for 0. */
int ctl_take_age(const struct ctl_command *command, const char *option, const char *text, uint64_t *ret_usec);

#endif
