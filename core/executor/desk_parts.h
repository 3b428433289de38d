/* SPDX-License-Identifier: MIT */
/* desk_parts - what the files desk*.c share; nobody else includes this */
#ifndef EXECUTOR_DESK_PARTS_H
#define EXECUTOR_DESK_PARTS_H

#include "executor/action_child.h"
#include "executor/admit.h"
#include "executor/allowance.h"
#include "executor/desk.h"

#define DESK_TICKETS_MAX 8u
#define DESK_DENIALS_MAX 16u
#define DESK_TICKET_LIFE (30 * USEC_PER_SEC)
#define DESK_DEATHS_MAX 5u /* of the watcher within DESK_DEATHS_WINDOW, then people are called */
#define DESK_DEATHS_WINDOW (10 * USEC_PER_MINUTE)

/* One action at work. */
struct desk_action {
        struct desk *desk;
        struct action_child *child;
        struct action_plan plan;
        const struct sg_option *option_table;
        struct sg_value *args, *options;
        uint64_t serial; /* of the request; 0 when that watcher is gone */
        uint64_t run, incident, action, started_usec;
        bool dry;
        bool not_admitted; /* the second decision said no: the verb had no turn */
        char playbook[WIRE_NAME_MAX], args_text[WIRE_TEXT_MAX];
};

struct desk {
        struct loop *loop;
        struct book *book;
        struct ledger *ledger; /* of the book */
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
        enum recorder_place told_place;
        char watcher_status[WIRE_TEXT_MAX];

        struct desk_action *actions[ADMIT_CHILDREN];
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
/* A message that fits nothing we know: said in the log, within limits. */
void desk_stray(struct desk *desk, const char *what, uint64_t id);

/* The handlers of desk.c's table. */
void desk_on_incident_open(struct desk *desk, const struct wire_message *message);
void desk_on_incident_note(struct desk *desk, const struct wire_message *message);
void desk_on_incident_close(struct desk *desk, const struct wire_message *message);
void desk_on_escalate(struct desk *desk, const struct wire_message *message);
void desk_on_run_begin(struct desk *desk, const struct wire_message *message);
void desk_on_run_end(struct desk *desk, const struct wire_message *message);
void desk_on_action_request(struct desk *desk, const struct wire_message *message);
void desk_on_lower(struct desk *desk, const struct wire_message *message);

void desk_end_run(struct desk *desk, const struct ledger_run *run, const char *result, const char *text);
void desk_action_free(struct desk_action *action);

#endif
