/* SPDX-License-Identifier: MIT */
/*
 * playbook - when a playbook has its turn, and the life of its runs
 *
 * Runs in: watcher and simulation.  The executor alone admits a run (budget, cool-down, mode, quarantine,
 * maintenance); here is decided only who is asked for, and when: triggers, `after`, one run at a time per
 * playbook, no second run in an incident of a playbook that did not help.
 */
#ifndef ENGINE_PLAYBOOK_H
#define ENGINE_PLAYBOOK_H

#include "config/config.h"
#include "engine/incident.h"

enum playbook_state {
        PLAYBOOK_IDLE,
        PLAYBOOK_RUNNING,
        PLAYBOOK_COOLDOWN,
        PLAYBOOK_SPENT,
        PLAYBOOK_QUARANTINED,
        PLAYBOOK_OFF, /* mode off, or its file could not be used */
};

struct playbook {
        const struct config_playbook *config;
        enum playbook_state state;
        enum config_mode mode; /* effective, as the executor says */
        uint64_t until_usec;   /* CLOCK_REALTIME: end of cool-down or of the spent budget's window */
        uint64_t runs, would_have_run, last_run_usec;
        uint64_t tried_in_incident; /* the incident in which its last run did not help; 0: none */
};

enum run_state { RUN_ASKING, RUN_RUNNING, RUN_WAITING, RUN_ENDED };

struct run {
        uint64_t id; /* from the executor; 0 while asking */
        uint64_t serial;
        struct playbook *playbook;
        uint64_t incident;                  /* 0: by hand */
        char condition[CONDITION_NAME_MAX]; /* that started it, or "" */
        /* Of that condition when it was asked for: it may be withdrawn before the run looks. */
        struct reading_label labels[READING_LABELS_MAX];
        size_t n_labels;
        bool critical;
        bool by_hand, dry, observe, acted;
        bool gave; /* an action of it gave space back */
        enum run_state state;
        char waiting_for[WIRE_TEXT_MAX]; /* "journal.vacuum", "disk-space-high_/var/log to clear" */
        uint64_t deadline_usec;          /* CLOCK_REALTIME; 0: none */
        char result[WIRE_NAME_MAX], text[WIRE_TEXT_MAX]; /* once ended */
        void *script;                                    /* script engine's side of it */
};

const char *playbook_state_name(enum playbook_state state);
const char *run_state_name(enum run_state state);

/*
 * By hand: the condition that the run is about, so that it can verify: one of its own that is tripped, else the
 * first name it can be started by; "" when it has none.
 */
struct condition_list;
const char *playbook_condition(const struct config_playbook *config, const struct condition_list *list);

#endif
