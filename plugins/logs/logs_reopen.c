/* SPDX-License-Identifier: MIT */
/*
 * logs_reopen - logs.reopen: get the space of deleted logs back from those who still write to them
 *
 * Runs in a child of the executor, as root.  Somebody deleted a log to make room, and the log daemon that has it open
 * writes on into the nameless file: no space came back, and every line since then goes to nowhere.  The gentlest
 * step there is: the daemon's unit is asked to reopen its logs, and nothing is lost but what was deleted before.
 *
 * logs_reopen_find.c finds the files, logs_reopen_plan.c knows whom to ask, logs_reopen_ask.c asks.  Then it is
 * looked whether they let go, and what came of it (common/space_gain.c).  Whoever holds a file and is not known to
 * reopen it is named and left alone.
 *
 * Owns nothing between the two calls: run() looks and plans again.  Fails when nobody could be asked, or when none
 * let go in time.  Limits: WAIT_USEC for letting go; those of its parts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "logs/logs_reopen.h"

#define SECOND UINT64_C(1000000)
#define WAIT_USEC (10 * SECOND)
#define POLL_USEC (SECOND / 5)

enum { ARG_PATH };

static const struct sg_option args[] = {
        [ARG_PATH] = {.name = "path",
                .type = SG_TYPE_TEXT,
                .fallback = "",
                .doc = "Only the deleted log of this path, or those that were below it; it lies below a "
                       "configured directory. Empty: all of them."},
        {0},
};

/* Deinitialise `ret_files` whatever it returns. */
static int look(const struct sg_action *action, struct logs_reopen_files *ret_files,
        struct logs_reopen_plan *ret_plan, struct sg_outcome *outcome) {
        int r = logs_reopen_find(action, action->args[ARG_PATH].text, ret_files);

        logs_reopen_make_plan(action->options[LOGS_OPTION_REOPEN_UNITS].list, &ret_files->deleted, ret_plan);
        if (r < 0)
                snprintf(outcome->text, sizeof(outcome->text), "%s: %s",
                        r == -EINVAL ? "not below one of the configured directories"
                                     : "nobody can say which deleted logs are still open",
                        strerror(-r));
        return r;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct logs_reopen_files files;
        struct logs_reopen_plan plan;
        enum sg_verdict verdict;

        if (look(action, &files, &plan, ret_outcome) < 0)
                verdict = SG_VERDICT_REFUSED;
        else if (plan.n_units > 0) {
                verdict = SG_VERDICT_GO;
                logs_reopen_say_plan(&plan, ret_outcome->text, sizeof(ret_outcome->text));
        } else if (plan.foreign) {
                verdict = SG_VERDICT_REFUSED;
                logs_reopen_say_foreign(&plan, ret_outcome->text, sizeof(ret_outcome->text));
        } else {
                verdict = SG_VERDICT_NOTHING;
                snprintf(ret_outcome->text, sizeof(ret_outcome->text), "no deleted log is still open%s",
                        files.deleted.hidden > 0 ? ", but not all processes let us look" : "");
        }
        logs_reopen_deinit(&files);
        return verdict;
}

/* 0: somebody was asked; otherwise why the last one was not, with the reason in the outcome. */
static int ask(const struct sg_action *action, struct logs_reopen_plan *plan, struct sg_outcome *outcome) {
        bool any = false;
        int why = 0;

        for (size_t i = 0; i < plan->n_units; i++) {
                struct logs_reopen_unit *unit = &plan->units[i];
                int r = logs_reopen_ask(action, unit, outcome->text, sizeof(outcome->text));

                unit->asked = r == 0;
                any |= unit->asked;
                if (unit->asked)
                        continue;
                why = r;
                action->host->log(action, SG_LEVEL_WARNING, "%s", outcome->text);
        }
        return any ? 0 : why;
}

static bool is_held(const struct deleted_files *files, const struct open_files_id *id) {
        for (size_t i = 0; i < files->n; i++)
                if (files->files[i].id.inode == id->inode && files->files[i].id.device == id->device)
                        return true;
        return false;
}

static bool holds_on(const struct logs_reopen_plan *asked, const struct logs_reopen_plan *still) {
        for (size_t i = 0; i < asked->n_units; i++)
                for (size_t j = 0; asked->units[i].asked && j < still->n_units; j++)
                        if (strcmp(asked->units[i].name, still->units[j].name) == 0)
                                return true;
        return false;
}

/* Until no unit that was asked holds any; `ret_left` is what was seen last. */
static int await(const struct sg_action *action, const struct logs_reopen_plan *asked,
        struct logs_reopen_files *ret_left, struct logs_reopen_plan *ret_plan, struct sg_outcome *outcome) {
        const struct timespec pause = {.tv_nsec = POLL_USEC * 1000};

        for (uint64_t waited_usec = 0;; waited_usec += POLL_USEC) {
                int r = look(action, ret_left, ret_plan, outcome);

                if (r < 0 || !holds_on(asked, ret_plan) || waited_usec >= WAIT_USEC)
                        return r;
                logs_reopen_deinit(ret_left);
                nanosleep(&pause, NULL);
        }
}

/* What became of it: the units were asked. */
static int finish(const struct sg_action *action, const struct logs_reopen_files *files,
        const struct logs_reopen_plan *plan, const struct space_gain *gain, struct sg_outcome *outcome) {
        struct logs_reopen_end end = {.plan = plan, .n_files = files->deleted.n};
        struct logs_reopen_files left;
        struct logs_reopen_plan still;
        int r = await(action, plan, &left, &still, outcome);

        for (size_t i = 0; r == 0 && i < files->deleted.n; i++)
                if (!is_held(&left.deleted, &files->deleted.files[i].id)) {
                        end.n_gone++;
                        end.gone_bytes += files->deleted.files[i].held_bytes;
                }
        if (end.n_gone > 0)
                end.gained = space_gain_end(gain, end.gone_bytes);
        if (r == 0) {
                end.still = &still;
                outcome->count = end.n_gone;
                outcome->freed_bytes = end.gained.bytes;
                logs_reopen_say_end(&end, outcome->text, sizeof(outcome->text));
        }
        logs_reopen_deinit(&left);
        return r == 0 && end.n_gone == 0 ? -EBUSY : r;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct logs_reopen_files files;
        struct logs_reopen_plan plan;
        struct space_gain gain = {.n = 0};
        int r = look(action, &files, &plan, ret_outcome);

        if (r == 0 && plan.n_units > 0) {
                /* What cannot be measured has gained nothing. */
                for (size_t i = 0; i < files.n_places; i++)
                        (void)space_gain_add(&gain, files.places[i].fd);
                r = ask(action, &plan, ret_outcome);
                if (r == 0)
                        r = finish(action, &files, &plan, &gain, ret_outcome);
        } else if (r == 0)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "no deleted log is held by anybody who can be asked any more");
        logs_reopen_deinit(&files);
        return r;
}

const struct sg_verb logs_reopen = {
        .name = "logs.reopen",
        .summary = "Get the space of deleted logs back from the daemons that hold them",
        .risk = SG_RISK_FREEING,
        .args = args,
        .deadline_usec = 90 * SECOND,
        .cooldown_usec = 60 * SECOND,
        .budget_count = 12,
        .budget_window_usec = 86400 * SECOND,
        .check = check,
        .run = run,
};
