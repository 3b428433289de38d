/* SPDX-License-Identifier: MIT */
/* action_child - the executor's side of one action in one child: fork, verdict, go, deadline, outcome */
#ifndef EXECUTOR_ACTION_CHILD_H
#define EXECUTOR_ACTION_CHILD_H

#include "base/loop.h"
#include "executor/action_host.h"
#include "wire/wire.h"

#define ACTION_DEADLINE_DEFAULT (60 * USEC_PER_SEC)
#define ACTION_UNDO_DEADLINE (5 * USEC_PER_MINUTE) /* unless the verb's own is longer */
#define ACTION_KILL_AFTER (5 * USEC_PER_SEC)

struct action_child;

struct action_manifest {
        const char *const *lines;
        size_t n;
};

struct action_child_ops {
        /*
         * check() said go.  True: the intent is on disk, tell the child.  False: `denial` was filled with the
         * reason, or left empty when the check is all that was wanted.
         */
        bool (*on_go)(struct action_child *child, const struct action_manifest *manifest,
                const struct sg_outcome *outcome, char denial[static SG_TEXT_MAX], void *data);
        /* The child is gone and reaped; `went` tells if it was told to go.  Free it in here. */
        void (*on_end)(struct action_child *child, bool went, enum wire_status status,
                const struct sg_outcome *outcome, void *data);
};

/* plan->deadline_usec is filled in; what the plan points to must live until on_end. */
int action_child_new(struct loop *loop, struct action_plan *plan, const struct action_child_ops *ops,
        void *data, struct action_child **ret_child);
/* A child that still runs is left alone; nobody will hear of it. */
struct action_child *action_child_free(struct action_child *child);
/* As if the deadline had come. */
void action_child_stop(struct action_child *child);

#endif
