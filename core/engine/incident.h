/* SPDX-License-Identifier: MIT */
/*
 * incident - from the first active condition until all it gathered are clear: the unit a person reads about
 *
 * Runs in: watcher and simulation.  At most one is open; conditions that trip meanwhile join it.  Its number
 * comes from the executor and survives restarts of either process.  The list keeps the open one and the last
 * INCIDENT_KEEP closed ones; the whole story is in the recorder.
 */
#ifndef ENGINE_INCIDENT_H
#define ENGINE_INCIDENT_H

#include "engine/condition.h"
#include "engine/diagnosis.h"
#include "wire/wire.h"

#define INCIDENT_KEEP 20
#define INCIDENT_CONDITIONS_MAX 64
#define INCIDENT_ACTIONS_MAX 128

struct incident_action {
        uint64_t action, started_usec, finished_usec; /* CLOCK_REALTIME; finished 0: running */
        uint64_t freed_bytes, found_bytes, count;
        enum wire_status status; /* 0 while running */
        char playbook[WIRE_NAME_MAX], verb[WIRE_NAME_MAX], args[WIRE_TEXT_MAX], text[WIRE_TEXT_MAX];
};

/* What became of actions that made room for newer ones, as far as this process has seen them. */
struct incident_earlier {
        uint64_t n, done, would, freed_bytes;
};

struct incident {
        uint64_t id;                      /* 0 until the executor answered */
        uint64_t since_usec, closed_usec; /* CLOCK_REALTIME; closed 0: open */
        bool escalated;
        char title[WIRE_TEXT_MAX];     /* "disk-space-critical on /var/log" */
        char diagnosis[WIRE_TEXT_MAX]; /* what it is about, in one sentence with figures */
        struct diagnosis best;         /* of all that it was about: what stays when all is clear */
        char conditions[INCIDENT_CONDITIONS_MAX][CONDITION_NAME_MAX]; /* all it gathered */
        size_t n_conditions;
        struct incident_action actions[INCIDENT_ACTIONS_MAX]; /* the newest ones */
        size_t n_actions;
        struct incident_earlier earlier;
};

/* Its place among the conditions, added when it is new; -1: the incident is full of them. */
ptrdiff_t incident_gather(struct incident *incident, const char *condition);
/* A zeroed row at the end; the oldest one makes room, and is counted as it was. */
struct incident_action *incident_add_action(struct incident *incident);
struct incident_action *incident_find_action(struct incident *incident, uint64_t action); /* NULL: none */

/* "disk-space-high on /var/log" */
void incident_title(const struct condition *condition, char title[static WIRE_TEXT_MAX]);
/* "over after 3m 12s: 2 actions freed 180M" */
void incident_summary(
        const struct incident *incident, uint64_t realtime_usec, char text[static WIRE_TEXT_MAX]);
/* "/var/log is 95.3 % used, 12.1M available; logs grow by 1.2M a second": figures from the board, for any reading. */
void incident_diagnose(
        const struct condition *condition, const struct board *board, char text[static WIRE_TEXT_MAX]);

#endif
