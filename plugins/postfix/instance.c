/* SPDX-License-Identifier: MIT */
/*
 * instance - the instances of Postfix on this host: what they are called, and where their files are
 *
 * Runs in the watcher, before and after its confinement, and in children of the executor, where an argument that
 * names an instance must lead to a spool of Postfix or to none: each process derives it for itself, from files that
 * only root can write.  The default instance's main.cf names the configuration directories of the others, and
 * theirs say what they are called, whether they are in use, and where their queues are.  One with a broken main.cf is
 * listed with what is wrong, and harms no other.
 *
 * Owns nothing.  Cannot fail: without a main.cf the default instance has its default directory.
 * Limits: POSTFIX_INSTANCES_MAX; a path with other letters than those of plain file names, or with "..", is not usable;
 * two instances with one name or one spool are a mistake, and the second is left out.
 */
#include "postfix/instance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "postfix/main_cf.h"
#include "postfix/text_file.h"

#define DEFAULT_SPOOL "/var/spool/postfix"
#define DEFAULT_CONFIG "/etc/postfix"
#define DEFAULT_INSTANCE "-"

/* Letters that can be in a file name below /etc, in a label and in an argument without being mistaken there. */
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static bool component_is_usable(const char *start, size_t length) {
        return length > 0 && strspn(start, NAME_CHARACTERS) >= length && *start != '.' && *start != '-';
}

/* Its last component, or NULL when the path is not usable.  One slash may be behind it. */
static const char *last_component(const char *path, size_t *ret_length) {
        const char *last = NULL;
        size_t length = 0;

        for (const char *at = path; *at == '/' && at[1] != '\0'; at += 1 + length) {
                last = at + 1;
                length = strcspn(last, "/");
                if (!component_is_usable(last, length))
                        return NULL;
        }
        if (!last || (last[length] != '\0' && last[length + 1] != '\0'))
                return NULL;
        *ret_length = length;
        return last;
}

bool postfix_instance_of(const char *spool, char ret_instance[static POSTFIX_INSTANCE_MAX]) {
        size_t length;
        const char *last = last_component(spool, &length);

        if (!last || length >= POSTFIX_INSTANCE_MAX)
                return false;
        if (strncmp(spool, DEFAULT_SPOOL, strlen(DEFAULT_SPOOL)) == 0 &&
                last + length == spool + strlen(DEFAULT_SPOOL)) {
                last = DEFAULT_INSTANCE;
                length = strlen(DEFAULT_INSTANCE);
        }
        memcpy(ret_instance, last, length);
        ret_instance[length] = '\0';
        return true;
}

/* Copies a usable path, without a slash at its end. */
static bool copy_path(char target[static POSTFIX_PATH_MAX], const char *path) {
        size_t length;
        const char *last = last_component(path, &length);
        size_t size = last ? (size_t)(last - path) + length : 0;

        if (!last || size >= POSTFIX_PATH_MAX)
                return false;
        memcpy(target, path, size);
        target[size] = '\0';
        return true;
}

static struct postfix_instance *add(struct postfix_instances *found, const char *name, const char *config) {
        struct postfix_instance *row;

        if (found->n == POSTFIX_INSTANCES_MAX)
                return NULL;
        row = &found->rows[found->n++];
        *row = (struct postfix_instance){.enabled = true};
        snprintf(row->name, sizeof(row->name), "%s", name);
        snprintf(row->config, sizeof(row->config), "%s", config);
        return row;
}

static bool has_main_cf(const char *root, const char *config) {
        char path[2 * POSTFIX_PATH_MAX + 4096];
        struct stat status;

        snprintf(path, sizeof(path), "%s%s/main.cf", root, config);
        return lstat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* 0, or a negative errno value and what is wrong in row->problem. */
static int read_main_cf(const char *root, struct postfix_instance *row, char **ret_text) {
        char path[2 * POSTFIX_PATH_MAX + 4096];
        int r;

        snprintf(path, sizeof(path), "%s%s/main.cf", root, row->config);
        r = text_file_read(path, MAIN_CF_MAX + 1, true, ret_text);
        if (r == -EPERM)
                snprintf(row->problem, sizeof(row->problem),
                        "%.80s/main.cf can be written by others than root and is not believed", row->config);
        else if (r < 0)
                snprintf(row->problem, sizeof(row->problem), "%.80s/main.cf cannot be read: %s", row->config,
                        strerror(-r));
        else if (strlen(*ret_text) > MAIN_CF_MAX)
                snprintf(row->problem, sizeof(row->problem),
                        "%.80s/main.cf has more than %u KiB: what is behind them is not read", row->config,
                        MAIN_CF_MAX >> 10);
        return r;
}

static bool is_taken(const struct postfix_instances *found, const struct postfix_instance *row) {
        for (const struct postfix_instance *other = found->rows; other < row; other++)
                if (other->enabled && other->spool[0] != '\0' &&
                        (strcmp(other->name, row->name) == 0 || strcmp(other->spool, row->spool) == 0))
                        return true;
        return false;
}

/* One that can be told from those before it. */
static void settle(const struct postfix_instances *found, struct postfix_instance *row) {
        if (!row->enabled || !is_taken(found, row))
                return;
        snprintf(row->problem, sizeof(row->problem),
                "%.80s has the name or the queue directory of another instance", row->config);
        row->spool[0] = '\0';
}

static void read_further(const char *root, struct postfix_instances *found, const char *directory) {
        char config[POSTFIX_PATH_MAX], value[MAIN_CF_VALUE_MAX], *main_cf;
        struct postfix_instance *row;
        size_t length;
        const char *last = last_component(directory, &length);

        if (!last || length >= POSTFIX_INSTANCE_MAX || !copy_path(config, directory)) {
                row = add(found, "?", "");
                if (row)
                        snprintf(row->problem, sizeof(row->problem),
                                "multi_instance_directories: \"%.80s\" cannot be used", directory);
                return;
        }
        row = add(found, "", config);
        if (!row)
                return;
        snprintf(row->name, sizeof(row->name), "%.*s", (int)length, last);
        if (read_main_cf(root, row, &main_cf) < 0)
                return;
        if (main_cf_expanded(main_cf, "multi_instance_name", "", value, sizeof(value)) && value[0] &&
                component_is_usable(value, strlen(value)) && strlen(value) < POSTFIX_INSTANCE_MAX)
                memcpy(row->name, value, strlen(value) + 1);
        main_cf_expanded(main_cf, "multi_instance_enable", "no", value, sizeof(value));
        row->enabled = strcasecmp(value, "yes") == 0;
        main_cf_expanded(main_cf, "queue_directory", "", value, sizeof(value));
        free(main_cf);
        if (copy_path(row->spool, value))
                settle(found, row);
        else
                snprintf(row->problem, sizeof(row->problem),
                        "%.80s/main.cf has no usable queue_directory of its own", row->config);
}

static void read_all(const char *root, struct postfix_instances *found) {
        char value[MAIN_CF_VALUE_MAX], *rest = NULL, *main_cf;
        struct postfix_instance *row = add(found, DEFAULT_INSTANCE, DEFAULT_CONFIG);
        int r;

        snprintf(row->spool, sizeof(row->spool), "%s", DEFAULT_SPOOL);
        r = read_main_cf(root, row, &main_cf);
        if (r == -ENOENT && !has_main_cf(root, DEFAULT_CONFIG))
                row->problem[0] = '\0';
        if (r < 0)
                return;
        main_cf_expanded(main_cf, "queue_directory", DEFAULT_SPOOL, value, sizeof(value));
        if (!copy_path(row->spool, value))
                snprintf(row->problem, sizeof(row->problem),
                        "queue_directory of " DEFAULT_CONFIG
                        "/main.cf is not usable: it is taken for " DEFAULT_SPOOL);
        main_cf_expanded(main_cf, "multi_instance_directories", "", value, sizeof(value));
        free(main_cf);
        for (char *word = strtok_r(value, ", \t", &rest); word; word = strtok_r(NULL, ", \t", &rest))
                read_further(root, found, word);
}

/* The one that has this queue directory, by its main.cf or else by the name of the directory. */
static void add_spool(
        const struct postfix_instances *known, const char *spool, struct postfix_instances *found) {
        char path[POSTFIX_PATH_MAX], name[POSTFIX_INSTANCE_MAX], config[POSTFIX_PATH_MAX];
        bool is_usable = copy_path(path, spool) && postfix_instance_of(path, name);
        struct postfix_instance *row;

        for (size_t i = 0; i < known->n && is_usable; i++)
                if (strcmp(known->rows[i].spool, path) == 0) {
                        row = add(found, "", "");
                        if (row)
                                *row = known->rows[i];
                        return;
                }
        if (!is_usable)
                snprintf(name, sizeof(name), "?");
        snprintf(config, sizeof(config), "/etc/%s", strcmp(name, DEFAULT_INSTANCE) == 0 ? "postfix" : name);
        row = add(found, name, config);
        if (row && is_usable) {
                memcpy(row->spool, path, sizeof(path));
                settle(found, row);
        } else if (row) {
                snprintf(
                        row->problem, sizeof(row->problem), "spools: \"%.80s\" is no queue directory", spool);
        }
}

bool postfix_instance_is_gone(const char *root, const char *name) {
        struct postfix_instances known = {.n = 0};
        char config[POSTFIX_PATH_MAX];

        snprintf(config, sizeof(config), "/etc/%.200s",
                strcmp(name, DEFAULT_INSTANCE) == 0 ? "postfix" : name);
        read_all(root, &known);
        for (size_t i = 0; i < known.n; i++) {
                const struct postfix_instance *row = &known.rows[i];

                /* One with a problem may be any, and with one of the first none of the others is known. */
                if (row->config[0] != '\0' && (strcmp(row->name, name) == 0 || row->problem[0] != '\0') &&
                        has_main_cf(root, row->config))
                        return false;
        }
        return known.n < POSTFIX_INSTANCES_MAX && !has_main_cf(root, config);
}

void postfix_instances_find(
        const char *root, const char *const *spools, struct postfix_instances *ret_found) {
        struct postfix_instances known = {.n = 0};

        ret_found->n = 0;
        read_all(root, &known);
        for (const char *const *spool = spools; *spool; spool++)
                add_spool(&known, *spool, ret_found);
        for (size_t i = 0; i < known.n && !*spools; i++)
                if (known.rows[i].enabled)
                        ret_found->rows[ret_found->n++] = known.rows[i];
}

const struct postfix_instance *postfix_instances_named(
        const struct postfix_instances *found, const char *name) {
        for (size_t i = 0; i < found->n; i++)
                if (found->rows[i].spool[0] != '\0' && strcmp(found->rows[i].name, name) == 0)
                        return &found->rows[i];
        return NULL;
}
