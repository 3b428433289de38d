/* SPDX-License-Identifier: MIT */
/*
 * main_cf_change - what differs between two texts of main.cf
 *
 * Runs in a child of the executor, as root.  Pure functions over texts that root alone has written.  They are what a
 * change by postconf is held against before it is put in place, and what tells a setting of ours from one that an
 * admin has made since: a setting counts as his as soon as it is written in any other way.
 *
 * Lines are taken together as postconf(5) has it: one that begins with a blank goes on with the setting above it,
 * also across comments and empty lines, which stay where they are whatever becomes of the setting.
 *
 * Owns nothing.  Cannot fail.
 * Limits: a value beyond MAIN_CF_VALUE_MAX is the same as no other.
 */
#include "postfix/main_cf_change.h"

#include <string.h>

#include "postfix/main_cf.h"

struct line {
        const char *start;
        size_t length; /* without the newline */
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next line; false at the end of the text. */
static bool take_line(const char **at, struct line *ret_line) {
        if (**at == '\0')
                return false;
        ret_line->start = *at;
        ret_line->length = strcspn(*at, "\n");
        *at += ret_line->length + ((*at)[ret_line->length] == '\n');
        return true;
}

static bool is_ignored(const struct line *line) {
        size_t i = 0;

        while (i < line->length && is_blank(line->start[i]))
                i++;
        return i == line->length || line->start[i] == '#';
}

static bool sets(const struct line *line, const char *name) {
        size_t at = strlen(name);

        if (line->length <= at || strncmp(line->start, name, at) != 0)
                return false;
        while (at < line->length && is_blank(line->start[at]))
                at++;
        return at < line->length && line->start[at] == '=';
}

unsigned main_cf_change_times_set(const char *text, const char *name) {
        struct line line;
        unsigned n = 0;

        while (take_line(&text, &line))
                n += sets(&line, name);
        return n;
}

bool main_cf_change_is_same(const char *a, const char *b, const char *name) {
        const unsigned in_a = main_cf_change_times_set(a, name), in_b = main_cf_change_times_set(b, name);
        char value_a[MAIN_CF_VALUE_MAX], value_b[MAIN_CF_VALUE_MAX];

        if (in_a == 0 || in_b == 0)
                return in_a == in_b;
        return main_cf_value(a, name, value_a, sizeof(value_a)) &&
                main_cf_value(b, name, value_b, sizeof(value_b)) && strcmp(value_a, value_b) == 0;
}

static bool sets_any(const struct line *line, const char *const *names, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (sets(line, names[i]))
                        return true;
        return false;
}

/* The next line that belongs to none of the names.  `is_named`: the setting that goes on here does. */
static bool take_other(
        const char **at, bool *is_named, const char *const *names, size_t n, struct line *ret_line) {
        while (take_line(at, ret_line)) {
                if (is_ignored(ret_line))
                        return true;
                if (!is_blank(*ret_line->start))
                        *is_named = sets_any(ret_line, names, n);
                if (!*is_named)
                        return true;
        }
        return false;
}

bool main_cf_change_is_confined(const char *a, const char *b, const char *const *names, size_t n) {
        bool named_in_a = false, named_in_b = false;

        for (;;) {
                struct line line_a, line_b;
                bool is_in_a = take_other(&a, &named_in_a, names, n, &line_a);
                bool is_in_b = take_other(&b, &named_in_b, names, n, &line_b);

                if (!is_in_a || !is_in_b)
                        return is_in_a == is_in_b;
                if (line_a.length != line_b.length || memcmp(line_a.start, line_b.start, line_a.length) != 0)
                        return false;
        }
}
