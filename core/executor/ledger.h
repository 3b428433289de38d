/* SPDX-License-Identifier: MIT */
/*
 * ledger - what the records of the recorder add up to: plain data that decisions are made from
 *
 * The only way to change it is ledger_apply() of a record, live as at a start, so that the state after a crash
 * is the state before it.  (Fields marked "live" are the desk's own and are not in the record.)
 */
#ifndef EXECUTOR_LEDGER_H
#define EXECUTOR_LEDGER_H

#include "base/clock.h"
#include "config/config.h"
#include "executor/budget.h"
#include "record/record.h"
#include "wire/wire.h"

#define LEDGER_CONDITIONS_MAX 1024u
#define LEDGER_PLAYBOOKS_MAX 96u
#define LEDGER_VERBS_MAX 64u
#define LEDGER_INCIDENTS_MAX 20u
#define LEDGER_ACTIONS_MAX 128u
#define LEDGER_RUNS_MAX 16u
#define LEDGER_INTENTS_MAX 8u
#define LEDGER_TURNS_MAX 32u
#define LEDGER_STEPS_MAX 8u
#define LEDGER_FLOOR USEC_PER_DAY
#define LEDGER_ESCALATIONS_MAX 32u

struct ledger_playbook {
        char name[WIRE_NAME_MAX];
        struct budget_uses acted; /* ends of runs that acted */
        struct budget_uses begun; /* beginnings of runs, whether they acted or not */
        uint64_t runs, would_have_run, last_run_usec;
        uint64_t crashes; /* of the watcher in its Lua, since it was last trusted */
        bool quarantined;
        uint64_t quarantined_source; /* record_sum() of the source that was quarantined */
};

struct ledger_verb {
        char name[WIRE_NAME_MAX];
        struct budget_uses uses; /* executed actions */
};

struct ledger_incident {
        uint64_t id, since_usec, closed_usec; /* closed 0: open */
        bool escalated;
        char title[WIRE_TEXT_MAX];
        char diagnosis[WIRE_TEXT_MAX];
        char conditions[LEDGER_CONDITIONS_MAX]; /* one a line, the one that opened it first */
};

/* A run that has begun and not ended. */
struct ledger_run {
        uint64_t id, incident;
        char playbook[WIRE_NAME_MAX];
        bool observe, dry, by_root;
        bool acted, would_have_acted;
        unsigned requests; /* live */
};

struct ledger {
        uint64_t next_number, next_incident, next_run, next_action;

        struct ledger_incident incident;                   /* id 0: none is open */
        struct ledger_incident past[LEDGER_INCIDENTS_MAX]; /* oldest first */
        size_t n_past;
        struct wire_past_action actions[LEDGER_ACTIONS_MAX]; /* ended ones, oldest first */
        size_t n_actions;
        struct wire_past_action intents[LEDGER_INTENTS_MAX]; /* without an outcome yet */
        uint64_t intent_runs[LEDGER_INTENTS_MAX];
        size_t n_intents;
        struct ledger_run runs[LEDGER_RUNS_MAX];
        size_t n_runs;

        struct ledger_playbook playbooks[LEDGER_PLAYBOOKS_MAX];
        size_t n_playbooks;
        struct ledger_verb verbs[LEDGER_VERBS_MAX];
        size_t n_verbs;
        /* Verbs that had their turn in the incident opened last: run, or their check said no or nothing; never dry. */
        uint64_t turns_incident;
        char turns[LEDGER_TURNS_MAX][WIRE_NAME_MAX];
        size_t n_turns;
        struct ledger_escalation {
                uint64_t incident, at_usec;
                char reason[WIRE_NAME_MAX], condition[WIRE_TEXT_MAX];
        } escalations[LEDGER_ESCALATIONS_MAX]; /* oldest first */
        size_t n_escalations;

        /* The clock was set forward, oldest first; `at` is by the clock that was set. */
        struct {
                uint64_t at_usec, by_usec;
        } steps[LEDGER_STEPS_MAX];
        size_t n_steps;
        uint64_t last_usec; /* time of the newest record */

        enum config_mode mode_override; /* CONFIG_MODE_OFF: what the configuration says */
        uint64_t maintenance_until_usec;
};

void ledger_init(struct ledger *ledger);
void ledger_apply(struct ledger *ledger, const struct record *record);

/* NULL when there is none. */
const struct ledger_playbook *ledger_playbook(const struct ledger *ledger, const char *name);
const struct ledger_verb *ledger_verb(const struct ledger *ledger, const char *name);
struct ledger_run *ledger_run(struct ledger *ledger, uint64_t id);
const struct ledger_incident *ledger_incident(const struct ledger *ledger, uint64_t id); /* open or past */
bool ledger_had_turn(const struct ledger *ledger, const char *verb); /* in the incident opened last */
/* The last use of the verb in this incident has no known outcome. */
bool ledger_is_unknown(const struct ledger *ledger, uint64_t incident, const char *verb);
/*
 * LEDGER_FLOOR before the incident, as time stamps of files have it: those made before the clock was set forward
 * look older than they are, so the floor goes down with every such step it lies behind.
 */
uint64_t ledger_floor(const struct ledger *ledger, uint64_t since_usec);
uint64_t ledger_latest_usec(const struct ledger *ledger); /* the latest time in it that should have passed */
/* When people were last called for this; 0: never. */
uint64_t ledger_escalated_usec(const struct ledger *ledger, const char *reason, const char *condition);

enum wire_status ledger_status(const char *name); /* of wire_status_name(); 0: no such */
bool ledger_counts(enum wire_status status);      /* something was, or may have been, changed */

#endif
