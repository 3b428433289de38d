/* SPDX-License-Identifier: MIT */
/* desk_lease - what desk_lease.c and desk_lease_work.c want of each other; nobody else includes this */
#ifndef EXECUTOR_DESK_LEASE_H
#define EXECUTOR_DESK_LEASE_H

#include "executor/desk_parts.h"

/* Of the lease, something changed: disk and watcher are told. */
void desk_lease_keep(struct desk *desk, const struct lease *lease);
void desk_lease_record(struct desk *desk, const char *event, const struct lease *lease);
/* A renewal went well. */
void desk_lease_renewed(struct desk *desk, struct lease *lease, const struct sg_outcome *outcome);

/* An action, a renewal or an undo is at work for it. */
bool desk_lease_works_on(const struct desk *desk, uint64_t lease);
/* Begin to look whether it is in force, when it is time for that. */
void desk_lease_look(struct desk *desk, struct lease *lease);
/* What came of it (desk_lease_look.c). */
void desk_lease_looked(
        struct desk *desk, struct lease *lease, enum wire_status status, const struct sg_outcome *outcome);
/* Begin to undo one that is ending, when its time has come and no other undo is at work. */
void desk_lease_undo(struct desk *desk, struct lease *lease);

#endif
