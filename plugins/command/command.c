/* SPDX-License-Identifier: MIT */
/*
 * command - the site's own remedies, by name
 *
 * The descriptor of the plugin.  Its one verb runs in a child of the executor, as root; there is no sensor.  Which
 * programs there are, and with which arguments, stands in the configuration, which is root's; a playbook says no more
 * than the name of one.  Without any configured the verb refuses.
 *
 * Owns nothing.  Links nothing but the C library.
 */
#include "command/command.h"

static const struct sg_option options[] = {
        [COMMAND_OPTION_COMMANDS] = {.name = "commands",
                .type = SG_TYPE_LIST,
                .fallback = "",
                .doc = "Commands that playbooks may run, each as \"NAME: PROGRAM ARGUMENT...\", such as "
                       "\"flush-scanner: /usr/local/sbin/flush-scanner --all\". There is no shell: words end "
                       "at "
                       "blanks, and quotes, backslashes, dollars and wildcards are refused. The program is "
                       "an "
                       "absolute path that root alone can write or replace, not below /home, /root or /tmp. "
                       "It "
                       "runs as root, by systemd and outside of spoolguard's sandbox; what it leaves behind "
                       "is "
                       "ended with it. Empty: none."},
        [COMMAND_OPTION_DEADLINE] = {.name = "deadline",
                .type = SG_TYPE_DURATION,
                .fallback = "1m",
                .doc = "After this time a command is ended, with all that it started: TERM, and KILL ten "
                       "seconds "
                       "later.",
                .min = 1,
                .max = 600},
        {0},
};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "command",
        .version = "1",
        .summary = "The site's own remedies: commands from an allow-list",
        .options = options,
        .verbs = (const struct sg_verb *const[]){&command_run, NULL},
};
