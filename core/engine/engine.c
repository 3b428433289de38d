/* SPDX-License-Identifier: MIT */
/*
 * engine - wires readings, conditions, the incident, playbooks and runs together, and answers questions
 *
 * Runs in the watcher on the real loop, and in simulations on simulated time.  Owns everything below it; the board
 * and the configuration are the caller's and outlive it.  Whatever happens only touches the engine; what follows
 * from it is decided in engine_plan(), one deferred call a turn of the loop: first what schedule.c says and
 * whether the incident is over, then which leases are renewed or ended.  So one decision never sees half of a
 * change.
 *
 * Nothing is decided before WELCOME_END: until then it is unknown what a former watcher left behind.
 *
 * Fails: engine_new() with -ENOMEM.  A message that cannot be sent is logged; the channel's end, which is what it
 * means, ends the watcher.
 */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_private.h"

void engine_touch(struct engine *engine) {
        loop_defer_arm(engine->plan);
}

void engine_send(struct engine *engine, const struct wire_message *message) {
        int r = engine->ops->send(message, engine->data);

        if (r < 0)
                log_error("%s could not be sent: %s", wire_type_name(message->type), strerror(-r));
}

static bool is_running(const struct engine *engine, const struct playbook *playbook) {
        for (const struct run_life *life = engine->runs; life; life = life->next)
                if (run_is_active(life) && life->run.playbook == playbook)
                        return true;
        return false;
}

/* What brings back, after something cleared, can take long, and a disk that fills meanwhile must not wait for it. */
static bool has_run(const struct engine *engine, bool also_bringing_back) {
        for (const struct run_life *life = engine->runs; life; life = life->next)
                if (run_is_active(life) && !life->run.by_hand && life->run.incident == engine->open->id &&
                        (also_bringing_back || !life->brings_back))
                        return true;
        return false;
}

/*
 * The newest edge that a run for condition `i` answers: all there were, but when it is for a clearing, other objects
 * of the same name that cleared after it have a run of their own.
 */
static uint64_t answered_edge(const struct engine *engine, size_t i) {
        const struct condition *about = condition_find(engine->conditions, engine->open->conditions[i]);
        uint64_t edge = engine->edges;

        if (!about || about->tripped)
                return edge;
        for (size_t k = 0; k < engine->open->n_conditions; k++) {
                const struct condition *other =
                        condition_find(engine->conditions, engine->open->conditions[k]);
                uint64_t cleared_edge = engine->gathered[k].cleared_edge;

                if (other && other->config == about->config && !other->tripped &&
                        cleared_edge > engine->gathered[i].cleared_edge && cleared_edge <= edge)
                        edge = cleared_edge - 1;
        }
        return edge;
}

static void begin(struct engine *engine, const struct schedule_decision *decision) {
        struct run_life *life = run_begin(engine, &engine->playbooks[decision->playbook],
                engine->open->conditions[decision->condition], false, false);

        if (!life)
                return;
        life->for_condition = true;
        life->condition = decision->condition;
        life->brings_back = !engine_schedule_condition(engine, decision->condition).tripped;
        life->edge = answered_edge(engine, decision->condition);
}

struct schedule_condition engine_schedule_condition(const struct engine *engine, size_t i) {
        const struct condition *condition = condition_find(engine->conditions, engine->open->conditions[i]);
        const struct gathered *gathered = &engine->gathered[i];

        return (struct schedule_condition){
                .name = engine->open->conditions[i],
                .tripped = condition && condition->tripped,
                .active = condition && condition->state == CONDITION_ACTIVE,
                .unknown = !condition || condition->state == CONDITION_UNKNOWN,
                .level = condition ? condition->config->level : CONFIG_LEVEL_WARNING,
                .tripped_edge = gathered->tripped_edge,
                .cleared_edge = gathered->cleared_edge,
                .since_usec = gathered->since_usec,
                .told = gathered->told,
        };
}

/* The configured conditions are asked, not those of the incident: the critical one is yet to come. */
static bool starts_at_critical(const struct engine *engine, const struct config_playbook *playbook) {
        for (size_t i = 0; i < engine->config->n_conditions; i++) {
                const struct config_condition *condition = &engine->config->conditions[i];

                if (condition->enabled && condition->level == CONFIG_LEVEL_CRITICAL &&
                        schedule_is_for(playbook, condition->name))
                        return true;
        }
        return false;
}

struct schedule_playbook engine_schedule_playbook(
        const struct engine *engine, const struct playbook_life *playbook) {
        return (struct schedule_playbook){
                .config = playbook->playbook.config,
                .usable = !playbook->playbook.config->failed && !playbook->quarantined &&
                        playbook->playbook.mode != CONFIG_MODE_OFF,
                .busy = is_running(engine, &playbook->playbook),
                .later = starts_at_critical(engine, playbook->playbook.config),
                .turn = playbook->turn,
        };
}

static void schedule(struct engine *engine, bool running, struct schedule_decision *ret_decision) {
        struct schedule_condition conditions[INCIDENT_CONDITIONS_MAX];
        struct schedule_playbook playbooks[CONFIG_PLAYBOOKS_MAX];
        size_t n_playbooks = engine->config->n_playbooks;
        struct schedule_input input = {
                .now_usec = loop_now(engine->loop),
                .conditions = conditions,
                .n_conditions = engine->open->n_conditions,
                .playbooks = playbooks,
                .n_playbooks = n_playbooks < CONFIG_PLAYBOOKS_MAX ? n_playbooks : CONFIG_PLAYBOOKS_MAX,
                .running = running,
                .escalated = engine->open->escalated,
                .called_usec = engine->called_usec,
        };

        for (size_t i = 0; i < input.n_conditions; i++)
                conditions[i] = engine_schedule_condition(engine, i);
        for (size_t i = 0; i < input.n_playbooks; i++)
                playbooks[i] = engine_schedule_playbook(engine, &engine->playbooks[i]);
        schedule_decide(&input, ret_decision);
}

static void begin_anew(struct engine *engine, size_t i) {
        engine->gathered[i].tripped_edge = ++engine->edges;
        for (size_t k = 0; k < engine->config->n_playbooks; k++) {
                engine->playbooks[k].turn.no_use &= ~(UINT64_C(1) << i);
                engine->playbooks[k].turn.gave = false;
        }
        engine_touch(engine);
}

/* Decides about the open incident; returns when to do so again if nothing happens. */
static uint64_t plan_incident(struct engine *engine) {
        struct schedule_decision decision;

        uint64_t follow_usec = engine_diagnosis_follow(engine);
        /* Until what a former watcher began has ended, nobody knows whether it helped. */
        schedule(engine, has_run(engine, false) || engine->orphans > 0, &decision);
        if (decision.start)
                begin(engine, &decision);
        else if (decision.escalate)
                engine_incident_escalate(engine, decision.escalate, decision.escalate_condition);
        else if (decision.anew)
                begin_anew(engine, decision.anew_condition);
        if (!decision.start && !has_run(engine, true) &&
                engine_incident_is_over(engine, &decision.again_usec))
                engine_incident_close(engine);
        return decision.again_usec < follow_usec ? decision.again_usec : follow_usec;
}

static void sooner(uint64_t *again_usec, uint64_t at_usec) {
        if (at_usec < *again_usec)
                *again_usec = at_usec;
}

static void engine_plan(struct engine *engine) {
        uint64_t again_usec = USEC_NEVER;

        if (engine->ready && engine->open && engine->open->id != 0)
                again_usec = plan_incident(engine);
        if (engine->ready)
                sooner(&again_usec, engine_lease_keep(engine));
        sooner(&again_usec, engine_playbook_show(engine));
        sooner(&again_usec, engine_state_back_by(engine));
        loop_timer_arm(engine->plan_timer, again_usec);
        engine_state_changed(engine);
}

static void on_plan(struct loop_defer *defer, void *data) {
        (void)defer;
        engine_plan(data);
}

static void on_plan_timer(struct loop_timer *timer, void *data) {
        (void)timer;
        engine_plan(data);
}

static void on_edge(const struct condition *condition, enum condition_edge edge, void *data) {
        struct engine *engine = data;

        if (edge == CONDITION_EDGE_CLEARED)
                run_look_at_conditions(engine);
        if (!engine->ready)
                return;
        if (edge == CONDITION_EDGE_TRIPPED)
                engine_incident_tripped(engine, condition);
        else if (edge == CONDITION_EDGE_CLEARED)
                engine_incident_cleared(engine, condition);
}

static void on_changed(const struct condition *condition, bool added, bool removed, void *data) {
        struct engine *engine = data;

        engine_event_now(engine,
                (struct engine_event){
                        .type = removed ? ENGINE_CONDITION_REMOVED
                                : added ? ENGINE_CONDITION_ADDED
                                        : ENGINE_CONDITION_CHANGED,
                        .condition = condition,
                });
        run_look_at_conditions(engine);
        engine_touch(engine);
}

int engine_new(struct loop *loop, const struct config *config, struct board *board,
        const struct engine_ops *ops, void *data, struct engine **ret_engine) {
        static const struct condition_ops condition_ops = {.on_edge = on_edge, .on_changed = on_changed};
        struct engine *engine = calloc(1, sizeof(*engine));
        int r;

        if (!engine)
                return -ENOMEM;
        *engine = (struct engine){.loop = loop,
                .config = config,
                .board = board,
                .ops = ops,
                .data = data,
                .mode = config->mode};
        engine_state_describe(engine);
        engine->playbooks = calloc(config->n_playbooks + 1, sizeof(struct playbook_life));
        r = engine->playbooks ? engine_event_init(engine) : -ENOMEM;
        for (size_t i = 0; r >= 0 && i < config->n_playbooks; i++) {
                engine->playbooks[i].playbook.config = &config->playbooks[i];
                engine->playbooks[i].playbook.mode = config->playbooks[i].mode;
        }
        if (r >= 0)
                r = loop_defer_new(loop, "engine plan", on_plan, engine, &engine->plan);
        if (r >= 0)
                r = loop_timer_new(
                        loop, "engine plan", USEC_NEVER, on_plan_timer, engine, &engine->plan_timer);
        if (r >= 0)
                r = condition_list_new(loop, config, board, &condition_ops, engine, &engine->conditions);
        if (r < 0) {
                engine_free(engine);
                return r;
        }
        *ret_engine = engine;
        return 0;
}

struct engine *engine_free(struct engine *engine) {
        if (!engine)
                return NULL;
        condition_list_free(engine->conditions);
        run_free_all(engine);
        engine_event_deinit(engine);
        loop_defer_free(engine->plan);
        loop_timer_free(engine->plan_timer);
        if (engine->open && engine->open->id == 0)
                free(engine->open);
        for (size_t i = 0; i < engine->n_incidents; i++)
                free(engine->incidents[i]);
        engine_lease_free_all(engine);
        free(engine->playbooks);
        free(engine);
        return NULL;
}

void engine_set_script(struct engine *engine, const struct engine_script_ops *ops, void *data) {
        run_release_scripts(engine);
        engine->script = ops;
        engine->script_data = data;
}

const struct run *engine_run_by_hand(
        struct engine *engine, const char *playbook, bool dry, struct problem *problem) {
        if (!engine->ready) {
                problem_set(problem, "spoolguard is still starting");
                return NULL;
        }
        for (size_t i = 0; i < engine->config->n_playbooks; i++) {
                struct playbook_life *life = &engine->playbooks[i];
                const struct config_playbook *config = life->playbook.config;

                if (strcmp(config->name, playbook) != 0)
                        continue;
                if (config->failed) {
                        problem_set(problem, "%s cannot be used: %s", playbook, config->failed);
                        return NULL;
                }
                for (const struct run_life *run = engine->runs; run; run = run->next)
                        if (run->run.playbook == &life->playbook && run_is_active(run)) {
                                problem_set(problem, "%s is running", playbook);
                                return NULL;
                        }
                struct run_life *run =
                        run_begin(engine, life, playbook_condition(config, engine->conditions), true, dry);
                if (!run) {
                        problem_set(problem, "there is no memory for a run");
                        return NULL;
                }
                return &run->run;
        }
        config_no_playbook(engine->config, playbook, problem);
        return NULL;
}

bool engine_awaits_selection(const struct engine *engine, const struct wire_message *message) {
        return message->type == WIRE_LEASE_RENEW
                ? engine_lease_awaits_selection(engine, message->lease_renew.lease)
                : run_awaits_selection(engine, &message->action_request);
}

void engine_selected(struct engine *engine, const struct wire_message *message, ssize_t n) {
        if (message->type == WIRE_LEASE_RENEW)
                engine_lease_selected(engine, message->lease_renew.lease, n);
        else
                run_selected(engine, &message->action_request, n);
}

int engine_lower(struct engine *engine, uint32_t kind, uint64_t usec, uint64_t lease, const char *who,
        uint64_t *ret_serial) {
        struct wire_message message = {.type = WIRE_LOWER};

        message.lower.serial = ++engine->serial;
        message.lower.kind = kind;
        message.lower.usec = usec;
        message.lower.lease = lease;
        text_copy(message.lower.who, sizeof(message.lower.who), who);
        int r = engine->ops->send(&message, engine->data);
        if (r < 0)
                return r;
        *ret_serial = message.lower.serial;
        return 0;
}
