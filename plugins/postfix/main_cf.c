/* SPDX-License-Identifier: MIT */
/*
 * main_cf - values of Postfix's main.cf, read as text
 *
 * Runs in the watcher, whose sensors cannot start postconf, and in children of the executor, whose verbs take the
 * text as it is and not what postconf makes of it.  Pure functions over the text of the file: comment lines, empty
 * lines, continuation lines and repeated settings as postconf(5) has them.
 *
 * Owns nothing.  Fails by saying that a value is not known.
 * Limits: what postconf itself would add is not there: conditional expansion ${name?text}, settings in other
 * files, and the defaults, except for those that follow from the name of the host.
 */
#include "postfix/main_cf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "postfix/main_cf_line.h"

#define DAY_SECONDS UINT64_C(86400)
#define TIME_MAX (100 * DAY_SECONDS)
#define LIFETIME "5d" /* Postfix's default of both */

/* Adds a piece of a logical line with a blank between; false: it does not fit. */
static bool add_piece(char *value, size_t size, const struct main_cf_line *piece) {
        size_t used = strlen(value);

        if (piece->length == 0)
                return true;
        if (used + piece->length + 2 > size)
                return false;
        if (used > 0)
                value[used++] = ' ';
        memcpy(value + used, piece->start, piece->length);
        value[used + piece->length] = '\0';
        return true;
}

bool main_cf_value(const char *text, const char *name, char *ret_value, size_t size) {
        bool is_ours = false, fits = true, found = false;
        struct main_cf_line line, piece;

        ret_value[0] = '\0';
        while (main_cf_line_take(&text, &line)) {
                if (main_cf_line_is_ignored(&line))
                        continue;
                if (main_cf_line_goes_on(&line)) {
                        piece = main_cf_line_trim(line);
                } else {
                        is_ours = main_cf_line_value(&line, name, &piece);
                        if (is_ours) {
                                ret_value[0] = '\0';
                                found = fits = true;
                        }
                }
                if (is_ours)
                        fits = fits && add_piece(ret_value, size, &piece);
        }
        if (!fits)
                ret_value[0] = '\0';
        return found && fits;
}

unsigned main_cf_times_set(const char *text, const char *name) {
        struct main_cf_line line, value;
        unsigned n = 0;

        while (main_cf_line_take(&text, &line))
                n += main_cf_line_value(&line, name, &value);
        return n;
}

bool main_cf_says(const char *text, const char *name) {
        char value[MAIN_CF_VALUE_MAX];

        return main_cf_times_set(text, name) > 0 &&
                (!main_cf_value(text, name, value, sizeof(value)) || value[0] != '\0');
}

static bool append(char *value, size_t size, const char *text, size_t length) {
        size_t used = strlen(value);

        if (used + length + 1 > size)
                return false;
        memcpy(value + used, text, length);
        value[used + length] = '\0';
        return true;
}

/* What a parameter is when main.cf does not say: the ones that the name of the host decides. */
static void host_value(const char *text, const char *name, char *ret_value, size_t size) {
        char host[256] = "";
        const char *dot;

        if (main_cf_value(text, name, ret_value, size))
                return;
        if (strcmp(name, "myorigin") == 0 || strcmp(name, "mydomain") == 0) {
                if (!main_cf_value(text, "myhostname", host, sizeof(host)))
                        gethostname(host, sizeof(host) - 1);
                dot = strchr(host, '.');
                if (strcmp(name, "myorigin") == 0)
                        snprintf(ret_value, size, "%s", host);
                else
                        snprintf(ret_value, size, "%s", dot ? dot + 1 : "localdomain");
        } else if (strcmp(name, "myhostname") == 0) {
                gethostname(host, sizeof(host) - 1);
                snprintf(ret_value, size, "%s%s", host, strchr(host, '.') ? "" : ".localdomain");
        }
}

/* Behind a '$': the name that follows, and where the text goes on. */
static const char *reference(const char *text, char name[static 128]) {
        char closing = '\0';
        size_t length = 0;

        if (*text == '{' || *text == '(')
                closing = *text++ == '{' ? '}' : ')';
        while ((isalnum((unsigned char)text[length]) || text[length] == '_') && length < 127)
                length++;
        memcpy(name, text, length);
        name[length] = '\0';
        text += length;
        if (closing != '\0') {
                text += strcspn(text, closing == '}' ? "}" : ")");
                text += *text != '\0';
        }
        return text;
}

bool main_cf_expanded(
        const char *text, const char *name, const char *fallback, char *ret_value, size_t size) {
        char raw[MAIN_CF_VALUE_MAX], value[MAIN_CF_VALUE_MAX], inner[128];
        bool fits = true;

        if (!main_cf_value(text, name, raw, sizeof(raw)))
                snprintf(raw, sizeof(raw), "%s", fallback);
        ret_value[0] = '\0';
        for (const char *at = raw; *at && fits;) {
                size_t plain = strcspn(at, "$");

                fits = append(ret_value, size, at, plain);
                at += plain;
                if (*at != '$')
                        continue;
                at = reference(at + 1, inner);
                host_value(text, inner, value, sizeof(value));
                fits = fits && append(ret_value, size, value, strlen(value));
        }
        if (!fits)
                ret_value[0] = '\0';
        return fits;
}

static uint64_t unit_seconds(char unit) {
        static const struct {
                char unit;
                uint64_t seconds;
        } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY_SECONDS}, {'w', 7 * DAY_SECONDS}};

        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
                if (units[i].unit == tolower((unsigned char)unit))
                        return units[i].seconds;
        return 0;
}

bool main_cf_time(
        const char *text, const char *name, char unit, const char *fallback, uint64_t *ret_seconds) {
        char value[MAIN_CF_VALUE_MAX], *end;
        uint64_t factor;
        unsigned long number;

        /* A reference to a setting that has its default leaves nothing. */
        main_cf_expanded(text, name, fallback, value, sizeof(value));
        if (value[0] == '\0')
                snprintf(value, sizeof(value), "%s", fallback);
        if (!isdigit((unsigned char)value[0]))
                return false;
        number = strtoul(value, &end, 10);
        factor = unit_seconds(*end ? *end : unit);
        if (factor == 0 || (*end && end[1]) || number > TIME_MAX / factor)
                return false;
        *ret_seconds = number * factor;
        return true;
}

bool main_cf_lifetimes(const char *text, uint64_t *ret_mail_seconds, uint64_t *ret_bounce_seconds) {
        uint64_t mail, bounce;

        if (!main_cf_time(text, "maximal_queue_lifetime", 'd', LIFETIME, &mail) ||
                !main_cf_time(text, "bounce_queue_lifetime", 'd', LIFETIME, &bounce))
                return false;
        *ret_mail_seconds = mail;
        /* What is longer the queue manager makes equal. */
        *ret_bounce_seconds = bounce < mail ? bounce : mail;
        return true;
}
