/* SPDX-License-Identifier: MIT */
/*
 * fake_engine - the getters of engine/engine.h over plain data that a test sets
 *
 * Linked into tests instead of the engine, whose own tests are elsewhere.  Only what bus and client see is
 * here.  A run by hand gets serial and place at once and its number when the test gives it one.
 */
#include "support/fake_engine.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct config_entry entries[] = {
        {"conditions.disk-space-high.trip", "built-in", "0.85"},
        {"mode", "/etc/spoolguard/spoolguard.lua:3", "enforce"},
        {"notify.command", "/etc/spoolguard/spoolguard.lua:9", "/usr/local/sbin/page-me,--token,hunter2"},
        {"playbooks.vacuum-journal.source", "built-in", "return playbook {}"},
        {"prelude", "built-in", "-- prelude"},
};

static const struct config_condition config_conditions[] = {
        {
                .name = "disk-space-high",
                .summary = "A file system is running full",
                .reading = "disk_used_ratio",
                .trip = 0.85,
                .clear = 0.80,
                .lasting_usec = 5000000,
                .clear_lasting_usec = 5000000,
                .enabled = true,
        },
        {
                .name = "next-hop-down",
                .summary = "No address of a next hop speaks SMTP",
                .reading = "relay_up_ratio",
                .below = true,
                .trip = 0,
                .clear = 0.01,
                .lasting_usec = 60000000,
                .clear_lasting_usec = 30000000,
                .level = CONFIG_LEVEL_NOTICE,
                .enabled = true,
        },
};

static const struct config_playbook config_playbooks[] = {
        {
                .name = "vacuum-journal",
                .summary = "Shrink the systemd journal when its file system runs full",
                .file = "/usr/share/spoolguard/playbooks/vacuum-journal.lua",
                .any = {"disk-space-high"},
                .runs = 4,
                .per_usec = UINT64_C(86400000000),
                .cooldown_usec = UINT64_C(900000000),
                .mode = CONFIG_MODE_ENFORCE,
        },
};

static const char *const notify_command[] = {"/usr/local/sbin/page-me", "--token", "hunter2", NULL};
static const char *const problems[] = {
        "/etc/spoolguard/playbooks/broken.lua:3: '=' expected near 'is'", NULL};

void fake_engine_init(struct engine *engine) {
        *engine = (struct engine){
                .config =
                        {
                                .entries = (struct config_entry *)entries,
                                .n_entries = COUNT(entries),
                                .mode = CONFIG_MODE_ENFORCE,
                                .notify_command = notify_command,
                                .conditions = (struct config_condition *)config_conditions,
                                .n_conditions = COUNT(config_conditions),
                                .playbooks = (struct config_playbook *)config_playbooks,
                                .n_playbooks = COUNT(config_playbooks),
                                .problems = problems,
                        },
                .mode = CONFIG_MODE_ENFORCE,
                .state_name = "ok",
                .state_text = "nothing is wrong",
                .n_conditions = 1,
                .n_playbooks = 1,
        };
        engine->board.readings[0] = (struct reading){
                .name = "disk_used_ratio",
                .labels = {{"path", "/var/log"}},
                .n_labels = 1,
                .value = 0.42,
                .at_usec = clock_monotonic_usec(),
                .text = "42 of 100 blocks are in use",
        };
        engine->board.readings[1] = (struct reading){
                .name = "journal_bytes",
                .missing = true,
                .value = NAN,
                .at_usec = clock_monotonic_usec(),
                .text = "no journal",
        };
        engine->board.n = 2;
        engine->conditions[0] = (struct condition){
                .name = "disk-space-high_/var/log",
                .config = &config_conditions[0],
                .labels = {{"path", "/var/log"}},
                .n_labels = 1,
                .state = CONDITION_OK,
                .value = 0.42,
                .since_usec = UINT64_C(1766620867000000),
        };
        engine->playbooks[0] = (struct playbook){
                .config = &config_playbooks[0],
                .state = PLAYBOOK_IDLE,
                .mode = CONFIG_MODE_ENFORCE,
        };
}

void fake_engine_add_reading(struct engine *engine, const char *name, const char *labels, double value) {
        struct reading *reading = &engine->board.readings[engine->board.n++];
        char copy[512], *rest = copy, *label;

        assert(engine->board.n <= FAKE_READINGS_MAX && strlen(labels) < sizeof(copy));
        *reading =
                (struct reading){.value = value, .missing = isnan(value), .at_usec = clock_monotonic_usec()};
        strcpy(reading->name, name);
        strcpy(copy, labels);
        while ((label = strsep(&rest, ","))) {
                struct reading_label *to = &reading->labels[reading->n_labels++];
                const char *text = strchr(label, '=');

                assert(text);
                snprintf(to->name, sizeof(to->name), "%.*s", (int)(text - label), label);
                snprintf(to->value, sizeof(to->value), "%s", text + 1);
        }
}

const struct condition *engine_condition(const struct engine *engine, size_t i) {
        return i < engine->n_conditions ? &engine->conditions[i] : NULL;
}

const struct playbook *engine_playbook(const struct engine *engine, size_t i) {
        return i < engine->n_playbooks ? &engine->playbooks[i] : NULL;
}

const struct run *engine_run(const struct engine *engine, size_t i) {
        return i < engine->n_runs ? &engine->runs[i] : NULL;
}

const struct wire_lease *engine_lease(const struct engine *engine, size_t i) {
        return i < engine->n_leases ? &engine->leases[i] : NULL;
}

const struct incident *engine_incident(const struct engine *engine, size_t i) {
        return i < engine->n_incidents ? &engine->incidents[i] : NULL;
}

const struct board *engine_board(const struct engine *engine) {
        return &engine->board;
}

const struct reading *board_at(const struct board *board, size_t i) {
        return i < board->n ? &board->readings[i] : NULL;
}

const struct reading *board_find(
        const struct board *board, const char *name, const struct reading_label *labels, size_t n_labels) {
        for (size_t i = 0; i < board->n; i++) {
                const struct reading *row = &board->readings[i];
                bool fits = strcmp(row->name, name) == 0 && row->n_labels == n_labels;

                for (size_t k = 0; fits && k < n_labels; k++)
                        fits = strcmp(row->labels[k].name, labels[k].name) == 0 &&
                                strcmp(row->labels[k].value, labels[k].value) == 0;
                if (fits)
                        return row;
        }
        return NULL;
}

const struct config *engine_config(const struct engine *engine) {
        return &engine->config;
}

enum config_mode engine_mode(const struct engine *engine) {
        return engine->mode;
}

uint64_t engine_maintenance_until_usec(const struct engine *engine) {
        return engine->maintenance_until_usec;
}

const char *engine_state_name(const struct engine *engine) {
        return engine->state_name;
}

const char *engine_state_text(const struct engine *engine) {
        return engine->state_text;
}

const struct run *engine_run_by_hand(
        struct engine *engine, const char *playbook, bool dry, struct problem *problem) {
        (void)playbook;
        if (engine->refuse_runs || engine->n_runs == FAKE_MAX) {
                snprintf(problem->text, sizeof(problem->text), "it is running already");
                return NULL;
        }
        struct run *run = &engine->runs[engine->n_runs++];

        *run = (struct run){
                .serial = ++engine->serial,
                .playbook = &engine->playbooks[0],
                .by_hand = true,
                .dry = dry,
                .state = RUN_ASKING,
        };
        return run;
}

int engine_lower(struct engine *engine, uint32_t kind, uint64_t usec, uint64_t lease, const char *who,
        uint64_t *ret_serial) {
        (void)who;
        engine->lower_lease = lease;
        engine->lower_kind = kind;
        engine->lower_usec = usec;
        *ret_serial = ++engine->serial;
        return 0;
}

const char *condition_state_name(enum condition_state state) {
        static const char *const names[] = {"ok", "pending", "active", "clearing", "unknown"};

        return names[state];
}

const char *playbook_state_name(enum playbook_state state) {
        static const char *const names[] = {"idle", "running", "cooldown", "spent", "quarantined", "off"};

        return names[state];
}

const char *run_state_name(enum run_state state) {
        static const char *const names[] = {"asking", "running", "waiting", "ended"};

        return names[state];
}
