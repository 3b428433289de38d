/* SPDX-License-Identifier: MIT */
/*
 * engine_incident - open, join, continue, escalate and close the one incident there can be
 *
 * Runs in the watcher and in simulations.  The executor numbers incidents and records every word about them, so
 * everything here ends in a message; an incident is shown to the observer once it has its number.
 *
 * What is sent: INCIDENT_OPEN with the first condition; a note of kind "condition" whose text is the object name
 * of each further one; kind "note" for what cleared, tripped again or was given up; kind "diagnosis" as in
 * engine_diagnosis.c.  One that comes and goes is noted more and more rarely: the first four times, the eighth, the
 * sixteenth, until it was calm for an hour.
 *
 * A new watcher continues the open incident with the conditions that were recorded; each of them counts as unknown
 * until its label set is published, and is given up when that did not happen in 60 s.  When its predecessor had told
 * people, it takes them to know of each of these.
 *
 * Fails: without memory for an incident nothing is opened, which is logged; the next edge tries again.
 * Limits: INCIDENT_CONDITIONS_MAX conditions.  Next hops come and go while one dead destination keeps an incident open
 * for weeks, so a further one takes the place of one that is over, or of a notice when it is none itself; what then
 * still has no place is not gathered, and said so in the log.  The record has them all.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_private.h"

#define APPEAR_USEC (60 * USEC_PER_SEC)
#define CALM_USEC USEC_PER_HOUR
#define TRIPS_NOTED 4u

static void changed(struct engine *engine, enum engine_event_type type) {
        if (engine->open->id != 0)
                engine_event_queue(
                        engine, (struct engine_event){.type = type, .incident = engine->open}, NULL);
}

void engine_incident_changed(struct engine *engine) {
        changed(engine, ENGINE_INCIDENT_CHANGED);
}

struct incident *engine_incident_find(struct engine *engine, uint64_t id) {
        for (size_t i = 0; i < engine->n_incidents; i++)
                if (id != 0 && engine->incidents[i]->id == id)
                        return engine->incidents[i];
        return NULL;
}

struct incident *engine_incident_add(struct engine *engine, struct incident *incident) {
        if (engine->n_incidents == INCIDENT_KEEP + 1) {
                struct incident *oldest = engine->incidents[--engine->n_incidents];

                engine_event_queue(engine,
                        (struct engine_event){.type = ENGINE_INCIDENT_REMOVED, .incident = oldest}, oldest);
        }
        memmove(engine->incidents + 1, engine->incidents, engine->n_incidents * sizeof(struct incident *));
        engine->incidents[0] = incident;
        engine->n_incidents++;
        engine_event_queue(
                engine, (struct engine_event){.type = ENGINE_INCIDENT_ADDED, .incident = incident}, NULL);
        return incident;
}

/* Its row and its number make room for another of the same number. */
static void forget(struct engine *engine, struct incident *incident) {
        size_t i = 0;

        while (engine->incidents[i] != incident)
                i++;
        engine->n_incidents--;
        memmove(engine->incidents + i, engine->incidents + i + 1,
                (engine->n_incidents - i) * sizeof(struct incident *));
        engine_event_queue(engine,
                (struct engine_event){.type = ENGINE_INCIDENT_REMOVED, .incident = incident}, incident);
}

void engine_incident_note(struct engine *engine, const char *kind, const char *text) {
        struct wire_message message = {.type = WIRE_INCIDENT_NOTE};

        message.incident_note.incident = engine->open->id;
        text_copy(message.incident_note.kind, sizeof(message.incident_note.kind), kind);
        text_copy(message.incident_note.text, sizeof(message.incident_note.text), text);
        engine_send(engine, &message);
        changed(engine, ENGINE_INCIDENT_CHANGED);
}

static void note_condition(struct engine *engine, const char *name, const char *what) {
        char text[WIRE_TEXT_MAX];

        if (engine->open->id == 0)
                return;
        text_format(text, sizeof(text), "%s %s", name, what);
        engine_incident_note(engine, "note", text);
}

static void forget_turns(struct engine *engine) {
        for (size_t i = 0; i < engine->config->n_playbooks; i++) {
                engine->playbooks[i].turn = (struct schedule_turn){0};
                engine->playbooks[i].told[0] = '\0';
        }
        memset(engine->gathered, 0, sizeof(engine->gathered));
        engine->edges = 0;
        engine_diagnosis_forget(engine);
}

/* A relay that is up for twenty seconds, and down for twenty, would fill the record in a day. */
static bool is_noted(unsigned trips) {
        return trips <= TRIPS_NOTED || (trips & (trips - 1)) == 0;
}

static void note_tripped_again(struct engine *engine, const struct gathered *gathered, const char *name) {
        char what[64] = "tripped again";

        if (gathered->trips > TRIPS_NOTED)
                text_format(what, sizeof(what), "comes and goes: it tripped %u times", gathered->trips);
        if (is_noted(gathered->trips))
                note_condition(engine, name, what);
}

static void open_incident(struct engine *engine, const struct condition *condition) {
        struct incident *incident = calloc(1, sizeof(*incident));
        struct wire_message message = {.type = WIRE_INCIDENT_OPEN};

        if (!incident) {
                log_error("%s: no memory to open an incident", condition->name);
                return;
        }
        forget_turns(engine);
        incident->since_usec = loop_realtime(engine->loop);
        incident_title(condition, incident->title);
        engine->open = incident;
        engine->open_serial = ++engine->serial;
        message.incident_open.serial = engine->open_serial;
        text_copy(message.incident_open.title, sizeof(message.incident_open.title), incident->title);
        text_copy(message.incident_open.condition, sizeof(message.incident_open.condition), condition->name);
        engine_send(engine, &message);
}

/* Something is about it yet: a run, a lease, or the words that are shown. */
static bool is_needed(const struct engine *engine, size_t i) {
        for (const struct run_life *life = engine->runs; life; life = life->next)
                if (life->for_condition && life->condition == i)
                        return true;
        for (size_t k = 0; k < engine->n_leases; k++)
                if (condition_is_named(engine->open->conditions[i], engine->leases[k]->lease.until_clear))
                        return true;
        return i == engine->words.leading;
}

/* One that was gone before it was seen by this process may be about to come. */
static bool is_past(const struct gathered *gathered, const struct condition *condition) {
        return condition ? condition->state == CONDITION_OK : gathered->seen || gathered->dropped;
}

/* Of those that are over, else of the notices, the one of which nothing was heard for longest; false: there is none. */
static bool find_spare(const struct engine *engine, enum config_level level, size_t *ret_i) {
        bool found = false, found_past = false;
        uint64_t least = 0;

        for (size_t i = 0; i < engine->open->n_conditions; i++) {
                const struct condition *condition =
                        condition_find(engine->conditions, engine->open->conditions[i]);
                const struct gathered *gathered = &engine->gathered[i];
                uint64_t edge = gathered->cleared_edge > gathered->tripped_edge ? gathered->cleared_edge
                                                                                : gathered->tripped_edge;
                bool past = is_past(gathered, condition);
                bool lesser = condition && condition->config->level == CONFIG_LEVEL_NOTICE &&
                        level != CONFIG_LEVEL_NOTICE;

                if ((!past && !lesser) || is_needed(engine, i))
                        continue;
                if (found && (past != found_past ? found_past : edge >= least))
                        continue;
                *ret_i = i;
                least = edge;
                found = true;
                found_past = past;
        }
        return found;
}

/* It was over for so long that what was tried and told then is an old story, though the incident is the same. */
static void begin_afresh(struct engine *engine, size_t i) {
        engine->gathered[i].told = false;
        for (size_t k = 0; k < engine->config->n_playbooks; k++)
                engine->playbooks[k].turn.no_use &= ~(UINT64_C(1) << i);
}

static bool make_room(struct engine *engine, const struct condition *condition) {
        size_t i;

        if (!find_spare(engine, condition->config->level, &i))
                return false;
        log_info("%s: the incident has %d conditions already, %s makes room", condition->name,
                INCIDENT_CONDITIONS_MAX, engine->open->conditions[i]);
        engine->gathered[i] = (struct gathered){.seen = false};
        for (size_t k = 0; k < engine->config->n_playbooks; k++)
                engine->playbooks[k].turn.no_use &= ~(UINT64_C(1) << i);
        if (engine->words.best == i)
                engine->words.best = SIZE_MAX;
        text_copy(engine->open->conditions[i], CONDITION_NAME_MAX, condition->name);
        return true;
}

void engine_incident_tripped(struct engine *engine, const struct condition *condition) {
        bool first = !engine->open;

        if (first)
                open_incident(engine, condition);
        if (!engine->open)
                return;

        size_t known = engine->open->n_conditions;
        ptrdiff_t i = incident_gather(engine->open, condition->name);
        bool is_new = i < 0 || (size_t)i >= known;
        if (i < 0 && make_room(engine, condition))
                i = incident_gather(engine->open, condition->name);
        if (i < 0) {
                log_warning("%s: the incident has %d conditions already", condition->name,
                        INCIDENT_CONDITIONS_MAX);
                return;
        }
        struct gathered *gathered = &engine->gathered[i];
        bool again = gathered->tripped_edge != 0;
        if (again && gathered->cleared_edge > gathered->tripped_edge &&
                loop_now(engine->loop) - gathered->cleared_usec >= SCHEDULE_CALLED_USEC)
                begin_afresh(engine, (size_t)i);
        gathered->seen = true;
        gathered->dropped = false;
        gathered->tripped_edge = ++engine->edges;
        gathered->since_usec = loop_now(engine->loop);
        if (gathered->cleared_edge != 0 && gathered->since_usec - gathered->cleared_usec >= CALM_USEC)
                gathered->trips = 0;
        gathered->trips++;
        if (!first && is_new && engine->open->id != 0)
                engine_incident_note(engine, "condition", condition->name);
        else if (again)
                note_tripped_again(engine, gathered, condition->name);
        engine_diagnosis_tripped(engine);
        engine_touch(engine);
}

void engine_incident_cleared(struct engine *engine, const struct condition *condition) {
        if (!engine->open)
                return;
        for (size_t i = 0; i < engine->open->n_conditions; i++) {
                if (strcmp(engine->open->conditions[i], condition->name) != 0)
                        continue;
                engine->gathered[i].cleared_edge = ++engine->edges;
                engine->gathered[i].cleared_usec = loop_now(engine->loop);
                if (is_noted(engine->gathered[i].trips))
                        note_condition(engine, condition->name, "cleared");
        }
        engine_touch(engine);
}

void engine_incident_opened(struct engine *engine, const struct wire_incident_reply *reply) {
        struct incident *incident = engine->open;

        if (!incident || incident->id != 0 || reply->serial != engine->open_serial || reply->incident == 0) {
                log_debug("an answer to no question: incident %llu", (unsigned long long)reply->incident);
                return;
        }
        /* The executor reopens one that closed a moment ago: what was done and told in it stays known. */
        struct incident *same = engine_incident_find(engine, reply->incident);
        if (same) {
                if (same->escalated && !incident->escalated)
                        engine->called_usec = loop_now(engine->loop);
                incident->escalated |= same->escalated;
                memcpy(incident->actions, same->actions, sizeof(same->actions));
                incident->n_actions = same->n_actions;
                incident->earlier = same->earlier;
                engine_diagnosis_resume(engine, same);
                forget(engine, same);
        }
        incident->id = reply->incident;
        incident->since_usec = reply->since_usec;
        engine_incident_add(engine, incident);
        /* What happened while the number was on its way. */
        for (size_t i = 1; i < incident->n_conditions; i++)
                engine_incident_note(engine, "condition", incident->conditions[i]);
        engine_diagnosis_opened(engine);
        engine_touch(engine);
}

void engine_incident_continue(struct engine *engine, struct incident *incident) {
        forget_turns(engine);
        /* When that was is not known. */
        engine->called_usec = loop_now(engine->loop);
        engine->open = incident;
        for (size_t i = 0; i < incident->n_conditions; i++) {
                engine->gathered[i].since_usec = loop_now(engine->loop);
                engine->gathered[i].told = incident->escalated;
        }
        engine_diagnosis_continue(engine);
}

static bool holds_open(struct engine *engine, size_t i, uint64_t *ret_again_usec) {
        const char *name = engine->open->conditions[i];
        const struct condition *condition = condition_find(engine->conditions, name);
        struct gathered *gathered = &engine->gathered[i];

        if (gathered->dropped)
                return false;
        if (condition) {
                gathered->seen = true;
                /* A new process has not seen it trip: between its two levels it may still be what it was. */
                bool inherited = engine->open == engine->continued && gathered->tripped_edge == 0;
                return condition->tripped || condition->state == CONDITION_UNKNOWN ||
                        condition->state == CONDITION_PENDING || (inherited && !condition_is_good(condition));
        }
        uint64_t appear_usec = engine->ready_usec + APPEAR_USEC;
        if (!gathered->seen && loop_now(engine->loop) < appear_usec) {
                if (appear_usec < *ret_again_usec)
                        *ret_again_usec = appear_usec;
                return true;
        }
        gathered->dropped = true;
        note_condition(engine, name, "is gone and no longer part of this");
        return false;
}

bool engine_incident_is_over(struct engine *engine, uint64_t *ret_again_usec) {
        bool over = true;

        if (engine_lease_holds(engine, engine->open->id))
                return false;
        /* Nothing was recorded of what it gathered: give the sensors the same time to find it again. */
        if (engine->open->n_conditions == 0) {
                *ret_again_usec = engine->ready_usec + APPEAR_USEC;
                return loop_now(engine->loop) >= *ret_again_usec;
        }
        for (size_t i = 0; i < engine->open->n_conditions; i++)
                over &= !holds_open(engine, i, ret_again_usec);
        return over;
}

void engine_incident_close(struct engine *engine) {
        struct wire_message message = {.type = WIRE_INCIDENT_CLOSE};
        struct incident *incident = engine->open;

        engine_diagnosis_close(engine);
        incident->closed_usec = loop_realtime(engine->loop);
        message.incident_close.incident = incident->id;
        incident_summary(incident, incident->closed_usec, message.incident_close.text);
        engine_send(engine, &message);
        changed(engine, ENGINE_INCIDENT_CLOSED);
        engine->open = engine->continued = NULL;
        forget_turns(engine);
        for (size_t i = 0; i < engine->config->n_playbooks; i++)
                engine->playbooks[i].playbook.tried_in_incident = 0;
}

/* The one to be told of behind `last` (NULL: the first), in the order of their turns; NULL: there is no more. */
static const struct playbook_life *next_tried(const struct engine *engine, const struct playbook_life *last) {
        const struct playbook_life *next = NULL;

        for (size_t i = 0; i < engine->config->n_playbooks; i++) {
                const struct playbook_life *life = &engine->playbooks[i];
                uint64_t ended_usec = life->turn.ended_usec;

                if (!*life->told ||
                        (last &&
                                (ended_usec < last->turn.ended_usec ||
                                        (ended_usec == last->turn.ended_usec && life <= last))))
                        continue;
                if (!next || ended_usec < next->turn.ended_usec)
                        next = life;
        }
        return next;
}

void engine_incident_escalate(struct engine *engine, const char *reason, size_t condition) {
        struct wire_message message = {.type = WIRE_ESCALATE};
        struct wire_escalate *escalate = &message.escalate;
        const struct condition *about =
                condition_find(engine->conditions, engine->open->conditions[condition]);
        uint64_t lasted_seconds =
                (loop_now(engine->loop) - engine->gathered[condition].since_usec) / USEC_PER_SEC;
        char duration[TEXT_QUANTITY_MAX], figures[WIRE_TEXT_MAX] = "it is no longer published";
        struct diagnosis diagnosis;
        size_t tried = 0;

        if (about) {
                engine_diagnosis_describe(engine, condition, &diagnosis);
                text_copy(figures, sizeof(figures), diagnosis.text);
        }
        escalate->incident = engine->open->id;
        text_abridge(escalate->reason, sizeof(escalate->reason), reason);
        text_copy(escalate->condition, sizeof(escalate->condition), engine->open->conditions[condition]);
        text_duration(lasted_seconds * USEC_PER_SEC, duration);
        text_format(escalate->text, sizeof(escalate->text), "%s%s%s: %s.",
                engine->open->conditions[condition], lasted_seconds > 0 ? " for " : "",
                lasted_seconds > 0 ? duration : "", figures);
        const char *beside = engine_diagnosis_beside(engine, condition);
        if (beside) {
                size_t used = strlen(escalate->text);

                text_format(escalate->text + used, sizeof(escalate->text) - used, " In this incident: %s.",
                        beside);
        }
        for (const struct playbook_life *life = NULL; (life = next_tried(engine, life));) {
                size_t used = strlen(escalate->text);

                text_format(escalate->text + used, sizeof(escalate->text) - used, "%s %s (%s)",
                        tried++ == 0 ? "\nTried:" : ",", life->playbook.config->name, life->told);
        }
        if (tried == 0) {
                size_t used = strlen(escalate->text);
                text_format(escalate->text + used, sizeof(escalate->text) - used,
                        "\nNo playbook could be tried.");
        }
        engine->open->escalated = engine->gathered[condition].told = true;
        engine->called_usec = loop_now(engine->loop);
        engine_send(engine, &message);
        char *text = strdup(escalate->text);
        if (text)
                text_one_line(text);
        engine_event_queue(engine,
                (struct engine_event){
                        .type = ENGINE_ESCALATED, .incident = engine->open, .text = text ? text : reason},
                text);
        changed(engine, ENGINE_INCIDENT_CHANGED);
        engine_state_changed(engine);
        /* There may be another one that people have to be told of. */
        engine_touch(engine);
}
