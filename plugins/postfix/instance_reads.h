/* SPDX-License-Identifier: MIT */
/* instance_reads - what a sensor tells that it reads of an instance of Postfix */
#ifndef POSTFIX_INSTANCE_READS_H
#define POSTFIX_INSTANCE_READS_H

#include <spoolguard/sensor.h>

#include "postfix/instance.h"

/* `path` without the root; only while it is a file, or nothing yet.  As sg_reads_fn. */
int instance_reads_file(const char *root, const char *path, sg_reads_fn add, void *data);
/* A file of its configuration directory, and the spool. */
int instance_reads_config(const char *root, const struct postfix_instance *instance, const char *name,
        sg_reads_fn add, void *data);
int instance_reads_spool(const struct postfix_instance *instance, sg_reads_fn add, void *data);

#endif
