/* SPDX-License-Identifier: MIT */
/*
 * fake_executor - the executor's side of the wire for tests on the simulated loop
 *
 * Answers every request after a short simulated time, and keeps a trace with one line for each message that the
 * engine sent.  What a test wants different it says through the two functions.
 */
#ifndef SUPPORT_FAKE_EXECUTOR_H
#define SUPPORT_FAKE_EXECUTOR_H

#include "engine/engine.h"

#define FAKE_TRACE_MAX 400

struct fake_reply;

struct fake_executor {
        struct loop *loop;
        struct engine *engine;
        uint64_t next_incident, next_run, next_action;
        bool observe, silent; /* silent: nothing is answered */
        /* Fill in the reply (it says go) or the end of the action (done); NULL: leave them so. */
        void (*admit)(
                struct fake_executor *fake, const struct wire_run_begin *begin, struct wire_run_reply *reply);
        void (*act)(struct fake_executor *fake, const struct wire_action_request *request,
                struct wire_action_finished *finished);
        uint64_t action_usec;
        void *data;

        char trace[FAKE_TRACE_MAX][512];
        size_t n_trace;
        char playbook_of[64][WIRE_NAME_MAX]; /* by run % 64 */
        uint64_t incident_of[64];
        struct fake_reply *replies;
        struct wire_message last; /* as sent */
};

void fake_executor_init(struct fake_executor *fake, struct loop *loop);
void fake_executor_deinit(struct fake_executor *fake);
/* engine_ops.send, with the fake as data */
int fake_executor_send(const struct wire_message *message, void *data);
/* WELCOME (with an open incident when id is not 0) up to WELCOME_END. */
void fake_executor_welcome(struct fake_executor *fake, uint64_t incident, const char *title,
        const char *conditions, bool escalated);
/* How many lines of the trace begin so. */
size_t fake_executor_count(const struct fake_executor *fake, const char *prefix);
/* The place of the first such line, or -1. */
int fake_executor_find(const struct fake_executor *fake, const char *prefix);

#endif
