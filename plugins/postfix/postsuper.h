/* SPDX-License-Identifier: MIT */
/* postsuper - Postfix's own tool, given lists of messages to move */
#ifndef POSTFIX_POSTSUPER_H
#define POSTFIX_POSTSUPER_H

#include <spoolguard/action.h>

struct postsuper_order {
        const char *config;     /* directory of the instance's main.cf */
        const char *option;     /* "-h" hold, "-H" release, "-r" requeue */
        const char *queue;      /* the only one it may look into */
        const char *const *ids; /* legal names of less than QUEUE_ID_MAX bytes */
        size_t n;
        uint64_t pause_usec; /* between batches */
};

struct postsuper_report {
        uint64_t moved;              /* as it says itself: to be held against what is found */
        int error;                   /* 0, or a negative errno value; whatever it moved before stays moved */
        char text[SG_TEXT_MAX - 64]; /* what it said, when there is an error */
};

void postsuper_run(const struct sg_action *action, const struct postsuper_order *order,
        struct postsuper_report *ret_report);

#endif
