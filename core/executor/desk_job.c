/* SPDX-License-Identifier: MIT */
/*
 * desk_job - what the child of an action, a renewal or an undo is given to work with
 *
 * Runs in: executor.  Owns, for as long as the child lives, what its plan points to: parsed arguments, the
 * plugin's options, our descriptor of the selection.  The facts that a verb's protection of young data depends on
 * are filled in here, for all kinds of children alike.
 *
 * Fails: with the reason, before anything is forked.  Limits: a value longer than OPTION_TEXT_MAX is shown cut.
 */
#include "executor/desk_parts.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/option.h"

int desk_job_init(const struct desk *desk, struct desk_job *job, const struct sg_plugin *plugin,
        const struct sg_verb *verb, struct sg_value *args_consumed, int selection_consumed,
        struct problem *problem) {
        *job = (struct desk_job){.plan = {.verb = verb,
                                         .root = desk->root,
                                         .args = args_consumed,
                                         .leases = desk->leases,
                                         .selection_fd = selection_consumed},
                .option_table = plugin->options,
                .args = args_consumed};
        return plugin_options(plugin, desk->config, &job->options, problem);
}

int desk_job_start(const struct desk *desk, struct desk_job *job, uint64_t incident_id,
        const struct action_child_ops *ops, void *data, struct problem *problem) {
        const struct ledger_incident *incident = ledger_incident(desk->ledger, incident_id);
        struct action_plan *plan = &job->plan;
        int r;

        plan->options = job->options;
        plan->incident_since_usec = loop_realtime(desk->loop);
        if (incident && incident->since_usec < plan->incident_since_usec)
                plan->incident_since_usec = incident->since_usec;
        plan->floor_usec = ledger_floor(desk->ledger, plan->incident_since_usec);
        pressure_levels(desk->config, &plan->levels);
        r = action_child_new(desk->loop, plan, ops, data, &job->child);
        return r < 0 ? problem_set(problem, "no child could be started for it: %s", strerror(-r)) : 0;
}

void desk_job_deinit(struct desk_job *job) {
        job->child = action_child_free(job->child);
        if (!job->plan.verb)
                return;
        job->args = option_values_free(job->plan.verb->args, job->args);
        job->options = option_values_free(job->option_table, job->options);
        if (job->plan.selection_fd >= 0)
                close(take_fd(&job->plan.selection_fd));
}

bool desk_write_args(const struct sg_verb *verb, const struct sg_value *args, const char *separator,
        char *text, size_t size) {
        char value[OPTION_TEXT_MAX];
        size_t used = 0, length;

        text[0] = '\0';
        for (size_t i = 0; verb->args && verb->args[i].name; i++) {
                option_format(&args[i], value, sizeof(value));
                length = (i > 0 ? strlen(separator) : 0) + strlen(verb->args[i].name) + 1 + strlen(value);
                text_format(text + used, size - used, "%s%s=%s", i > 0 ? separator : "", verb->args[i].name,
                        value);
                used = strlen(text);
                if (length >= size || used + 1 == size)
                        return false;
        }
        return true;
}
