/* SPDX-License-Identifier: MIT */
/*
 * instance_reads - what a sensor tells that it reads of an instance of Postfix
 *
 * Runs in the watcher, before its confinement and now and then after it.  What is told is opened to the watcher for
 * good, and a directory with all that is in it; so of a file only a file is told, or a name that has nothing yet.
 *
 * Owns nothing.  Fails with what the host says.
 * Limits: an instance without a configuration, or without a usable spool, has none to be read.
 */
#include "postfix/instance_reads.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

int instance_reads_file(const char *root, const char *path, sg_reads_fn add, void *data) {
        char full[2 * PATH_MAX];
        struct stat status;

        snprintf(full, sizeof(full), "%s%s", root, path);
        return stat(full, &status) < 0 || S_ISREG(status.st_mode) ? add(path, data) : 0;
}

int instance_reads_config(const char *root, const struct postfix_instance *instance, const char *name,
        sg_reads_fn add, void *data) {
        char path[POSTFIX_PATH_MAX + 32];

        if (instance->config[0] == '\0')
                return 0;
        snprintf(path, sizeof(path), "%s/%.30s", instance->config, name);
        return instance_reads_file(root, path, add, data);
}

int instance_reads_spool(const struct postfix_instance *instance, sg_reads_fn add, void *data) {
        return instance->spool[0] != '\0' ? add(instance->spool, data) : 0;
}
