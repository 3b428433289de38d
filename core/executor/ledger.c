/* SPDX-License-Identifier: MIT */
/*
 * ledger - an empty ledger, and the questions that decisions ask of one
 *
 * Runs in: executor.  Pure: no I/O, no clock.  Nothing here changes it: it changes by records (ledger_apply.c), and
 * the questions about time are in ledger_clock.c.
 */
#include "executor/ledger.h"

#include <string.h>

void ledger_init(struct ledger *ledger) {
        memset(ledger, 0, sizeof(*ledger));
        ledger->next_number = ledger->next_incident = ledger->next_run = ledger->next_action = 1;
}

enum wire_status ledger_status(const char *name) {
        for (unsigned status = WIRE_DONE; status <= WIRE_UNKNOWN; status++)
                if (strcmp(name, wire_status_name((enum wire_status)status)) == 0)
                        return (enum wire_status)status;
        return 0;
}

bool ledger_counts(enum wire_status status) {
        return status == WIRE_DONE || status == WIRE_FAILED || status == WIRE_TIMED_OUT ||
                status == WIRE_UNKNOWN;
}

const struct ledger_playbook *ledger_playbook(const struct ledger *ledger, const char *name) {
        for (size_t i = 0; i < ledger->n_playbooks; i++)
                if (strcmp(ledger->playbooks[i].name, name) == 0)
                        return &ledger->playbooks[i];
        return NULL;
}

const struct ledger_verb *ledger_verb(const struct ledger *ledger, const char *name) {
        for (size_t i = 0; i < ledger->n_verbs; i++)
                if (strcmp(ledger->verbs[i].name, name) == 0)
                        return &ledger->verbs[i];
        return NULL;
}

struct ledger_run *ledger_run(struct ledger *ledger, uint64_t id) {
        for (size_t i = 0; i < ledger->n_runs; i++)
                if (ledger->runs[i].id == id)
                        return &ledger->runs[i];
        return NULL;
}

const struct ledger_incident *ledger_incident(const struct ledger *ledger, uint64_t id) {
        if (id == 0)
                return NULL;
        if (ledger->incident.id == id)
                return &ledger->incident;
        for (size_t i = 0; i < ledger->n_past; i++)
                if (ledger->past[i].id == id)
                        return &ledger->past[i];
        return NULL;
}

bool ledger_had_turn(const struct ledger *ledger, const char *verb) {
        for (size_t i = 0; i < ledger->n_turns; i++)
                if (strcmp(ledger->turns[i], verb) == 0)
                        return true;
        return false;
}

bool ledger_is_unknown(const struct ledger *ledger, uint64_t incident, const char *verb) {
        for (size_t i = ledger->n_actions; i-- > 0;)
                if (ledger->actions[i].incident == incident && strcmp(ledger->actions[i].verb, verb) == 0)
                        return ledger->actions[i].status == WIRE_UNKNOWN;
        return false;
}

uint64_t ledger_escalated_usec(const struct ledger *ledger, const char *reason, const char *condition) {
        for (size_t i = ledger->n_escalations; i-- > 0;)
                if (strcmp(ledger->escalations[i].reason, reason) == 0 &&
                        strcmp(ledger->escalations[i].condition, condition) == 0)
                        return ledger->escalations[i].at_usec;
        return 0;
}
