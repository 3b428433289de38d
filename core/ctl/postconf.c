/* SPDX-License-Identifier: MIT */
/*
 * postconf - what Postfix's own tools say of its instances and their settings
 *
 * Runs in: spoolguardctl, for preflight.  Settings are not read from the files here: postconf knows the defaults of
 * the version that is installed, expands what refers to something else, and reads main.cf as Postfix does.  The
 * tools read files of /etc and change nothing.
 *
 * Owns nothing.  Fails with a negative errno value and the tool's own words; an answer that does not fit is an
 * error, because a domain or a setting that was cut off would look as if it were not there.
 * Limits: POSTCONF_INSTANCES_MAX instances, the settings of PARAMETERS, and of the tables in them those that postmap
 * can list: not what a server is asked for, and not patterns.
 */
#include "ctl/postconf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/tool.h"

/* Not everybody who asks has them in his PATH. */
#define POSTMULTI "/usr/sbin/postmulti"
#define POSTCONF "/usr/sbin/postconf"
#define POSTMAP "/usr/sbin/postmap"
#define TOOL_MSEC 10000
#define BLANK " \t"
#define SEPARATORS ", \t\r\n"

#define PARAMETERS                                                                                    \
        "mydestination", "virtual_alias_domains", "virtual_mailbox_domains", "relay_domains",         \
                "delay_warning_time", "maximal_queue_lifetime", "bounce_queue_lifetime",              \
                "minimal_backoff_time", "maximal_backoff_time", "queue_run_delay", "queue_directory", \
                "compatibility_level"

/* The first line of what a tool said, for a sentence. */
static int complain(int status, const char *tool, const char *output, char *why, size_t size) {
        if (status < 0)
                text_format(why, size, "%s cannot be run: %s", tool, strerror(-status));
        else
                text_format(why, size, "%s says: %.*s", tool, (int)strcspn(output, "\n"), output);
        return status < 0 ? status : -EIO;
}

static int ask(const char *const argv[], char text[static POSTCONF_TEXT_MAX], char *why, size_t size) {
        int status = tool_run(argv, TOOL_MSEC, text, POSTCONF_TEXT_MAX);

        if (status != 0)
                return complain(status, argv[0], text, why, size);
        if (strlen(text) + 1 >= POSTCONF_TEXT_MAX) {
                text_format(why, size, "%s says more than can be looked at", argv[0]);
                return -E2BIG;
        }
        return 0;
}

/* The next word of a line, copied; where the line goes on. */
static const char *take_word(const char *line, char *word, size_t size) {
        line += strspn(line, BLANK);
        size_t length = strcspn(line, BLANK "\n");

        text_format(word, size, "%.*s", (int)length, line);
        return line + length;
}

size_t postconf_parse_instances(
        const char *text, struct postconf_instance rows[static POSTCONF_INSTANCES_MAX]) {
        bool is_first = true;
        size_t n = 0;

        while (*text && n < POSTCONF_INSTANCES_MAX) {
                struct postconf_instance row;
                char group[64], enabled[8];
                const char *rest = take_word(text, row.name, sizeof(row.name));

                rest = take_word(rest, group, sizeof(group));
                rest = take_word(rest, enabled, sizeof(enabled));
                take_word(rest, row.config, sizeof(row.config));
                /* As the daemon calls one that has no name of its own. */
                if (!is_first && strcmp(row.name, "-") == 0 && strrchr(row.config, '/'))
                        text_copy(row.name, sizeof(row.name), strrchr(row.config, '/') + 1);
                is_first = false;
                if (strcmp(enabled, "y") == 0 && row.config[0] == '/')
                        rows[n++] = row;
                text += strcspn(text, "\n");
                text += *text == '\n';
        }
        return n;
}

int postconf_instances(struct postconf_instance rows[static POSTCONF_INSTANCES_MAX], char *why, size_t size) {
        static const char *const argv[] = {POSTMULTI, "-l", NULL};
        char text[POSTCONF_TEXT_MAX];
        int r = ask(argv, text, why, size);

        if (r < 0)
                return r;
        size_t n = postconf_parse_instances(text, rows);

        if (n == 0)
                return complain(1, argv[0], text, why, size);
        return (int)n;
}

/* Its keys, but for addresses, behind those that are there; one that does not fit is left out. */
static void add_table(struct postconf *postconf, const char *table) {
        static const char proxy[] = "proxy:";
        const char *real = strncmp(table, proxy, sizeof(proxy) - 1) == 0 ? table + sizeof(proxy) - 1 : table;
        const char *const argv[] = {POSTMAP, "-s", real, NULL};
        char text[POSTCONF_TEXT_MAX], why[256], key[256];
        size_t used = strlen(postconf->tables), end = used;

        if (ask(argv, text, why, sizeof(why)) < 0)
                return;
        text_format(postconf->tables + end, POSTCONF_TEXT_MAX - end, "%s\n", table);
        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                take_word(line, key, sizeof(key));
                end += strlen(postconf->tables + end);
                if (!strchr(key, '@'))
                        text_format(postconf->tables + end, POSTCONF_TEXT_MAX - end, " %s\n", key);
        }
        if (end + strlen(postconf->tables + end) + 1 >= POSTCONF_TEXT_MAX)
                postconf->tables[used] = '\0';
}

/* Those in a file of this host, named in any of the values. */
static void read_tables(struct postconf *postconf) {
        static const char *const types[] = {
                "hash:/", "btree:/", "lmdb:/", "cdb:/", "dbm:/", "sdbm:/", "proxy:hash:/", "proxy:btree:/"};
        char table[POSTCONF_PATH_MAX];
        const char *known;

        postconf->tables[0] = '\0';
        for (const char *at = postconf->values; *at; at += strcspn(at, SEPARATORS), at += *at != '\0') {
                text_format(table, sizeof(table), "%.*s", (int)strcspn(at, SEPARATORS), at);
                for (size_t i = 0; i < ELEMENTSOF(types); i++)
                        if (strncmp(table, types[i], strlen(types[i])) == 0 &&
                                !postconf_table(postconf, table, &known))
                                add_table(postconf, table);
        }
}

bool postconf_table(const struct postconf *postconf, const char *table, const char **ret_keys) {
        size_t length = strlen(table);

        for (const char *line = postconf->tables; *line; line += strcspn(line, "\n"), line += *line == '\n')
                if (strncmp(line, table, length) == 0 && line[length] == '\n') {
                        *ret_keys = line + length + 1;
                        return true;
                }
        return false;
}

bool postconf_next_key(const char **keys, char *ret_key, size_t size) {
        if (**keys != ' ')
                return false;
        *keys = take_word(*keys, ret_key, size);
        *keys += strcspn(*keys, "\n");
        *keys += **keys == '\n';
        return true;
}

int postconf_read(
        const struct postconf_instance *instance, struct postconf *ret_postconf, char *why, size_t size) {
        const char *const values[] = {POSTCONF, "-c", instance->config, "-x", PARAMETERS, NULL};
        const char *const set[] = {POSTCONF, "-c", instance->config, "-n", PARAMETERS, NULL};
        const char *const overrides[] = {POSTCONF, "-c", instance->config, "-P", NULL};
        const char *const services[] = {POSTCONF, "-c", instance->config, "-M", NULL};
        int r = ask(values, ret_postconf->values, why, size);

        text_copy(ret_postconf->config, sizeof(ret_postconf->config), instance->config);
        if (r == 0)
                r = ask(set, ret_postconf->set, why, size);
        if (r == 0)
                r = ask(overrides, ret_postconf->overrides, why, size);
        if (r == 0)
                r = ask(services, ret_postconf->services, why, size);
        if (r == 0)
                read_tables(ret_postconf);
        return r;
}

/* The value of a line "name = value"; false: there is none, or it does not fit. */
static bool find_line(const char *text, const char *name, char *ret_value, size_t size) {
        size_t length = strlen(name);

        for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
                const char *value = text + length;

                if (strncmp(text, name, length) != 0)
                        continue;
                value += strspn(value, BLANK);
                if (*value != '=')
                        continue;
                value++;
                value += strspn(value, BLANK);
                if (strcspn(value, "\n") >= size)
                        return false;
                text_format(ret_value, size, "%.*s", (int)strcspn(value, "\n"), value);
                return true;
        }
        return false;
}

bool postconf_setting(const struct postconf *postconf, const char *service, const char *name,
        struct postconf_setting *ret_setting) {
        static const char *const types[] = {"unix", "fifo", "inet", "pass"};
        struct postconf_setting *setting = ret_setting;
        char full[192], written[POSTCONF_VALUE_MAX];

        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                text_format(full, sizeof(full), "%s/%s/%s", service, types[i], name);
                if (!find_line(postconf->overrides, full, setting->value, sizeof(setting->value)))
                        continue;
                setting->is_set = true;
                text_format(setting->file, sizeof(setting->file), "%s/master.cf, service %s",
                        postconf->config, service);
                return true;
        }
        setting->is_set = postconf_written(postconf, name, written, sizeof(written));
        text_format(setting->file, sizeof(setting->file), "%s/main.cf", postconf->config);
        return find_line(postconf->values, name, setting->value, sizeof(setting->value));
}

bool postconf_written(const struct postconf *postconf, const char *name, char *ret_value, size_t size) {
        return find_line(postconf->set, name, ret_value, size);
}

bool postconf_time(const char *value, char unit, uint64_t *ret_seconds) {
        static const struct {
                char unit;
                uint64_t seconds;
        } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
        char *end;

        if (value[0] < '0' || value[0] > '9')
                return false;
        errno = 0;
        unsigned long long number = strtoull(value, &end, 10);

        if (errno != 0 || number > INT32_MAX || (end[0] && end[1]))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (units[i].unit == (end[0] ? end[0] : unit)) {
                        *ret_seconds = number * units[i].seconds;
                        return true;
                }
        return false;
}

bool postconf_is_chrooted(const struct postconf *postconf) {
        char level[32] = "0", column[192];
        bool by_default = !find_line(postconf->values, "compatibility_level", level, sizeof(level)) ||
                strtol(level, NULL, 10) < 1;

        for (const char *line = postconf->services; *line;
                line += strcspn(line, "\n"), line += *line == '\n') {
                const char *rest = line;

                for (int i = 0; i < 5; i++)
                        rest = take_word(rest, column, sizeof(column));
                if (strcmp(column, "y") == 0 || (by_default && strcmp(column, "-") == 0))
                        return true;
        }
        return false;
}
