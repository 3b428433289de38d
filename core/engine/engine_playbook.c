/* SPDX-License-Identifier: MIT */
/*
 * engine_playbook - what the end of a run, or the executor's no, means for the playbook
 *
 * Runs in the watcher and in simulations.  Keeps two things apart: the turn of a playbook in the open incident,
 * which is all that schedule.c looks at, and the state that is shown to people, which also knows runs by hand.
 * The executor alone decides about cool-down and budget; what it said is remembered here so that it is not asked
 * again before there is another answer.
 *
 * Cannot fail.  Limits: a new watcher does not know the turns of its predecessor; the executor's cool-down and
 * budget, which survive, are what keeps it from repeating.
 */
#include "base/clock.h"
#include "base/text.h"
#include "engine/engine_private.h"

#define HOLD_LEAST_USEC USEC_PER_SEC
#define HOLD_UNTOLD_USEC USEC_PER_MINUTE

/* The turn of its playbook in the incident is over. */
static void settle_turn(struct run_life *life, enum schedule_outcome outcome, bool no_use) {
        struct playbook_life *playbook = run_playbook(life);
        struct engine *engine = life->engine;

        if (life->run.by_hand || !engine->open || engine->open->id != life->run.incident)
                return;
        playbook->turn.outcome = outcome;
        playbook->turn.edge = life->edge;
        playbook->turn.hold = SCHEDULE_FREE;
        playbook->turn.ended_usec = loop_now(engine->loop);
        playbook->turn.gave = life->run.gave;
        if (no_use && life->for_condition)
                playbook->turn.no_use |= UINT64_C(1) << life->condition;
        if (no_use)
                playbook->playbook.tried_in_incident = life->run.incident;
        text_format(playbook->told, sizeof(playbook->told), "%s%s%s", life->run.result,
                *life->run.text ? ": " : "", life->run.text);
}

static void rest(struct playbook_life *playbook, enum playbook_state state, uint64_t until_usec) {
        playbook->resting = state;
        playbook->playbook.until_usec = until_usec;
}

void engine_playbook_rest(struct playbook_life *playbook, enum wire_verdict verdict, uint64_t until_usec) {
        if (verdict == WIRE_SPENT)
                rest(playbook, PLAYBOOK_SPENT, until_usec);
        else if (verdict == WIRE_COOLDOWN)
                rest(playbook, PLAYBOOK_COOLDOWN, until_usec);
}

static void hold(struct run_life *life, enum schedule_hold kind, uint64_t until_usec) {
        struct playbook_life *playbook = run_playbook(life);
        struct engine *engine = life->engine;
        uint64_t now_usec = loop_now(engine->loop), realtime_usec = loop_realtime(engine->loop);
        uint64_t wait_usec = until_usec > realtime_usec ? until_usec - realtime_usec : 0;

        if (until_usec == 0)
                wait_usec = HOLD_UNTOLD_USEC;
        else if (wait_usec < HOLD_LEAST_USEC)
                wait_usec = HOLD_LEAST_USEC;
        if (kind != SCHEDULE_MAINTENANCE)
                rest(playbook, kind == SCHEDULE_SPENT ? PLAYBOOK_SPENT : PLAYBOOK_COOLDOWN,
                        realtime_usec + wait_usec);
        if (life->run.by_hand)
                return;
        playbook->turn.hold = kind;
        playbook->turn.until_usec = now_usec + wait_usec;
        if (kind == SCHEDULE_SPENT)
                text_copy(playbook->told, sizeof(playbook->told), "its budget is spent");
        else if (kind == SCHEDULE_COOLDOWN && !*playbook->told)
                text_format(playbook->told, sizeof(playbook->told), "not now: %s", life->run.text);
}

void engine_playbook_refused(struct run_life *life, const struct wire_run_reply *reply) {
        struct playbook_life *playbook = run_playbook(life);

        if (reply->verdict == WIRE_COOLDOWN)
                hold(life, SCHEDULE_COOLDOWN, reply->until_usec);
        else if (reply->verdict == WIRE_SPENT)
                hold(life, SCHEDULE_SPENT, reply->until_usec);
        else if (reply->verdict == WIRE_MAINTENANCE)
                hold(life, SCHEDULE_MAINTENANCE, reply->until_usec);
        else
                settle_turn(life, SCHEDULE_IDLE, false);
        if (reply->verdict == WIRE_QUARANTINED)
                playbook->quarantined = true;
        if (reply->verdict == WIRE_OFF)
                playbook->playbook.mode = CONFIG_MODE_OFF;
}

void engine_playbook_ended(struct run_life *life, enum run_answer answer, bool failed) {
        struct playbook_life *playbook = run_playbook(life);
        const struct run *run = &life->run;
        uint64_t realtime_usec = loop_realtime(life->engine->loop);

        if (!failed && answer == RUN_ANSWER_CLEARED)
                engine_lease_brought_back(life->engine, run);
        if (failed)
                settle_turn(life, SCHEDULE_FAILED, true);
        else if (run->acted && run->observe)
                settle_turn(life, SCHEDULE_OBSERVED, false);
        else if (answer == RUN_ANSWER_CLEARED)
                settle_turn(life, SCHEDULE_HELPED, false);
        else if (!run->acted)
                settle_turn(life, SCHEDULE_IDLE, false);
        else if (answer == RUN_ANSWER_NOT_CLEARED)
                settle_turn(life, SCHEDULE_USELESS, true);
        else
                settle_turn(life, SCHEDULE_DONE, false);

        if (!run->acted)
                return;
        playbook->changed = true;
        if (run->observe) {
                playbook->playbook.would_have_run++;
                return;
        }
        playbook->playbook.runs++;
        playbook->playbook.last_run_usec = realtime_usec;
        rest(playbook, PLAYBOOK_COOLDOWN, realtime_usec + playbook->playbook.config->cooldown_usec);
}

static enum playbook_state state_of(const struct engine *engine, const struct playbook_life *life) {
        const struct playbook *playbook = &life->playbook;

        for (const struct run_life *run = engine->runs; run; run = run->next)
                if (run->run.playbook == playbook && run_is_active(run))
                        return PLAYBOOK_RUNNING;
        if (playbook->config->failed || playbook->mode == CONFIG_MODE_OFF)
                return PLAYBOOK_OFF;
        if (life->quarantined)
                return PLAYBOOK_QUARANTINED;
        return playbook->until_usec > loop_realtime(engine->loop) ? life->resting : PLAYBOOK_IDLE;
}

uint64_t engine_playbook_show(struct engine *engine) {
        uint64_t realtime_usec = loop_realtime(engine->loop), again_usec = USEC_NEVER;

        for (size_t i = 0; i < engine->config->n_playbooks; i++) {
                struct playbook_life *life = &engine->playbooks[i];
                enum playbook_state state = state_of(engine, life);

                if (life->playbook.until_usec > realtime_usec) {
                        uint64_t at_usec =
                                loop_now(engine->loop) + (life->playbook.until_usec - realtime_usec);
                        if (at_usec < again_usec)
                                again_usec = at_usec;
                }
                if (state == life->playbook.state && !life->changed)
                        continue;
                life->changed = false;
                life->playbook.state = state;
                engine_event_queue(engine,
                        (struct engine_event){.type = ENGINE_PLAYBOOK_CHANGED, .playbook = &life->playbook},
                        NULL);
        }
        return again_usec;
}
