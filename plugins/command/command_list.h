/* SPDX-License-Identifier: MIT */
/* command_list - the option `commands`: names and what they stand for */
#ifndef COMMAND_COMMAND_LIST_H
#define COMMAND_COMMAND_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_WORDS_MAX 32
#define COMMAND_TEXT_MAX 512 /* of one entry, with NUL */

struct command_entry {
        char text[COMMAND_TEXT_MAX]; /* what the words point into */
        const char *name;
        const char *words[COMMAND_WORDS_MAX + 1]; /* program and arguments, ended by NULL */
        const char *line;                         /* the same in one piece, as people write it */
};

/* The entry of that name; false with the reason: there is none, or two, or it is not to be understood. */
bool command_list_find(const char *const *entries, const char *name, struct command_entry *ret_entry,
        char *why, size_t size);

#endif
