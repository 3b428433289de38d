/* SPDX-License-Identifier: MIT */
/*
 * admit - the decisions of the executor, without I/O and without a clock
 *
 * Runs in: executor.  Pure: facts in, verdict and one sentence out, so the table of cases in test_admit.c is
 * the specification.  What is asked comes from the process that reads hostile bytes; the facts are our own.
 *
 * The same facts give the same verdict in observe and in enforce; observe only keeps the child from going on
 * after its check.  The rules, in the order in which they answer:
 *   a run: known, usable, not off, not quarantined, belongs to the open incident (or is by hand), not twice at
 *   once; then maintenance, budget, cool-down.  A dry run passes these three, for it starts nothing.  What root
 *   asks for at the control socket passes the cool-down, never the budget.  Runs that begin again and again
 *   without acting (a crash loop) end as well, by a count of their beginnings, which root passes.
 *   an action: of a run that lives, one at a time, known verb, one that the text of its playbook names (or the
 *   mode of each playbook would be worth nothing), sound arguments, no destructive verb; then
 *   maintenance, an unknown outcome before it, the verb's budget and cool-down.  A probe passes maintenance.  A
 *   verb that acts on a selection needs one; a reversible one needs to be told what ends it, and a lease.
 */
#include "executor/admit.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

__attribute__((format(printf, 4, 5))) static void answer(struct admit_answer *ret_answer,
        enum wire_verdict verdict, uint64_t until_usec, const char *format, ...) {
        va_list arguments;

        ret_answer->verdict = verdict;
        ret_answer->until_usec = until_usec;
        va_start(arguments, format);
        vsnprintf(ret_answer->text, sizeof(ret_answer->text), format, arguments);
        va_end(arguments);
}

enum config_mode admit_lower_mode(enum config_mode a, enum config_mode b) {
        return a < b ? a : b;
}

static const struct budget_uses never;

static bool is_worn_out(const struct admit_run *run, bool observe, struct admit_answer *ret_answer) {
        char duration[TEXT_QUANTITY_MAX];
        uint64_t now = run->rules.now_usec,
                 until = budget_until(run->begun ? run->begun : &never, &run->attempts, observe, now);

        if (run->asked_by_root || until <= now)
                return false;
        answer(ret_answer, WIRE_SPENT, until, "it was begun %u times in %s already", run->attempts.count,
                text_duration(run->attempts.window_usec, duration));
        return true;
}

/* Maintenance, budget and cool-down; false when one of them answered. */
static bool in_time(const struct admit_rules *rules, const struct budget_uses *uses,
        const struct budget_limit *limit, bool observe, bool pass_cooldown, struct admit_answer *ret_answer) {
        char duration[TEXT_QUANTITY_MAX];
        uint64_t now = rules->now_usec, until;

        if (rules->maintenance_until_usec > now) {
                answer(ret_answer, WIRE_MAINTENANCE, rules->maintenance_until_usec,
                        "maintenance, for another %s",
                        text_duration(rules->maintenance_until_usec - now, duration));
                return false;
        }
        uses = uses ? uses : &never;
        until = budget_until(uses, limit, observe, now);
        if (until > now) {
                answer(ret_answer, WIRE_SPENT, until, "its budget of %u in %s is spent", limit->count,
                        text_duration(limit->window_usec, duration));
                return false;
        }
        until = pass_cooldown ? 0 : budget_cooldown_until(uses, limit, observe, now);
        if (until > now) {
                answer(ret_answer, WIRE_COOLDOWN, until, "it cools down for another %s",
                        text_duration(until - now, duration));
                return false;
        }
        return true;
}

void admit_run(const struct admit_run *run, struct admit_answer *ret_answer) {
        enum config_mode mode = admit_lower_mode(run->rules.host_mode, run->rules.playbook_mode);

        *ret_answer = (struct admit_answer){.observe = run->dry || mode != CONFIG_MODE_ENFORCE};
        if (!run->known)
                answer(ret_answer, WIRE_REFUSED, 0, "there is no such playbook");
        else if (run->failed)
                answer(ret_answer, WIRE_OFF, 0, "its file cannot be used: %s", run->failed);
        else if (mode == CONFIG_MODE_OFF)
                answer(ret_answer, WIRE_OFF, 0, "it is switched off");
        else if (run->rules.quarantined)
                answer(ret_answer, WIRE_QUARANTINED, 0,
                        "it is in quarantine: the watcher crashed in it twice");
        else if (run->incident == 0 && !run->by_hand)
                answer(ret_answer, WIRE_REFUSED, 0, "only a run by hand goes without an incident");
        else if (run->incident != run->open_incident && run->incident != 0)
                answer(ret_answer, WIRE_REFUSED, 0, "incident %llu is not open",
                        (unsigned long long)run->incident);
        else if (run->is_running)
                answer(ret_answer, WIRE_REFUSED, 0, "a run of it is not over");
        else if (run->table_full)
                answer(ret_answer, WIRE_REFUSED, 0, "too many runs at once");
        else if (!run->dry &&
                !in_time(&run->rules, run->acted, &run->limit, ret_answer->observe, run->asked_by_root,
                        ret_answer))
                return;
        else if (run->dry || !is_worn_out(run, ret_answer->observe, ret_answer))
                answer(ret_answer, WIRE_GO, 0, "%s", "");
}

/* What a lease that it would take or renew has to say against it; NULL: nothing. */
static const char *lease_denial(const struct admit_action *action) {
        static const char *const denials[] = {
                [ADMIT_LEASE_AT_WORK] = "the same is at work at this moment",
                [ADMIT_LEASE_ENDING] = "the same was done before and is being undone",
                [ADMIT_LEASE_RETURNED] = "an admin returned it, so it is not done again in this incident",
                [ADMIT_LEASE_WORN] = "it was in force as long as it may be, and rests for as long",
                [ADMIT_LEASE_FULL] = "as many leases as can be kept are in force already",
                [ADMIT_LEASE_TOO_LONG] = "its arguments are too long to be kept with its lease",
        };

        if (action->verb->risk != SG_RISK_REVERSIBLE)
                return NULL;
        if (!action->ends)
                return "a reversible change needs a condition that ends it (until_clear)";
        return (size_t)action->lease < ELEMENTSOF(denials) ? denials[action->lease] : NULL;
}

void admit_action(const struct admit_action *action, struct admit_answer *ret_answer) {
        const struct sg_verb *verb = action->verb;
        enum config_mode mode = admit_lower_mode(action->rules.host_mode, action->rules.playbook_mode);
        struct admit_rules rules = action->rules;
        struct budget_limit limit;

        *ret_answer = (struct admit_answer){
                .observe = action->dry || action->run_observe || mode != CONFIG_MODE_ENFORCE};
        if (!action->run_exists)
                answer(ret_answer, WIRE_REFUSED, 0, "it belongs to no run that was admitted and lives");
        else if (action->requests >= WIRE_ACTIONS_PER_RUN)
                answer(ret_answer, WIRE_REFUSED, 0, "a run may ask for %u actions", WIRE_ACTIONS_PER_RUN);
        else if (action->run_is_acting)
                answer(ret_answer, WIRE_REFUSED, 0, "the action before it is not over");
        else if (!verb)
                answer(ret_answer, WIRE_REFUSED, 0, "there is no such verb");
        else if (!action->named)
                answer(ret_answer, WIRE_REFUSED, 0, "the text of its playbook does not name this verb");
        else if (action->bad_args)
                answer(ret_answer, WIRE_REFUSED, 0, "%s", action->bad_args);
        else if (verb->risk < SG_RISK_PROBE || verb->risk >= SG_RISK_DESTRUCTIVE)
                answer(ret_answer, WIRE_REFUSED, 0, "destructive verbs are never run");
        else if (action->bad_selection)
                answer(ret_answer, WIRE_REFUSED, 0, "%s", action->bad_selection);
        else if (lease_denial(action))
                answer(ret_answer, WIRE_REFUSED, 0, "%s", lease_denial(action));
        else if (mode == CONFIG_MODE_OFF)
                answer(ret_answer, WIRE_OFF, 0, "the playbook is switched off");
        else if (action->rules.quarantined)
                answer(ret_answer, WIRE_QUARANTINED, 0, "the playbook is in quarantine");
        else if (action->children >= ADMIT_CHILDREN)
                answer(ret_answer, WIRE_REFUSED, 0, "%u actions are at work already", action->children);
        else if (action->is_unknown && !action->asked_by_root)
                answer(ret_answer, WIRE_REFUSED, 0,
                        "whether it took effect before in this incident is unknown, so it is not repeated "
                        "unasked");
        else if (!action->recordable && verb->risk > SG_RISK_FREEING)
                answer(ret_answer, WIRE_REFUSED, 0,
                        "nothing can be recorded, so only verbs that lose nothing are run");
        else {
                limit = (struct budget_limit){.count = verb->budget_count,
                        .window_usec = verb->budget_window_usec,
                        .cooldown_usec = verb->cooldown_usec};
                if (verb->risk == SG_RISK_PROBE)
                        rules.maintenance_until_usec = 0;
                if (action->dry ||
                        in_time(&rules, action->uses, &limit, ret_answer->observe, false, ret_answer))
                        answer(ret_answer, WIRE_GO, 0, "%s", "");
        }
}
