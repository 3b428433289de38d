/* SPDX-License-Identifier: MIT */
/*
 * main_cf_change - what differs between two texts of main.cf
 *
 * Runs in a child of the executor, as root.  Pure functions over texts that root alone has written.  They are what a
 * change by postconf is held against before it is put in place, and what tells a setting of ours from one that an
 * admin has made since: a setting counts as his as soon as it is written in any other way.
 *
 * Lines are taken together as main_cf_line has it.  Comments and empty lines in the midst of a setting stay where they
 * are whatever becomes of it.
 *
 * Owns nothing.  Cannot fail.
 * Limits: a value beyond MAIN_CF_VALUE_MAX is the same as no other.
 */
#include "postfix/main_cf_change.h"

#include <string.h>

#include "postfix/main_cf.h"
#include "postfix/main_cf_line.h"

bool main_cf_change_is_same(const char *a, const char *b, const char *name) {
        const unsigned in_a = main_cf_times_set(a, name), in_b = main_cf_times_set(b, name);
        char value_a[MAIN_CF_VALUE_MAX], value_b[MAIN_CF_VALUE_MAX];

        if (in_a == 0 || in_b == 0)
                return in_a == in_b;
        return main_cf_value(a, name, value_a, sizeof(value_a)) &&
                main_cf_value(b, name, value_b, sizeof(value_b)) && strcmp(value_a, value_b) == 0;
}

static bool sets_any(const struct main_cf_line *line, const char *const *names, size_t n) {
        struct main_cf_line value;

        for (size_t i = 0; i < n; i++)
                if (main_cf_line_value(line, names[i], &value))
                        return true;
        return false;
}

/* The next line that belongs to none of the names.  `is_named`: the setting that goes on here does. */
static bool take_other(
        const char **at, bool *is_named, const char *const *names, size_t n, struct main_cf_line *ret_line) {
        while (main_cf_line_take(at, ret_line)) {
                if (main_cf_line_is_ignored(ret_line))
                        return true;
                if (!main_cf_line_goes_on(ret_line))
                        *is_named = sets_any(ret_line, names, n);
                if (!*is_named)
                        return true;
        }
        return false;
}

bool main_cf_change_is_confined(const char *a, const char *b, const char *const *names, size_t n) {
        bool named_in_a = false, named_in_b = false;

        for (;;) {
                struct main_cf_line line_a, line_b;
                bool is_in_a = take_other(&a, &named_in_a, names, n, &line_a);
                bool is_in_b = take_other(&b, &named_in_b, names, n, &line_b);

                if (!is_in_a || !is_in_b)
                        return is_in_a == is_in_b;
                if (line_a.length != line_b.length || memcmp(line_a.start, line_b.start, line_a.length) != 0)
                        return false;
        }
}
