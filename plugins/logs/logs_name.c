/* SPDX-License-Identifier: MIT */
/*
 * logs_name - which names belong to logs that were rotated away
 *
 * Runs in the watcher and in children of the executor.  Knows the forms that logrotate and `postfix logrotate`
 * give: NAME.3, NAME-20261224, NAME-2026122406, NAME-20261224-1798070400 and NAME.20261224-134500, each with or
 * without the suffix of a compressor.  A name alone proves little (libfoo.so.1 has the form, too), so the live
 * log NAME must lie beside it, as a regular file, and must not have such a form itself.
 *
 * That leaves out programs that write to a dated file without ever renaming it: for those the dated file is the
 * live log.  It also leaves out logrotate's `extension` and `olddir`.
 *
 * Owns nothing.  Cannot fail: what is not understood is not a rotated log.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "logs/logs.h"

static const char *const compressor_suffixes[] = {".gz", ".xz", ".zst", ".bz2"};

static size_t strip_compressor(const char *name, size_t length) {
        for (size_t i = 0; i < sizeof(compressor_suffixes) / sizeof(compressor_suffixes[0]); i++) {
                size_t suffix = strlen(compressor_suffixes[i]);

                if (length > suffix && memcmp(name + length - suffix, compressor_suffixes[i], suffix) == 0)
                        return length - suffix;
        }
        return length;
}

static size_t count_digits_before(const char *name, size_t end) {
        size_t n = 0;

        while (n < end && isdigit((unsigned char)name[end - 1 - n]))
                n++;
        return n;
}

static unsigned number(const char *digits, size_t length) {
        unsigned value = 0;

        for (size_t i = 0; i < length; i++)
                value = value * 10 + (unsigned)(digits[i] - '0');
        return value;
}

static bool is_date(const char *digits) {
        unsigned year = number(digits, 4), month = number(digits + 4, 2), day = number(digits + 6, 2);

        return year >= 1990 && year <= 2199 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool is_separator(char c) {
        return c == '.' || c == '-';
}

/* Length of what stands before the mark of rotation; 0: there is none. */
static size_t strip_rotation(const char *name, size_t length) {
        size_t digits = count_digits_before(name, length), before = length - digits, date;

        if (digits == 0 || before < 2 || !is_separator(name[before - 1]))
                return 0;
        date = count_digits_before(name, before - 1);
        if (name[before - 1] == '-' && digits <= 10 && date == 8 && before >= 11 &&
                is_separator(name[before - 10]) && is_date(name + before - 9))
                return before - 10;
        if ((digits == 8 || (digits == 10 && number(name + before + 8, 2) < 24)) && is_date(name + before))
                return before - 1;
        return name[before - 1] == '.' && digits <= 5 ? before - 1 : 0;
}

bool logs_name_parse(const char *name, struct logs_name *ret_name) {
        size_t length = strlen(name), plain = strip_compressor(name, length);
        size_t base = strip_rotation(name, plain);

        if (base == 0 || base >= LOGS_NAME_MAX || name[0] == '.' || strip_compressor(name, base) != base ||
                strip_rotation(name, base) != 0)
                return false;
        *ret_name = (struct logs_name){.base_length = base, .compressed = plain < length};
        return true;
}

bool logs_name_is_rotated(int directory, const char *name, struct logs_name *ret_name) {
        char base[LOGS_NAME_MAX];
        struct stat status;

        if (!logs_name_parse(name, ret_name))
                return false;
        snprintf(base, sizeof(base), "%.*s", (int)ret_name->base_length, name);
        return fstatat(directory, base, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

const char *logs_name_escape(const char *name, char *text, size_t size) {
        size_t used = 0;

        text[0] = '\0';
        for (; *name; name++) {
                unsigned char c = (unsigned char)*name;
                bool plain = c >= 0x20 && c < 0x7f && c != '\\';

                /* Room for one escape, the dots and the end. */
                if (used + 4 + 3 + 1 > size) {
                        snprintf(text + used, size - used, "...");
                        break;
                }
                used += (size_t)snprintf(text + used, size - used, plain ? "%c" : "\\x%02x", c);
        }
        return text;
}
