/* SPDX-License-Identifier: MIT */
/*
 * diagnosis - which of several sentences about one incident people read
 *
 * Runs in: watcher and simulation.  Pure.
 */
#ifndef ENGINE_DIAGNOSIS_H
#define ENGINE_DIAGNOSIS_H

#include "config/config.h"
#include "wire/wire.h"

/* A sentence, and what speaks for it. */
struct diagnosis {
        char text[WIRE_TEXT_MAX]; /* "": none */
        unsigned cause;           /* of the condition that it is about */
        enum config_level level;  /* of that condition; of no meaning when a playbook said it */
        bool by_playbook;
};

/* Whether `next`, which is there, is to be read in place of `held`, which is older and may be none. */
bool diagnosis_gives_way(const struct diagnosis *held, const struct diagnosis *next);

#endif
