/* SPDX-License-Identifier: MIT */
/* command - the parts of the plugin */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <spoolguard/plugin.h>

/* The order of the plugin's options. */
enum { COMMAND_OPTION_COMMANDS, COMMAND_OPTION_DEADLINE, COMMAND_OPTIONS };

/* Of the arguments of command.run. */
enum { COMMAND_ARG_NAME };

extern const struct sg_verb command_run;

#endif
