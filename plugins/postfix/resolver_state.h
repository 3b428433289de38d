/* SPDX-License-Identifier: MIT */
/* resolver_state - does Postfix still ask name servers by a configuration that is not the present one */
#ifndef POSTFIX_RESOLVER_STATE_H
#define POSTFIX_RESOLVER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "postfix/master_cf.h"
#include "postfix/resolver_files.h"

#define RESOLVER_SENTENCE_MAX 256

/* The oldest process of a kind that asks name servers; `name` "": there is none. */
struct resolver_agent {
        char name[16];
        pid_t pid;
        int64_t since_seconds;
};

enum { RESOLVER_OUTSIDE, RESOLVER_INSIDE, RESOLVER_SIDES }; /* of the chroot */

/* Times are CLOCK_REALTIME in seconds. */
struct resolver_facts {
        int64_t now_seconds;
        bool is_seen;    /* other processes than our own can be seen */
        bool is_running; /* there is a master */
        bool has_qmgr;
        int64_t qmgr_seconds;         /* since its last reload, that is */
        bool is_used[RESOLVER_SIDES]; /* some service that asks name servers is there */
        struct resolver_agent oldest[RESOLVER_SIDES];
        bool is_native; /* names are looked up by the C library, too */
        enum resolver_copy copies[RESOLVER_FILES];
        /*
         * When the name servers of that side became what they are; 0: not while these processes can have run.  The
         * knowledge is better where the change was seen: `is_guess` when only the time of the file tells of it, which
         * a file that was written again with the same content has, too.
         */
        int64_t changed_seconds[RESOLVER_SIDES];
        bool is_guess[RESOLVER_SIDES];
};

enum resolver_state {
        RESOLVER_CURRENT,
        RESOLVER_STALE,
        RESOLVER_UNKNOWN, /* and never to be taken for current */
};

struct resolver_verdict {
        enum resolver_state state;
        const char *why;                    /* RESOLVER_UNKNOWN */
        const struct resolver_agent *agent; /* that is too old; NULL: none */
        int64_t changed_seconds;            /* what it is too old for */
        const char *copy;                   /* name of a copy that drifted; NULL: none */
        bool is_missing;                    /* ... or rather, that is not there */
};

void resolver_state_judge(const struct resolver_facts *facts, struct resolver_verdict *ret_verdict);
/* For a verdict that is stale; `spool` as people know it. */
void resolver_state_say(const struct resolver_verdict *verdict, const char *spool, int64_t now_seconds,
        char ret_sentence[static RESOLVER_SENTENCE_MAX]);

/* The facts but for the changes, which are 0: those are for who remembers. `spool` and `config` have the root in front. */
int resolver_state_look(const char *root, const char *spool, const char *config, int64_t now_seconds,
        struct resolver_facts *ret_facts);
/* As far as the times of the files tell of changes, for who has seen none. */
void resolver_state_guess(const char *root, const char *spool, struct resolver_facts *facts);

#endif
