/* SPDX-License-Identifier: MIT */
/* admit - yes or no, with a reason: may this run begin, may this action be done; pure */
#ifndef EXECUTOR_ADMIT_H
#define EXECUTOR_ADMIT_H

#include "config/config.h"
#include "executor/budget.h"
#include "spoolguard/action.h"
#include "wire/wire.h"

#define ADMIT_CHILDREN 2u

struct admit_answer {
        enum wire_verdict verdict;
        bool observe;        /* with WIRE_GO: check and record, touch nothing */
        uint64_t until_usec; /* CLOCK_REALTIME; 0: no such time */
        char text[WIRE_TEXT_MAX];
};

/* What holds for the host and for one playbook. */
struct admit_rules {
        enum config_mode host_mode, playbook_mode;
        bool quarantined;
        uint64_t maintenance_until_usec, now_usec; /* CLOCK_REALTIME */
};

struct admit_run {
        struct admit_rules rules;
        const char *failed; /* why the playbook's file cannot be used; NULL: it can */
        bool known;         /* there is such a playbook */
        bool by_hand, dry;  /* as the watcher says */
        bool asked_by_root; /* root asked for it at our own socket: may pass the cool-down */
        uint64_t incident, open_incident;
        bool is_running;                 /* this playbook has a run already */
        bool table_full;                 /* too many runs at once */
        const struct budget_uses *acted; /* NULL: never */
        struct budget_limit limit;
        const struct budget_uses *begun; /* acted or not; NULL: never */
        struct budget_limit attempts;
};

/* Reversible verbs: what there is already of the lease that it would take. */
enum admit_lease {
        ADMIT_LEASE_NEW = 0,
        ADMIT_LEASE_RENEWED, /* the same is in force: this renews it */
        ADMIT_LEASE_AT_WORK,
        ADMIT_LEASE_ENDING,
        ADMIT_LEASE_RETURNED,
        ADMIT_LEASE_WORN,
        ADMIT_LEASE_FULL,
        ADMIT_LEASE_TOO_LONG,
};

struct admit_action {
        struct admit_rules rules;
        const struct sg_verb *verb; /* NULL: there is no such verb */
        bool named;                 /* the playbook's text names it */
        const char *bad_args;       /* why they are not acceptable; NULL: they are */
        const char *bad_selection;  /* why what should have come with it cannot be used; NULL: it can */
        bool ends;                  /* it says which condition ends it */
        enum admit_lease lease;
        bool run_exists, run_observe, dry;
        bool asked_by_root; /* a word from the watcher is not enough to repeat what may have happened */
        unsigned requests;  /* of this run, before this one */
        bool run_is_acting; /* an action of this run is not over */
        unsigned children;  /* of all runs */
        bool is_unknown;    /* its last use in the open incident has no known outcome */
        bool recordable;
        const struct budget_uses *uses; /* NULL: never used */
};

enum config_mode admit_lower_mode(enum config_mode a, enum config_mode b);
void admit_run(const struct admit_run *run, struct admit_answer *ret_answer);
/* Everything but WIRE_GO becomes WIRE_DENIED on the wire. */
void admit_action(const struct admit_action *action, struct admit_answer *ret_answer);

#endif
