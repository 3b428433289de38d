/* SPDX-License-Identifier: MIT */
/*
 * logs_rotate_conf - the parts of a logrotate configuration that say which logs, and how many old ones are kept
 *
 * Runs in children of the executor.  Pure: reads text that root wrote and nobody else can.  Knows the shape of
 * such a file (settings one to a line, stanzas in braces, scripts that end with `endscript`) and the few settings
 * that decide what a rotation pushes out and how much room it takes.  All others are logrotate's business.
 *
 * Owns nothing: items point into the text.  Fails with -EINVAL for what it does not understand, so that a
 * configuration that means something else than it seems is left to people.  Limits: stanzas do not nest, names do
 * not hold '{' or '#'.
 */
#include "logs/logs_rotate.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum effect { SETS, CLEARS, UNUSUAL, USUAL, SUFFIX, NUMBER_KEEP, NUMBER_DAYS, SCRIPT };

static const struct setting {
        const char *name;
        enum effect effect;
        size_t field; /* of a flag in struct logs_rotate_how */
} settings[] = {
        {"compress", SETS, offsetof(struct logs_rotate_how, compress)},
        {"nocompress", CLEARS, offsetof(struct logs_rotate_how, compress)},
        {"delaycompress", SETS, offsetof(struct logs_rotate_how, delay_compress)},
        {"nodelaycompress", CLEARS, offsetof(struct logs_rotate_how, delay_compress)},
        {"copy", SETS, offsetof(struct logs_rotate_how, copies)},
        {"nocopy", CLEARS, offsetof(struct logs_rotate_how, copies)},
        {"copytruncate", SETS, offsetof(struct logs_rotate_how, copies)},
        {"nocopytruncate", CLEARS, offsetof(struct logs_rotate_how, copies)},
        {"rotate", NUMBER_KEEP, 0},
        {"maxage", NUMBER_DAYS, 0},
        {"olddir", UNUSUAL, 0},
        {"noolddir", USUAL, 0},
        {"compressext", SUFFIX, 0},
        {"extension", UNUSUAL, 0},
        {"addextension", UNUSUAL, 0},
        {"dateformat", UNUSUAL, 0},
        {"start", UNUSUAL, 0},
        {"renamecopy", UNUSUAL, 0},
        {"mail", UNUSUAL, 0},
        {"nomail", USUAL, 0},
        {"tabooext", UNUSUAL, 0},
        {"taboopat", UNUSUAL, 0},
        {"prerotate", SCRIPT, 0},
        {"postrotate", SCRIPT, 0},
        {"preremove", SCRIPT, 0},
        {"firstaction", SCRIPT, 0},
        {"lastaction", SCRIPT, 0},
};

static bool is_word(const char *text, size_t length, const char *word) {
        return strlen(word) == length && memcmp(text, word, length) == 0;
}

static const struct setting *find_setting(const char *name, size_t length) {
        for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
                if (is_word(name, length, settings[i].name))
                        return &settings[i];
        return NULL;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

static char peek(const struct logs_rotate_conf *conf) {
        return conf->at < conf->size ? conf->text[conf->at] : '\0';
}

/* Blanks, empty lines and comments. */
static void skip_nothing(struct logs_rotate_conf *conf) {
        for (; conf->at < conf->size; conf->at++) {
                char c = conf->text[conf->at];

                if (c == '#')
                        while (conf->at + 1 < conf->size && conf->text[conf->at + 1] != '\n')
                                conf->at++;
                else if (!is_blank(c) && c != '\n')
                        return;
        }
}

/* The rest of the line behind the word, without the blanks around it. */
static const char *read_value(struct logs_rotate_conf *conf, size_t *ret_length) {
        size_t begin, end;

        while (is_blank(peek(conf)))
                conf->at++;
        if (peek(conf) == '=')
                conf->at++;
        while (is_blank(peek(conf)))
                conf->at++;
        begin = conf->at;
        while (conf->at < conf->size && conf->text[conf->at] != '\n')
                conf->at++;
        end = conf->at;
        while (end > begin && is_blank(conf->text[end - 1]))
                end--;
        *ret_length = end - begin;
        return conf->text + begin;
}

static int read_number(const char *text, size_t length, long least, long *ret_number) {
        bool negative = length > 1 && text[0] == '-';
        long number = 0;

        if (length == 0 || length > 8)
                return -EINVAL;
        for (size_t i = negative; i < length; i++) {
                if (!isdigit((unsigned char)text[i]))
                        return -EINVAL;
                number = number * 10 + (text[i] - '0');
        }
        *ret_number = negative ? -number : number;
        return *ret_number < least ? -EINVAL : 0;
}

/* Behind the line `endscript`. */
static int skip_script(struct logs_rotate_conf *conf) {
        while (conf->at < conf->size) {
                size_t length;
                const char *line;

                conf->at++; /* the end of the line before */
                line = read_value(conf, &length);
                if (is_word(line, length, "endscript"))
                        return 0;
        }
        return -EINVAL;
}

/* What is compressed has to be known again by its name. */
static bool is_known_suffix(const char *text, size_t length) {
        struct logs_name parsed;
        char name[32];

        return length < 16 && snprintf(name, sizeof(name), "log.1%.*s", (int)length, text) > 0 &&
                logs_name_parse(name, &parsed) && parsed.compressed;
}

static int apply(struct logs_rotate_conf *conf, const struct setting *setting, const char *value,
        size_t length, struct logs_rotate_how *how) {
        long number;

        if (!setting)
                return 0;
        switch (setting->effect) {
        case SETS:
        case CLEARS: *(bool *)((char *)how + setting->field) = setting->effect == SETS; return 0;
        case UNUSUAL: how->unusual = setting->name; return 0;
        case USUAL:
                if (how->unusual && strcmp(how->unusual, setting->name + strlen("no")) == 0)
                        how->unusual = NULL;
                return 0;
        case SUFFIX:
                if (!is_known_suffix(value, length))
                        how->unusual = setting->name;
                return 0;
        case NUMBER_KEEP:
                if (read_number(value, length, -1, &number) < 0)
                        return -EINVAL;
                how->keep = (int)number;
                return 0;
        case NUMBER_DAYS:
                if (read_number(value, length, 0, &number) < 0)
                        return -EINVAL;
                how->max_days = (unsigned)number;
                return 0;
        case SCRIPT: return skip_script(conf);
        }
        return -EINVAL;
}

/* One line that begins with a word. */
static int read_setting(
        struct logs_rotate_conf *conf, struct logs_rotate_how *how, struct logs_rotate_item *ret_item) {
        const char *word = conf->text + conf->at, *value;
        size_t length = 0, value_length;

        while (isalpha((unsigned char)peek(conf))) {
                conf->at++;
                length++;
        }
        if (length == 0)
                return -EINVAL;
        value = read_value(conf, &value_length);
        ret_item->type = is_word(word, length, "include") ? LOGS_ROTATE_INCLUDE : LOGS_ROTATE_DEFAULT;
        ret_item->text = value;
        ret_item->length = value_length;
        /* `compress # why` is none: logrotate would not read it either. */
        if (memchr(value, '{', value_length) || memchr(value, '}', value_length))
                return -EINVAL;
        return apply(conf, find_setting(word, length), value, value_length, how);
}

static int read_stanza(struct logs_rotate_conf *conf, struct logs_rotate_item *ret_item) {
        const char *names = conf->text + conf->at, *brace = memchr(names, '{', conf->size - conf->at);
        struct logs_rotate_item line;

        if (!brace || memchr(names, '#', (size_t)(brace - names)) ||
                memchr(names, '}', (size_t)(brace - names)))
                return -EINVAL;
        ret_item->type = LOGS_ROTATE_STANZA;
        ret_item->text = names;
        ret_item->length = (size_t)(brace - names);
        conf->at += ret_item->length + 1;
        for (;;) {
                skip_nothing(conf);
                if (peek(conf) == '}') {
                        conf->at++;
                        return 0;
                }
                if (read_setting(conf, &ret_item->how, &line) < 0 || line.type == LOGS_ROTATE_INCLUDE)
                        return -EINVAL;
        }
}

int logs_rotate_conf_next(struct logs_rotate_conf *conf, struct logs_rotate_item *ret_item) {
        int r = 0;

        skip_nothing(conf);
        *ret_item = (struct logs_rotate_item){.begin = conf->at, .how = conf->defaults};
        if (conf->at >= conf->size)
                return 0;
        if (isalpha((unsigned char)peek(conf)))
                r = read_setting(conf, &conf->defaults, ret_item);
        else if (strchr("/\"'", peek(conf)))
                r = read_stanza(conf, ret_item);
        else
                r = -EINVAL;
        ret_item->end = conf->at;
        return r;
}

int logs_rotate_conf_name(const char **text, size_t *length, char ret_name[static LOGS_PATH_MAX]) {
        const char *at = *text, *end = at + *length;
        char quote = '\0';
        size_t used = 0;

        while (at < end && isspace((unsigned char)*at))
                at++;
        if (at == end)
                return 0;
        for (; at < end && (quote || !isspace((unsigned char)*at)); at++) {
                if (quote ? *at == quote : *at == '"' || *at == '\'') {
                        quote = quote ? '\0' : *at;
                        continue;
                }
                if (*at == '\\' && ++at == end)
                        return -EINVAL;
                if (used + 1 >= LOGS_PATH_MAX)
                        return -EINVAL;
                ret_name[used++] = *at;
        }
        ret_name[used] = '\0';
        *length = (size_t)(end - at);
        *text = at;
        return quote || ret_name[0] != '/' ? -EINVAL : 1;
}

bool logs_rotate_conf_is_taboo(const char *name) {
        static const char *const patterns[] = {".*", "*,v", "*.bak", "*.cfsaved", "*.disabled", "*.dpkg-bak",
                "*.dpkg-del", "*.dpkg-dist", "*.dpkg-new", "*.dpkg-old", "*.dpkg-tmp", "*.rhn-cfg-tmp-*",
                "*.rpmnew", "*.rpmorig", "*.rpmsave", "*.swp", "*.ucf-dist", "*.ucf-new", "*.ucf-old", "*~"};

        for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
                if (fnmatch(patterns[i], name, 0) == 0)
                        return true;
        return false;
}
