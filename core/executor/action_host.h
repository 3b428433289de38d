/* SPDX-License-Identifier: MIT */
/* action_host - the child's side of an action: what is lent to a verb, and the verb's two steps */
#ifndef EXECUTOR_ACTION_HOST_H
#define EXECUTOR_ACTION_HOST_H

#include "executor/lease_store.h"
#include "executor/pressure.h"
#include "spoolguard/action.h"

/* Everything a child needs, filled in by the executor before the fork; plain data and pointers to such. */
struct action_plan {
        const struct sg_verb *verb;
        const struct sg_value *args, *options;
        const char *root;
        struct pressure_levels levels;
        uint64_t incident_since_usec, floor_usec;
        bool gentler_spent;
        uint64_t lease;                   /* that the change belongs to; 0: none */
        const struct lease_store *leases; /* those that there are; NULL: none */
        int selection_fd;                 /* what to act on, -1: none; the executor's */
        bool check_only;                  /* observe: it is not even able to go on */
        bool undo;                        /* the verb's undo() in place of check() and run() */
        uint64_t deadline_usec;           /* CLOCK_MONOTONIC */
};

/*
 * The whole life of the child; `fd` is its end of the socketpair, `selection_fd` what the plan's is there.
 * Returns the exit status.
 */
int action_host_main(const struct action_plan *plan, int fd, int selection_fd);

#endif
