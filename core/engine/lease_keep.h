/* SPDX-License-Identifier: MIT */
/*
 * lease_keep - whether a lease is renewed, ended, or left alone
 *
 * Pure: plain data in, one decision out.  See lease_keep.c for the rules.
 */
#ifndef ENGINE_LEASE_KEEP_H
#define ENGINE_LEASE_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* At least so often a lease is renewed, whose slice is many times that long. */
#define LEASE_RENEW_USEC USEC_PER_MINUTE
/* What is clear and in nobody's hands must stay so for this long before its lease is ended, unless it is empty. */
#define LEASE_QUIET_USEC (30 * USEC_PER_SEC)
/* An end that nothing came of is asked for again. */
#define LEASE_END_AGAIN_USEC USEC_PER_MINUTE

enum lease_evidence {
        LEASE_EVIDENCE_UNKNOWN, /* not measured, not published, or between the two levels */
        LEASE_EVIDENCE_STANDS,
        LEASE_EVIDENCE_CLEAR,
};

struct lease_keep_input {
        uint64_t now_usec; /* monotonic, as all times here */
        enum lease_evidence evidence;
        bool kept;         /* in force or lapsed: not being taken or undone */
        bool may_renew;    /* it has slices, and its playbook may act */
        bool brought_back; /* a run that answers the clearing is under way or about to come */
        bool empty;        /* such a run says that it brought all back */
        uint64_t renew_at_usec;
        uint64_t quiet_since_usec; /* clear and not brought back since then; USEC_NEVER: it is not */
        uint64_t end_asked_usec;   /* USEC_NEVER: it was not */
};

enum lease_keep { LEASE_KEEP_WAIT, LEASE_KEEP_RENEW, LEASE_KEEP_END };

/* *ret_again_usec: when to ask again if nothing happens before; USEC_NEVER. */
enum lease_keep lease_keep_decide(const struct lease_keep_input *input, uint64_t *ret_again_usec);

/* How long after the renewal before it the `renewals`-th one is due: half of LEASE_RENEW_USEC to all of it. */
uint64_t lease_keep_interval(unsigned renewals);

#endif
