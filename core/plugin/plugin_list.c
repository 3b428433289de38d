/* SPDX-License-Identifier: MIT */
/*
 * plugin_list - all plugins of a directory, found by their names and by those of their verbs
 *
 * Runs in the loader, the watcher and the executor.  Every *.so of the directory is an entry, also those that
 * are refused, so that each has its line for people.  When the directory itself can be written by others, all
 * of them are refused: whoever writes there can put another file in the place of one that was checked.
 *
 * Owns the list; the plugins themselves stay open for ever (plugin_open.c).  Fails when the directory exists
 * but cannot be read.  Limits: PLUGINS_MAX.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"
#include "config/option.h"
#include "plugin/plugin_open.h"

#define PLUGINS_MAX 64
#define VERBS_MAX 256 /* that are looked at for the nearest */
#define OPTIONS_MAX 64

static const char *const risk_names[] = {
        [SG_RISK_PROBE] = "probe",
        [SG_RISK_FREEING] = "freeing",
        [SG_RISK_REVERSIBLE] = "reversible",
        [SG_RISK_DISRUPTIVE] = "disruptive",
        [SG_RISK_LOSSY] = "lossy",
        [SG_RISK_DESTRUCTIVE] = "destructive",
};

static int is_shared_object(const struct dirent *entry) {
        size_t length = strlen(entry->d_name);

        return length > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 3, ".so") == 0;
}

static int compare_bytes(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static void add(struct plugin_list *list, const char *directory, int directory_fd, const char *file,
        const char *distrust, uid_t owner) {
        struct plugin *plugin = &list->plugins[list->n++];
        int length = (int)(strlen(file) - strlen(".so"));

        text_format(plugin->name, sizeof(plugin->name), "%.*s", length, file);
        text_format(plugin->path, sizeof(plugin->path), "%s/%s", directory, file);
        if (distrust)
                problem_set(&plugin->refused, "plugin %s refused: its directory %s", plugin->path, distrust);
        else
                plugin_open(plugin, directory_fd, owner);
}

int plugin_list_new_owned(const char *directory, uid_t owner, struct plugin_list **ret_list) {
        _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent **entries = NULL;
        struct plugin_list *list;
        struct stat status;
        int n = 0;

        if (fd < 0 && errno != ENOENT)
                return -errno;
        if (fd >= 0) {
                if (fstat(fd, &status) < 0)
                        return -errno;
                n = scandirat(fd, ".", &entries, is_shared_object, compare_bytes);
                if (n < 0)
                        return -errno;
        }
        list = calloc(1, sizeof(*list));
        if (list)
                list->plugins = calloc(PLUGINS_MAX, sizeof(*list->plugins));
        for (int i = 0; i < n; i++) {
                if (list && list->plugins && list->n < PLUGINS_MAX)
                        add(list, directory, fd, entries[i]->d_name,
                                plugin_open_distrust(status.st_uid, status.st_mode, owner), owner);
                free(entries[i]);
        }
        free(entries);
        if (!list || !list->plugins) {
                plugin_list_free(list);
                return -ENOMEM;
        }
        *ret_list = list;
        return 0;
}

int plugin_list_new(const char *directory, struct plugin_list **ret_list) {
        return plugin_list_new_owned(directory, 0, ret_list);
}

struct plugin_list *plugin_list_free(struct plugin_list *list) {
        if (list)
                free(list->plugins);
        free(list);
        return NULL;
}

const struct sg_plugin *plugin_find(const struct plugin_list *list, const char *name) {
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->plugins[i].name, name) == 0)
                        return list->plugins[i].sg;
        return NULL;
}

const struct sg_verb *plugin_verb(
        const struct plugin_list *list, const char *name, const struct sg_plugin **ret_plugin) {
        for (size_t i = 0; i < list->n; i++) {
                const struct sg_plugin *sg = list->plugins[i].sg;

                for (size_t j = 0; sg && sg->verbs && sg->verbs[j]; j++)
                        if (strcmp(sg->verbs[j]->name, name) == 0) {
                                if (ret_plugin)
                                        *ret_plugin = sg;
                                return sg->verbs[j];
                        }
        }
        return NULL;
}

const char *plugin_verb_nearest(const struct plugin_list *list, const char *name) {
        const char *names[VERBS_MAX];
        size_t n = 0;

        for (size_t i = 0; i < list->n; i++) {
                const struct sg_plugin *sg = list->plugins[i].sg;

                for (size_t j = 0; sg && sg->verbs && sg->verbs[j] && n < VERBS_MAX; j++)
                        names[n++] = sg->verbs[j]->name;
        }
        return text_nearest(name, names, n);
}

const char *plugin_risk_name(enum sg_risk risk) {
        return (size_t)risk < ELEMENTSOF(risk_names) && risk_names[risk] ? risk_names[risk] : "unknown";
}

int plugin_options(const struct sg_plugin *plugin, const struct config *config, struct sg_value **ret_values,
        struct problem *problem) {
        struct option_pair pairs[OPTIONS_MAX];
        char prefix[128];
        size_t n = 0, length;

        text_format(prefix, sizeof(prefix), "plugins.%s.", plugin->name);
        length = strlen(prefix);
        for (size_t i = 0; i < config->n_entries; i++) {
                const struct config_entry *entry = &config->entries[i];

                if (strncmp(entry->key, prefix, length) != 0)
                        continue;
                if (n == OPTIONS_MAX)
                        return problem_set(
                                problem, "plugins.%s: more than %d options", plugin->name, OPTIONS_MAX);
                pairs[n++] = (struct option_pair){.name = entry->key + length, .text = entry->value};
        }
        return option_values_new(plugin->options, pairs, n, ret_values, problem);
}
