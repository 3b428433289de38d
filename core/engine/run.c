/* SPDX-License-Identifier: MIT */
/*
 * run - the life of a run: asked for, admitted or refused, waiting for one named thing at a time, ended
 *
 * Runs in the watcher and in simulations.  Owns the runs and a timer for each.  The executor gives a run its
 * number; a run without one was refused and is forgotten at once.  Answers reach the script through its ops, always
 * from a callback of the loop and never from inside the script's own call.  What a script asks for is in
 * run_request.c, what its end means for the playbook in engine_playbook.c.
 *
 * Fails: a run that cannot be started, or whose action gets no answer, ends as failed like one with an error in
 * its script; without memory for a run nothing is asked, and the next change tries again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_private.h"

/* An ended run is shown a while, so that a client can read how it ended. */
#define SHOWN_USEC (10 * USEC_PER_SEC)
#define ASKING_USEC USEC_PER_MINUTE
/* Less is what comes and goes on any disk: it gives no hope of more. */
#define GAVE_LEAST_BYTES (UINT64_C(1) << 20)

static void tell(struct run_life *life, enum engine_event_type type) {
        if (life->run.id != 0)
                engine_event_queue(
                        life->engine, (struct engine_event){.type = type, .run = &life->run}, NULL);
}

bool run_is_active(const struct run_life *life) {
        return life->run.state != RUN_ENDED;
}

struct run_life *run_find(const struct engine *engine, uint64_t id) {
        for (struct run_life *life = engine->runs; life; life = life->next)
                if (id != 0 && life->run.id == id)
                        return life;
        return NULL;
}

/* Out of the list; it is freed when the observer has heard of it. */
static void forget(struct run_life *life) {
        struct engine *engine = life->engine;
        struct run_life **link = &engine->runs;

        while (*link != life)
                link = &(*link)->next;
        *link = life->next;
        life->timer = loop_timer_free(life->timer);
        engine_event_queue(
                engine, (struct engine_event){.type = ENGINE_RUN_REMOVED, .run = &life->run}, life);
}

/* The executor learns from the end of this process that these runs were interrupted. */
void run_release_scripts(struct engine *engine) {
        for (struct run_life *life = engine->runs; life; life = life->next) {
                if (!life->scripted)
                        continue;
                life->scripted = false;
                loop_timer_arm(life->timer, USEC_NEVER);
                engine->script->release(&life->run, engine->script_data);
        }
}

void run_free_all(struct engine *engine) {
        run_release_scripts(engine);
        while (engine->runs) {
                struct run_life *life = engine->runs;

                engine->runs = life->next;
                loop_timer_free(life->timer);
                free(life);
        }
}

void run_wait_begin(struct run_life *life, enum run_wait wait, uint64_t within_usec, const char *label) {
        struct engine *engine = life->engine;
        uint64_t now_usec = loop_now(engine->loop);

        life->wait = wait;
        life->run.state = RUN_WAITING;
        text_copy(life->run.waiting_for, sizeof(life->run.waiting_for), label);
        life->run.deadline_usec = loop_realtime(engine->loop) + within_usec;
        loop_timer_arm(life->timer, now_usec + within_usec);
        tell(life, ENGINE_RUN_CHANGED);
}

static void wait_end(struct run_life *life) {
        life->wait = RUN_WAIT_NONE;
        life->run.state = RUN_RUNNING;
        life->run.waiting_for[0] = '\0';
        life->run.deadline_usec = 0;
        loop_timer_arm(life->timer, USEC_NEVER);
        tell(life, ENGINE_RUN_CHANGED);
}

static void refused(struct run_life *life, const struct wire_run_reply *reply) {
        life->run.state = RUN_ENDED;
        text_copy(life->run.result, sizeof(life->run.result), "refused");
        text_copy(life->run.text, sizeof(life->run.text),
                *reply->text ? reply->text : wire_verdict_name(reply->verdict));

        engine_playbook_refused(life, reply);
        forget(life);
}

/* The end of an action that was never asked for, as the executor would have told it. */
static void answer_here(struct run_life *life) {
        struct wire_action_finished finished = {
                .serial = life->action_serial,
                .run = life->run.id,
                .incident = life->run.incident,
                .finished_usec = loop_realtime(life->engine->loop),
                .status = life->status_here,
        };

        life->answered_here = false;
        text_copy(finished.text, sizeof(finished.text), life->text_here);
        run_action_finished(life->engine, &finished);
}

static void on_timer(struct loop_timer *timer, void *data) {
        struct run_life *life = data;
        struct engine *engine = life->engine;
        enum run_wait wait = life->wait;
        char text[WIRE_TEXT_MAX];

        (void)timer;
        if (life->run.state == RUN_ENDED) {
                forget(life);
                return;
        }
        if (life->run.state == RUN_ASKING) {
                refused(life,
                        &(struct wire_run_reply){
                                .verdict = WIRE_COOLDOWN, .text = "the executor did not answer"});
                engine_touch(engine);
                return;
        }
        if (wait == RUN_WAIT_ACTION && life->answered_here) {
                answer_here(life);
                return;
        }
        if (wait == RUN_WAIT_ACTION) {
                text_format(text, sizeof(text), "no answer about %s", life->run.waiting_for);
                engine_run_ended(engine, &life->run, RUN_ANSWER_NONE, text);
                return;
        }
        wait_end(life);
        engine->script->wait_over(&life->run, wait == RUN_WAIT_TIME || life->wait_ok, engine->script_data);
}

static void remember_condition(struct run *run, const struct condition *condition) {
        run->critical = condition->config->level == CONFIG_LEVEL_CRITICAL;
        run->n_labels = condition->n_labels;
        memcpy(run->labels, condition->labels, sizeof(run->labels));
}

struct run_life *run_begin(struct engine *engine, struct playbook_life *playbook, const char *condition,
        bool by_hand, bool dry) {
        struct run_life *life = calloc(1, sizeof(*life));
        struct wire_message message = {.type = WIRE_RUN_BEGIN};

        if (!life ||
                loop_timer_new(engine->loop, playbook->playbook.config->name, USEC_NEVER, on_timer, life,
                        &life->timer) < 0) {
                free(life);
                log_error("%s: no memory for a run", playbook->playbook.config->name);
                return NULL;
        }
        life->engine = engine;
        life->edge = engine->edges;
        life->run.serial = ++engine->serial;
        life->run.playbook = &playbook->playbook;
        life->run.incident = by_hand ? 0 : engine->open->id;
        life->run.by_hand = by_hand;
        life->run.dry = dry;
        life->run.state = RUN_ASKING;
        text_copy(life->run.condition, sizeof(life->run.condition), condition);
        const struct condition *about = condition_find(engine->conditions, condition);
        if (about)
                remember_condition(&life->run, about);
        life->next = engine->runs;
        engine->runs = life;

        message.run_begin.serial = life->run.serial;
        message.run_begin.incident = life->run.incident;
        message.run_begin.dry = dry;
        message.run_begin.by_hand = by_hand;
        text_copy(message.run_begin.playbook, sizeof(message.run_begin.playbook),
                playbook->playbook.config->name);
        engine_send(engine, &message);
        loop_timer_arm(life->timer, loop_now(engine->loop) + ASKING_USEC);
        engine_touch(engine);
        return life;
}

void run_replied(struct engine *engine, const struct wire_run_reply *reply) {
        struct run_life *life = engine->runs;

        while (life && (life->run.serial != reply->serial || life->run.state != RUN_ASKING))
                life = life->next;
        if (!life) {
                log_debug("an answer to no question: run %llu", (unsigned long long)reply->run);
                return;
        }
        engine_touch(engine);
        if (reply->verdict != WIRE_GO || reply->run == 0) {
                refused(life, reply);
                return;
        }
        life->run.id = reply->run;
        life->run.observe = reply->observe || life->run.dry;
        life->run.state = RUN_RUNNING;
        loop_timer_arm(life->timer, USEC_NEVER);
        tell(life, ENGINE_RUN_ADDED);

        struct incident *incident = engine_incident_find(engine, life->run.incident);
        life->scripted = true;
        int r = engine->script ? engine->script->start(&life->run, incident, engine->script_data) : -ENOSYS;
        life->scripted &= r >= 0;
        if (r < 0 && run_is_active(life))
                engine_run_ended(engine, &life->run, RUN_ANSWER_NONE, "the script could not be started");
}

void run_action_started(struct engine *engine, const struct wire_action_started *started) {
        struct run_life *life = run_find(engine, started->run);
        struct incident *incident = engine_incident_find(engine, started->incident);
        struct incident_action action = {
                .action = started->action,
                .started_usec = started->started_usec,
        };

        text_copy(action.playbook, sizeof(action.playbook), started->playbook);
        text_copy(action.verb, sizeof(action.verb), started->verb);
        text_copy(action.args, sizeof(action.args), started->args);
        if (life)
                life->action = action;
        if (incident)
                *incident_add_action(incident) = action;

        struct incident_action *copy = malloc(sizeof(*copy));
        if (copy) {
                *copy = action;
                engine_event_queue(engine,
                        (struct engine_event){.type = ENGINE_ACTION_STARTED,
                                .incident = incident,
                                .run = life ? &life->run : NULL,
                                .action = copy},
                        copy);
        }
}

static void show_finished(
        struct engine *engine, struct run_life *life, const struct wire_action_finished *finished) {
        struct incident *incident = engine_incident_find(engine, finished->incident);
        struct incident_action *action = incident ? incident_find_action(incident, finished->action) : NULL;
        struct incident_action *copy = calloc(1, sizeof(*copy));

        if (!copy)
                return;
        if (action)
                *copy = *action;
        else if (life && life->action.action == finished->action)
                *copy = life->action;
        copy->action = finished->action;
        copy->finished_usec = finished->finished_usec;
        copy->freed_bytes = finished->freed_bytes;
        copy->found_bytes = finished->found_bytes;
        copy->count = finished->count;
        copy->status = (enum wire_status)finished->status;
        text_copy(copy->text, sizeof(copy->text), finished->text);
        if (action)
                *action = *copy;
        engine_event_queue(engine,
                (struct engine_event){.type = ENGINE_ACTION_FINISHED,
                        .incident = incident,
                        .run = life ? &life->run : NULL,
                        .action = copy},
                copy);
}

/* Whether something was done, or would have been: what never began has no number. */
static bool executed(const struct wire_action_finished *finished) {
        return finished->action != 0 && finished->status != WIRE_NOTHING && finished->status != WIRE_DENIED;
}

bool run_action_finished(struct engine *engine, const struct wire_action_finished *finished) {
        struct run_life *life = run_find(engine, finished->run);

        if (finished->action != 0)
                show_finished(engine, life, finished);
        if (!life)
                return false;
        if (life->wait != RUN_WAIT_ACTION || life->action_serial != finished->serial) {
                log_debug("%s: an answer about an action it does not wait for",
                        life->run.playbook->config->name);
                return true;
        }
        /* What only looked has neither acted nor acted in vain. */
        life->run.acted |= !life->probing && executed(finished);
        life->run.gave |= finished->freed_bytes >= GAVE_LEAST_BYTES;
        life->fruitless |= !life->probing && !executed(finished);
        text_copy(life->run.text, sizeof(life->run.text), finished->text);
        wait_end(life);
        if (life->scripted)
                engine->script->action_finished(&life->run, finished, engine->script_data);
        return true;
}

static const char *result_of(const struct run_life *life, enum run_answer answer) {
        if (life->run.acted && life->run.observe)
                return "observed";
        if (answer == RUN_ANSWER_CLEARED)
                return "cleared";
        if (!life->run.acted && life->fruitless)
                return "refused";
        return answer == RUN_ANSWER_NOT_CLEARED ? "not-cleared" : "done";
}

void engine_run_ended(struct engine *engine, struct run *run, enum run_answer answer, const char *error) {
        struct wire_message message = {.type = WIRE_RUN_END};
        struct run_life *life = run_life_of(run);

        if (!run_is_active(life))
                return;
        if (life->scripted)
                engine->script->release(run, engine->script_data);
        life->scripted = false;
        wait_end(life);
        run->state = RUN_ENDED;
        text_copy(run->result, sizeof(run->result), error ? "failed" : result_of(life, answer));
        if (error) {
                text_copy(run->text, sizeof(run->text), error);
                log_error("%s: %s", run->playbook->config->name, error);
        }
        run_note_left_out(life);
        engine_playbook_ended(life, answer, error != NULL);
        message.run_end.run = run->id;
        message.run_end.acted = run->acted;
        message.run_end.crashed = error != NULL;
        text_copy(message.run_end.result, sizeof(message.run_end.result), run->result);
        text_copy(message.run_end.text, sizeof(message.run_end.text), run->text);
        engine_send(engine, &message);

        loop_timer_arm(life->timer, loop_now(engine->loop) + SHOWN_USEC);
        engine_touch(engine);
}
