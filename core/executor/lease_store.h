/* SPDX-License-Identifier: MIT */
/*
 * lease_store - the leases on disk
 *
 * The file STATE/leases is LEASE_MAX places of two slots in the format of record/record.h, event "lease".  The
 * slots of a place are written in turn and the higher number counts, so that a torn write leaves what was before.
 * A place whose lease is over keeps it as "ended": its number must not be given again.
 */
#ifndef EXECUTOR_LEASE_STORE_H
#define EXECUTOR_LEASE_STORE_H

#include "base/error.h"
#include "executor/lease.h"
#include "executor/state_file.h"

#define LEASE_MAX 64u

struct lease_store;
/* As recorder_new().  `now_usec`: CLOCK_REALTIME. */
int lease_store_new(const char *state_dir, const char *run_dir, const char *group, uint64_t now_usec,
        struct lease_store **ret_store);
struct lease_store *lease_store_free(struct lease_store *store);

enum state_place lease_store_place(const struct lease_store *store);
const char *lease_store_trouble(const struct lease_store *store); /* one sentence, or "" */

/* Place i of LEASE_MAX; the lease in it may be ended, or none (id 0). */
struct lease *lease_store_at(struct lease_store *store, unsigned i);
/* NULL: there is none, or it has ended. */
struct lease *lease_store_find(struct lease_store *store, uint64_t id);
/* The lowest number above `after` of which lease_is_of() says yes; 0: there is none. */
uint64_t lease_store_after(const struct lease_store *store, uint64_t after, const char *verb,
        const char *name, const char *value);
/* How many have not ended. */
unsigned lease_store_count(struct lease_store *store);
/* What the next one will be called. */
uint64_t lease_store_next(const struct lease_store *store);
/*
 * A place for a copy of this lease, which gets the next number; in memory only.  Returns NULL when LEASE_MAX have
 * not ended.  What was returned in `open_incident`, or is worn, is the last to make way.
 */
struct lease *lease_store_add(struct lease_store *store, const struct lease *lease, uint64_t open_incident);
/* One that was added and never written is forgotten. */
void lease_store_drop(struct lease *lease);
/*
 * On disk on return.  -EMSGSIZE: what is needed to undo it does not fit in a slot; other negative values: it is
 * kept nowhere.
 */
int lease_store_write(struct lease_store *store, const struct lease *lease, uint64_t now_usec);
/* As state_file_mend(). */
bool lease_store_mend(struct lease_store *store);

#endif
