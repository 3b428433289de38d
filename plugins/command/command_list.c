/* SPDX-License-Identifier: MIT */
/*
 * command_list - the option `commands`: names and what they stand for
 *
 * Runs in a child of the executor.  Pure.  An entry is "NAME: PROGRAM ARGUMENT...".  There is no shell, and nothing
 * of its language: a character that means something to one would be passed on as it stands, which is hardly what was
 * meant, so an entry with such a character is refused, as is one that stands there twice.  That also keeps out what
 * systemd would expand.
 *
 * Owns nothing, the words of an entry live in it.  Fails with a sentence that says what there is instead.
 * Limits: COMMAND_WORDS_MAX words; an argument cannot have blanks in it: that is for a script to do.
 */
#include "command/command_list.h"

#include <stdio.h>
#include <string.h>

#define NAME_LENGTH_MAX 63

static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
static const char shell_letters[] = "\"'`\\$;&|<>()*?~#";

static bool is_name(const char *name, size_t length) {
        return length > 0 && length <= NAME_LENGTH_MAX && strspn(name, name_letters) >= length;
}

/* An entry without a name has none that could be asked for. */
static bool has_name(const char *entry, const char *name) {
        size_t length = strcspn(entry, ":");

        return entry[length] == ':' && length == strlen(name) && strncmp(entry, name, length) == 0;
}

static void say_what_there_is(const char *const *entries, const char *name, char *why, size_t size) {
        size_t used = (size_t)snprintf(
                why, size, "there is no command \"%.63s\" in plugins.command.commands", name);
        const char *before = ", but: ";

        for (size_t i = 0; entries[i] && used < size; i++) {
                size_t length = strcspn(entries[i], ":");

                if (entries[i][length] != ':' || !is_name(entries[i], length))
                        continue;
                used += (size_t)snprintf(why + used, size - used, "%s%.*s", before, (int)length, entries[i]);
                before = ", ";
        }
}

static bool split(struct command_entry *entry, char *why, size_t size) {
        char *rest = entry->text + strlen(entry->name) + 1, *word, *state = NULL;
        size_t shell = strcspn(rest, shell_letters), n = 0;

        if (rest[shell]) {
                snprintf(why, size,
                        "command \"%s\" has a %c, and there is no shell: what needs one belongs into a "
                        "script",
                        entry->name, rest[shell]);
                return false;
        }
        for (word = strtok_r(rest, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
                if (n == COMMAND_WORDS_MAX) {
                        snprintf(why, size, "command \"%s\" has more than %d words", entry->name,
                                COMMAND_WORDS_MAX);
                        return false;
                }
                entry->words[n++] = word;
        }
        if (n == 0)
                snprintf(why, size, "command \"%s\" names no program", entry->name);
        return n > 0;
}

bool command_list_find(const char *const *entries, const char *name, struct command_entry *ret_entry,
        char *why, size_t size) {
        const char *found = NULL;
        size_t length;

        *ret_entry = (struct command_entry){.name = ""};
        for (size_t i = 0; entries[i]; i++) {
                if (!is_name(name, strlen(name)) || !has_name(entries[i], name))
                        continue;
                if (found) {
                        snprintf(
                                why, size, "there are two commands \"%s\" in plugins.command.commands", name);
                        return false;
                }
                found = entries[i];
        }
        if (!found) {
                say_what_there_is(entries, name, why, size);
                return false;
        }
        length = strlen(name);
        if (strlen(found) >= sizeof(ret_entry->text)) {
                snprintf(why, size, "command \"%s\" is too long", name);
                return false;
        }
        strcpy(ret_entry->text, found);
        ret_entry->text[length] = '\0';
        ret_entry->name = ret_entry->text;
        ret_entry->line = found + length + 1 + strspn(found + length + 1, " ");
        return split(ret_entry, why, size);
}
