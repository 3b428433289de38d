/* SPDX-License-Identifier: MIT */
/*
 * engine_receive - every message of the executor, one row each
 *
 * Runs in the watcher and in simulations.  The executor is trusted, but it may have been restarted or speak of
 * what a former watcher asked for: a message that fits nothing is a line in the debug log and no more.  Until
 * WELCOME_END it tells what was before; after that the engine may decide.
 *
 * Cannot fail; without memory a past incident or an action is missing from what is shown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_private.h"

static struct incident *past_incident(struct engine *engine, uint64_t id) {
        struct incident *incident = engine_incident_find(engine, id);

        if (incident || id == 0)
                return incident;
        incident = calloc(1, sizeof(*incident));
        if (!incident)
                return NULL;
        incident->id = id;
        return engine_incident_add(engine, incident);
}

static void on_welcome(struct engine *engine, const struct wire_message *message) {
        const struct wire_welcome *welcome = &message->welcome;
        struct incident *incident = past_incident(engine, welcome->incident);

        if (!incident)
                return;
        incident->since_usec = welcome->incident_since_usec;
        incident->escalated = welcome->incident_escalated;
        text_copy(incident->title, sizeof(incident->title), welcome->incident_title);
        engine->continued = incident;
}

static void on_past_incident(struct engine *engine, const struct wire_message *message) {
        const struct wire_past_incident *past = &message->past_incident;
        struct incident *incident = past_incident(engine, past->incident);
        char conditions[WIRE_LONG_MAX], *rest = conditions, *line;

        if (!incident)
                return;
        incident->since_usec = past->since_usec;
        incident->closed_usec = past->closed_usec;
        incident->escalated |= past->escalated;
        text_copy(incident->title, sizeof(incident->title), past->title);
        text_copy(incident->diagnosis, sizeof(incident->diagnosis), past->diagnosis);
        text_copy(conditions, sizeof(conditions), past->conditions);
        while ((line = strsep(&rest, "\n")))
                if (*line)
                        incident_gather(incident, line);
}

static void on_past_action(struct engine *engine, const struct wire_message *message) {
        const struct wire_past_action *past = &message->past_action;
        struct incident *incident = engine_incident_find(engine, past->incident);

        if (!incident)
                return;
        struct incident_action *action = incident_add_action(incident);
        *action = (struct incident_action){
                .action = past->action,
                .started_usec = past->started_usec,
                .finished_usec = past->finished_usec,
                .freed_bytes = past->freed_bytes,
                .found_bytes = past->found_bytes,
                .count = past->count,
                .status = (enum wire_status)past->status,
        };
        text_copy(action->playbook, sizeof(action->playbook), past->playbook);
        text_copy(action->verb, sizeof(action->verb), past->verb);
        text_copy(action->args, sizeof(action->args), past->args);
        text_copy(action->text, sizeof(action->text), past->text);
}

static void on_state(struct engine *engine, const struct wire_message *message) {
        const struct wire_state *state = &message->state;

        engine->mode = state->mode;
        engine->maintenance_until_usec = state->maintenance_until_usec;
        engine->degraded = state->degraded;
        text_copy(engine->degraded_text, sizeof(engine->degraded_text), state->text);
        for (size_t i = 0; state->maintenance_until_usec == 0 && i < engine->config->n_playbooks; i++)
                if (engine->playbooks[i].turn.hold == SCHEDULE_MAINTENANCE)
                        engine->playbooks[i].turn.hold = SCHEDULE_FREE;
        engine_event_queue(engine, (struct engine_event){.type = ENGINE_STATE_CHANGED}, NULL);
        engine_touch(engine);
}

static void on_playbook_state(struct engine *engine, const struct wire_message *message) {
        const struct wire_playbook_state *state = &message->playbook_state;

        for (size_t i = 0; i < engine->config->n_playbooks; i++) {
                struct playbook_life *life = &engine->playbooks[i];

                if (strcmp(life->playbook.config->name, state->playbook) != 0)
                        continue;
                life->playbook.mode = (enum config_mode)state->mode;
                life->playbook.runs = state->runs;
                life->playbook.would_have_run = state->would_have_run;
                life->playbook.last_run_usec = state->last_run_usec;
                life->quarantined = state->quarantined;
                engine_playbook_rest(life, (enum wire_verdict)state->verdict, state->until_usec);
                life->changed = true;
        }
        engine_touch(engine);
}

static void on_welcome_end(struct engine *engine, const struct wire_message *message) {
        if (engine->ready)
                return;
        engine->ready = true;
        engine->ready_usec = loop_now(engine->loop);
        engine->orphans = message->welcome_end.actions_running;
        if (engine->continued)
                engine_incident_continue(engine, engine->continued);
        for (size_t i = 0; condition_at(engine->conditions, i); i++)
                if (condition_at(engine->conditions, i)->tripped)
                        engine_incident_tripped(engine, condition_at(engine->conditions, i));
        engine_touch(engine);
}

static void on_incident_reply(struct engine *engine, const struct wire_message *message) {
        engine_incident_opened(engine, &message->incident_reply);
}

static void on_run_reply(struct engine *engine, const struct wire_message *message) {
        run_replied(engine, &message->run_reply);
}

static void on_action_started(struct engine *engine, const struct wire_message *message) {
        run_action_started(engine, &message->action_started);
}

static void on_action_finished(struct engine *engine, const struct wire_message *message) {
        bool ours = run_action_finished(engine, &message->action_finished);

        if (!ours && message->action_finished.action != 0 && engine->orphans > 0)
                engine->orphans--;
        engine_touch(engine);
}

static void on_lower_reply(struct engine *engine, const struct wire_message *message) {
        struct wire_lower_reply *reply = malloc(sizeof(*reply));

        if (!reply)
                return;
        *reply = message->lower_reply;
        engine_event_queue(
                engine, (struct engine_event){.type = ENGINE_LOWER_REPLY, .lower_reply = reply}, reply);
}

static void on_lease(struct engine *engine, const struct wire_message *message) {
        engine_lease_changed(engine, &message->lease);
}

static void on_run_playbook(struct engine *engine, const struct wire_message *message) {
        const struct wire_run_playbook *request = &message->run_playbook;
        struct problem problem;

        if (!engine_run_by_hand(engine, request->playbook, request->dry, &problem))
                log_warning("not run as root asked: %s", problem.text);
}

void engine_receive(struct engine *engine, const struct wire_message *message) {
        static const struct {
                enum wire_type type;
                void (*handle)(struct engine *engine, const struct wire_message *message);
        } handlers[] = {
                {WIRE_WELCOME, on_welcome},
                {WIRE_STATE, on_state},
                {WIRE_PLAYBOOK_STATE, on_playbook_state},
                {WIRE_PAST_INCIDENT, on_past_incident},
                {WIRE_PAST_ACTION, on_past_action},
                {WIRE_WELCOME_END, on_welcome_end},
                {WIRE_INCIDENT_REPLY, on_incident_reply},
                {WIRE_RUN_REPLY, on_run_reply},
                {WIRE_ACTION_STARTED, on_action_started},
                {WIRE_ACTION_FINISHED, on_action_finished},
                {WIRE_LOWER_REPLY, on_lower_reply},
                {WIRE_RUN_PLAYBOOK, on_run_playbook},
                {WIRE_LEASE, on_lease},
        };

        for (size_t i = 0; i < ELEMENTSOF(handlers); i++)
                if (handlers[i].type == message->type) {
                        handlers[i].handle(engine, message);
                        return;
                }
        log_debug("a message of the executor that means nothing here: %s", wire_type_name(message->type));
}
