/* SPDX-License-Identifier: MIT */
/*
 * schedule - the rules of an incident, without its I/O
 *
 * Runs in the watcher and in simulations.  Runs that help follow one another, beside those that bring back after a
 * condition cleared; a playbook is due when
 *   - one of `any` is active, or every one of `all` is (and, when both are given, also one of `any`), or one of
 *     `cleared` has cleared;
 *   - one of these has an edge that is newer than the playbook's last turn, so that it gets another turn when
 *     things change (high becomes critical, cleared trips again) and not before;
 *   - that condition is not one for which it did not help before, and nothing holds it (cool-down, spent budget,
 *     maintenance: the executor said so, and until when).
 * Of those that are due, the first in order of name goes whose `after` names no other one that is due; a circle
 * of `after` is broken there.  While a condition is unknown or already clearing, nothing is started for it.
 * What a run is about is the critical one of those that start it; a playbook with both `all` and `any` is about the
 * newest one of `all`.  Of several that cleared, the oldest goes first.
 *
 * A condition that is critical still a quarter of an hour after the last turn counts as tripped once more if in one of
 * these turns space came back, only not enough; then all may try again, in their order: a disk goes on filling, and what
 * gave too little may have more to give by now.  A round that gave nothing is the last one.
 *
 * When nothing runs and nothing is due, each tripped condition is asked whether a person has to be told:
 *   - a spent budget: at once;
 *   - critical: at once, but a playbook in cool-down that may still help gets five minutes, and one that only
 *     observed fifteen, because its sequence shall be that of one that helped;
 *   - a warning: after fifteen minutes with nothing left to try, and not at all when every playbook found
 *     nothing it may do yet and has another turn when something becomes critical;
 *   - a notice: never;
 *   - unknown: after fifteen minutes;
 *   - maintenance: never, a person is there.
 * Each condition is told once in an incident.  For half a day after the first time only critical ones are: a person who
 * was called looks at the warnings as well, but may not have seen that a second file system is full by now.  One dead
 * destination keeps an incident open for weeks, so what trips later than that is told again.
 */
#include "engine/schedule.h"

#include <string.h>

#include "base/clock.h"
#include "engine/condition.h"

bool schedule_is_for(const struct config_playbook *config, const char *condition) {
        return condition_is_listed(condition, config->any) || condition_is_listed(condition, config->all);
}

bool schedule_is_about(const struct config_playbook *config, const char *condition) {
        return condition_is_listed(condition, config->all[0] ? config->all : config->any);
}

/* Every name of `all` has a condition that is active; an empty list is no trigger. */
static bool all_active(const struct schedule_input *input, const struct config_playbook *config) {
        for (const char *const *name = config->all; *name; name++) {
                bool active = false;

                for (size_t i = 0; i < input->n_conditions; i++)
                        active |= input->conditions[i].active &&
                                condition_is_named(input->conditions[i].name, *name);
                if (!active)
                        return false;
        }
        return config->all[0] != NULL;
}

static bool needs_both(const struct config_playbook *config) {
        return config->all[0] && config->any[0];
}

/* What a playbook with both lists waits for is there: all of the one, and one of the other. */
static bool both_active(const struct schedule_input *input, const struct config_playbook *config) {
        bool any = false;

        for (size_t i = 0; i < input->n_conditions; i++)
                any |= input->conditions[i].active &&
                        condition_is_listed(input->conditions[i].name, config->any);
        return any && all_active(input, config);
}

static bool has_news(const struct schedule_turn *turn, uint64_t edge) {
        return edge > turn->edge || turn->outcome == SCHEDULE_NONE;
}

static bool is_held(const struct schedule_turn *turn, uint64_t now_usec) {
        return turn->hold != SCHEDULE_FREE && now_usec < turn->until_usec;
}

static bool is_no_use(const struct schedule_turn *turn, size_t i) {
        return turn->no_use & (UINT64_C(1) << i);
}

/* The condition cleared, and the playbook had no turn since. */
static bool answers_clear(
        const struct schedule_playbook *playbook, const struct schedule_condition *condition, size_t i) {
        return !is_no_use(&playbook->turn, i) && !condition->tripped && !condition->unknown &&
                condition->cleared_edge > playbook->turn.edge &&
                condition_is_listed(condition->name, playbook->config->cleared);
}

bool schedule_will_answer_clear(const struct schedule_playbook *playbook,
        const struct schedule_condition *condition, size_t i, uint64_t now_usec) {
        const struct schedule_turn *turn = &playbook->turn;

        if (!playbook->usable || turn->outcome == SCHEDULE_OBSERVED)
                return false;
        if (is_held(turn, now_usec) && turn->hold == SCHEDULE_MAINTENANCE)
                return false;
        if (turn->hold == SCHEDULE_SPENT && turn->until_usec > now_usec + SCHEDULE_SPENT_PATIENCE_USEC)
                return false;
        return answers_clear(playbook, condition, i);
}

/* Whether condition `a` is a better reason for a run than `b`, which starts it, too. */
static bool goes_first(const struct schedule_condition *a, const struct schedule_condition *b, bool newest) {
        bool critical = a->level == CONFIG_LEVEL_CRITICAL;

        /* A turn answers edges up to some number, so the older one must not be left behind. */
        if (!a->tripped && !b->tripped)
                return a->cleared_edge < b->cleared_edge;
        if (critical != (b->level == CONFIG_LEVEL_CRITICAL))
                return critical;
        return newest && a->tripped_edge > b->tripped_edge;
}

/* Whether something that a playbook with both lists waits for tripped after its last turn. */
static bool both_news(const struct schedule_input *input, const struct schedule_playbook *playbook) {
        for (size_t i = 0; i < input->n_conditions; i++) {
                const struct schedule_condition *condition = &input->conditions[i];

                if (condition->active && schedule_is_for(playbook->config, condition->name) &&
                        has_news(&playbook->turn, condition->tripped_edge))
                        return true;
        }
        return false;
}

/* The condition for which a playbook may begin a turn, or may when nothing holds it any more; false: for none. */
static bool is_wanted(
        const struct schedule_input *input, const struct schedule_playbook *playbook, size_t *ret_condition) {
        const struct config_playbook *config = playbook->config;
        const struct schedule_turn *turn = &playbook->turn;
        bool found = false;

        if (!playbook->usable || playbook->busy)
                return false;
        /* What an observing run would have changed is still there to see: its own sight is no reason. */
        if (turn->outcome == SCHEDULE_OBSERVED)
                return false;

        bool both = needs_both(config), all = all_active(input, config);
        bool both_due = both && both_active(input, config) && both_news(input, playbook);
        for (size_t i = 0; i < input->n_conditions; i++) {
                const struct schedule_condition *condition = &input->conditions[i];
                bool triggers = answers_clear(playbook, condition, i);

                if (is_no_use(turn, i))
                        continue;
                if (both)
                        triggers |= both_due && condition->active &&
                                condition_is_listed(condition->name, config->all);
                else if (condition->active && has_news(turn, condition->tripped_edge))
                        triggers |= condition_is_listed(condition->name, config->any) ||
                                (all && condition_is_listed(condition->name, config->all));
                if (!triggers)
                        continue;
                if (!found || goes_first(condition, &input->conditions[*ret_condition], both))
                        *ret_condition = i;
                found = true;
        }
        return found;
}

/* The condition for which a playbook may begin a turn; false: it is not due. */
static bool is_due(
        const struct schedule_input *input, const struct schedule_playbook *playbook, size_t *ret_condition) {
        return !is_held(&playbook->turn, input->now_usec) && is_wanted(input, playbook, ret_condition);
}

/*
 * Whether one that must have its turn before this one cools down.  While nothing is critical there is time for that:
 * what comes behind may destroy what the gentler one would have packed.
 */
static bool must_cool(const struct schedule_input *input, size_t me, size_t mine) {
        if (input->conditions[mine].level == CONFIG_LEVEL_CRITICAL || !input->conditions[mine].tripped)
                return false;
        for (size_t i = 0; i < input->n_playbooks; i++) {
                const struct schedule_playbook *playbook = &input->playbooks[i];
                size_t condition;

                for (const char *const *name = input->playbooks[me].config->after; *name; name++)
                        if (i != me && strcmp(*name, playbook->config->name) == 0 &&
                                playbook->turn.hold == SCHEDULE_COOLDOWN &&
                                is_held(&playbook->turn, input->now_usec) &&
                                is_wanted(input, playbook, &condition))
                                return true;
        }
        return false;
}

/* Whether another playbook that is due must have its turn before this one. */
static bool must_wait(const struct schedule_input *input, size_t me) {
        for (size_t i = 0; i < input->n_playbooks; i++) {
                size_t condition;

                for (const char *const *name = input->playbooks[me].config->after; *name; name++)
                        if (i != me && strcmp(*name, input->playbooks[i].config->name) == 0 &&
                                is_due(input, &input->playbooks[i], &condition))
                                return true;
        }
        return false;
}

static void choose(const struct schedule_input *input, struct schedule_decision *decision) {
        for (size_t i = 0; i < input->n_playbooks; i++) {
                size_t condition;

                if (!is_due(input, &input->playbooks[i], &condition) || must_cool(input, i, condition))
                        continue;
                bool waits = must_wait(input, i);
                if (decision->start && waits)
                        continue;
                decision->start = true;
                decision->playbook = i;
                decision->condition = condition;
                if (!waits)
                        return;
        }
}

/* What became of the playbooks that a condition can start. */
struct tally {
        unsigned usable, idle_yet, failed, observed, acted;
        bool cooling, spent, maintained, busy;
};

static struct tally count(const struct schedule_input *input, const struct schedule_condition *condition) {
        struct tally tally = {0};

        for (size_t i = 0; i < input->n_playbooks; i++) {
                const struct schedule_playbook *playbook = &input->playbooks[i];
                const struct schedule_turn *turn = &playbook->turn;
                bool held = is_held(turn, input->now_usec);

                if (!playbook->usable || !schedule_is_for(playbook->config, condition->name))
                        continue;
                /* One that waits for something else besides, which is not there, is no help against this. */
                if (needs_both(playbook->config) && turn->outcome == SCHEDULE_NONE && !held &&
                        !both_active(input, playbook->config))
                        continue;
                tally.usable++;
                tally.busy |= playbook->busy;
                tally.maintained |= held && turn->hold == SCHEDULE_MAINTENANCE;
                tally.spent |= held && turn->hold == SCHEDULE_SPENT;
                /* Waiting for one that did not help before is no reason to let people sleep. */
                tally.cooling |= held && turn->hold == SCHEDULE_COOLDOWN &&
                        turn->outcome != SCHEDULE_USELESS && turn->outcome != SCHEDULE_FAILED;
                tally.idle_yet += turn->outcome == SCHEDULE_IDLE && playbook->later;
                tally.failed += turn->outcome == SCHEDULE_FAILED;
                tally.observed += turn->outcome == SCHEDULE_OBSERVED;
                tally.acted += turn->outcome == SCHEDULE_HELPED || turn->outcome == SCHEDULE_DONE ||
                        turn->outcome == SCHEDULE_USELESS;
        }
        return tally;
}

static const char *reason_of(const struct tally *tally) {
        if (tally->spent)
                return "spent";
        if (tally->usable == 0)
                return "no-playbook";
        /* What cools down has acted, if only for a former watcher. */
        if (tally->acted > 0 || tally->observed > 0 || tally->cooling)
                return "not-cleared";
        return tally->failed > 0 ? "error" : "refused";
}

/* How long this condition may stay as it is before a person is told; USEC_NEVER: for ever. */
static uint64_t patience_usec(const struct schedule_condition *condition, const struct tally *tally) {
        if (tally->maintained || tally->busy || condition->level == CONFIG_LEVEL_NOTICE)
                return USEC_NEVER;
        if (condition->unknown)
                return SCHEDULE_WARNING_PATIENCE_USEC;
        if (!condition->active)
                return USEC_NEVER;
        if (tally->spent)
                return 0;
        if (condition->level == CONFIG_LEVEL_CRITICAL) {
                if (tally->cooling)
                        return SCHEDULE_COOLDOWN_PATIENCE_USEC;
                return tally->observed > 0 ? SCHEDULE_WARNING_PATIENCE_USEC : 0;
        }
        if (tally->cooling || (tally->usable > 0 && tally->idle_yet == tally->usable))
                return USEC_NEVER;
        return SCHEDULE_WARNING_PATIENCE_USEC;
}

static void sooner(uint64_t *again_usec, uint64_t at_usec) {
        if (at_usec < *again_usec)
                *again_usec = at_usec;
}

static void ask_for_people(const struct schedule_input *input, struct schedule_decision *decision) {
        for (size_t i = 0; i < input->n_conditions; i++) {
                const struct schedule_condition *condition = &input->conditions[i];
                bool critical = condition->level == CONFIG_LEVEL_CRITICAL;

                bool is_seen =
                        input->escalated && condition->since_usec < input->called_usec + SCHEDULE_CALLED_USEC;

                if (!condition->tripped || condition->told || (is_seen && !critical))
                        continue;
                struct tally tally = count(input, condition);
                uint64_t patience = patience_usec(condition, &tally);
                if (patience == USEC_NEVER)
                        continue;
                if (input->now_usec < condition->since_usec + patience) {
                        sooner(&decision->again_usec, condition->since_usec + patience);
                        continue;
                }
                /* The critical one is what the message is about. */
                if (decision->escalate && !critical)
                        continue;
                decision->escalate = reason_of(&tally);
                decision->escalate_condition = i;
                if (critical)
                        return;
        }
}

/* When turns for it begin anew; USEC_NEVER: not by time. */
static uint64_t anew_usec(const struct schedule_input *input, const struct schedule_condition *condition) {
        uint64_t last_usec = 0;
        bool gave = false;

        if (!condition->active || condition->level != CONFIG_LEVEL_CRITICAL)
                return USEC_NEVER;
        for (size_t i = 0; i < input->n_playbooks; i++) {
                const struct schedule_turn *turn = &input->playbooks[i].turn;

                if (!schedule_is_for(input->playbooks[i].config, condition->name))
                        continue;
                gave |= turn->gave;
                if (turn->ended_usec > last_usec)
                        last_usec = turn->ended_usec;
        }
        return gave ? last_usec + SCHEDULE_ANEW_USEC : USEC_NEVER;
}

static void begin_anew(const struct schedule_input *input, struct schedule_decision *decision) {
        for (size_t i = 0; i < input->n_conditions && !decision->anew; i++) {
                uint64_t at_usec = anew_usec(input, &input->conditions[i]);

                decision->anew = at_usec <= input->now_usec;
                decision->anew_condition = i;
                if (!decision->anew)
                        sooner(&decision->again_usec, at_usec);
        }
}

void schedule_decide(const struct schedule_input *input, struct schedule_decision *ret_decision) {
        *ret_decision = (struct schedule_decision){.again_usec = USEC_NEVER};

        if (input->running)
                return;
        choose(input, ret_decision);
        if (ret_decision->start)
                return;
        for (size_t i = 0; i < input->n_playbooks; i++) {
                const struct schedule_turn *turn = &input->playbooks[i].turn;

                if (turn->hold != SCHEDULE_FREE && turn->until_usec > input->now_usec)
                        sooner(&ret_decision->again_usec, turn->until_usec);
        }
        ask_for_people(input, ret_decision);
        if (!ret_decision->escalate)
                begin_anew(input, ret_decision);
}
