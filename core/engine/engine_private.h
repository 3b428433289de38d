/* SPDX-License-Identifier: MIT */
/*
 * engine_private - what the files of the engine share: its structure, and the calls between them
 *
 * engine.c wires and answers, engine_receive.c hears the executor, engine_event.c tells the observer,
 * engine_incident.c keeps the open incident, engine_diagnosis.c what it is about, run.c the runs, engine_lease.c the
 * leases.  Whoever changes something calls engine_touch(); what follows from it is decided in one deferred call,
 * engine_plan().
 */
#ifndef ENGINE_ENGINE_PRIVATE_H
#define ENGINE_ENGINE_PRIVATE_H

#include "engine/engine.h"
#include "engine/schedule.h"

#define ENGINE_TROUBLES_MAX 64
#define ENGINE_LEASES_MAX 64

/* A condition of the open incident; same index as in struct incident. */
struct gathered {
        bool seen;                    /* its label set was published since this process started */
        bool dropped;                 /* it is gone and holds nothing open any more */
        bool told;                    /* people were told of it in this incident */
        bool led;                     /* the incident was about it, which is on record */
        char sentence[WIRE_TEXT_MAX]; /* what its sensor said while it was bad; "": it has no words */
        uint64_t tripped_edge, cleared_edge, since_usec;
        uint64_t cleared_usec; /* monotonic */
        unsigned trips;        /* since it was calm for an hour */
};

/* What was said of the open incident; the sentence that is shown is in struct incident. */
struct diagnosis_words {
        struct diagnosis told;          /* by a playbook */
        char about[CONDITION_NAME_MAX]; /* the condition of its run */
        uint64_t told_edge;             /* the newest one then */
        size_t leading;                 /* the condition whose words are shown; SIZE_MAX: none's */
        size_t best;                    /* the one whose words are the best of the incident; likewise */
        uint64_t shown_usec;            /* monotonic: when these words came */
        char noted[WIRE_TEXT_MAX];      /* the last ones on record */
};

/* A playbook, and what the engine knows beyond what is shown. */
struct playbook_life {
        struct playbook playbook; /* first: a run points to this part */
        struct schedule_turn turn;
        bool quarantined, changed;   /* changed: tell, also when the state is the same */
        enum playbook_state resting; /* cool-down or spent, until playbook.until_usec */
        char told[WIRE_TEXT_MAX]; /* for an escalation: its last turn in this incident, or why it had none */
};

enum run_wait { RUN_WAIT_NONE, RUN_WAIT_ACTION, RUN_WAIT_CLEAR, RUN_WAIT_TIME };

struct run_life {
        struct run run; /* first: the script hands back struct run */
        struct run_life *next;
        struct engine *engine;
        struct loop_timer *timer; /* end of a wait; end of being shown */
        enum run_wait wait;
        bool wait_ok;       /* what the timer's end will mean */
        bool scripted;      /* the script holds something to release */
        bool fruitless;     /* an action of it was denied or found nothing to do */
        bool probing;       /* the action that it waits for only looks */
        bool brings_back;   /* started because its condition had cleared */
        bool for_condition; /* `condition` is an index into the open incident */
        size_t condition;
        uint64_t edge; /* number of the newest edge when it was asked for */
        uint64_t action_serial;
        unsigned acts, notes, diagnoses, left_out; /* left_out: words that were not passed on */
        char clear_name[CONDITION_NAME_MAX];
        struct incident_action action; /* the newest one */
        /* The answer to an action that was never asked for, given when the wait for it ends at once. */
        bool answered_here;
        uint32_t status_here; /* enum wire_status */
        char text_here[WIRE_TEXT_MAX];
};

/* A lease that the executor told of, and when this process has to do something about it (monotonic). */
struct lease_life {
        struct wire_lease lease; /* first: what is shown is this part */
        uint64_t renew_at_usec;
        unsigned renewals;                         /* asked for */
        uint64_t quiet_since_usec, end_asked_usec; /* see lease_keep.h */
        bool failing;                              /* its last renewal */
        bool renewing;                             /* that was asked for later than its end */
        bool empty;                                /* a run says that it brought back what this held */
        bool let_go;                               /* a run says that it cannot bring that back */
};

struct trouble {
        char key[WIRE_NAME_MAX], text[WIRE_TEXT_MAX];
};

struct queued_event;

struct engine {
        struct loop *loop;
        const struct config *config;
        struct board *board;
        const struct engine_ops *ops;
        void *data;
        const struct engine_script_ops *script;
        void *script_data;

        struct condition_list *conditions;
        struct playbook_life *playbooks; /* one per row of the configuration */
        struct run_life *runs;
        struct lease_life *leases[ENGINE_LEASES_MAX]; /* in order of their numbers */
        size_t n_leases;

        struct incident *incidents[INCIDENT_KEEP + 1]; /* newest first; those with an id */
        size_t n_incidents;
        struct incident *open;      /* NULL: none */
        struct incident *continued; /* open before this process was; told by WELCOME */
        struct gathered gathered[INCIDENT_CONDITIONS_MAX];
        uint64_t called_usec; /* monotonic: when people were told of something, the last time */
        uint64_t open_serial; /* of the INCIDENT_OPEN that is not answered */
        uint64_t edges;
        struct diagnosis_words words;
        bool back_by_passed;
        uint64_t back_by_again_usec; /* monotonic: when to look at it */

        bool ready; /* WELCOME_END came */
        uint64_t ready_usec;
        uint64_t orphans; /* actions a former watcher asked for, still running */
        uint64_t serial;
        uint32_t mode;
        uint64_t maintenance_until_usec;
        bool degraded;
        char degraded_text[WIRE_TEXT_MAX];
        struct trouble troubles[ENGINE_TROUBLES_MAX];
        size_t n_troubles;
        char state_text[WIRE_LONG_MAX], shown_text[WIRE_LONG_MAX];
        const char *shown_name; /* of the constant names */

        struct loop_defer *plan;
        struct loop_timer *plan_timer;
        struct loop_defer *deliver;
        struct queued_event *events, **events_end;
};

/* engine.c */
void engine_touch(struct engine *engine);
void engine_send(struct engine *engine, const struct wire_message *message);
/* Condition `i` of the open incident, and a playbook, as schedule.c sees them. */
struct schedule_condition engine_schedule_condition(const struct engine *engine, size_t i);
struct schedule_playbook engine_schedule_playbook(
        const struct engine *engine, const struct playbook_life *playbook);

/* engine_state.c: writes the sentence; the second one tells, too, when it differs from what was told */
void engine_state_describe(struct engine *engine);
void engine_state_changed(struct engine *engine);
/* Says when `back_by` is a date that has passed; returns when to look again (monotonic). */
uint64_t engine_state_back_by(struct engine *engine);

/* engine_event.c: `owned` is freed (with free) once it was delivered */
int engine_event_init(struct engine *engine);
void engine_event_deinit(struct engine *engine);
void engine_event_queue(struct engine *engine, struct engine_event event, void *owned);
void engine_event_now(struct engine *engine, struct engine_event event); /* from a deferred call only */

/* engine_incident.c */
struct incident *engine_incident_find(struct engine *engine, uint64_t id);
struct incident *engine_incident_add(struct engine *engine, struct incident *incident); /* takes it */
void engine_incident_tripped(struct engine *engine, const struct condition *condition);
void engine_incident_cleared(struct engine *engine, const struct condition *condition);
void engine_incident_opened(struct engine *engine, const struct wire_incident_reply *reply);
void engine_incident_continue(struct engine *engine, struct incident *incident);
void engine_incident_note(struct engine *engine, const char *kind, const char *text);
void engine_incident_changed(struct engine *engine); /* tells, once it has its number */
void engine_incident_escalate(struct engine *engine, const char *reason, size_t condition);
/* False: a condition or a lease keeps it open, at least until *ret_again_usec (lowered only). */
bool engine_incident_is_over(struct engine *engine, uint64_t *ret_again_usec);
void engine_incident_close(struct engine *engine);

/* engine_diagnosis.c; tripped: something did just now */
void engine_diagnosis_tripped(struct engine *engine);
/* Shows what leads by now; returns when to look again (monotonic). */
uint64_t engine_diagnosis_follow(struct engine *engine);
/* By the playbook of a run about `condition`; false: it is not what people read, something explains more. */
bool engine_diagnosis_said(struct engine *engine, const char *condition, const char *sentence);
void engine_diagnosis_opened(struct engine *engine); /* it has its number */
/* The open incident goes on where `same`, of the same number, was closed. */
void engine_diagnosis_resume(struct engine *engine, const struct incident *same);
void engine_diagnosis_continue(struct engine *engine);
void engine_diagnosis_close(struct engine *engine);
void engine_diagnosis_forget(struct engine *engine);
/* Condition `i` of the open incident, which is there, in its own words or in figures. */
void engine_diagnosis_describe(const struct engine *engine, size_t i, struct diagnosis *ret);
/* The words that people read, when they explain more than condition `i`; else NULL. */
const char *engine_diagnosis_beside(const struct engine *engine, size_t i);

/* run.c */
struct run_life *run_begin(
        struct engine *engine, struct playbook_life *playbook, const char *condition, bool by_hand, bool dry);
struct run_life *run_find(const struct engine *engine, uint64_t id);
bool run_is_active(const struct run_life *life);
void run_replied(struct engine *engine, const struct wire_run_reply *reply);
void run_action_started(struct engine *engine, const struct wire_action_started *started);
/* False: no run of this process asked for it. */
bool run_action_finished(struct engine *engine, const struct wire_action_finished *finished);
void run_wait_begin(struct run_life *life, enum run_wait wait, uint64_t within_usec, const char *label);
void run_release_scripts(struct engine *engine);
void run_free_all(struct engine *engine);

static inline struct run_life *run_life_of(struct run *run) {
        return (struct run_life *)run;
}

static inline struct playbook_life *run_playbook(const struct run_life *life) {
        return (struct playbook_life *)life->run.playbook;
}

/* run_request.c: ends waits for a condition that is clear by now */
void run_look_at_conditions(struct engine *engine);
/* See engine_awaits_selection(). */
bool run_awaits_selection(const struct engine *engine, const struct wire_action_request *request);
void run_selected(struct engine *engine, const struct wire_action_request *request, ssize_t n);
/* The one note about words over the limit, when there were any. */
void run_note_left_out(struct run_life *life);

/* engine_lease.c; brought_back: this run says that it brought back what waited for its condition to clear */
void engine_lease_changed(struct engine *engine, const struct wire_lease *lease);
void engine_lease_brought_back(struct engine *engine, const struct run *run);
bool engine_lease_awaits_selection(const struct engine *engine, uint64_t number);
void engine_lease_selected(struct engine *engine, uint64_t number, ssize_t n);
/* Renews and ends what has to be; returns when to do so again (monotonic), USEC_NEVER without leases. */
uint64_t engine_lease_keep(struct engine *engine);
bool engine_lease_holds(const struct engine *engine, uint64_t incident);
void engine_lease_free_all(struct engine *engine);

/* engine_playbook.c */
void engine_playbook_refused(struct run_life *life, const struct wire_run_reply *reply);
void engine_playbook_ended(struct run_life *life, enum run_answer answer, bool failed);
/* Recomputes what is shown; returns when to look again (monotonic). */
/* What the executor says of it: resting until then, or not. */
void engine_playbook_rest(struct playbook_life *playbook, enum wire_verdict verdict, uint64_t until_usec);
uint64_t engine_playbook_show(struct engine *engine);

#endif
