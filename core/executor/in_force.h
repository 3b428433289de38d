/* SPDX-License-Identifier: MIT */
/* in_force - the configuration in force: which one it is, and what is taken when a new one is refused */
#ifndef EXECUTOR_IN_FORCE_H
#define EXECUTOR_IN_FORCE_H

#include "config/config.h"
#include "executor/book.h"
#include "executor/desk.h"
#include "loader/loader.h"

struct in_force {
        const struct loader_paths *paths;
        const char *state_dir;
        const struct plugin_list *plugins;
        struct book *book;
        struct desk *desk;

        struct config *config; /* NULL: none yet */
        uint32_t generation;   /* one more with each that differs from the one before */
        char *text;            /* the same, serialised */
        size_t text_size;
};

/* At a start: what the files say, else the last good one, else one that guards nothing.  -ENOMEM: not even that. */
int in_force_begin(struct in_force *in_force);
/*
 * From here on `text` is the configuration; the one before may lend playbooks that are broken in it.  1: it is
 * what is in force already, so nobody is started anew for it.
 */
int in_force_take(struct in_force *in_force, const char *text, size_t size, struct problem *problem);
/* Puts on record that one was refused, and why. */
void in_force_tell_refused(const struct in_force *in_force, const char *problems);
void in_force_deinit(struct in_force *in_force);

#endif
