/* SPDX-License-Identifier: MIT */
/*
 * main - the start-up story of spoolguardd
 *
 * systemd starts the executor (root).  It runs the loader (this program again, unprivileged, gone within the
 * second) for the configuration, opens the verbs of the plugins, and starts the watcher (this program again,
 * unprivileged for good).  Each role is a fresh exec, so no role inherits another's memory or address layout.
 *
 * Plugins are opened in the executor as root, which runs their constructors as root: that is no more than their
 * verbs may do anyway, and only files that root alone can write are opened (plugin/plugin_open.c).
 *
 * Fails: exit status 1 after one line that says why; 2 for a wrong command line.
 * Limits: --root, --session-bus and --unprivileged exist for tests; the unit uses none of them.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "executor/executor.h"
#include "role.h"
#include "version.h"
#include "watcher/watcher.h"

struct command_line {
        const char *role;
        bool check;
        struct executor_options options;
};

static int run_executor(const struct command_line *line) {
        return executor_main(&line->options);
}

static int run_watcher(const struct command_line *line) {
        struct watcher_options options = {
                .plugin_dir = line->options.paths.plugin_dir,
                .root = line->options.root,
                .state_dir = line->options.state_dir,
                .run_dir = line->options.run_dir,
                .bus_is_session = line->options.bus_is_session,
                .unprivileged = line->options.unprivileged,
        };
        return watcher_main(&options);
}

static int run_loader(const struct command_line *line) {
        struct problem problem = {""};
        int r = geteuid() == 0 && *line->options.user ? role_switch_user(line->options.user, false) : 0;
        if (r < 0) {
                log_error("cannot become user %s: %s", line->options.user, strerror(-r));
                return EXIT_FAILURE;
        }
        if (role_confine_loader(&problem) < 0) {
                log_error("%s", problem.text);
                return EXIT_FAILURE;
        }
        return loader_main(&line->options.paths, STDOUT_FILENO);
}

static const struct {
        const char *name;
        int (*run)(const struct command_line *line);
} roles[] = {
        {"executor", run_executor},
        {"watcher", run_watcher},
        {"loader", run_loader},
};

static const char help[] =
        "Usage: spoolguardd [--check] [OPTION]...\n"
        "Keep an unattended mail relay alive; started by systemd as spoolguard.service.\n"
        "\n"
        "  --check          load the configuration, print what is wrong with it, exit 0 or 1\n"
        "  --etc DIR        configuration (/etc/spoolguard)\n"
        "  --share DIR      shipped playbooks (" SPOOLGUARD_SHARE_DIR ")\n"
        "  --plugins DIR    plugins (" SPOOLGUARD_PLUGIN_DIR ")\n"
        "  --state DIR      recorder, leases (/var/lib/spoolguard)\n"
        "  --run DIR        control socket (/run/spoolguard)\n"
        "  --user NAME      user of the unprivileged processes (spoolguard)\n"
        "  --version, --help\n"
        "\n"
        "For tests: --root DIR, --session-bus, --unprivileged; for itself: --role=NAME.\n";

enum {
        OPT_ROLE = 1,
        OPT_CHECK,
        OPT_ETC,
        OPT_SHARE,
        OPT_PLUGINS,
        OPT_STATE,
        OPT_RUN,
        OPT_ROOT,
        OPT_USER,
        OPT_SESSION,
        OPT_UNPRIVILEGED,
        OPT_VERSION,
        OPT_HELP
};

static const struct option long_options[] = {
        {"role", required_argument, NULL, OPT_ROLE},
        {"check", no_argument, NULL, OPT_CHECK},
        {"etc", required_argument, NULL, OPT_ETC},
        {"share", required_argument, NULL, OPT_SHARE},
        {"plugins", required_argument, NULL, OPT_PLUGINS},
        {"state", required_argument, NULL, OPT_STATE},
        {"run", required_argument, NULL, OPT_RUN},
        {"root", required_argument, NULL, OPT_ROOT},
        {"user", required_argument, NULL, OPT_USER},
        {"session-bus", no_argument, NULL, OPT_SESSION},
        {"unprivileged", no_argument, NULL, OPT_UNPRIVILEGED},
        {"version", no_argument, NULL, OPT_VERSION},
        {"help", no_argument, NULL, OPT_HELP},
        {0},
};

/* 0: go on; positive: exit with that status minus one. */
static int parse(int argc, char *argv[], struct command_line *line) {
        const char **const texts[] = {
                [OPT_ROLE] = &line->role,
                [OPT_ETC] = &line->options.paths.etc,
                [OPT_SHARE] = &line->options.paths.share,
                [OPT_PLUGINS] = &line->options.paths.plugin_dir,
                [OPT_STATE] = &line->options.state_dir,
                [OPT_RUN] = &line->options.run_dir,
                [OPT_ROOT] = &line->options.root,
                [OPT_USER] = &line->options.user,
                [OPT_HELP] = NULL,
        };
        bool *const flags[] = {
                [OPT_CHECK] = &line->check,
                [OPT_SESSION] = &line->options.bus_is_session,
                [OPT_UNPRIVILEGED] = &line->options.unprivileged,
                [OPT_HELP] = NULL,
        };
        for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
                if (option == OPT_HELP || option == 'h') {
                        fputs(help, stdout);
                        return 1;
                }
                if (option == OPT_VERSION) {
                        puts("spoolguardd " SPOOLGUARD_VERSION);
                        return 1;
                }
                if (option == '?')
                        return 3;
                if (texts[option])
                        *texts[option] = optarg;
                else
                        *flags[option] = true;
        }
        if (optind < argc) {
                fprintf(stderr, "spoolguardd: unexpected argument \"%s\"; see spoolguardd --help\n",
                        argv[optind]);
                return 3;
        }
        return 0;
}

int main(int argc, char *argv[]) {
        struct command_line line = {
                .role = "executor",
                .options =
                        {
                                .paths = {.etc = "/etc/spoolguard",
                                        .share = SPOOLGUARD_SHARE_DIR,
                                        .plugin_dir = SPOOLGUARD_PLUGIN_DIR},
                                .state_dir = "/var/lib/spoolguard",
                                .run_dir = "/run/spoolguard",
                                .root = "",
                                .user = "spoolguard",
                        },
        };
        int r = parse(argc, argv, &line);
        if (r > 0)
                return r - 1;
        line.options.paths.user = line.options.unprivileged ? "" : line.options.user;
        /* Started again through /proc/self/exe, a role would be "exe" in ps and top. */
        (void)prctl(PR_SET_NAME, "spoolguardd");
        umask(0027);
        if (line.check) {
                log_open("check");
                return executor_check(&line.options);
        }
        for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
                if (strcmp(roles[i].name, line.role) == 0) {
                        log_open(roles[i].name);
                        return roles[i].run(&line);
                }
        fprintf(stderr, "spoolguardd: no role \"%s\"; there are executor, watcher and loader\n", line.role);
        return 2;
}
