/* SPDX-License-Identifier: MIT */
/*
 * ledger_apply - fold records into the state that decisions are made from
 *
 * Runs in: executor.  Pure: no I/O, no clock; every time comes out of a record.  The record may be of an older
 * version or may have lost its beginning (the ring turned), so nothing is taken for granted: an outcome without
 * an intent, a closing without an opening and an unknown event are passed over.
 *
 * Limits: all lists are bounded.  When one is full its oldest entry goes; for playbooks that is the one which ran
 * longest ago and is not quarantined.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "executor/ledger_fold.h"

static struct ledger_playbook *playbook_of(struct ledger *ledger, const char *name) {
        struct ledger_playbook *playbook = (struct ledger_playbook *)ledger_playbook(ledger, name);
        size_t oldest = 0;

        if (playbook || !*name)
                return playbook;
        if (ledger->n_playbooks == LEDGER_PLAYBOOKS_MAX) {
                for (size_t i = 1; i < ledger->n_playbooks; i++)
                        if (!ledger->playbooks[i].quarantined &&
                                (ledger->playbooks[oldest].quarantined ||
                                        ledger->playbooks[i].last_run_usec <
                                                ledger->playbooks[oldest].last_run_usec))
                                oldest = i;
                ledger_drop(ledger->playbooks, &ledger->n_playbooks, oldest, sizeof(ledger->playbooks[0]));
        }
        playbook = &ledger->playbooks[ledger->n_playbooks++];
        memset(playbook, 0, sizeof(*playbook));
        TEXT_COPY(playbook->name, name);
        return playbook;
}

static void close_incident(struct ledger *ledger, uint64_t at_usec) {
        if (ledger->incident.id == 0)
                return;
        if (ledger->n_past == LEDGER_INCIDENTS_MAX)
                ledger_drop(ledger->past, &ledger->n_past, 0, sizeof(ledger->past[0]));
        ledger->incident.closed_usec = at_usec;
        ledger->past[ledger->n_past++] = ledger->incident;
        memset(&ledger->incident, 0, sizeof(ledger->incident));
}

/*
 * One that is among the past ones is reopened: it leaves them, and keeps what it was found to be about.  The one
 * before it has its turns back as well: what had its turn cools down perhaps, and would be waited for in vain.
 */
static void on_incident_opened(struct ledger *ledger, const struct record *record) {
        uint64_t id = record_get_number(record, "incident"), since = record_get_number(record, "since");
        struct ledger_incident was = {.id = 0};

        ledger_see(&ledger->next_incident, id);
        if (id == 0 || id == ledger->incident.id)
                return;
        for (size_t i = 0; i < ledger->n_past && was.id == 0; i++)
                if (ledger->past[i].id == id) {
                        was = ledger->past[i];
                        ledger_drop(ledger->past, &ledger->n_past, i, sizeof(ledger->past[0]));
                }
        close_incident(ledger, record->time_usec);
        if (id != ledger->turns_incident)
                ledger->n_turns = 0;
        ledger->turns_incident = id;
        ledger->incident = (struct ledger_incident){.id = id,
                .since_usec = since ? since : record->time_usec,
                .escalated = ledger_says_yes(record, "escalated")};
        TEXT_COPY(ledger->incident.diagnosis, was.diagnosis);
        TEXT_COPY(ledger->incident.title, record_get(record, "title"));
        TEXT_COPY(ledger->incident.conditions, record_get(record, "condition"));
}

/* What joined since, and what it is about; other notes are for readers of the record. */
static void on_incident_note(struct ledger *ledger, const struct record *record) {
        struct ledger_incident *incident = &ledger->incident;
        const char *kind = record_get(record, "kind"), *text = record_get(record, "text");
        size_t used = strlen(incident->conditions);

        if (record_get_number(record, "incident") != incident->id)
                return;
        if (strcmp(kind, "diagnosis") == 0)
                TEXT_COPY(incident->diagnosis, text);
        /* A name that does not fit whole would be another one. */
        else if (strcmp(kind, "condition") == 0 && used + strlen(text) + 2 <= sizeof(incident->conditions))
                text_format(incident->conditions + used, sizeof(incident->conditions) - used, "\n%s", text);
}

static void on_incident_closed(struct ledger *ledger, const struct record *record) {
        uint64_t id = record_get_number(record, "incident");

        ledger_see(&ledger->next_incident, id);
        if (id == ledger->incident.id)
                close_incident(ledger, record->time_usec);
}

static void on_run_begun(struct ledger *ledger, const struct record *record) {
        struct ledger_playbook *playbook = playbook_of(ledger, record_get(record, "playbook"));
        struct ledger_run *run;

        ledger_see(&ledger->next_run, record_get_number(record, "run"));
        if (!playbook)
                return;
        if (ledger->n_runs == LEDGER_RUNS_MAX)
                ledger_drop(ledger->runs, &ledger->n_runs, 0, sizeof(ledger->runs[0]));
        run = &ledger->runs[ledger->n_runs++];
        *run = (struct ledger_run){.id = record_get_number(record, "run"),
                .incident = record_get_number(record, "incident"),
                .observe = ledger_says_yes(record, "observe"),
                .dry = ledger_says_yes(record, "dry"),
                .by_root = ledger_says_yes(record, "by_root")};
        TEXT_COPY(run->playbook, playbook->name);
        if (run->dry)
                return;
        if (run->observe)
                playbook->would_have_run++;
        else
                playbook->runs++;
        playbook->last_run_usec = record->time_usec;
        budget_add(&playbook->begun, record->time_usec, run->observe);
}

static void on_run_ended(struct ledger *ledger, const struct record *record) {
        struct ledger_playbook *playbook = playbook_of(ledger, record_get(record, "playbook"));
        const char *acted = record_get(record, "acted");
        uint64_t id = record_get_number(record, "run");
        struct ledger_run *run = ledger_run(ledger, id);

        ledger_see(&ledger->next_run, id);
        if (playbook && strcmp(acted, "yes") == 0)
                budget_add(&playbook->acted, record->time_usec, false);
        else if (playbook && strcmp(acted, "observed") == 0)
                budget_add(&playbook->acted, record->time_usec, true);
        if (run)
                ledger_drop(ledger->runs, &ledger->n_runs, (size_t)(run - ledger->runs), sizeof(*run));
}

static void on_escalated(struct ledger *ledger, const struct record *record) {
        uint64_t incident = record_get_number(record, "incident");
        struct ledger_escalation *escalation;

        if (incident != 0 && incident == ledger->incident.id)
                ledger->incident.escalated = true;
        if (ledger->n_escalations == LEDGER_ESCALATIONS_MAX)
                ledger_drop(ledger->escalations, &ledger->n_escalations, 0, sizeof(ledger->escalations[0]));
        escalation = &ledger->escalations[ledger->n_escalations++];
        *escalation = (struct ledger_escalation){.incident = incident, .at_usec = record->time_usec};
        TEXT_COPY(escalation->reason, record_get(record, "reason"));
        TEXT_COPY(escalation->condition, record_get(record, "condition"));
}

static void on_mode(struct ledger *ledger, const struct record *record) {
        ledger->mode_override = config_mode_of(record_get(record, "mode"));
}

static void on_maintenance(struct ledger *ledger, const struct record *record) {
        ledger->maintenance_until_usec = record_get_number(record, "until");
}

static void on_watcher_restarted(struct ledger *ledger, const struct record *record) {
        struct ledger_playbook *playbook;

        if (strcmp(record_get(record, "activity"), "lua") != 0)
                return;
        playbook = playbook_of(ledger, record_get(record, "what"));
        if (playbook)
                playbook->crashes++;
}

static void on_quarantined(struct ledger *ledger, const struct record *record) {
        struct ledger_playbook *playbook = playbook_of(ledger, record_get(record, "playbook"));

        if (!playbook)
                return;
        playbook->quarantined = strcmp(record_get(record, "event"), "quarantined") == 0;
        playbook->quarantined_source = record_get_number(record, "source");
        if (!playbook->quarantined)
                playbook->crashes = 0;
}

/* "1766620867 o1766620868 ...": seconds at which it was used, `o` before those only observed. */
static void read_uses(struct budget_uses *uses, const char *text) {
        uses->n = 0;
        while (*text) {
                bool observed = *text == 'o';
                char *end;
                uint64_t at = strtoull(text + observed, &end, 10);
                if (end == text + observed)
                        return;
                budget_add(uses, at * USEC_PER_SEC, observed);
                text = end + (*end == ' ');
        }
}

static void on_tally(struct ledger *ledger, const struct record *record) {
        if (strcmp(record_get(record, "kind"), "playbook") == 0) {
                struct ledger_playbook *playbook = playbook_of(ledger, record_get(record, "name"));
                if (!playbook)
                        return;
                playbook->runs = record_get_number(record, "runs");
                playbook->would_have_run = record_get_number(record, "would_have");
                playbook->last_run_usec = record_get_number(record, "last");
                playbook->crashes = record_get_number(record, "crashes");
                playbook->quarantined = ledger_says_yes(record, "quarantined");
                playbook->quarantined_source = record_get_number(record, "source");
                read_uses(&playbook->acted, record_get(record, "uses"));
        } else {
                struct ledger_verb *verb = ledger_verb_of(ledger, record_get(record, "name"));
                if (verb)
                        read_uses(&verb->uses, record_get(record, "uses"));
        }
}

static const struct {
        const char *event;
        void (*apply)(struct ledger *ledger, const struct record *record);
} events[] = {
        {"incident-opened", on_incident_opened},
        {"incident-note", on_incident_note},
        {"incident-closed", on_incident_closed},
        {"run-begun", on_run_begun},
        {"run-ended", on_run_ended},
        {"action-intent", ledger_on_action_intent},
        {"action-outcome", ledger_on_action_outcome},
        {"action-unknown", ledger_on_action_outcome},
        {"action-would-have", ledger_on_action_would_have},
        {"action-denied", ledger_on_action_denied},
        {"escalated", on_escalated},
        {"mode", on_mode},
        {"maintenance", on_maintenance},
        {"watcher-restarted", on_watcher_restarted},
        {"quarantined", on_quarantined},
        {"unquarantined", on_quarantined},
        {"tally", on_tally},
        {"clock-stepped", ledger_on_clock_stepped},
};

void ledger_apply(struct ledger *ledger, const struct record *record) {
        const char *event = record_get(record, "event");

        ledger_see(&ledger->next_number, record->number);
        ledger->last_usec = record->time_usec;
        for (size_t i = 0; i < ELEMENTSOF(events); i++)
                if (strcmp(events[i].event, event) == 0)
                        events[i].apply(ledger, record);
}
