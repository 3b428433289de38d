/* SPDX-License-Identifier: MIT */
/*
 * plugin_open - one shared object: may it be opened, and is what it exports sound?
 *
 * Runs in the loader, the watcher and the executor, in the last as root: dlopen() runs constructors before
 * anything in the file can be looked at, so who may write the file is all that protects the host.  Therefore
 * the file is opened once, checked by its descriptor, and the dynamic linker gets /proc/self/fd/N: what was
 * checked is what is opened, even if the name changes hands in between.
 *
 * The linker remembers objects by the name they were opened with, so a descriptor that was handed to it stays
 * open until the process ends; otherwise its number would come back for another plugin and find this one.
 * Opening a file again (same device and inode) gives what was opened before.  Owns both for ever.
 *
 * Fails by filling in plugin->refused.  Limits: the tables are trusted to end; they are our owner's code.
 */
#include "plugin/plugin_open.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/option.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

struct opened {
        struct opened *next;
        dev_t device;
        ino_t inode;
        const struct sg_plugin *sg;
};

static struct opened *all_opened;

static __attribute__((format(printf, 2, 3))) void refuse(struct plugin *plugin, const char *format, ...) {
        char reason[256];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(reason, sizeof(reason), format, arguments);
        va_end(arguments);
        problem_set(&plugin->refused, "plugin %s refused: %s", plugin->path, reason);
        plugin->sg = NULL;
}

const char *plugin_open_distrust(uid_t file_owner, mode_t mode, uid_t owner) {
        if (file_owner != owner)
                return owner == 0 ? "does not belong to root" : "does not belong to the right user";
        if (mode & (S_IWGRP | S_IWOTH))
                return "can be written by others than its owner";
        return NULL;
}

static bool name_valid(const char *name) {
        return *name >= 'a' && *name <= 'z' && name[strspn(name, NAME_CHARACTERS)] == '\0';
}

/* A default that its own row refuses would fail at every start, far from who can mend it. */
static bool options_sound(struct plugin *plugin, const struct sg_option *table) {
        for (; table && table->name; table++) {
                struct problem problem = {0};
                struct sg_value value;

                if (!name_valid(table->name)) {
                        refuse(plugin, "the option name \"%.32s\" is not valid", table->name);
                        return false;
                }
                if (table->fallback && option_parse(table, table->fallback, &value, &problem) < 0) {
                        refuse(plugin, "the default of an option is not valid: %.160s", problem.text);
                        return false;
                }
                if (table->fallback)
                        option_value_deinit(&value);
        }
        return true;
}

static bool verb_sound(struct plugin *plugin, const struct sg_verb *verb) {
        size_t length = strlen(plugin->name);

        if (!verb->name || strncmp(verb->name, plugin->name, length) != 0 || verb->name[length] != '.' ||
                !name_valid(verb->name + length + 1)) {
                refuse(plugin, "the verb \"%.40s\" is not named %s.something", verb->name ? verb->name : "",
                        plugin->name);
                return false;
        }
        if (verb->risk < SG_RISK_PROBE || verb->risk > SG_RISK_DESTRUCTIVE || !verb->check || !verb->run ||
                verb->deadline_usec == 0 || (verb->risk == SG_RISK_REVERSIBLE && !verb->undo)) {
                refuse(plugin, "the verb %.40s lacks a risk, a check, a run, a deadline or an undo",
                        verb->name);
                return false;
        }
        return options_sound(plugin, verb->args);
}

static bool sensor_sound(struct plugin *plugin, const struct sg_sensor *sensor) {
        if (sensor->name && sensor->readings && sensor->create && sensor->destroy)
                return true;
        refuse(plugin, "a sensor lacks a name, readings, create or destroy");
        return false;
}

static bool descriptor_sound(struct plugin *plugin, const struct sg_plugin *sg) {
        bool sound = true;

        if (sg->abi != SG_PLUGIN_ABI) {
                refuse(plugin,
                        "built for ABI %u, this spoolguard has ABI %u: rebuild it against spoolguard-dev",
                        sg->abi, SG_PLUGIN_ABI);
                return false;
        }
        if (sg->size < sizeof(struct sg_plugin)) {
                refuse(plugin,
                        "its descriptor has %u bytes instead of %zu: rebuild it against spoolguard-dev",
                        sg->size, sizeof(struct sg_plugin));
                return false;
        }
        if (!sg->name || strcmp(sg->name, plugin->name) != 0) {
                refuse(plugin, "it calls itself \"%.40s\": file and plugin must have the same name",
                        sg->name ? sg->name : "");
                return false;
        }
        for (size_t i = 0; sg->verbs && sg->verbs[i] && sound; i++)
                sound = verb_sound(plugin, sg->verbs[i]);
        for (size_t i = 0; sg->sensors && sg->sensors[i] && sound; i++)
                sound = sensor_sound(plugin, sg->sensors[i]);
        return sound && options_sound(plugin, sg->options);
}

/* Hands the file to the linker; the descriptor is kept on success. */
static const struct sg_plugin *load(struct plugin *plugin, int *fd, const struct stat *status) {
        struct opened *opened;
        char path[64];
        void *handle;

        for (opened = all_opened; opened; opened = opened->next)
                if (opened->device == status->st_dev && opened->inode == status->st_ino)
                        return opened->sg;
        opened = malloc(sizeof(*opened));
        if (!opened) {
                refuse(plugin, "out of memory");
                return NULL;
        }
        text_format(path, sizeof(path), "/proc/self/fd/%d", *fd);
        handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!handle) {
                const char *reason = dlerror();
                size_t length = strlen(path);

                free(opened);
                /* The name that the linker knows it by says nothing to people, and is another each time. */
                if (reason && strncmp(reason, path, length) == 0 && strncmp(reason + length, ": ", 2) == 0)
                        reason += length + 2;
                refuse(plugin, "%.200s", reason ? reason : "cannot be opened");
                return NULL;
        }
        *opened = (struct opened){.next = all_opened,
                .device = status->st_dev,
                .inode = status->st_ino,
                .sg = dlsym(handle, "sg_plugin")};
        all_opened = opened;
        take_fd(fd);
        return opened->sg;
}

void plugin_open(struct plugin *plugin, int directory_fd, uid_t owner) {
        _cleanup_close_ int fd = -1;
        const struct sg_plugin *sg;
        const char *distrust;
        struct stat status;
        char file[80];

        if (!name_valid(plugin->name)) {
                refuse(plugin, "its name is not of small letters, digits and '_'");
                return;
        }
        text_format(file, sizeof(file), "%s.so", plugin->name);
        fd = openat(directory_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, &status) < 0) {
                refuse(plugin, "%s", errno == ELOOP ? "it is a symbolic link" : strerror(errno));
                return;
        }
        if (!S_ISREG(status.st_mode)) {
                refuse(plugin, "it is not a regular file");
                return;
        }
        distrust = plugin_open_distrust(status.st_uid, status.st_mode, owner);
        if (distrust) {
                refuse(plugin, "it %s", distrust);
                return;
        }
        sg = load(plugin, &fd, &status);
        if (!sg && !plugin->refused.text[0])
                refuse(plugin, "it exports no symbol sg_plugin");
        if (sg && descriptor_sound(plugin, sg))
                plugin->sg = sg;
}
