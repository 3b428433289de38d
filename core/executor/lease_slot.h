/* SPDX-License-Identifier: MIT */
/* lease_slot - a lease as the record that stands in a slot of the file of leases */
#ifndef EXECUTOR_LEASE_SLOT_H
#define EXECUTOR_LEASE_SLOT_H

#include "executor/lease.h"
#include "record/record.h"

/* -EBADMSG: not a lease of this place. */
int lease_slot_parse(const char slot[static RECORD_SLOT_SIZE], unsigned place, struct lease *ret_lease,
        uint64_t *ret_number);
/* -EMSGSIZE: something is cut that is needed to undo it. */
int lease_slot_format(const struct lease *lease, unsigned place, uint64_t number, uint64_t now_usec,
        char slot[static RECORD_SLOT_SIZE]);
/* As far as a slot knows them. */
bool lease_slot_is_same(const struct lease *a, const struct lease *b);

#endif
