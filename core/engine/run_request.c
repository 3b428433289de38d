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
 * A verb with a selector is asked for together with what was selected, which may take a while.  When that is nothing,
 * or cannot be made, nothing is asked, and the action ends here as "nothing" or "failed"; its run counts as one that did
 * not act.  A run that ended meanwhile asks for nothing any more.
 *
 * The executor ends a watcher that floods it, so what one run may send is bounded: NOTES_MAX notes and as many
 * diagnoses, the rest of which is counted and said in one last note, and WIRE_ACTIONS_PER_RUN actions, because an
 * action that is denied is answered at once.
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

/* Both conditions are about the same thing, whatever they are. */
static bool has_same_labels(const char *one, const char *other) {
        const char *mine = strchr(one, '_'), *its = strchr(other, '_');

        return mine && its && strcmp(mine, its) == 0;
}

/*
 * The same thing turned critical since a run about something less began: to wait on would keep the next step from it.
 */
static bool is_overtaken(const struct engine *engine, const struct run_life *life) {
        if (life->run.by_hand || life->run.critical || !life->for_condition || life->brings_back ||
                !engine->open)
                return false;
        for (size_t i = 0; i < engine->open->n_conditions; i++) {
                struct schedule_condition condition = engine_schedule_condition(engine, i);

                if (condition.tripped && condition.level == CONFIG_LEVEL_CRITICAL &&
                        condition.tripped_edge > life->edge &&
                        has_same_labels(engine->open->conditions[i], life->run.condition))
                        return true;
        }
        return false;
}

void run_look_at_conditions(struct engine *engine) {
        for (struct run_life *life = engine->runs; life; life = life->next) {
                if (life->wait != RUN_WAIT_CLEAR || life->wait_ok)
                        continue;
                life->wait_ok = is_clear(engine, life->clear_name);
                if (life->wait_ok || is_overtaken(engine, life))
                        loop_timer_arm(life->timer, loop_now(engine->loop));
        }
}

static bool is_configured(const struct engine *engine, const char *name) {
        for (size_t i = 0; i < engine->config->n_conditions; i++)
                if (condition_is_named(name, engine->config->conditions[i].name))
                        return true;
        return false;
}

int engine_check_condition(const struct engine *engine, const char *name, struct problem *problem) {
        const char *names[CONFIG_CONDITIONS_MAX], *nearest;
        size_t n = 0;

        if (is_configured(engine, name))
                return 0;
        while (n < engine->config->n_conditions && n < CONFIG_CONDITIONS_MAX) {
                names[n] = engine->config->conditions[n].name;
                n++;
        }
        nearest = text_nearest(name, names, n);
        return problem_set(problem, "there is no condition '%s'%s%s%s", name,
                nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* What a run by hand, or one whose incident is over, says is for the journal alone. */
static bool is_of_open_incident(const struct engine *engine, const struct run *run) {
        return !run->by_hand && engine->open && engine->open->id == run->incident;
}

/* The terms of the lease that a reversible verb takes. */
static int set_terms(const struct engine *engine, const struct run *run, const struct engine_act *act,
        struct wire_action_request *request, struct problem *problem) {
        const char *until = act->until_clear && *act->until_clear ? act->until_clear : run->condition;
        const char *reason = act->reason;
        char by_hand[WIRE_TEXT_MAX];

        if (!*until)
                return problem_set(problem,
                        "%s: say with until_clear which condition it waits for; this run is about none",
                        act->verb);
        int r = engine_check_condition(engine, until, problem);
        if (r < 0)
                return r;
        /* A name that was cut would be that of no condition, and its lease would never end. */
        if (strlen(until) >= sizeof(request->until_clear))
                return problem_set(
                        problem, "%s: the name of the condition is too long for a lease", act->verb);
        text_copy(request->until_clear, sizeof(request->until_clear), until);
        if ((!reason || !*reason) && is_of_open_incident(engine, run))
                reason = engine->open->diagnosis;
        if (!reason || !*reason) {
                text_format(by_hand, sizeof(by_hand), "%s%s", run->playbook->config->name,
                        run->by_hand ? " was run by hand" : "");
                reason = by_hand;
        }
        text_copy(request->reason, sizeof(request->reason), reason);
        return 0;
}

/* The action ends without having been asked for; the script hears of it from the loop, like of any other end. */
static void end_here(struct run_life *life, enum wire_status status, const char *text) {
        life->answered_here = true;
        life->status_here = status;
        text_copy(life->text_here, sizeof(life->text_here), text);
        loop_timer_arm(life->timer, loop_now(life->engine->loop));
}

static void take_selected(struct run_life *life, const char *verb, ssize_t n) {
        char text[WIRE_TEXT_MAX];

        if (n == 0)
                end_here(life, WIRE_NOTHING, "nothing there to act on");
        if (n >= 0 || n == -EINPROGRESS)
                return;
        text_format(text, sizeof(text), "the selection could not be made: %s", strerror((int)-n));
        log_warning("%s: %s", verb, text);
        end_here(life, WIRE_FAILED, text);
}

/* NULL: the run that asked for it has ended, or given up. */
static struct run_life *find_asking(const struct engine *engine, const struct wire_action_request *request) {
        struct run_life *life = run_find(engine, request->run);

        return life && life->wait == RUN_WAIT_ACTION && life->action_serial == request->serial ? life : NULL;
}

bool run_awaits_selection(const struct engine *engine, const struct wire_action_request *request) {
        return find_asking(engine, request);
}

void run_selected(struct engine *engine, const struct wire_action_request *request, ssize_t n) {
        struct run_life *life = find_asking(engine, request);

        if (life)
                take_selected(life, request->verb, n);
}

int engine_run_act(
        struct engine *engine, struct run *run, const struct engine_act *act, struct problem *problem) {
        struct wire_message message = {.type = WIRE_ACTION_REQUEST};
        struct wire_action_request *request = &message.action_request;
        struct run_life *life = run_life_of(run);

        if (run->state != RUN_RUNNING)
                return problem_set(problem, "this run cannot act now");
        if (act->n_args > WIRE_PAIRS_MAX)
                return problem_set(problem, "%s: more than %u arguments", act->verb, WIRE_PAIRS_MAX);
        if (strlen(act->verb) >= WIRE_NAME_MAX)
                return problem_set(problem, "a verb's name has at most %u letters", WIRE_NAME_MAX - 1);
        if (life->acts == WIRE_ACTIONS_PER_RUN)
                return problem_set(problem, "one run asks for at most %u actions", WIRE_ACTIONS_PER_RUN);
        if (act->reversible) {
                int r = set_terms(engine, run, act, request, problem);
                if (r < 0)
                        return r;
        }
        life->acts++;
        life->probing = act->probes;
        life->action_serial = ++engine->serial;
        request->serial = life->action_serial;
        request->run = run->id;
        text_copy(request->verb, sizeof(request->verb), act->verb);
        if (act->n_args > 0)
                memcpy(request->args, act->args, act->n_args * sizeof(*act->args));
        request->n_args = (uint8_t)act->n_args;
        run_wait_begin(life, RUN_WAIT_ACTION, ACTION_WAIT_USEC, act->verb);
        if (act->selects)
                take_selected(life, act->verb,
                        engine->ops->send_selected(
                                &message, act->verb, act->args, act->n_args, engine->data));
        else
                engine_send(engine, &message);
        return 0;
}

int engine_run_wait_clear(struct engine *engine, struct run *run, const char *condition, uint64_t within_usec,
        struct problem *problem) {
        struct run_life *life = run_life_of(run);
        char label[WIRE_TEXT_MAX];

        if (run->state != RUN_RUNNING)
                return problem_set(problem, "this run cannot wait now");
        int r = engine_check_condition(engine, condition, problem);
        if (r < 0)
                return r;
        bool would_be_clear = run->observe && run->acted;
        bool only_look = (!run->acted && life->fruitless) || is_overtaken(engine, life);

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

void engine_run_note(struct engine *engine, struct run *run, const char *kind, const char *text) {
        struct run_life *life = run_life_of(run);
        bool diagnosis = strcmp(kind, "diagnosis") == 0;
        char sentence[WIRE_TEXT_MAX];
        unsigned *said = diagnosis ? &life->diagnoses : &life->notes;

        if (*said == NOTES_MAX) {
                life->left_out++;
                return;
        }
        (*said)++;
        text_abridge(sentence, sizeof(sentence), text);
        log_info("%s: %s", run->playbook->config->name, sentence);
        if (!is_of_open_incident(engine, run))
                return;
        /* Of less weight than what people read already, it is one sentence of the record among others. */
        if (diagnosis && !engine_diagnosis_said(engine, run->condition, sentence))
                kind = "note";
        engine_incident_note(engine, kind, sentence);
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
