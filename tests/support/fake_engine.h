/* SPDX-License-Identifier: MIT */
/*
 * fake_engine - the getters of engine/engine.h over plain data that a test sets
 *
 * For tests of the bus and its client.  Nothing happens by itself: the test changes the data and reports the
 * event, as the engine would.  Requests (a run by hand, lowering) are kept in it for the test to answer.
 */
#ifndef SUPPORT_FAKE_ENGINE_H
#define SUPPORT_FAKE_ENGINE_H

#include "engine/engine.h"

#define FAKE_MAX 8
#define FAKE_READINGS_MAX 64

struct board {
        struct reading readings[FAKE_READINGS_MAX];
        size_t n;
};

struct engine {
        struct config config;
        struct board board;
        struct condition conditions[FAKE_MAX];
        struct playbook playbooks[FAKE_MAX];
        struct run runs[FAKE_MAX];
        struct incident incidents[FAKE_MAX];
        struct wire_lease leases[FAKE_MAX];
        size_t n_conditions, n_playbooks, n_runs, n_incidents, n_leases;
        enum config_mode mode;
        uint64_t maintenance_until_usec;
        const char *state_name, *state_text;

        uint64_t serial; /* of the last request */
        uint32_t lower_kind;
        uint64_t lower_usec, lower_lease;
        bool refuse_runs;
};

/* One condition on /var/log, one playbook for it, two readings of which one is missing; all is well. */
void fake_engine_init(struct engine *engine);
/* One more reading; NaN: it is missing.  Labels as "instance=-,queue=deferred". */
void fake_engine_add_reading(struct engine *engine, const char *name, const char *labels, double value);

#endif
