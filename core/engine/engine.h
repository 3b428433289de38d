/* SPDX-License-Identifier: MIT */
/*
 * engine - readings in, requests to the executor out: the loop of DESIGN without I/O and without wall clock
 *
 * Runs in: watcher (on the real loop, requests over the wire) and simulation (simulated loop, a fake executor).
 * It talks to the executor in struct wire_message by value: `send` out, engine_receive() in.  It starts scripts
 * through struct engine_script_ops (script/script.h implements them with Lua, tests with C).  Changes are told to
 * one observer (the bus) from deferred calls.
 *
 * Nothing starts before WIRE_WELCOME_END came.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/loop.h"
#include "config/config.h"
#include "engine/condition.h"
#include "engine/incident.h"
#include "engine/playbook.h"
#include "engine/reading.h"
#include "wire/wire.h"

struct engine;

/* The script side of a run. Answers come back with engine_run_*(). */
struct engine_script_ops {
        /* The executor said go: begin.  Failure to start ends the run as failed, and nothing is released. */
        int (*start)(struct run *run, const struct incident *incident, void *data);
        /* An action that this run asked for ended; message is WIRE_ACTION_FINISHED. */
        void (*action_finished)(struct run *run, const struct wire_action_finished *finished, void *data);
        /* A wait of this run is over: `ok` false when its deadline passed first. */
        void (*wait_over)(struct run *run, bool ok, void *data);
        /* The run ended or is cancelled: release run->script. */
        void (*release)(struct run *run, void *data);
};

enum engine_event_type {
        ENGINE_CONDITION_ADDED,
        ENGINE_CONDITION_CHANGED,
        ENGINE_CONDITION_REMOVED, /* .condition */
        ENGINE_PLAYBOOK_CHANGED,  /* .playbook */
        ENGINE_RUN_ADDED,         /* .run; once it has its id */
        ENGINE_RUN_CHANGED,
        ENGINE_RUN_REMOVED, /* some seconds after its end; at once, without ADDED, when it was refused */
        ENGINE_INCIDENT_ADDED,
        ENGINE_INCIDENT_CHANGED,
        ENGINE_INCIDENT_CLOSED,  /* .incident; ADDED once it has its id */
        ENGINE_INCIDENT_REMOVED, /* forgotten, over INCIDENT_KEEP */
        ENGINE_ACTION_STARTED,
        ENGINE_ACTION_FINISHED, /* .incident (may be NULL), .action */
        ENGINE_ESCALATED,       /* .incident, .text: why */
        ENGINE_STATE_CHANGED,   /* mode, state, text, maintenance */
        ENGINE_LOWER_REPLY,     /* .lower_reply, for the bus */
        ENGINE_LEASE_ADDED,
        ENGINE_LEASE_CHANGED,
        ENGINE_LEASE_REMOVED, /* .lease; REMOVED when it has ended */
};
struct engine_event {
        enum engine_event_type type;
        const struct condition *condition;
        const struct playbook *playbook;
        const struct run *run;
        const struct incident *incident;
        const struct incident_action *action;
        const char *text;
        const struct wire_lower_reply *lower_reply;
        const struct wire_lease *lease;
};

struct engine_ops {
        int (*send)(const struct wire_message *message, void *data);
        /*
         * ACTION_REQUEST and LEASE_RENEW of a verb with a selector: make the selection for `verb` with these
         * arguments and send `message` with it.  Number of things selected; 0 or negative errno: not sent;
         * -EINPROGRESS: it is being made, and engine_selected() says later what came of it.
         * A verb without one has nothing to select: the message is sent as it is, and the answer is 1.
         */
        ssize_t (*send_selected)(const struct wire_message *message, const char *verb,
                const struct wire_pair *args, size_t n_args, void *data);
        void (*on_event)(const struct engine_event *event, void *data); /* may be NULL */
};

int engine_new(struct loop *loop, const struct config *config, struct board *board,
        const struct engine_ops *ops, void *data, struct engine **ret_engine);
struct engine *engine_free(struct engine *engine);
/* A former one is released from all its runs first; NULL: none. */
void engine_set_script(struct engine *engine, const struct engine_script_ops *ops, void *data);
/*
 * What keeps this process from seeing all it should see ("disk", "inotify: no more watches"); NULL takes it
 * back.  The state is `degraded` as long as there is one.  Keys are cut at 63, texts at 255 bytes.
 */
void engine_set_trouble(struct engine *engine, const char *key, const char *text);
/*
 * No run is under way, and no lease about to be ended: the mail that it held may be gone already, and with it what
 * made its condition known.  A new watcher could only let it lapse.
 */
bool engine_is_quiet(const struct engine *engine);
/* A message of the executor. */
void engine_receive(struct engine *engine, const struct wire_message *message);
/* Whether the message that its selection was made for is still to be sent. */
bool engine_awaits_selection(const struct engine *engine, const struct wire_message *message);
/* What engine_ops.send_selected had to say of this message, after -EINPROGRESS. */
void engine_selected(struct engine *engine, const struct wire_message *message, ssize_t n);

/* By hand (D-Bus, control socket). NULL with the reason in problem, or the run (its id may come later). */
const struct run *engine_run_by_hand(
        struct engine *engine, const char *playbook, bool dry, struct problem *problem);
/* Passes a WIRE_LOWER on; the answer comes as ENGINE_LOWER_REPLY with the same serial. */
int engine_lower(struct engine *engine, uint32_t kind, uint64_t usec, uint64_t lease, const char *who,
        uint64_t *ret_serial);

/* For the script: a run's own requests. Each returns 0 or -EINVAL with the reason. */
struct engine_act {
        const char *verb;
        const struct wire_pair *args;
        size_t n_args;
        /* Reversible verbs: the terms of the lease.  until_clear "" is the condition that the run is about. */
        bool reversible, selects;
        const char *until_clear, *reason;
        bool probes; /* the verb changes nothing */
};
int engine_run_act(
        struct engine *engine, struct run *run, const struct engine_act *act, struct problem *problem);
/* 0, or -EINVAL with the nearest name: whether there is a condition of that name (object or plain name). */
int engine_check_condition(const struct engine *engine, const char *name, struct problem *problem);
/* wait_over(true) once no condition named `condition` (object or plain name) is tripped; unknown is not clear. */
int engine_run_wait_clear(struct engine *engine, struct run *run, const char *condition, uint64_t within_usec,
        struct problem *problem);
/* wait_over(true) after the time. */
int engine_run_wait_time(
        struct engine *engine, struct run *run, uint64_t usec, const char *label, struct problem *problem);
/* A sentence for the incident's record; kind "note" or "diagnosis".  A run's first 32 of each kind are kept. */
void engine_run_note(struct engine *engine, struct run *run, const char *kind, const char *text);
/* The script returned, or failed with `error` ("FILE:LINE: reason"), which is NULL otherwise.  Releases it. */
enum run_answer { RUN_ANSWER_NONE, RUN_ANSWER_NOT_CLEARED, RUN_ANSWER_CLEARED };
void engine_run_ended(struct engine *engine, struct run *run, enum run_answer answer, const char *error);

/* What is there to see; i from 0 until NULL.  Valid until the loop's next turn. */
const struct condition *engine_condition(const struct engine *engine, size_t i);
const struct playbook *engine_playbook(const struct engine *engine, size_t i);
const struct run *engine_run(const struct engine *engine, size_t i);
const struct wire_lease *engine_lease(const struct engine *engine, size_t i);
/* Nobody is waited for to bring back what it holds.  False: its condition is not clear, or there is no such lease. */
bool engine_lease_let_go(struct engine *engine, uint64_t number);
const struct incident *engine_incident(const struct engine *engine, size_t i); /* newest first */
const struct incident *engine_open_incident(const struct engine *engine);      /* NULL: none */
const struct board *engine_board(const struct engine *engine);
const struct config *engine_config(const struct engine *engine);
enum config_mode engine_mode(const struct engine *engine);
uint64_t engine_maintenance_until_usec(const struct engine *engine);
const char *engine_state_name(const struct engine *engine); /* ok, incident, escalated, degraded */
const char *engine_state_text(const struct engine *engine); /* one sentence */

#endif
