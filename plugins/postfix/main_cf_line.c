/* SPDX-License-Identifier: MIT */
/*
 * main_cf_line - the lines of Postfix's main.cf, and what each of them is
 *
 * Runs in the watcher and in children of the executor.  Pure functions over a text that is left as it is.  What a line
 * is, postconf(5) says: one that begins with a blank goes on with the setting above it, also across comments and
 * empty lines.  Reading a value and comparing two files ask the same questions here, so they cannot disagree.
 *
 * Owns nothing.  Cannot fail.
 * Limits: a NUL byte ends the text.
 */
#include "postfix/main_cf_line.h"

#include <string.h>

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

bool main_cf_line_take(const char **at, struct main_cf_line *ret_line) {
        if (**at == '\0')
                return false;
        ret_line->start = *at;
        ret_line->length = strcspn(*at, "\n");
        *at += ret_line->length + ((*at)[ret_line->length] == '\n');
        return true;
}

struct main_cf_line main_cf_line_trim(struct main_cf_line line) {
        while (line.length > 0 && is_blank(*line.start)) {
                line.start++;
                line.length--;
        }
        while (line.length > 0 && is_blank(line.start[line.length - 1]))
                line.length--;
        return line;
}

bool main_cf_line_is_ignored(const struct main_cf_line *line) {
        const struct main_cf_line text = main_cf_line_trim(*line);

        return text.length == 0 || *text.start == '#';
}

bool main_cf_line_goes_on(const struct main_cf_line *line) {
        return line->length > 0 && is_blank(*line->start);
}

bool main_cf_line_value(const struct main_cf_line *line, const char *name, struct main_cf_line *ret_value) {
        size_t at = strlen(name);

        if (line->length <= at || strncmp(line->start, name, at) != 0)
                return false;
        while (at < line->length && is_blank(line->start[at]))
                at++;
        if (at == line->length || line->start[at] != '=')
                return false;
        at++;
        *ret_value = main_cf_line_trim(
                (struct main_cf_line){.start = line->start + at, .length = line->length - at});
        return true;
}
