/* SPDX-License-Identifier: MIT */
/*
 * engine_lease - the leases that the executor told of: shown, renewed while their evidence stands, and ended
 *
 * Runs in the watcher and in simulations.  Owns a copy of every lease with what this process has to know beside it.
 * The executor alone takes, lapses, undoes and ends them; what is decided here, by the rules of lease_keep.c, is
 * when it is told that the evidence stands or is over.  That is looked at in engine_plan(), so a change of a
 * condition or the end of a run counts at once, and a host without a lease is not woken for any.
 *
 * A new watcher hears of all leases at its welcome.  It has seen nothing of their conditions yet: until they are
 * published, known and on one side of both levels, they are unknown to it.  One that turns out to be clear then
 * cleared while nobody looked, and what answers to its clearing has its turn.
 *
 * Fails: a renewal whose selection cannot be made is tried again a minute later; that is logged when it begins.
 * Limits: ENGINE_LEASES_MAX leases; a further one is logged, not renewed, and lapses.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_private.h"
#include "engine/lease_keep.h"

static void tell(struct engine *engine, enum engine_event_type type, struct lease_life *life, void *owned) {
        engine_event_queue(engine, (struct engine_event){.type = type, .lease = &life->lease}, owned);
}

static bool is_kept(const struct wire_lease *lease) {
        return lease->state == WIRE_LEASE_IN_FORCE || lease->state == WIRE_LEASE_LAPSED ||
                lease->state == WIRE_LEASE_OVERRULED;
}

/* Its place, or where it would have to be. */
static bool search(const struct engine *engine, uint64_t number, size_t *ret_i) {
        size_t i = 0;

        while (i < engine->n_leases && engine->leases[i]->lease.lease < number)
                i++;
        *ret_i = i;
        return i < engine->n_leases && engine->leases[i]->lease.lease == number;
}

static void add(struct engine *engine, size_t at, const struct wire_lease *lease) {
        struct lease_life *life = engine->n_leases < ENGINE_LEASES_MAX ? calloc(1, sizeof(*life)) : NULL;

        if (!life) {
                log_error("lease %llu of %s is one too many to be kept", (unsigned long long)lease->lease,
                        lease->verb);
                return;
        }
        *life = (struct lease_life){
                .lease = *lease, .quiet_since_usec = USEC_NEVER, .end_asked_usec = USEC_NEVER};
        /* One that lapsed without anybody to renew it waits for that already. */
        life->renew_at_usec = loop_now(engine->loop);
        if (lease->state != WIRE_LEASE_LAPSED)
                life->renew_at_usec += LEASE_RENEW_USEC;
        memmove(engine->leases + at + 1, engine->leases + at,
                (engine->n_leases - at) * sizeof(struct lease_life *));
        engine->leases[at] = life;
        engine->n_leases++;
        tell(engine, ENGINE_LEASE_ADDED, life, NULL);
}

static void remove_at(struct engine *engine, size_t at) {
        struct lease_life *life = engine->leases[at];

        engine->n_leases--;
        memmove(engine->leases + at, engine->leases + at + 1,
                (engine->n_leases - at) * sizeof(struct lease_life *));
        tell(engine, ENGINE_LEASE_REMOVED, life, life);
}

void engine_lease_changed(struct engine *engine, const struct wire_lease *lease) {
        size_t at;
        bool known = search(engine, lease->lease, &at), ended = lease->state == WIRE_LEASE_ENDED;

        if (known) {
                struct lease_life *life = engine->leases[at];

                if (life->lease.state == WIRE_LEASE_TAKING && lease->state == WIRE_LEASE_IN_FORCE)
                        life->renew_at_usec = loop_now(engine->loop) + LEASE_RENEW_USEC;
                life->lease = *lease;
                if (ended)
                        remove_at(engine, at);
                else
                        tell(engine, ENGINE_LEASE_CHANGED, life, NULL);
        } else if (!ended)
                add(engine, at, lease);
        engine_touch(engine);
}

bool engine_lease_holds(const struct engine *engine, uint64_t incident) {
        for (size_t i = 0; i < engine->n_leases; i++)
                if (engine->leases[i]->lease.incident == incident)
                        return true;
        return false;
}

bool engine_is_quiet(const struct engine *engine) {
        for (size_t i = 0; i < engine->n_leases; i++) {
                const struct lease_life *life = engine->leases[i];

                if (is_kept(&life->lease) && life->quiet_since_usec != USEC_NEVER)
                        return false;
        }
        return !engine_run(engine, 0);
}

void engine_lease_free_all(struct engine *engine) {
        while (engine->n_leases > 0)
                free(engine->leases[--engine->n_leases]);
}

static enum lease_evidence evidence(const struct engine *engine, const char *until_clear) {
        bool any = false, unsure = false;

        for (size_t i = 0; condition_at(engine->conditions, i); i++) {
                const struct condition *condition = condition_at(engine->conditions, i);

                if (!condition_is_named(condition->name, until_clear))
                        continue;
                any = true;
                if (condition->tripped && condition->state != CONDITION_UNKNOWN)
                        return LEASE_EVIDENCE_STANDS;
                /* Pending, unknown, or between the levels: it may be what it was for a former watcher. */
                unsure |= !condition_is_good(condition);
        }
        return any && !unsure ? LEASE_EVIDENCE_CLEAR : LEASE_EVIDENCE_UNKNOWN;
}

/* A run that was started because this cleared, or by hand as if it had. */
static bool brings_back(const struct run *run, const char *until_clear) {
        return !run->observe && condition_is_listed(run->condition, run->playbook->config->cleared) &&
                (condition_is_named(run->condition, until_clear) ||
                        condition_is_named(until_clear, run->condition));
}

void engine_lease_brought_back(struct engine *engine, const struct run *run) {
        for (size_t i = 0; i < engine->n_leases; i++)
                engine->leases[i]->empty |= brings_back(run, engine->leases[i]->lease.until_clear);
}

static bool brought_back(const struct engine *engine, const char *until_clear) {
        for (const struct run_life *life = engine->runs; life; life = life->next)
                if (run_is_active(life) && brings_back(&life->run, until_clear))
                        return true;
        for (size_t i = 0; engine->open && i < engine->open->n_conditions; i++) {
                struct schedule_condition condition = engine_schedule_condition(engine, i);

                if (!condition_is_named(condition.name, until_clear))
                        continue;
                for (size_t k = 0; k < engine->config->n_playbooks; k++) {
                        struct schedule_playbook playbook =
                                engine_schedule_playbook(engine, &engine->playbooks[k]);

                        if (schedule_will_answer_clear(&playbook, &condition, i, loop_now(engine->loop)))
                                return true;
                }
        }
        return false;
}

/* What a playbook did is kept up only while it may still do so. */
static bool owner_may_act(const struct engine *engine, const char *owner) {
        for (size_t i = 0; i < engine->config->n_playbooks; i++)
                if (strcmp(engine->playbooks[i].playbook.config->name, owner) == 0)
                        return engine->mode == CONFIG_MODE_ENFORCE &&
                                engine->playbooks[i].playbook.mode == CONFIG_MODE_ENFORCE;
        return false;
}

bool engine_lease_let_go(struct engine *engine, uint64_t number) {
        size_t i;

        if (!search(engine, number, &i) || !is_kept(&engine->leases[i]->lease) ||
                evidence(engine, engine->leases[i]->lease.until_clear) != LEASE_EVIDENCE_CLEAR)
                return false;
        engine->leases[i]->let_go = true;
        engine_touch(engine);
        return true;
}

static void take_selected(struct lease_life *life, ssize_t n) {
        bool was_failing = life->failing;

        if (n == -EINPROGRESS)
                return;
        life->failing = n < 0;
        if (n < 0 && !was_failing)
                log_warning("lease %llu of %s is not renewed, the selection could not be made: %s",
                        (unsigned long long)life->lease.lease, life->lease.verb, strerror((int)-n));
}

static void renew(struct engine *engine, struct lease_life *life) {
        struct wire_message message = {.type = WIRE_LEASE_RENEW, .lease_renew = {.lease = life->lease.lease}};

        life->renew_at_usec = loop_now(engine->loop) + lease_keep_interval(++life->renewals);
        life->renewing = true;
        take_selected(life,
                engine->ops->send_selected(
                        &message, life->lease.verb, life->lease.args, life->lease.n_args, engine->data));
}

bool engine_lease_awaits_selection(const struct engine *engine, uint64_t number) {
        size_t i;

        return search(engine, number, &i) && is_kept(&engine->leases[i]->lease) &&
                engine->leases[i]->renewing;
}

void engine_lease_selected(struct engine *engine, uint64_t number, ssize_t n) {
        size_t i;

        if (search(engine, number, &i))
                take_selected(engine->leases[i], n);
}

static void end(struct engine *engine, struct lease_life *life) {
        struct wire_message message = {.type = WIRE_LEASE_END, .lease_end = {.lease = life->lease.lease}};

        life->end_asked_usec = loop_now(engine->loop);
        life->renewing = false;
        text_format(message.lease_end.text, sizeof(message.lease_end.text), "%s is over",
                life->lease.until_clear);
        engine_send(engine, &message);
}

/* Of the incident that goes on; what trips and clears in the life of this process is told of anyway. */
static void tell_cleared_before(struct engine *engine, const struct wire_lease *lease) {
        for (size_t i = 0;
                engine->open && engine->open->id == lease->incident && i < engine->open->n_conditions; i++) {
                const struct gathered *gathered = &engine->gathered[i];
                const char *name = engine->open->conditions[i];
                const struct condition *condition = condition_find(engine->conditions, name);

                if (condition && condition_is_named(name, lease->until_clear) &&
                        gathered->tripped_edge == 0 && gathered->cleared_edge == 0)
                        engine_incident_cleared(engine, condition);
        }
}

static uint64_t keep(struct engine *engine, struct lease_life *life) {
        const struct wire_lease *lease = &life->lease;
        struct lease_keep_input input = {
                .now_usec = loop_now(engine->loop),
                .evidence = evidence(engine, lease->until_clear),
                .kept = is_kept(lease),
                .may_renew = lease->expires_usec != 0 && owner_may_act(engine, lease->owner),
                .renew_at_usec = life->renew_at_usec,
                .end_asked_usec = life->end_asked_usec,
        };
        uint64_t again_usec;

        if (input.kept && input.evidence == LEASE_EVIDENCE_CLEAR)
                tell_cleared_before(engine, lease);
        life->let_go &= input.evidence == LEASE_EVIDENCE_CLEAR;
        input.brought_back = input.evidence == LEASE_EVIDENCE_CLEAR && !life->let_go &&
                brought_back(engine, lease->until_clear);
        if (input.evidence != LEASE_EVIDENCE_CLEAR || input.brought_back) {
                life->quiet_since_usec = USEC_NEVER;
                life->empty = false;
        } else if (life->quiet_since_usec == USEC_NEVER)
                life->quiet_since_usec = input.now_usec;
        input.quiet_since_usec = life->quiet_since_usec;
        input.empty = life->empty;

        switch (lease_keep_decide(&input, &again_usec)) {
        case LEASE_KEEP_WAIT: return again_usec;
        case LEASE_KEEP_RENEW: renew(engine, life); return life->renew_at_usec;
        case LEASE_KEEP_END: end(engine, life); return life->end_asked_usec + LEASE_END_AGAIN_USEC;
        }
        return USEC_NEVER;
}

uint64_t engine_lease_keep(struct engine *engine) {
        uint64_t again_usec = USEC_NEVER;

        for (size_t i = 0; i < engine->n_leases; i++) {
                uint64_t at_usec = keep(engine, engine->leases[i]);

                if (at_usec < again_usec)
                        again_usec = at_usec;
        }
        return again_usec;
}
