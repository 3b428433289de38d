/* SPDX-License-Identifier: MIT */
/* instance - the instances of Postfix on this host: what they are called, and where their files are */
#ifndef POSTFIX_INSTANCE_H
#define POSTFIX_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>

#define POSTFIX_INSTANCES_MAX 32u
#define POSTFIX_INSTANCE_MAX 64
#define POSTFIX_PATH_MAX 256

/* Paths are without the host's root in front. */
struct postfix_instance {
        char name[POSTFIX_INSTANCE_MAX]; /* "-" for the default one: the label, and what postmulti -i takes */
        char config[POSTFIX_PATH_MAX];   /* what Postfix's tools take behind -c */
        char spool[POSTFIX_PATH_MAX];    /* "": it cannot be used, for the reason in `problem` */
        char problem[160];
        bool enabled;
};

struct postfix_instances {
        struct postfix_instance rows[POSTFIX_INSTANCES_MAX];
        size_t n;
};

/*
 * Those that main.cf of the default one names and that are enabled, the default one first; or those of the queue
 * directories in `spools`, a list ended by NULL, when it is not empty.
 */
void postfix_instances_find(const char *root, const char *const *spools, struct postfix_instances *ret_found);
/* One that can be used, or NULL. */
const struct postfix_instance *postfix_instances_named(
        const struct postfix_instances *found, const char *name);

/*
 * No main.cf is there that may be of an instance of that name, in use or not.  What cannot be looked at counts as there.
 * One that was taken from the list and is not at its usual place is not known of.
 */
bool postfix_instance_is_gone(const char *root, const char *name);

/* What a queue directory that no main.cf names is called: "-" for "/var/spool/postfix"; false: not a usable path. */
bool postfix_instance_of(const char *spool, char ret_instance[static POSTFIX_INSTANCE_MAX]);

#endif
