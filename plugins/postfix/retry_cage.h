/* SPDX-License-Identifier: MIT */
/* retry_cage - a few messages as they were before Postfix was asked to try them, and whether they moved since */
#ifndef POSTFIX_RETRY_CAGE_H
#define POSTFIX_RETRY_CAGE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "postfix/order.h"

#define RETRY_CANARIES_MAX 5

/* Canaries, or the first of a batch. */
struct retry_cage {
        struct retry_canary {
                char id[QUEUE_ID_MAX];
                struct stat status;
                bool moved;
        } canaries[RETRY_CANARIES_MAX];
        size_t n;
};

/* Beyond RETRY_CANARIES_MAX they are let go. */
void retry_cage_keep(struct retry_cage *cage, const char *id, const struct mail_file *message);
/* How many of them were taken up so far.  `outcome` says why when that cannot be looked at. */
size_t retry_cage_moved(const struct sg_action *action, const char *instance, struct retry_cage *cage,
        struct sg_outcome *outcome);
/* The same, after at most two seconds in which all of them may be. */
size_t retry_cage_await(const struct sg_action *action, const char *instance, struct retry_cage *cage,
        struct sg_outcome *outcome);

#endif
