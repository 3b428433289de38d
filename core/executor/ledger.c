/* SPDX-License-Identifier: MIT */
/*
 * ledger - fold records into the state that decisions are made from
 *
 * Runs in: executor.  Pure: no I/O, no clock; every time comes out of a record.  The record may be of an older
 * version or may have lost its beginning (the ring turned), so nothing is taken for granted: an outcome without
 * an intent, a closing without an opening and an unknown event are passed over.
 *
 * All lists are bounded.  When one is full its oldest entry goes; for playbooks that is the one which ran
 * longest ago and is not quarantined, and of the actions those that are unknown in the open incident stay: a queue
 * that is brought back takes hundreds of others, and what nobody knows the end of must not be done again for that.
 */
#include "executor/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "plugin/plugin.h"

void ledger_init(struct ledger *ledger) {
        memset(ledger, 0, sizeof(*ledger));
        ledger->next_number = ledger->next_incident = ledger->next_run = ledger->next_action = 1;
}

/* Removes entry `i` of an array of *n entries. */
static void drop(void *array, size_t *n, size_t i, size_t size) {
        char *base = array;
        memmove(base + i * size, base + (i + 1) * size, (*n - i - 1) * size);
        (*n)--;
}

static void see(uint64_t *next, uint64_t number) {
        if (number >= *next && number < UINT64_MAX)
                *next = number + 1;
}

static bool is_yes(const struct record *record, const char *name) {
        return strcmp(record_get(record, name), "yes") == 0;
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

uint64_t ledger_floor(const struct ledger *ledger, uint64_t since_usec) {
        uint64_t floor_usec = since_usec > LEDGER_FLOOR ? since_usec - LEDGER_FLOOR : 0;

        for (size_t i = ledger->n_steps; i-- > 0;) {
                uint64_t at = ledger->steps[i].at_usec, by = ledger->steps[i].by_usec;
                if (floor_usec < at && at <= since_usec)
                        floor_usec = floor_usec > by ? floor_usec - by : 0;
        }
        return floor_usec;
}

static uint64_t latest_use(const struct budget_uses *uses, uint64_t latest) {
        for (size_t i = 0; i < uses->n; i++)
                latest = uses->uses[i].at_usec > latest ? uses->uses[i].at_usec : latest;
        return latest;
}

uint64_t ledger_latest_usec(const struct ledger *ledger) {
        uint64_t latest = ledger->last_usec;

        if (ledger->incident.since_usec > latest)
                latest = ledger->incident.since_usec;
        for (size_t i = 0; i < ledger->n_playbooks; i++)
                latest = latest_use(
                        &ledger->playbooks[i].begun, latest_use(&ledger->playbooks[i].acted, latest));
        for (size_t i = 0; i < ledger->n_verbs; i++)
                latest = latest_use(&ledger->verbs[i].uses, latest);
        return latest;
}

uint64_t ledger_escalated_usec(const struct ledger *ledger, const char *reason, const char *condition) {
        for (size_t i = ledger->n_escalations; i-- > 0;)
                if (strcmp(ledger->escalations[i].reason, reason) == 0 &&
                        strcmp(ledger->escalations[i].condition, condition) == 0)
                        return ledger->escalations[i].at_usec;
        return 0;
}

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
                drop(ledger->playbooks, &ledger->n_playbooks, oldest, sizeof(ledger->playbooks[0]));
        }
        playbook = &ledger->playbooks[ledger->n_playbooks++];
        memset(playbook, 0, sizeof(*playbook));
        TEXT_COPY(playbook->name, name);
        return playbook;
}

static struct ledger_verb *verb_of(struct ledger *ledger, const char *name) {
        struct ledger_verb *verb = (struct ledger_verb *)ledger_verb(ledger, name);

        if (verb || !*name)
                return verb;
        if (ledger->n_verbs == LEDGER_VERBS_MAX)
                drop(ledger->verbs, &ledger->n_verbs, 0, sizeof(ledger->verbs[0]));
        verb = &ledger->verbs[ledger->n_verbs++];
        memset(verb, 0, sizeof(*verb));
        TEXT_COPY(verb->name, name);
        return verb;
}

static void add_turn(struct ledger *ledger, const struct record *record) {
        const char *verb = record_get(record, "verb");
        uint64_t incident = record_get_number(record, "incident");

        if (!*verb || incident == 0 || incident != ledger->incident.id || ledger_had_turn(ledger, verb) ||
                ledger->n_turns == LEDGER_TURNS_MAX)
                return;
        TEXT_COPY(ledger->turns[ledger->n_turns], verb);
        ledger->n_turns++;
}

/* What came to nothing is a turn only if the verb itself found so, and a dry run is none at all. */
static void on_action_denied(struct ledger *ledger, const struct record *record) {
        if (strcmp(record_get(record, "by"), "check") == 0 && !is_yes(record, "dry"))
                add_turn(ledger, record);
}

static void close_incident(struct ledger *ledger, uint64_t at_usec) {
        if (ledger->incident.id == 0)
                return;
        if (ledger->n_past == LEDGER_INCIDENTS_MAX)
                drop(ledger->past, &ledger->n_past, 0, sizeof(ledger->past[0]));
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

        see(&ledger->next_incident, id);
        if (id == 0 || id == ledger->incident.id)
                return;
        for (size_t i = 0; i < ledger->n_past && was.id == 0; i++)
                if (ledger->past[i].id == id) {
                        was = ledger->past[i];
                        drop(ledger->past, &ledger->n_past, i, sizeof(ledger->past[0]));
                }
        close_incident(ledger, record->time_usec);
        if (id != ledger->turns_incident)
                ledger->n_turns = 0;
        ledger->turns_incident = id;
        ledger->incident = (struct ledger_incident){.id = id,
                .since_usec = since ? since : record->time_usec,
                .escalated = is_yes(record, "escalated")};
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

        see(&ledger->next_incident, id);
        if (id == ledger->incident.id)
                close_incident(ledger, record->time_usec);
}

static void on_run_begun(struct ledger *ledger, const struct record *record) {
        struct ledger_playbook *playbook = playbook_of(ledger, record_get(record, "playbook"));
        struct ledger_run *run;

        see(&ledger->next_run, record_get_number(record, "run"));
        if (!playbook)
                return;
        if (ledger->n_runs == LEDGER_RUNS_MAX)
                drop(ledger->runs, &ledger->n_runs, 0, sizeof(ledger->runs[0]));
        run = &ledger->runs[ledger->n_runs++];
        *run = (struct ledger_run){.id = record_get_number(record, "run"),
                .incident = record_get_number(record, "incident"),
                .observe = is_yes(record, "observe"),
                .dry = is_yes(record, "dry"),
                .by_root = is_yes(record, "by_root")};
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

        see(&ledger->next_run, id);
        if (playbook && strcmp(acted, "yes") == 0)
                budget_add(&playbook->acted, record->time_usec, false);
        else if (playbook && strcmp(acted, "observed") == 0)
                budget_add(&playbook->acted, record->time_usec, true);
        if (run)
                drop(ledger->runs, &ledger->n_runs, (size_t)(run - ledger->runs), sizeof(*run));
}

static void past_action(struct wire_past_action *action, const struct record *record) {
        memset(action, 0, sizeof(*action));
        action->action = record_get_number(record, "action");
        action->incident = record_get_number(record, "incident");
        action->started_usec = record->time_usec;
        TEXT_COPY(action->playbook, record_get(record, "playbook"));
        TEXT_COPY(action->verb, record_get(record, "verb"));
        TEXT_COPY(action->args, record_get(record, "args"));
}

/* By which ledger_is_unknown() goes in the open incident. */
static bool is_needed(const struct ledger *ledger, size_t which) {
        const struct wire_past_action *action = &ledger->actions[which];

        if (action->status != WIRE_UNKNOWN || action->incident != ledger->incident.id)
                return false;
        for (size_t i = which + 1; i < ledger->n_actions; i++)
                if (ledger->actions[i].incident == action->incident &&
                        strcmp(ledger->actions[i].verb, action->verb) == 0)
                        return false;
        return true;
}

static size_t oldest_not_needed(const struct ledger *ledger) {
        for (size_t i = 0; i < ledger->n_actions; i++)
                if (!is_needed(ledger, i))
                        return i;
        return 0;
}

static void add_action(struct ledger *ledger, const struct wire_past_action *action) {
        if (ledger->n_actions == LEDGER_ACTIONS_MAX)
                drop(ledger->actions, &ledger->n_actions, oldest_not_needed(ledger),
                        sizeof(ledger->actions[0]));
        ledger->actions[ledger->n_actions++] = *action;
}

static void on_action_intent(struct ledger *ledger, const struct record *record) {
        struct ledger_run *run = ledger_run(ledger, record_get_number(record, "run"));

        see(&ledger->next_action, record_get_number(record, "action"));
        if (ledger->n_intents == LEDGER_INTENTS_MAX) {
                size_t n = ledger->n_intents;
                drop(ledger->intent_runs, &n, 0, sizeof(ledger->intent_runs[0]));
                drop(ledger->intents, &ledger->n_intents, 0, sizeof(ledger->intents[0]));
        }
        ledger->intent_runs[ledger->n_intents] = record_get_number(record, "run");
        past_action(&ledger->intents[ledger->n_intents++], record);
        /* From here on something may have been changed, whatever becomes of it; a probe changes nothing. */
        if (run && strcmp(record_get(record, "risk"), plugin_risk_name(SG_RISK_PROBE)) != 0)
                run->acted = true;
}

/* action-outcome, and action-unknown: an outcome with the status "unknown". */
static void on_action_outcome(struct ledger *ledger, const struct record *record) {
        uint64_t id = record_get_number(record, "action");
        bool unknown = strcmp(record_get(record, "event"), "action-unknown") == 0;
        enum wire_status status = unknown ? WIRE_UNKNOWN : ledger_status(record_get(record, "status"));
        const struct ledger_run *run = ledger_run(ledger, record_get_number(record, "run"));
        struct wire_past_action action;
        struct ledger_verb *verb;
        size_t i = 0;

        see(&ledger->next_action, id);
        add_turn(ledger, record);
        verb = verb_of(ledger, record_get(record, "verb"));
        /* In a run that only observes, a probe is executed all the same. */
        if (verb && ledger_counts(status) && !(run && run->dry))
                budget_add(&verb->uses, record->time_usec, run && run->observe);
        while (i < ledger->n_intents && ledger->intents[i].action != id)
                i++;
        if (i == ledger->n_intents)
                return;
        action = ledger->intents[i];
        action.status = status;
        action.finished_usec = record->time_usec;
        action.freed_bytes = record_get_number(record, "freed");
        action.found_bytes = record_get_number(record, "found");
        action.count = record_get_number(record, "count");
        TEXT_COPY(action.text, record_get(record, "text"));
        add_action(ledger, &action);
        size_t n = ledger->n_intents;
        drop(ledger->intent_runs, &n, i, sizeof(ledger->intent_runs[0]));
        drop(ledger->intents, &ledger->n_intents, i, sizeof(ledger->intents[0]));
}

static void on_action_would_have(struct ledger *ledger, const struct record *record) {
        struct ledger_run *run = ledger_run(ledger, record_get_number(record, "run"));
        struct ledger_verb *verb = verb_of(ledger, record_get(record, "verb"));
        struct wire_past_action action;

        see(&ledger->next_action, record_get_number(record, "action"));
        past_action(&action, record);
        action.status = WIRE_WOULD_HAVE;
        action.finished_usec = record->time_usec;
        TEXT_COPY(action.text, record_get(record, "text"));
        add_action(ledger, &action);
        if (is_yes(record, "dry") || (run && run->dry))
                return;
        add_turn(ledger, record);
        if (verb)
                budget_add(&verb->uses, record->time_usec, true);
        if (run)
                run->would_have_acted = true;
}

static void on_escalated(struct ledger *ledger, const struct record *record) {
        uint64_t incident = record_get_number(record, "incident");
        struct ledger_escalation *escalation;

        if (incident != 0 && incident == ledger->incident.id)
                ledger->incident.escalated = true;
        if (ledger->n_escalations == LEDGER_ESCALATIONS_MAX)
                drop(ledger->escalations, &ledger->n_escalations, 0, sizeof(ledger->escalations[0]));
        escalation = &ledger->escalations[ledger->n_escalations++];
        *escalation = (struct ledger_escalation){.incident = incident, .at_usec = record->time_usec};
        TEXT_COPY(escalation->reason, record_get(record, "reason"));
        TEXT_COPY(escalation->condition, record_get(record, "condition"));
}

static void on_mode(struct ledger *ledger, const struct record *record) {
        const char *mode = record_get(record, "mode");

        ledger->mode_override = CONFIG_MODE_OFF;
        for (unsigned i = CONFIG_MODE_OBSERVE; i <= CONFIG_MODE_ENFORCE; i++)
                if (strcmp(mode, config_mode_name((enum config_mode)i)) == 0)
                        ledger->mode_override = (enum config_mode)i;
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
                playbook->quarantined = is_yes(record, "quarantined");
                playbook->quarantined_source = record_get_number(record, "source");
                read_uses(&playbook->acted, record_get(record, "uses"));
        } else {
                struct ledger_verb *verb = verb_of(ledger, record_get(record, "name"));
                if (verb)
                        read_uses(&verb->uses, record_get(record, "uses"));
        }
}

static void add_step(struct ledger *ledger, uint64_t at_usec, uint64_t by_usec) {
        if (ledger->n_steps == LEDGER_STEPS_MAX)
                drop(ledger->steps, &ledger->n_steps, 0, sizeof(ledger->steps[0]));
        ledger->steps[ledger->n_steps].at_usec = at_usec;
        ledger->steps[ledger->n_steps++].by_usec = by_usec;
}

static void set_back(uint64_t *at_usec, uint64_t by_usec, uint64_t now_usec) {
        *at_usec = *at_usec > by_usec ? *at_usec - by_usec : 0;
        if (*at_usec > now_usec)
                *at_usec = now_usec;
}

static void move_uses(struct budget_uses *uses, bool forward, uint64_t by_usec, uint64_t now_usec) {
        budget_move(uses, forward, by_usec);
        budget_cap(uses, now_usec);
}

/*
 * The clock was set while we ran: what was used keeps its age.  Found at a start, `by` is only the least it can
 * be, and whatever lies in the future counts as of now.  `at` is there when a checkpoint says it once more.
 */
static void on_clock_stepped(struct ledger *ledger, const struct record *record) {
        bool forward = strcmp(record_get(record, "direction"), "forward") == 0;
        uint64_t at = record_get_number(record, "at"), by = record_get_number(record, "by");
        uint64_t now = record->time_usec, moved = is_yes(record, "at_start") ? 0 : by;

        if (at != 0) {
                for (size_t i = 0; i < ledger->n_steps; i++)
                        if (ledger->steps[i].at_usec == at)
                                return;
                add_step(ledger, at, by);
                return;
        }
        for (size_t i = 0; i < ledger->n_playbooks; i++) {
                move_uses(&ledger->playbooks[i].acted, forward, moved, now);
                move_uses(&ledger->playbooks[i].begun, forward, moved, now);
        }
        for (size_t i = 0; i < ledger->n_verbs; i++)
                move_uses(&ledger->verbs[i].uses, forward, moved, now);
        if (forward) {
                add_step(ledger, now, by);
                return;
        }
        for (size_t i = 0; i < ledger->n_steps; i++)
                set_back(&ledger->steps[i].at_usec, moved, now);
        for (size_t i = 0; i < ledger->n_escalations; i++)
                set_back(&ledger->escalations[i].at_usec, moved, now);
        set_back(&ledger->incident.since_usec, moved, now);
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
        {"action-intent", on_action_intent},
        {"action-outcome", on_action_outcome},
        {"action-unknown", on_action_outcome},
        {"action-would-have", on_action_would_have},
        {"action-denied", on_action_denied},
        {"escalated", on_escalated},
        {"mode", on_mode},
        {"maintenance", on_maintenance},
        {"watcher-restarted", on_watcher_restarted},
        {"quarantined", on_quarantined},
        {"unquarantined", on_quarantined},
        {"tally", on_tally},
        {"clock-stepped", on_clock_stepped},
};

void ledger_apply(struct ledger *ledger, const struct record *record) {
        const char *event = record_get(record, "event");

        see(&ledger->next_number, record->number);
        ledger->last_usec = record->time_usec;
        for (size_t i = 0; i < ELEMENTSOF(events); i++)
                if (strcmp(events[i].event, event) == 0)
                        events[i].apply(ledger, record);
}
