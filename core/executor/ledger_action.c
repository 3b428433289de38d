/* SPDX-License-Identifier: MIT */
/*
 * ledger_action - fold what became of actions: the last ones, the uses of verbs, and whose turn it was
 *
 * Runs in: executor.  Pure, as ledger_apply.c.  An action is among the intents until its outcome is known, and then
 * among those that ended; a verb has its turn in the open incident once it ran, or its check found nothing to do.
 *
 * Limits: those of ledger.h.  When a list is full its oldest entry goes, but of the actions those that are unknown in
 * the open incident stay: a queue that is brought back takes hundreds of others, and what nobody knows the end of
 * must not be done again for that.
 */
#include "executor/ledger_fold.h"
#include "plugin/plugin.h"

struct ledger_verb *ledger_verb_of(struct ledger *ledger, const char *name) {
        struct ledger_verb *verb = (struct ledger_verb *)ledger_verb(ledger, name);

        if (verb || !*name)
                return verb;
        if (ledger->n_verbs == LEDGER_VERBS_MAX)
                ledger_drop(ledger->verbs, &ledger->n_verbs, 0, sizeof(ledger->verbs[0]));
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
void ledger_on_action_denied(struct ledger *ledger, const struct record *record) {
        if (strcmp(record_get(record, "by"), "check") == 0 && !ledger_says_yes(record, "dry"))
                add_turn(ledger, record);
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
                ledger_drop(ledger->actions, &ledger->n_actions, oldest_not_needed(ledger),
                        sizeof(ledger->actions[0]));
        ledger->actions[ledger->n_actions++] = *action;
}

void ledger_on_action_intent(struct ledger *ledger, const struct record *record) {
        struct ledger_run *run = ledger_run(ledger, record_get_number(record, "run"));

        ledger_see(&ledger->next_action, record_get_number(record, "action"));
        if (ledger->n_intents == LEDGER_INTENTS_MAX) {
                size_t n = ledger->n_intents;
                ledger_drop(ledger->intent_runs, &n, 0, sizeof(ledger->intent_runs[0]));
                ledger_drop(ledger->intents, &ledger->n_intents, 0, sizeof(ledger->intents[0]));
        }
        ledger->intent_runs[ledger->n_intents] = record_get_number(record, "run");
        past_action(&ledger->intents[ledger->n_intents++], record);
        /* From here on something may have been changed, whatever becomes of it; a probe changes nothing. */
        if (run && strcmp(record_get(record, "risk"), plugin_risk_name(SG_RISK_PROBE)) != 0)
                run->acted = true;
}

void ledger_on_action_outcome(struct ledger *ledger, const struct record *record) {
        uint64_t id = record_get_number(record, "action");
        bool unknown = strcmp(record_get(record, "event"), "action-unknown") == 0;
        enum wire_status status = unknown ? WIRE_UNKNOWN : ledger_status(record_get(record, "status"));
        const struct ledger_run *run = ledger_run(ledger, record_get_number(record, "run"));
        struct wire_past_action action;
        struct ledger_verb *verb;
        size_t i = 0;

        ledger_see(&ledger->next_action, id);
        add_turn(ledger, record);
        verb = ledger_verb_of(ledger, record_get(record, "verb"));
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
        ledger_drop(ledger->intent_runs, &n, i, sizeof(ledger->intent_runs[0]));
        ledger_drop(ledger->intents, &ledger->n_intents, i, sizeof(ledger->intents[0]));
}

void ledger_on_action_would_have(struct ledger *ledger, const struct record *record) {
        struct ledger_run *run = ledger_run(ledger, record_get_number(record, "run"));
        struct ledger_verb *verb = ledger_verb_of(ledger, record_get(record, "verb"));
        struct wire_past_action action;

        ledger_see(&ledger->next_action, record_get_number(record, "action"));
        past_action(&action, record);
        action.status = WIRE_WOULD_HAVE;
        action.finished_usec = record->time_usec;
        TEXT_COPY(action.text, record_get(record, "text"));
        add_action(ledger, &action);
        if (ledger_says_yes(record, "dry") || (run && run->dry))
                return;
        add_turn(ledger, record);
        if (verb)
                budget_add(&verb->uses, record->time_usec, true);
        if (run)
                run->would_have_acted = true;
}
