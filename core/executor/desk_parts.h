/* SPDX-License-Identifier: MIT */
/* desk_parts - what the files desk*.c share; nobody else includes this */
#ifndef EXECUTOR_DESK_PARTS_H
#define EXECUTOR_DESK_PARTS_H

#include "executor/action_child.h"
#include "executor/admit.h"
#include "executor/allowance.h"
#include "executor/desk.h"
#include "executor/lease_store.h"

#define DESK_TICKETS_MAX 8u
#define DESK_DENIALS_MAX 16u
#define DESK_TICKET_LIFE (30 * USEC_PER_SEC)
#define DESK_DEATHS_MAX 5u /* of the watcher within DESK_DEATHS_WINDOW, then people are called */
#define DESK_DEATHS_WINDOW (10 * USEC_PER_MINUTE)

/* One lease is undone at a time, besides the renewals, so that these cannot keep it waiting. */
#define DESK_LEASE_WORKS (ADMIT_CHILDREN + 1)

/* A child and what it works with (desk_job.c). */
struct desk_job {
        struct action_child *child;
        struct action_plan plan; /* owns its selection_fd */
        const struct sg_option *option_table;
        struct sg_value *args, *options;
};

/* One action at work. */
struct desk_action {
        struct desk *desk;
        struct desk_job job;
        uint64_t lease; /* that it takes or renews; 0: none */
        bool takes_lease;
        uint64_t serial; /* of the request; 0 when that watcher is gone */
        uint64_t run, incident, action, started_usec;
        bool dry;
        bool not_admitted; /* the second decision said no: the verb had no turn */
        char playbook[WIRE_NAME_MAX], args_text[WIRE_TEXT_MAX];
};

/* A renewal, an undo or a look at work (desk_lease_work.c). */
struct desk_lease_work {
        struct desk *desk;
        struct desk_job job;
        uint64_t lease;
};

struct desk {
        struct loop *loop;
        struct book *book;
        struct ledger *ledger; /* of the book */
        struct lease_store *leases;
        const struct plugin_list *plugins;
        const struct config *config;
        uint32_t generation;
        struct notify *notify;
        char *root;
        const struct desk_ops *ops;
        void *data;

        struct channel *channel; /* NULL: no watcher */
        bool greeted, closed;
        char trouble[WIRE_TEXT_MAX];
        enum state_place told_place, told_leases_place;
        char watcher_status[WIRE_TEXT_MAX];

        struct desk_action *actions[ADMIT_CHILDREN];
        struct desk_lease_work *lease_works[DESK_LEASE_WORKS];
        struct loop_timer *lease_timer, *disk_timer;
        uint64_t started_usec; /* CLOCK_REALTIME */
        struct allowance runs, strays, reloads;
        uint64_t deaths[DESK_DEATHS_MAX]; /* of the watcher, the newest first; 0: none */
        /* Calls for people that were not made since the last one that was. */
        uint64_t held, held_since_usec;
        /* Runs that root asked for and that the watcher has not begun yet. */
        struct {
                char playbook[WIRE_NAME_MAX];
                uint64_t until_usec;
        } tickets[DESK_TICKETS_MAX];
        /* Denials of the last hour: the same one again is counted, not written. */
        struct {
                uint32_t key;
                uint64_t since_usec, times;
        } denials[DESK_DENIALS_MAX];
};

void desk_send(struct desk *desk, const struct wire_message *message);
/* STATE, and PLAYBOOK_STATE of one or (NULL) all playbooks. */
void desk_tell_state(struct desk *desk);
void desk_tell_playbook(struct desk *desk, const char *name);
struct budget_limit desk_limit(const struct config_playbook *playbook);
struct budget_limit desk_attempts(const struct config_playbook *playbook); /* how often it may begin at all */
void desk_facts(
        const struct desk *desk, const struct config_playbook *playbook, struct admit_rules *ret_rules);
/* How often this denial was made and not written; false: it is not to be written now, either. */
bool desk_denial_is_news(
        struct desk *desk, const char *who, const char *what, const char *text, uint64_t *ret_repeated);
/* People were called for this within the hour. */
bool desk_called_lately(const struct desk *desk, const char *reason, const char *condition);
/* As book_watch_clock(); the leases move as well. */
int64_t desk_watch_clock(struct desk *desk);
/* A message that fits nothing we know: said in the log, within limits. */
void desk_stray(struct desk *desk, const char *what, uint64_t id);

/* The handlers of desk.c's table. */
void desk_on_incident_open(struct desk *desk, const struct wire_message *message);
void desk_on_incident_note(struct desk *desk, const struct wire_message *message);
void desk_on_incident_close(struct desk *desk, const struct wire_message *message);
void desk_on_escalate(struct desk *desk, const struct wire_message *message);
void desk_on_run_begin(struct desk *desk, const struct wire_message *message);
void desk_on_run_end(struct desk *desk, const struct wire_message *message);
void desk_on_action_request_consume_fd(struct desk *desk, const struct wire_message *message, int fd);
void desk_on_lease_renew_consume_fd(struct desk *desk, const struct wire_message *message, int fd);
void desk_on_lease_end(struct desk *desk, const struct wire_message *message);
void desk_on_lower(struct desk *desk, const struct wire_message *message);

void desk_end_run(struct desk *desk, const struct ledger_run *run, const char *result, const char *text);
void desk_action_free(struct desk_action *action);

/* Takes arguments and selection, also on failure; to be followed by deinit in any case. */
int desk_job_init(const struct desk *desk, struct desk_job *job, const struct sg_plugin *plugin,
        const struct sg_verb *verb, struct sg_value *args, int selection, struct problem *problem);
int desk_job_start(const struct desk *desk, struct desk_job *job, uint64_t incident,
        const struct action_child_ops *ops, void *data, struct problem *problem);
void desk_job_deinit(struct desk_job *job);
/* "name=value" of every argument; false when it does not fit. */
bool desk_write_args(const struct sg_verb *verb, const struct sg_value *args, const char *separator,
        char *text, size_t size);

/* What a reversible verb with these arguments would find in an incident. */
enum admit_lease desk_lease_standing(
        struct desk *desk, const struct sg_verb *verb, const struct sg_value *args, uint64_t incident);
/* The lease that this action takes or renews; its number goes into the plan.  For what was admitted. */
void desk_lease_begin(struct desk_action *action, const struct wire_action_request *request);
/* The action will be told to go: the lease is on disk, or NULL, or why not. */
const char *desk_lease_go(struct desk_action *action);
void desk_lease_outcome(
        struct desk_action *action, bool went, enum wire_status status, const struct sg_outcome *outcome);
/* Its effect is known by its lease. */
bool desk_lease_covers(struct desk *desk, uint64_t action, const char *verb);
void desk_tell_leases(struct desk *desk); /* all of them */
void desk_recover_leases(struct desk *desk);
void desk_move_leases(struct desk *desk, int64_t by_usec);
/* What is due is done, what is ending is undone. */
void desk_look_at_leases(struct desk *desk);
void desk_lease_work_free(struct desk_lease_work *work);

#endif
