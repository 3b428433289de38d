/* SPDX-License-Identifier: MIT */
/*
 * desk_action - from the request for an action to its outcome
 *
 * Runs in: executor.  Owns the actions at work, at most ADMIT_CHILDREN, one per run.  A request is decided by
 * admit.c; its child checks; then it is decided once more, because maintenance may have begun or the mode been
 * lowered meanwhile; manifest and intent are written to disk; only then the child is told to go.
 *
 * In observe and in dry runs everything is the same up to that point, where the child ends and what would have
 * been done is recorded instead.  Only a probe goes on, because it changes nothing.
 *
 * A lossy verb is told the facts that its protection of young data depends on, and all of them are ours: when we
 * first heard of the incident, and whether every gentler verb (gentle.c) that a playbook in force names had its
 * turn.  A turn is an action, or a "no" of the verb's own check; a "no" of ours is none, for the watcher can
 * provoke it.
 *
 * Fails: an action that cannot be recorded anywhere is not done, unless it loses nothing.
 */
#include "executor/desk_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "config/option.h"
#include "executor/action_selection.h"
#include "executor/gentle.h"

void desk_action_free(struct desk_action *action) {
        if (!action)
                return;
        desk_job_deinit(&action->job);
        free(action);
}

/* It cools down, perhaps, but will have its turn; one that is off, broken, in quarantine or spent will not. */
static bool is_to_come(const struct desk *desk, const struct config_playbook *playbook) {
        const struct ledger_playbook *past = ledger_playbook(desk->ledger, playbook->name);
        enum config_mode mode = admit_lower_mode(desk_mode(desk), playbook->mode);
        struct budget_limit limit = desk_limit(playbook);

        if (playbook->failed || mode == CONFIG_MODE_OFF)
                return false;
        return !past ||
                (!past->quarantined &&
                        budget_until(&past->acted, &limit, mode != CONFIG_MODE_ENFORCE,
                                loop_realtime(desk->loop)) == 0);
}

static bool verb_is_spent(const struct desk *desk, const struct sg_verb *verb, enum config_mode mode) {
        const struct ledger_verb *past = ledger_verb(desk->ledger, verb->name);
        const struct budget_limit limit = {
                .count = verb->budget_count, .window_usec = verb->budget_window_usec};

        return past &&
                budget_until(&past->uses, &limit, mode != CONFIG_MODE_ENFORCE, loop_realtime(desk->loop)) > 0;
}

static bool names(const struct config_playbook *playbook, const struct sg_verb *verb) {
        return playbook && verb && playbook->source && strstr(playbook->source, verb->name);
}

/* A verb that nothing in force speaks of, or can still use, would never have its turn: it is not waited for. */
static bool is_in_use(const struct desk *desk, const struct sg_verb *verb) {
        for (size_t i = 0; i < desk->config->n_playbooks; i++) {
                const struct config_playbook *playbook = &desk->config->playbooks[i];
                enum config_mode mode = admit_lower_mode(desk_mode(desk), playbook->mode);
                if (names(playbook, verb) && is_to_come(desk, playbook) && !verb_is_spent(desk, verb, mode))
                        return true;
        }
        return false;
}

/* Only while an incident is open, but then by hand as well: whoever was called goes on where the playbooks ended. */
static bool gentler_spent(const struct desk *desk, const struct sg_verb *verb) {
        struct gentle_step steps[GENTLE_STEPS] = {0};

        if (desk->ledger->incident.id == 0)
                return false;
        for (size_t i = 0; i < GENTLE_STEPS; i++) {
                const struct sg_verb *step = plugin_verb(desk->plugins, gentle_steps[i], NULL);

                steps[i].to_come = step && is_in_use(desk, step);
                steps[i].had_turn = ledger_had_turn(desk->ledger, gentle_steps[i]);
        }
        return gentle_spent(verb->name, steps);
}

/* What changes nothing is done where others would only have been. */
static bool only_looks(const struct sg_verb *verb) {
        return verb->risk == SG_RISK_PROBE;
}

static bool is_acting(const struct desk *desk, uint64_t run) {
        for (size_t i = 0; i < ADMIT_CHILDREN; i++)
                if (desk->actions[i] && desk->actions[i]->run == run)
                        return true;
        return false;
}

static bool is_recordable(const struct desk *desk, const struct sg_verb *verb) {
        return recorder_place(book_recorder(desk->book)) != STATE_NOWHERE &&
                (!verb || verb->risk != SG_RISK_REVERSIBLE ||
                        lease_store_place(desk->leases) != STATE_NOWHERE);
}

static void gather(
        struct desk *desk, uint64_t run_id, const struct sg_verb *verb, struct admit_action *ret_facts) {
        const struct ledger_run *run = ledger_run(desk->ledger, run_id);
        const struct ledger_verb *past = verb ? ledger_verb(desk->ledger, verb->name) : NULL;
        const struct config_playbook *playbook = run ? config_playbook(desk->config, run->playbook) : NULL;

        *ret_facts = (struct admit_action){.verb = verb,
                .named = names(playbook, verb),
                .run_exists = run != NULL && !desk->closed,
                .run_is_acting = is_acting(desk, run_id),
                .children = desk_actions(desk),
                .recordable = is_recordable(desk, verb),
                .uses = past ? &past->uses : NULL};
        desk_facts(desk, playbook, &ret_facts->rules);
        if (!run)
                return;
        ret_facts->run_observe = run->observe;
        ret_facts->dry = run->dry;
        ret_facts->asked_by_root = run->by_root;
        ret_facts->requests = run->requests;
        /* Whether a reversible change took effect is a matter of its lease: done again it is the same one. */
        ret_facts->is_unknown = verb && verb->risk != SG_RISK_REVERSIBLE && verb->risk != SG_RISK_PROBE &&
                ledger_is_unknown(desk->ledger, desk->ledger->incident.id, verb->name);
}

static void tell_finished(struct desk *desk, uint64_t serial, uint64_t run, uint64_t incident,
        uint64_t action, enum wire_status status, const struct sg_outcome *outcome) {
        struct wire_message message = {.type = WIRE_ACTION_FINISHED};
        struct wire_action_finished *finished = &message.action_finished;

        *finished = (struct wire_action_finished){.serial = serial,
                .run = run,
                .action = action,
                .incident = incident,
                .finished_usec = loop_realtime(desk->loop),
                .freed_bytes = outcome->freed_bytes,
                .found_bytes = outcome->found_bytes,
                .count = outcome->count,
                .status = status};
        TEXT_COPY(finished->text, outcome->text);
        desk_send(desk, &message);
}

/*
 * Nothing was touched.  `by` says who said so: "check", the verb's own, for which this was its turn; "admission";
 * or "child", which broke before it could say anything.
 */
static void record_denied(struct desk *desk, uint64_t run_id, const char *verb, enum wire_status status,
        const char *by, const char *text) {
        const struct ledger_run *run = ledger_run(desk->ledger, run_id);
        struct book_entry entry = book_entry_new("action-denied");
        uint64_t repeated;
        char key[WIRE_NAME_MAX + 48];

        /* All that the ledger makes a difference of: a turn must not go unwritten for one that was none. */
        text_format(key, sizeof(key), "%s %llu %s%s", verb, (unsigned long long)(run ? run->incident : 0), by,
                run && run->dry ? " dry" : "");
        if (!desk_denial_is_news(desk, run ? run->playbook : "", key, text, &repeated))
                return;
        log_info("%s: %s: %s", verb, wire_status_name(status), text);
        book_number(&entry, "run", run_id);
        book_number(&entry, "incident", run ? run->incident : 0);
        book_text(&entry, "playbook", run ? run->playbook : "");
        book_text(&entry, "verb", verb);
        book_text(&entry, "status", wire_status_name(status));
        book_text(&entry, "by", by);
        book_flag(&entry, "dry", run && run->dry);
        book_number(&entry, "repeated", repeated);
        book_text(&entry, "text", text);
        book_write(desk->book, &entry);
}

static void refuse(struct desk *desk, const struct wire_action_request *request, enum wire_status status,
        const char *text) {
        struct sg_outcome outcome = {.count = 0};
        const struct ledger_run *run = ledger_run(desk->ledger, request->run);

        TEXT_COPY(outcome.text, text);
        record_denied(desk, request->run, request->verb, status, "admission", text);
        tell_finished(desk, request->serial, request->run, run ? run->incident : 0, 0, status, &outcome);
}

static void add_action_fields(struct book_entry *entry, const struct desk_action *action, uint64_t id) {
        book_number(entry, "action", id);
        book_number(entry, "run", action->run);
        book_number(entry, "incident", action->incident);
        book_text(entry, "playbook", action->playbook);
        book_text(entry, "verb", action->job.plan.verb->name);
        book_text(entry, "risk", plugin_risk_name(action->job.plan.verb->risk));
        book_text(entry, "args", action->args_text);
}

/* As many lines as fit in one slot, one below the other. */
static int write_manifest(struct desk *desk, uint64_t action, const struct action_manifest *manifest) {
        char text[640];
        size_t i = 0;
        int r = 0;

        while (i < manifest->n && r >= 0) {
                struct book_entry entry = book_entry_new("manifest");
                size_t used = 0;

                do {
                        text_format(text + used, sizeof(text) - used, "%s%s", used ? "\n" : "",
                                manifest->lines[i]);
                        used = strlen(text);
                        i++;
                } while (i < manifest->n && used + strlen(manifest->lines[i]) + 2 < sizeof(text));
                book_number(&entry, "action", action);
                book_text(&entry, "text", text);
                r = book_write(desk->book, &entry);
        }
        return r;
}

static void tell_started(const struct desk_action *action, bool observe) {
        struct wire_message message = {.type = WIRE_ACTION_STARTED};
        struct wire_action_started *started = &message.action_started;

        *started = (struct wire_action_started){.serial = action->serial,
                .run = action->run,
                .action = action->action,
                .incident = action->incident,
                .started_usec = action->started_usec,
                .observe = observe};
        TEXT_COPY(started->playbook, action->playbook);
        TEXT_COPY(started->verb, action->job.plan.verb->name);
        TEXT_COPY(started->args, action->args_text);
        desk_send(action->desk, &message);
}

static bool on_go(struct action_child *child, const struct action_manifest *manifest,
        const struct sg_outcome *outcome, char denial[static SG_TEXT_MAX], void *data) {
        struct desk_action *action = data;
        struct desk *desk = action->desk;
        struct book_entry entry = book_entry_new("action-intent");
        uint64_t id = desk->ledger->next_action;
        struct admit_action facts;
        struct admit_answer answer;
        const char *wrong;
        int r;
        (void)child, (void)outcome;

        /* Decided again, as of now; the request and the child it got are this action itself. */
        desk_watch_clock(desk);
        gather(desk, action->run, action->job.plan.verb, &facts);
        facts.ends = true;
        facts.requests = 0;
        facts.run_is_acting = false;
        facts.children = 0;
        admit_action(&facts, &answer);
        if (answer.verdict != WIRE_GO) {
                action->not_admitted = true;
                text_copy(denial, SG_TEXT_MAX, answer.text);
                return false;
        }
        if ((answer.observe && !only_looks(action->job.plan.verb)) || action->job.plan.check_only)
                return false;

        r = write_manifest(desk, id, manifest);
        add_action_fields(&entry, action, id);
        action->started_usec = loop_realtime(desk->loop);
        action->action = id;
        wrong = desk_lease_go(action);
        if (r >= 0 && !wrong)
                r = book_write(desk->book, &entry);
        if (!wrong && r < 0 && action->job.plan.verb->risk > SG_RISK_FREEING)
                wrong = "the intent cannot be recorded, so it is not done";
        if (wrong) {
                action->action = 0;
                action->not_admitted = true;
                text_copy(denial, SG_TEXT_MAX, wrong);
                return false;
        }
        tell_started(action, false);
        return true;
}

static void record_outcome(
        const struct desk_action *action, enum wire_status status, const struct sg_outcome *outcome) {
        struct book_entry entry = book_entry_new("action-outcome");

        book_number(&entry, "action", action->action);
        book_number(&entry, "run", action->run);
        book_number(&entry, "incident", action->incident);
        book_text(&entry, "playbook", action->playbook);
        book_text(&entry, "verb", action->job.plan.verb->name);
        book_text(&entry, "status", wire_status_name(status));
        book_number(&entry, "freed", outcome->freed_bytes);
        if (outcome->found_bytes > 0)
                book_number(&entry, "found", outcome->found_bytes);
        book_number(&entry, "count", outcome->count);
        book_text(&entry, "text", outcome->text);
        book_write(action->desk->book, &entry);
}

static void record_would_have(struct desk_action *action, const struct sg_outcome *outcome) {
        struct book_entry entry = book_entry_new("action-would-have");

        action->started_usec = loop_realtime(action->desk->loop);
        action->action = action->desk->ledger->next_action;
        add_action_fields(&entry, action, action->action);
        book_flag(&entry, "dry", action->dry); /* its run may be over */
        book_text(&entry, "text", outcome->text);
        book_write(action->desk->book, &entry);
        tell_started(action, true);
}

static void on_end(struct action_child *child, bool went, enum wire_status status,
        const struct sg_outcome *outcome, void *data) {
        struct desk_action *action = data;
        struct desk *desk = action->desk;
        struct sg_outcome clean = *outcome;
        bool checked = status == WIRE_DENIED || status == WIRE_NOTHING;
        const char *by = action->not_admitted ? "admission" : checked ? "check" : "child";
        (void)child;

        text_escape(clean.text, sizeof(clean.text), outcome->text);
        if (went)
                record_outcome(action, status, &clean);
        else if (status == WIRE_WOULD_HAVE)
                record_would_have(action, &clean);
        else
                record_denied(desk, action->run, action->job.plan.verb->name, status, by, clean.text);

        for (size_t i = 0; i < ADMIT_CHILDREN; i++)
                if (desk->actions[i] == action)
                        desk->actions[i] = NULL;
        if (action->lease != 0)
                desk_lease_outcome(action, went, status, &clean);
        tell_finished(desk, action->serial, action->run, action->incident, action->action, status, &clean);
        desk_action_free(action);
        desk->ops->changed(desk->data);
        desk_look_at_leases(desk);
        if (desk_actions(desk) == 0)
                desk->ops->idle(desk->data);
}

static int begin(struct desk_action *action, const struct wire_action_request *request, bool check_only,
        struct problem *problem) {
        static const struct action_child_ops ops = {.on_go = on_go, .on_end = on_end};
        struct desk *desk = action->desk;
        struct action_plan *plan = &action->job.plan;
        size_t place = 0;
        int r;

        plan->check_only = check_only;
        plan->gentler_spent = gentler_spent(desk, plan->verb);
        action->serial = request->serial;
        desk_write_args(plan->verb, plan->args, " ", action->args_text, sizeof(action->args_text));
        if (plan->verb->risk == SG_RISK_REVERSIBLE)
                desk_lease_begin(action, request);
        while (desk->actions[place])
                place++;
        r = desk_job_start(desk, &action->job, action->incident, &ops, action, problem);
        if (r == 0)
                desk->actions[place] = action;
        else if (action->lease != 0)
                desk_lease_outcome(action, false, WIRE_FAILED, NULL);
        return r;
}

static int read_args(const struct wire_action_request *request, const struct sg_verb *verb,
        struct sg_value **ret_args, struct problem *problem) {
        struct option_pair pairs[WIRE_PAIRS_MAX];
        size_t n = request->n_args < WIRE_PAIRS_MAX ? request->n_args : WIRE_PAIRS_MAX;

        for (size_t i = 0; i < n; i++)
                pairs[i] = (struct option_pair){.name = request->args[i].name, .text = request->args[i].text};
        return option_values_new(verb->args, pairs, n, ret_args, problem);
}

/* The action that was admitted; takes arguments and selection. */
static void start(struct desk *desk, const struct wire_action_request *request,
        const struct sg_plugin *plugin, const struct sg_verb *verb, struct sg_value *args, int selection,
        bool check_only) {
        const struct ledger_run *run = ledger_run(desk->ledger, request->run);
        struct desk_action *action = calloc(1, sizeof(*action));
        struct problem problem = {.text = "out of memory"};

        if (!action) {
                option_values_free(verb->args, args);
                if (selection >= 0)
                        close(selection);
                refuse(desk, request, WIRE_FAILED, problem.text);
                return;
        }
        *action = (struct desk_action){
                .desk = desk, .run = run->id, .incident = run->incident, .dry = run->dry};
        TEXT_COPY(action->playbook, run->playbook);
        if (desk_job_init(desk, &action->job, plugin, verb, args, selection, &problem) < 0 ||
                begin(action, request, check_only, &problem) < 0) {
                desk_action_free(action);
                refuse(desk, request, WIRE_FAILED, problem.text);
        }
}

void desk_on_action_request_consume_fd(
        struct desk *desk, const struct wire_message *message, int fd_consumed) {
        const struct wire_action_request *request = &message->action_request;
        _cleanup_close_ int fd = fd_consumed, selection = -1;
        const struct sg_plugin *plugin = NULL;
        const struct sg_verb *verb = plugin_verb(desk->plugins, request->verb, &plugin);
        struct ledger_run *run = ledger_run(desk->ledger, request->run);
        struct sg_value *args = NULL;
        struct problem problem = {.text = ""};
        struct admit_action facts;
        struct admit_answer answer;

        gather(desk, request->run, verb, &facts);
        if (verb && read_args(request, verb, &args, &problem) < 0)
                facts.bad_args = problem.text;
        if (verb && verb->selector)
                facts.bad_selection = action_selection_open(fd, &selection);
        facts.ends = request->until_clear[0] != '\0';
        if (verb && args && verb->risk == SG_RISK_REVERSIBLE)
                facts.lease = desk_lease_standing(desk, verb, args, run ? run->incident : 0);
        admit_action(&facts, &answer);
        if (run)
                run->requests++;
        if (answer.verdict == WIRE_GO && verb && run) {
                start(desk, request, plugin, verb, args, take_fd(&selection),
                        answer.observe && !only_looks(verb));
                return;
        }
        if (args)
                option_values_free(verb->args, args);
        refuse(desk, request, WIRE_DENIED, answer.text);
}
