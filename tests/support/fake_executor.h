/* SPDX-License-Identifier: MIT */
/*
 * fake_executor - the executor's side of the wire for tests on the simulated loop
 *
 * Answers every request after a short simulated time, and keeps a trace with one line for each message that the
 * engine sent.  What a test wants different it says through the functions.
 *
 * An action that comes with a condition to wait for (until_clear) and is done takes a lease, or renews the one of
 * the same action: the engine hears of it like of a real one, it lapses after `slice_usec` without a renewal, is
 * undone after another one, and ends some seconds after the engine asked for that.
 */
#ifndef SUPPORT_FAKE_EXECUTOR_H
#define SUPPORT_FAKE_EXECUTOR_H

#include "engine/engine.h"

#define FAKE_TRACE_MAX 6000
#define FAKE_LEASES_MAX 32

struct fake_reply;

struct fake_executor {
        struct loop *loop;
        struct engine *engine;
        uint64_t next_incident, next_run, next_action, last_lease;
        bool observe, silent; /* silent: nothing is answered */
        /* Fill in the reply (it says go) or the end of the action (done); NULL: leave them so. */
        void (*admit)(
                struct fake_executor *fake, const struct wire_run_begin *begin, struct wire_run_reply *reply);
        void (*act)(struct fake_executor *fake, const struct wire_action_request *request,
                struct wire_action_finished *finished);
        /* The action is done: what it did to the world, just before the engine hears of it. */
        void (*done)(struct fake_executor *fake, const struct wire_action_finished *finished);
        /* How many things a selector finds; NULL: one. */
        ssize_t (*select)(struct fake_executor *fake, const struct wire_message *message, const char *verb,
                const struct wire_pair *args, size_t n_args);
        uint64_t action_usec, slice_usec; /* slice_usec 0: leases last until they are undone */
        const char *diagnosis; /* of the incident that a welcome tells of; NULL: none is on record */
        void *data;

        char trace[FAKE_TRACE_MAX][512];
        size_t n_trace;
        char playbook_of[64][WIRE_NAME_MAX]; /* by run % 64 */
        uint64_t incident_of[64];
        struct fake_reply *replies;
        struct fake_lease {
                struct wire_lease lease; /* its number is 0 where there is none */
                struct loop_timer *timer;
                struct fake_executor *fake;
        } leases[FAKE_LEASES_MAX];
        struct wire_message last; /* as sent */
};

void fake_executor_init(struct fake_executor *fake, struct loop *loop);
void fake_executor_deinit(struct fake_executor *fake);
/* engine_ops.send, with the fake as data */
int fake_executor_send(const struct wire_message *message, void *data);
/* engine_ops.send_selected, likewise */
ssize_t fake_executor_send_selected(const struct wire_message *message, const char *verb,
        const struct wire_pair *args, size_t n_args, void *data);
/* The lease of this number, NULL when there is none.  Its state can be changed with fake_executor_lease(). */
struct wire_lease *fake_executor_find_lease(struct fake_executor *fake, uint64_t number);
/* The lease changes to this state, and the engine hears of it. */
void fake_executor_lease(struct fake_executor *fake, uint64_t number, enum wire_lease_state state);
/* WELCOME (with an open incident when id is not 0) up to WELCOME_END, with the leases that there are. */
void fake_executor_welcome(struct fake_executor *fake, uint64_t incident, const char *title,
        const char *conditions, bool escalated);
/* How many lines of the trace begin so. */
size_t fake_executor_count(const struct fake_executor *fake, const char *prefix);
/* The place of the first such line, or -1. */
int fake_executor_find(const struct fake_executor *fake, const char *prefix);

#endif
