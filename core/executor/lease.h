/* SPDX-License-Identifier: MIT */
/*
 * lease - a reversible change in force: what is known of it, and what becomes of it when; pure
 *
 * A lease is TAKING from before its action is told to go; IN_FORCE from a good outcome; LAPSED when a slice
 * passed without a renewal; ENDING while it is undone; ENDED when that is done.  One that is found TAKING at a
 * start may or may not have changed something: it is in force from then on, so that evidence can renew or end it.
 * One that does not lapse is OVERRULED while somebody else has made something else of what it had changed.
 */
#ifndef EXECUTOR_LEASE_H
#define EXECUTOR_LEASE_H

#include "wire/wire.h"

#define LEASE_ARGS_MAX 448u
#define LEASE_RENEW_MIN (20 * UINT64_C(1000000))       /* between two renewals of one lease */
#define LEASE_TURN (90 * UINT64_C(1000000))            /* so long others wait for one that was passed over */
#define LEASE_LOOK (60 * UINT64_C(1000000))            /* between two looks whether it is in force */
#define LEASE_LOOK_OVERRULED (300 * UINT64_C(1000000)) /* the same, once it is not */
#define LEASE_COMPLAINT (600 * UINT64_C(1000000))      /* between two complaints about one lease */
#define LEASE_UNDO_CALL 3u /* failures to undo after which people are called, once */

/* Whether it is over although its undo fails. */
enum lease_forget {
        LEASE_FORGET_NEVER = 0,
        LEASE_FORGET_GONE, /* when what it changed is not there any more */
        LEASE_FORGET_ANYWAY,
};

struct lease {
        uint64_t id; /* never used twice; 0: none */
        uint64_t incident, action, count;
        uint64_t since_usec, expires_usec, limit_usec; /* CLOCK_REALTIME; 0: never */
        uint64_t slice_usec;                           /* 0: it lasts until it is undone */
        enum wire_lease_state state;
        /*
         * Why it ends or ended, a word; "returned": an admin wants the same no more in `incident`; "limit": it rests.
         */
        char why[16];
        char verb[WIRE_NAME_MAX], owner[WIRE_NAME_MAX];
        char args[LEASE_ARGS_MAX]; /* "name=value", one a line, in the order of the verb's table */
        char until_clear[WIRE_TEXT_MAX], reason[WIRE_TEXT_MAX], text[WIRE_TEXT_MAX];

        /* Live, not kept on disk; CLOCK_MONOTONIC. */
        uint64_t renewed_usec, recorded_usec, undo_after_usec;
        uint64_t passed_over_usec; /* it was to be renewed and there was no room; 0: not since it was */
        uint64_t complained_usec;  /* that it was not renewed */
        uint64_t looked_usec;      /* whether what it changed is still so; 0: not yet */
        unsigned failures;         /* to undo it */
        enum lease_forget forget;  /* what root said for the next try */
};

enum lease_due {
        LEASE_DUE_NOTHING = 0,
        LEASE_DUE_LAPSE,
        LEASE_DUE_END_LAPSED, /* it lapsed a slice ago: nobody speaks for it any more */
        LEASE_DUE_END_LIMIT,
};

/* What a look has shown: how its verb answers when it is asked for the same once more. */
enum lease_seen {
        LEASE_SEEN_NOTHING = 0, /* new */
        LEASE_SEEN_OVERRULED,
        LEASE_SEEN_STILL_OVERRULED,
        LEASE_SEEN_IN_FORCE, /* again */
};

/* Times are CLOCK_REALTIME; `started` is when the executor did. */
enum lease_due lease_due(const struct lease *lease, uint64_t started_usec, uint64_t now_usec);
/* When lease_due() may say something new; UINT64_MAX: never. */
uint64_t lease_due_usec(const struct lease *lease, uint64_t started_usec);

/* Its action is told to go.  `max_usec`: the longest life of it, 0: none. */
void lease_take(struct lease *lease, uint64_t slice_usec, uint64_t max_usec, uint64_t now_usec);
/* A good outcome: of its action or of a renewal. */
void lease_hold(struct lease *lease, uint64_t count, uint64_t now_usec);
/* It is to be undone by then; a limit that is nearer stays.  0: no need. */
void lease_limit(struct lease *lease, uint64_t until_usec);
/* False when it is ending already; only an admin's word takes the place of another reason. */
bool lease_end(struct lease *lease, const char *why);
/* An admin took it back in this incident, and so the same is not to be done again in it. */
bool lease_is_returned(const struct lease *lease, uint64_t incident);
/* It ended at its limit and rests. */
bool lease_is_worn(const struct lease *lease, uint64_t now_usec);
/* Its last slice is over for a slice: what it changed is gone, undone or not. */
bool lease_has_passed(const struct lease *lease, uint64_t now_usec);
/* May it be renewed: by state, and not too often. */
bool lease_may_renew(const struct lease *lease, uint64_t monotonic_usec);
/* May it be looked at: by state, and not too often. */
bool lease_may_look(const struct lease *lease, uint64_t monotonic_usec);
enum lease_seen lease_seen(const struct lease *lease, enum wire_status status, bool is_overruled);
/* It was passed over a moment ago, and its last renewal is older than the other's. */
bool lease_goes_before(const struct lease *lease, const struct lease *other, uint64_t monotonic_usec);
/* When to try again, after so many failures. */
uint64_t lease_undo_wait(unsigned failures);
/* The clock was set. */
void lease_move(struct lease *lease, int64_t by_usec);
/* Read from the disk.  Held last in the future, it shows that the clock went back meanwhile. */
void lease_know_again(struct lease *lease, uint64_t now_usec);

/* An action of `verb` with this value as its argument `name` was told to go for it, and it is not over. */
bool lease_is_of(const struct lease *lease, const char *verb, const char *name, const char *value);

/* What is told of it over the wire. */
void lease_message(const struct lease *lease, struct wire_message *ret_message);

#endif
