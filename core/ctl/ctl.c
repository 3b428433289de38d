/* SPDX-License-Identifier: MIT */
/*
 * ctl - what goes wrong, said in one form by all commands, and what they take alike
 *
 * Runs in: spoolguardctl.  Complaints go to stderr with the program's name, after what was printed so far, and
 * quote names from the relay: so they are escaped, line by line.
 *
 * Limits: a complaint is cut at 2 KiB.
 */
#include "ctl/ctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/option.h"

static void say(const char *format, va_list arguments) {
        char text[2048], clean[4096];

        vsnprintf(text, sizeof(text), format, arguments);
        for (size_t length = strlen(text); length > 0 && text[length - 1] == '\n';)
                text[--length] = '\0';
        fputs("spoolguardctl: ", stderr);
        for (char *line = text; line;) {
                char *end = strchr(line, '\n');

                if (end)
                        *end = '\0';
                text_escape(clean, sizeof(clean), line);
                fprintf(stderr, "%s\n", clean);
                line = end ? end + 1 : NULL;
        }
}

int ctl_fail(enum ctl_exit exit, const char *format, ...) {
        va_list arguments;

        fflush(stdout);
        va_start(arguments, format);
        say(format, arguments);
        va_end(arguments);
        return exit;
}

int ctl_usage(const struct ctl_command *command, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        say(format, arguments);
        va_end(arguments);
        fprintf(stderr, "usage: spoolguardctl %s%s%s\n", command->name, command->arguments[0] ? " " : "",
                command->arguments);
        return CTL_USAGE;
}

int ctl_unknown_option(const struct ctl_command *command, char **argv) {
        const char *word = argv[optind];

        /* Of several letters in one word getopt passes the word only with the last. */
        if (!word || word[0] != '-' || word[1] == '-' || optopt == 0 || !strchr(word, optopt))
                word = argv[optind - 1];
        return ctl_usage(command, "unknown option '%s'", word);
}

int ctl_take_age(
        const struct ctl_command *command, const char *option, const char *text, uint64_t *ret_usec) {
        const struct sg_option duration = {.name = option, .type = SG_TYPE_DURATION};
        struct sg_value value = {.type = SG_TYPE_DURATION};
        struct problem problem = {""};

        if (option_parse(&duration, text, &value, &problem) < 0)
                return ctl_usage(command, "%s", problem.text);
        *ret_usec = value.usec;
        option_value_deinit(&value);
        return *ret_usec > 0 ? CTL_GOOD : ctl_usage(command, "%s needs more than 0", option);
}
