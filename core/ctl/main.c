/* SPDX-License-Identifier: MIT */
/*
 * main - spoolguardctl: find the command, take off the options that all of them have, run it
 *
 * Runs in: spoolguardctl, as whoever calls it.  It has no rights of its own: what it shows is public on D-Bus,
 * what it changes is decided by the daemon.  Without a command it does `status`.
 *
 * Fails: exit 2 with the nearest command for a mistyped one.  See ctl.h for the other exits.
 */
#include <dbus/dbus.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/remote.h"
#include "version.h"

static const struct ctl_command *const commands[] = {&command_status, &command_queue, &command_qshape,
        &command_explain, &command_log, &command_incidents, &command_leases, &command_return, &command_run,
        &command_mode, &command_maintenance, &command_unquarantine, &command_reload, &command_config,
        &command_plugins, &command_preflight};

struct command_line {
        struct ctl ctl;
        const char *host;
        bool help, version;
        int argc;    /* of what is left: the command and its own arguments */
        char **argv; /* ended by NULL */
};

static void print_help(void) {
        puts("usage: spoolguardctl [--json] [-H USER@HOST] [COMMAND] [ARGUMENT...]\n"
             "\n"
             "Shows what spoolguardd sees and does on this mail relay, and lets root and\n"
             "members of spoolguard-admin lower what it may do.  Without a command: status.\n");
        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                printf("  %-13s %s\n", commands[i]->name, commands[i]->summary);
        puts("\n"
             "  --json         print JSON\n"
             "  -H USER@HOST   do it on another host, over ssh\n"
             "  --help         this text, or with a command the help of that\n"
             "  --version      print the version\n"
             "\n"
             "Exit status: 0 good, 1 trouble, 2 wrong usage, 3 the daemon cannot be reached\n"
             "or what it says is old.  See spoolguardctl(1).");
}

static int print_command_help(const struct ctl_command *command) {
        printf("usage: spoolguardctl %s%s%s\n\n%s.\n\n%s", command->name, command->arguments[0] ? " " : "",
                command->arguments, command->summary, command->help);
        return CTL_GOOD;
}

/* Options of all commands may stand before or behind the command's name; the rest is left for it. */
static int parse(int argc, char **argv, struct command_line *line) {
        const struct {
                const char *name;
                const char **text;
                bool *flag;
                bool elsewhere;
        } options[] = {
                {"--json", NULL, &line->ctl.json, false},
                {"--help", NULL, &line->help, false},
                {"-h", NULL, &line->help, false},
                {"--version", NULL, &line->version, false},
                {"-H", &line->host, NULL, false},
                {"--host", &line->host, NULL, false},
                {"--etc", &line->ctl.etc_dir, NULL, true},
                {"--state", &line->ctl.state_dir, NULL, true},
                {"--run", &line->ctl.run_dir, NULL, true},
                {"--plugins", &line->ctl.plugin_dir, NULL, true},
                {"--daemon", &line->ctl.daemon, NULL, true},
        };

        for (int i = 1; i < argc; i++) {
                bool taken = false;

                for (size_t k = 0; k < ELEMENTSOF(options) && !taken; k++) {
                        if (strcmp(argv[i], options[k].name) != 0)
                                continue;
                        taken = true;
                        if (options[k].flag) {
                                *options[k].flag = true;
                        } else if (i + 1 < argc) {
                                *options[k].text = argv[++i];
                        } else {
                                return ctl_fail(CTL_USAGE, "%s needs a value", argv[i]);
                        }
                        line->ctl.elsewhere = line->ctl.elsewhere || options[k].elsewhere;
                }
                if (!taken)
                        line->argv[line->argc++] = argv[i];
        }
        return CTL_GOOD;
}

static const struct ctl_command *find_command(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                if (strcmp(commands[i]->name, name) == 0)
                        return commands[i];
        return NULL;
}

static int unknown_command(const char *name) {
        const char *names[ELEMENTSOF(commands)];

        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                names[i] = commands[i]->name;
        const char *near = text_nearest(name, names, ELEMENTSOF(names));

        if (near)
                return ctl_fail(CTL_USAGE, "there is no command '%s', did you mean '%s'?", name, near);
        return ctl_fail(CTL_USAGE, "there is no command '%s'; see spoolguardctl --help", name);
}

/* For commands without options of their own: "--" is taken off, and every other word that looks like one refused. */
static int refuse_options(const struct ctl_command *command, struct command_line *line) {
        for (int i = 1; i < line->argc; i++) {
                char **word = &line->argv[i];

                if (strcmp(*word, "--") == 0) {
                        memmove(word, word + 1, (size_t)(line->argc - i) * sizeof(*word));
                        line->argc--;
                        break;
                }
                if ((*word)[0] == '-' && (*word)[1])
                        return ctl_usage(command, "unknown option '%s'", *word);
        }
        return CTL_GOOD;
}

/* What the command over there gets: all but -H. */
static int run_elsewhere(const char *host, int argc, char **argv) {
        _cleanup_free_ char **rest = calloc((size_t)argc + 1, sizeof(*rest));
        int n = 0;

        if (!rest)
                return CTL_TROUBLE;
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "-H") == 0 || strcmp(argv[i], "--host") == 0)
                        i++;
                else
                        rest[n++] = argv[i];
        }
        return remote_exec(host, n, rest);
}

static int run(int argc, char **argv, struct command_line *line) {
        int status = parse(argc, argv, line);

        if (status != CTL_GOOD)
                return status;
        if (line->version) {
                puts("spoolguardctl " SPOOLGUARD_VERSION);
                return CTL_GOOD;
        }
        if (line->argc > 0 && strcmp(line->argv[0], "help") == 0) {
                line->help = true;
                line->argv++;
                line->argc--;
        }
        if (line->help && line->argc == 0) {
                print_help();
                return CTL_GOOD;
        }
        if (line->argc > 0 && line->argv[0][0] == '-')
                return ctl_fail(CTL_USAGE, "unknown option '%s'; see spoolguardctl --help", line->argv[0]);
        const struct ctl_command *command = line->argc > 0 ? find_command(line->argv[0]) : &command_status;

        if (!command)
                return unknown_command(line->argv[0]);
        if (line->help)
                return print_command_help(command);
        if (line->host)
                return run_elsewhere(line->host, argc, argv);
        if (!command->has_options)
                status = refuse_options(command, line);
        if (status != CTL_GOOD)
                return status;
        return command->run(&line->ctl, line->argc, line->argv);
}

/*
 * Of the three standard descriptors, those that the caller has closed would be given to the next socket that is
 * opened, and what is printed would go there.  Something that fails takes their place.
 */
static void keep_standard_descriptors(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0)
                        open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
        struct command_line line = {
                .ctl = {.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
                        .etc_dir = "/etc/spoolguard",
                        .state_dir = "/var/lib/spoolguard",
                        .run_dir = "/run/spoolguard",
                        .plugin_dir = SPOOLGUARD_PLUGIN_DIR,
                        .daemon = SPOOLGUARD_DAEMON},
        };

        keep_standard_descriptors();
        setlocale(LC_CTYPE, "");
        char **words = calloc((size_t)argc + 1, sizeof(*words));

        if (!words)
                return CTL_TROUBLE;
        line.argv = words;
        int status = run(argc, argv, &line);

        free(words);
        dbus_shutdown();
        if ((fflush(stdout) != 0 || ferror(stdout)) && status == CTL_GOOD)
                status = ctl_fail(CTL_TROUBLE, "what was asked for cannot be written");
        return status;
}
