/* SPDX-License-Identifier: MIT */
/*
 * run_request - what the script of a run may ask for: an action, a wait, a word for the record
 *
 * Runs in the watcher and in simulations.  A run asks for one thing at a time; asking parks it under a label with a
 * deadline, both of which people can see.
 *
 * A wait for an action ends with the executor's word, and after ACTION_WAIT_USEC without one the run has failed:
 * the executor's own deadlines are far shorter.  In a run that only observes, a wait for a condition to clear
 * ends at once after an action that would have been run, so that decisions follow each other as in earnest; and
 * when every action of a run was denied or had nothing to do, the condition is only looked at, because waiting
 * for what nobody did would keep the next playbook from its turn.
 *
 * The executor ends a watcher that floods it, so what one run may send is bounded: NOTES_MAX notes and as many
 * diagnoses, the rest of which is counted and said in one last note, and ACTS_MAX actions, because an action that
 * is denied is answered at once.
 *
 * Fails: everything refuses with one line, which becomes an error at the line of the playbook.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_private.h"

#define ACTION_WAIT_USEC (30 * USEC_PER_MINUTE)
#define NOTES_MAX 32u
#define ACTS_MAX 128u

/* Nothing of that name is tripped or unknown, and there is something of that name. */
static bool is_clear(const struct engine *engine, const char *name) {
        bool any = false;

        for (size_t i = 0; condition_at(engine->conditions, i); i++) {
                const struct condition *condition = condition_at(engine->conditions, i);

                if (!condition_is_named(condition->name, name))
                        continue;
                if (condition->tripped || condition->state == CONDITION_UNKNOWN)
                        return false;
                any = true;
        }
        return any;
}

void run_look_at_conditions(struct engine *engine) {
        for (struct run_life *life = engine->runs; life; life = life->next) {
                if (life->wait != RUN_WAIT_CLEAR || life->wait_ok || !is_clear(engine, life->clear_name))
                        continue;
                life->wait_ok = true;
                loop_timer_arm(life->timer, loop_now(engine->loop));
        }
}

int engine_run_act(struct engine *engine, struct run *run, const char *verb, const struct wire_pair *args,
        size_t n_args, struct problem *problem) {
        struct wire_message message = {.type = WIRE_ACTION_REQUEST};
        struct run_life *life = run_life_of(run);

        if (run->state != RUN_RUNNING)
                return problem_set(problem, "this run cannot act now");
        if (n_args > WIRE_PAIRS_MAX)
                return problem_set(problem, "%s: more than %u arguments", verb, WIRE_PAIRS_MAX);
        if (strlen(verb) >= WIRE_NAME_MAX)
                return problem_set(problem, "a verb's name has at most %u letters", WIRE_NAME_MAX - 1);
        if (life->acts == ACTS_MAX)
                return problem_set(problem, "one run asks for at most %u actions", ACTS_MAX);
        life->acts++;
        life->action_serial = ++engine->serial;
        message.action_request.serial = life->action_serial;
        message.action_request.run = run->id;
        text_copy(message.action_request.verb, sizeof(message.action_request.verb), verb);
        if (n_args > 0)
                memcpy(message.action_request.args, args, n_args * sizeof(*args));
        message.action_request.n_args = (uint8_t)n_args;
        run_wait_begin(life, RUN_WAIT_ACTION, ACTION_WAIT_USEC, verb);
        engine_send(engine, &message);
        return 0;
}

static bool is_configured(const struct engine *engine, const char *name) {
        for (size_t i = 0; i < engine->config->n_conditions; i++)
                if (condition_is_named(name, engine->config->conditions[i].name))
                        return true;
        return false;
}

static const char *nearest_condition(const struct engine *engine, const char *name) {
        const char *names[CONFIG_CONDITIONS_MAX];
        size_t n = 0;

        while (n < engine->config->n_conditions && n < CONFIG_CONDITIONS_MAX) {
                names[n] = engine->config->conditions[n].name;
                n++;
        }
        return text_nearest(name, names, n);
}

int engine_run_wait_clear(struct engine *engine, struct run *run, const char *condition, uint64_t within_usec,
        struct problem *problem) {
        struct run_life *life = run_life_of(run);
        char label[WIRE_TEXT_MAX];

        if (run->state != RUN_RUNNING)
                return problem_set(problem, "this run cannot wait now");
        if (!is_configured(engine, condition)) {
                const char *nearest = nearest_condition(engine, condition);
                return problem_set(problem, "there is no condition '%s'%s%s%s", condition,
                        nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
        }
        bool would_be_clear = run->observe && run->acted;
        bool only_look = !run->acted && life->fruitless;

        text_copy(life->clear_name, sizeof(life->clear_name), condition);
        life->wait_ok = would_be_clear || is_clear(engine, condition);
        text_format(label, sizeof(label), "%s to clear", condition);
        run_wait_begin(life, RUN_WAIT_CLEAR, life->wait_ok || only_look ? 0 : within_usec, label);
        return 0;
}

int engine_run_wait_time(
        struct engine *engine, struct run *run, uint64_t usec, const char *label, struct problem *problem) {
        (void)engine;
        if (run->state != RUN_RUNNING)
                return problem_set(problem, "this run cannot wait now");
        run_wait_begin(run_life_of(run), RUN_WAIT_TIME, usec, label);
        return 0;
}

/* What a run by hand, or one whose incident is over, says is for the journal alone. */
static bool is_of_open_incident(const struct engine *engine, const struct run *run) {
        return !run->by_hand && engine->open && engine->open->id == run->incident;
}

void engine_run_note(struct engine *engine, struct run *run, const char *kind, const char *text) {
        struct run_life *life = run_life_of(run);
        bool diagnosis = strcmp(kind, "diagnosis") == 0;
        unsigned *said = diagnosis ? &life->diagnoses : &life->notes;

        if (*said == NOTES_MAX) {
                life->left_out++;
                return;
        }
        (*said)++;
        log_info("%s: %s", run->playbook->config->name, text);
        if (!is_of_open_incident(engine, run))
                return;
        if (diagnosis) {
                engine->diagnosed = true;
                text_copy(engine->open->diagnosis, sizeof(engine->open->diagnosis), text);
        }
        engine_incident_note(engine, kind, text);
}

void run_note_left_out(struct run_life *life) {
        struct engine *engine = life->engine;
        char text[WIRE_TEXT_MAX];

        if (life->left_out == 0)
                return;
        text_format(text, sizeof(text), "%s had more to say: %u sentence%s left out",
                life->run.playbook->config->name, life->left_out, life->left_out == 1 ? "" : "s");
        log_info("%s", text);
        if (is_of_open_incident(engine, &life->run))
                engine_incident_note(engine, "note", text);
}
