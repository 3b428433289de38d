/* SPDX-License-Identifier: MIT */
/*
 * desk_lease_work - children that renew a lease, undo it, or look whether it is in force
 *
 * Runs in: executor.  Owns these children.  A renewal is the verb's check() and run() once more, with the stored
 * arguments and a new selection.  It begins only while fewer than ADMIT_CHILDREN actions and renewals are at work and
 * is dropped without a word otherwise, for the watcher asks again within a minute; an action never waits for it.  The
 * watcher may ask for all of them at once and always in the same order, so those that were dropped and waited longest
 * go before others then.  Maintenance does not stop it: it keeps a change that is there and starts none.  Mode observe
 * does.
 *
 * An undo needs no admission and no watcher, only the verb.  One is at work at a time.  Nor does a look, which is the
 * verb's check() alone (desk_lease_look.c); it takes the place of a renewal, and waits for the next minute when there
 * is none.
 *
 * Fails: an undo that does not go well, or whose verb is gone, is tried again with growing distance, and after
 * LEASE_UNDO_CALL times people are called, once.  When all that it was to take back has lapsed by itself meanwhile,
 * the next failure is the last: a spool that is gone for good must not keep its lease, and with it the same on a new
 * spool, waiting for ever.  What does not lapse waits until it is undone, or until root has it forgotten: a word for
 * the next try alone.  The first failure is on record, and the call for people.  A renewal that does not go well
 * leaves the lease to lapse.
 */
#include "executor/desk_lease.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "config/option.h"
#include "executor/action_selection.h"

enum work_kind { WORK_RENEWAL = 1, WORK_UNDO, WORK_LOOK };

bool desk_lease_works_on(const struct desk *desk, uint64_t lease) {
        for (size_t i = 0; i < ADMIT_CHILDREN; i++)
                if (desk->actions[i] && desk->actions[i]->lease == lease)
                        return true;
        for (size_t i = 0; i < DESK_LEASE_WORKS; i++)
                if (desk->lease_works[i] && desk->lease_works[i]->lease == lease)
                        return true;
        return false;
}

static unsigned at_work(const struct desk *desk, bool undo) {
        unsigned n = 0;

        for (size_t i = 0; i < DESK_LEASE_WORKS; i++)
                n += desk->lease_works[i] && desk->lease_works[i]->job.plan.undo == undo;
        return n;
}

void desk_lease_work_free(struct desk_lease_work *work) {
        if (!work)
                return;
        desk_job_deinit(&work->job);
        free(work);
}

static const struct sg_verb *verb_of(
        const struct desk *desk, const struct lease *lease, const struct sg_plugin **ret_plugin) {
        const struct sg_verb *verb = plugin_verb(desk->plugins, lease->verb, ret_plugin);

        return verb && verb->risk == SG_RISK_REVERSIBLE && verb->run && verb->undo ? verb : NULL;
}

/* From the lines they are kept as; against the verb's table of today. */
static int read_args(const struct lease *lease, const struct sg_verb *verb, struct sg_value **ret_args,
        struct problem *problem) {
        struct option_pair pairs[WIRE_PAIRS_MAX];
        char text[LEASE_ARGS_MAX];
        size_t n = 0;

        TEXT_COPY(text, lease->args);
        for (char *rest = text, *line; n < WIRE_PAIRS_MAX && (line = strsep(&rest, "\n")) && *line;) {
                char *name = strsep(&line, "=");

                pairs[n++] = (struct option_pair){.name = name, .text = line ? line : ""};
        }
        return option_values_new(verb->args, pairs, n, ret_args, problem);
}

/* In maintenance, too; see above. */
static bool is_in_force(const struct desk *desk, const struct lease *lease) {
        const struct config_playbook *owner = config_playbook(desk->config, lease->owner);

        return owner && !desk->closed &&
                admit_lower_mode(desk_mode(desk), owner->mode) == CONFIG_MODE_ENFORCE;
}

static bool on_go(struct action_child *child, const struct action_manifest *manifest,
        const struct sg_outcome *outcome, char denial[static SG_TEXT_MAX], void *data) {
        struct desk_lease_work *work = data;
        const struct lease *lease = lease_store_find(work->desk->leases, work->lease);
        (void)child, (void)manifest, (void)outcome;

        if (work->job.plan.check_only)
                return false;
        if (lease &&
                (work->job.plan.undo ||
                        (lease->state != WIRE_LEASE_ENDING && is_in_force(work->desk, lease))))
                return true;
        text_copy(denial, SG_TEXT_MAX, "it is not to be renewed any more");
        return false;
}

static void over(struct desk *desk, struct lease *lease, const char *event) {
        desk_lease_record(desk, event, lease);
        lease->state = WIRE_LEASE_ENDED;
        desk_lease_keep(desk, lease);
        desk->ops->lease_tried(lease->id, true, lease->text, desk->data);
}

static void undo_failed(struct desk *desk, struct lease *lease, const char *why, bool is_gone) {
        const enum lease_forget forget = lease->forget;
        char text[512];

        lease->failures++;
        lease->forget = LEASE_FORGET_NEVER;
        if (forget == LEASE_FORGET_ANYWAY || (forget == LEASE_FORGET_GONE && is_gone)) {
                text_format(
                        lease->text, sizeof(lease->text), "forgotten by root and not taken back: %s", why);
                over(desk, lease, "lease-forgotten");
                return;
        }
        if (lease->failures > LEASE_UNDO_CALL && lease_has_passed(lease, loop_realtime(desk->loop))) {
                text_format(lease->text, sizeof(lease->text),
                        "it could not be undone, but lapsed by itself: %s", why);
                over(desk, lease, "lease-ended");
                return;
        }
        lease->undo_after_usec = loop_now(desk->loop) + lease_undo_wait(lease->failures);
        log_error("lease %llu (%s) could not be undone, %u times now: %s", (unsigned long long)lease->id,
                lease->verb, lease->failures, why);
        TEXT_COPY(lease->text, why);
        desk_lease_keep(desk, lease);
        desk->ops->lease_tried(lease->id, false, lease->text, desk->data);
        /* Not each time: it may be tried for weeks, and the record is a ring. */
        if (lease->failures == 1)
                desk_lease_record(desk, "lease-undo-failed", lease);
        if (lease->failures != LEASE_UNDO_CALL)
                return;
        text_format(text, sizeof(text),
                "Lease %llu (%s) is over, but what it changed could not be taken back %u times, last: %s.\n"
                "It is tried again.",
                (unsigned long long)lease->id, lease->verb, lease->failures, why);
        desk_escalate(desk, lease->incident == desk->ledger->incident.id ? lease->incident : 0, "undo-failed",
                lease->until_clear, text);
}

static void undone(struct desk *desk, struct lease *lease, const struct sg_outcome *outcome) {
        TEXT_COPY(lease->text, outcome->text);
        lease->count = outcome->count;
        lease->failures = 0;
        over(desk, lease, "lease-ended");
}

static void not_renewed(struct desk *desk, struct lease *lease, enum wire_status status, const char *text) {
        uint64_t now = loop_now(desk->loop);

        if (status == WIRE_NOTHING ||
                (lease->complained_usec != 0 && now - lease->complained_usec < LEASE_COMPLAINT))
                return;
        lease->complained_usec = now;
        log_warning("lease %llu (%s) was not renewed: %s: %s", (unsigned long long)lease->id, lease->verb,
                wire_status_name(status), text);
        TEXT_COPY(lease->text, text);
        desk_lease_keep(desk, lease);
}

static void on_end(struct action_child *child, bool went, enum wire_status status,
        const struct sg_outcome *outcome, void *data) {
        struct desk_lease_work *work = data;
        struct desk *desk = work->desk;
        struct lease *lease = lease_store_find(desk->leases, work->lease);
        struct sg_outcome clean = *outcome;
        bool done = went && status == WIRE_DONE;
        (void)child;

        text_escape(clean.text, sizeof(clean.text), outcome->text);
        if (lease && work->job.plan.undo && done)
                undone(desk, lease, &clean);
        else if (lease && work->job.plan.undo)
                undo_failed(desk, lease, clean.text, !done && clean.is_gone);
        else if (lease && work->job.plan.check_only)
                desk_lease_looked(desk, lease, status, &clean);
        else if (lease && done)
                desk_lease_renewed(desk, lease, &clean);
        else if (lease)
                not_renewed(desk, lease, status, clean.text);
        for (size_t i = 0; i < DESK_LEASE_WORKS; i++)
                if (desk->lease_works[i] == work)
                        desk->lease_works[i] = NULL;
        desk_lease_work_free(work);
        desk_look_at_leases(desk);
        desk->ops->idle(desk->data);
}

/* Takes the selection. */
static int begin(struct desk *desk, const struct lease *lease, enum work_kind kind, int selection_consumed,
        struct problem *problem) {
        static const struct action_child_ops ops = {.on_go = on_go, .on_end = on_end};
        _cleanup_close_ int selection = selection_consumed;
        const struct sg_plugin *plugin;
        const struct sg_verb *verb = verb_of(desk, lease, &plugin);
        struct desk_lease_work *work;
        struct sg_value *args;
        size_t place = 0;
        int r;

        if (!verb)
                return problem_set(problem, "the verb %s is not there any more", lease->verb);
        r = read_args(lease, verb, &args, problem);
        if (r < 0)
                return r;
        work = calloc(1, sizeof(*work));
        if (!work) {
                option_values_free(verb->args, args);
                return problem_set(problem, "out of memory");
        }
        work->desk = desk;
        work->lease = lease->id;
        r = desk_job_init(desk, &work->job, plugin, verb, args, take_fd(&selection), problem);
        work->job.plan.lease = lease->id;
        work->job.plan.undo = kind == WORK_UNDO;
        work->job.plan.check_only = kind == WORK_LOOK;
        if (r >= 0)
                r = desk_job_start(desk, &work->job, lease->incident, &ops, work, problem);
        if (r < 0) {
                desk_lease_work_free(work);
                return r;
        }
        while (desk->lease_works[place])
                place++;
        desk->lease_works[place] = work;
        return 0;
}

void desk_lease_undo(struct desk *desk, struct lease *lease) {
        struct problem problem;

        if (desk->closed || at_work(desk, true) > 0 || lease->undo_after_usec > loop_now(desk->loop))
                return;
        if (begin(desk, lease, WORK_UNDO, -1, &problem) < 0)
                undo_failed(desk, lease, problem.text, false);
}

void desk_lease_look(struct desk *desk, struct lease *lease) {
        const struct sg_verb *verb = verb_of(desk, lease, NULL);
        struct problem problem;

        /* What a selector chose is not what it would choose now. */
        if (desk->closed || !verb || verb->selector || !lease_may_look(lease, loop_now(desk->loop)) ||
                desk_actions(desk) + at_work(desk, false) >= ADMIT_CHILDREN)
                return;
        lease->looked_usec = loop_now(desk->loop);
        if (begin(desk, lease, WORK_LOOK, -1, &problem) < 0)
                log_warning("whether lease %llu (%s) is in force cannot be looked at: %s",
                        (unsigned long long)lease->id, lease->verb, problem.text);
}

static bool is_its_turn(const struct desk *desk, const struct lease *lease) {
        unsigned busy = desk_actions(desk) + at_work(desk, false);

        for (unsigned i = 0; i < LEASE_MAX; i++)
                busy += lease_goes_before(lease_store_at(desk->leases, i), lease, loop_now(desk->loop));
        return busy < ADMIT_CHILDREN;
}

void desk_on_lease_renew_consume_fd(struct desk *desk, const struct wire_message *message, int fd_consumed) {
        _cleanup_close_ int fd = fd_consumed, selection = -1;
        struct lease *lease = lease_store_find(desk->leases, message->lease_renew.lease);
        const struct sg_verb *verb = lease ? verb_of(desk, lease, NULL) : NULL;
        const char *wrong = NULL;
        struct problem problem;

        if (!lease || lease->action == 0) {
                desk_stray(desk, "lease", message->lease_renew.lease);
                return;
        }
        if (!verb || !lease_may_renew(lease, loop_now(desk->loop)) || !is_in_force(desk, lease) ||
                desk_lease_works_on(desk, lease->id))
                return;
        if (!is_its_turn(desk, lease)) {
                lease->passed_over_usec = loop_now(desk->loop);
                return;
        }
        lease->renewed_usec = loop_now(desk->loop);
        lease->passed_over_usec = 0;
        if (verb->selector)
                wrong = action_selection_open(fd, &selection);
        if (!wrong && begin(desk, lease, WORK_RENEWAL, take_fd(&selection), &problem) < 0)
                wrong = problem.text;
        if (wrong)
                not_renewed(desk, lease, WIRE_DENIED, wrong);
}
