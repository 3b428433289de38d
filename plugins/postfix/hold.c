/* SPDX-License-Identifier: MIT */
/*
 * hold - postfix.hold: take a flood of deferred messages out of Postfix's hands, until its lease ends
 *
 * Runs in a child of the executor; among files as the mail owner, while postsuper runs as root.  Only deferred
 * messages are moved: one that is being delivered would be delivered and held.  What is held is a flood from one
 * sender elsewhere, bounces, or mail for one domain elsewhere; never for or from a domain that this host is
 * responsible for.  That a message is such mail is read in its file (contents.c), whatever the selection says.
 *
 * Each message is marked before it is moved, so that Postfix leaves it alone meanwhile, and again when it was found
 * in hold/ (hold_mark.c says why).  What postsuper says it did is not believed: each message is looked for where it
 * should be, and one that was not moved gets its time back.
 *
 * Held mail does not come back by itself, so the lease has no slices: it ends, at its limit at the latest, and undo()
 * releases what it holds (release.c).  The limit comes nearer when the first of it would be overdue before, and what
 * has less than half its life before it is not held, lest all the rest is let go for its sake.
 *
 * Owns nothing between the calls.  Fails when no message at all was held.
 * Limits: a file system that keeps no nanoseconds has no marks, so nothing is held there; a full one refuses renames
 * into hold/, which is flat, and what was not moved stays deferred.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/contents.h"
#include "postfix/filter_args.h"
#include "postfix/held.h"
#include "postfix/hold_mark.h"
#include "postfix/moved.h"
#include "postfix/release.h"
#include "postfix/retry_time.h"

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* All that the lease holds; what was moved just now was read before. */
#define LOOK_SECONDS 120u

static const struct sg_option args[] = {FILTER_ARG_ROWS, [FILTER_ARGS] = {0}};

/* 0, or -EPERM: mail for or from the domain that is asked for must not be held. */
static int check_domain(const char *main_cf, const char *domain, struct sg_outcome *outcome) {
        const char *parameter;

        switch (hold_rules_domain(main_cf, domain, &parameter)) {
        case HOLD_DOMAIN_ELSEWHERE: return 0;
        case HOLD_DOMAIN_OURS:
                return order_refuse(outcome, -EPERM,
                        "this host is responsible for %.80s (%s): its mail is never held", domain, parameter);
        case HOLD_DOMAIN_UNKNOWN:
                return order_refuse(outcome, -EPERM,
                        "this host may be responsible for %.80s: what %s says is not known", domain,
                        parameter);
        }
        return -EPERM;
}

/* What an act is told, and finds. */
struct pass {
        const struct sg_action *action;
        struct sg_queue_filter filter;
        struct hold_lifetimes lifetimes;
        struct moved_list list;
        struct postsuper_report report;
        struct mail_dir hold, deferred;
        struct tally tally;
        struct held held;
        bool looked; /* all that the lease holds was found, read or not */
};

static int look_at_one(struct order *order, const char *id, struct mail_file *file, void *data) {
        (void)order;
        (void)id;
        (void)file;
        (void)data;
        return 0;
}

static struct pass pass_of(const struct sg_action *action) {
        return (struct pass){.action = action, .filter = filter_args_read(action->args, "deferred")};
}

/* What is asked for, and by what rules it may be done: those of main.cf. */
static int check_order(struct pass *pass, struct sg_outcome *outcome) {
        const struct sg_queue_filter *filter = &pass->filter;
        char *main_cf = NULL;
        int r;

        if (!filter->sender && !filter->domain)
                return order_refuse(outcome, -EINVAL,
                        "neither a sender nor a domain is named, and that never means all of them");
        r = order_main_cf(pass->action, filter->instance, &main_cf, outcome);
        if (r >= 0 && filter->domain)
                r = check_domain(main_cf, filter->domain, outcome);
        if (r >= 0 && filter->sender && !contents_is_null_sender(filter->sender))
                r = check_domain(main_cf, filter->sender, outcome);
        if (r >= 0 && hold_rules_lifetimes(main_cf, &pass->lifetimes) < 0)
                r = order_refuse(outcome, -EINVAL, "how long mail lives is not known from main.cf");
        free(main_cf);
        return r;
}

/* That there is a queue to move it to. */
static int check_goal(const struct order *order, struct sg_outcome *outcome) {
        struct mail_dir hold;
        int r = mail_dir_open_beside(&order->dir, "hold", &hold);

        if (r < 0)
                return order_refuse(outcome, r, "hold/ cannot be used: %s", strerror(-r));
        mail_dir_close(&hold);
        return 0;
}

/* The order as it may be, and with what stands in the messages looked at. */
static int open_order(struct pass *pass, struct order *ret_order, struct sg_outcome *outcome) {
        const struct contents_wanted wanted = {.filter = &pass->filter,
                .only_domain = true,
                .reasons = pass->action->options + POSTFIX_OPTION_REASONS,
                .hold_lifetimes = &pass->lifetimes,
                .read_seconds = CONTENTS_READ_SECONDS};
        int r = check_order(pass, outcome);

        if (r >= 0)
                r = order_open_queue(
                        pass->action, pass->filter.instance, pass->filter.queue, ret_order, outcome);
        if (r < 0)
                return r;
        r = check_goal(ret_order, outcome);
        if (r >= 0)
                r = contents_check(ret_order, &wanted, outcome);
        if (r < 0)
                order_close(ret_order);
        return r;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct pass pass = pass_of(action);
        enum sg_verdict verdict;
        struct order order;

        if (order_room(action, pass.filter.instance, ret_outcome) < 0 ||
                open_order(&pass, &order, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        verdict = moved_would(&order, look_at_one, NULL, &pass.filter, "held", ret_outcome);
        order_close(&order);
        return verdict;
}

static int mark_one(struct order *order, const char *id, struct mail_file *file, void *data) {
        struct pass *pass = data;
        const struct timespec before = hold_mark_before(pass->action->lease, order_wall_clock());
        const struct stat found = file->status;
        int r = mail_dir_set_time(&order->dir, file, before);

        if (r != 0)
                return r;
        if (file->status.st_mtim.tv_nsec != before.tv_nsec) {
                mail_dir_set_time(&order->dir, file, found.st_mtim);
                return -EOPNOTSUPP;
        }
        moved_list_add(&pass->list, id, &found);
        return 0;
}

static bool is_marked(const struct pass *pass, const struct mail_file *file) {
        return (uint64_t)file->status.st_mtim.tv_nsec == retry_time_mark(pass->action->lease);
}

/* It is in hold/: as we wanted, or somebody else's doing. */
static void settle_held(struct pass *pass, struct mail_file *file, const struct moved_message *message) {
        int r = MAIL_CHANGED;

        if (message && is_marked(pass, file))
                r = mail_dir_set_time(
                        &pass->hold, file, hold_mark_after(pass->action->lease, order_wall_clock()));
        tally_add(&pass->tally, r > 0 ? MAIL_CHANGED : r);
}

/* It is still deferred: not touched by us, or to be put back as it was. */
static void settle_deferred(
        struct pass *pass, struct mail_file *file, const struct moved_message *message, int answer) {
        int r = 0;

        if (!message) {
                moved_count_left(&pass->tally, answer);
                return;
        }
        if (is_marked(pass, file))
                r = mail_dir_set_time(&pass->deferred, file, message->time);
        pass->tally.stayed += r == 0;
        pass->tally.tried += r > 0;
        if (r < 0)
                tally_add(&pass->tally, r);
}

static void settle_one(
        void *data, const struct selection_entry *entry, const struct moved_message *message, int answer) {
        struct pass *pass = data;
        struct mail_file file;
        int place = moved_find(&pass->hold, &pass->deferred, entry, &file);

        if (place == MOVED_THERE)
                settle_held(pass, &file, message);
        else if (place == MOVED_NOT)
                settle_deferred(pass, &file, message, answer);
        else
                moved_count(&pass->tally, place);
        if (place == MOVED_THERE || place == MOVED_NOT)
                mail_file_close(&file);
}

/* Looks for all that was selected, where it may be by now, and at all that the lease holds. */
static int settle(struct pass *pass, const struct order *order, struct sg_outcome *outcome) {
        int r = order_queue(pass->action, pass->filter.instance, "hold", &pass->hold, outcome);

        if (r < 0)
                return r;
        r = mail_dir_open_beside(&pass->hold, "deferred", &pass->deferred);
        if (r < 0)
                order_refuse(outcome, r, "deferred/ cannot be used: %s", strerror(-r));
        else {
                pass->tally = (struct tally){.selected = order->selection.n};
                moved_each(order, &pass->list, settle_one, pass);
                mail_dir_close(&pass->deferred);
                pass->looked = held_look(&pass->hold, pass->action->lease, &pass->lifetimes, LOOK_SECONDS, -1,
                                       &pass->held) >= 0;
        }
        mail_dir_close(&pass->hold);
        return r;
}

/* When all of it has to be let go for the sake of the first: nothing held shall bounce because it was. */
static uint64_t release_usec(const struct pass *pass) {
        const uint64_t least = (uint64_t)order_wall_clock() + pass->lifetimes.bounce_seconds / 2;
        uint64_t release = hold_rules_last_release(&pass->lifetimes, pass->held.expires_first);

        /* What was not read has half its life before it, or it would not have been taken. */
        if (pass->held.expires_first == 0 || ((!pass->looked || pass->held.later > 0) && release > least))
                release = least;
        return release * SECOND;
}

static void describe(const struct pass *pass, struct sg_outcome *outcome) {
        const struct held *held = &pass->held;
        const time_t expires = (time_t)held->expires;
        char number[ORDER_NUMBER_MAX], when[32];
        struct tm utc;

        tally_describe(&pass->tally, "held", outcome->text);
        if (pass->report.error < 0)
                order_say(outcome, "; postsuper: %.80s", pass->report.text);
        else if (pass->report.moved != pass->tally.done)
                order_say(outcome, "; postsuper says %s", order_number(pass->report.moved, number));
        if (held->ghosts > 0)
                order_say(outcome, "; %s have no recipient left", order_number(held->ghosts, number));
        if (held->overdue > 0)
                order_say(
                        outcome, "; %s would bounce at their next try", order_number(held->overdue, number));
        if (held->expires > 0 && gmtime_r(&expires, &utc) &&
                strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &utc) > 0)
                order_say(outcome, "; the last expires by %s UTC", when);
        outcome->count = pass->looked ? held->ours : pass->tally.done;
        outcome->until_usec = release_usec(pass);
}

/* Marks, moves, looks. */
static int hold_all(struct pass *pass, struct order *order, struct sg_outcome *outcome) {
        const struct moved_command command = {
                .instance = pass->filter.instance, .option = "-h", .queue = pass->filter.queue};
        int r = moved_run(pass->action, order, mark_one, pass, &pass->list, &command, &pass->report, outcome);

        if (r >= 0)
                r = settle(pass, order, outcome);
        if (r < 0)
                return r;
        describe(pass, outcome);
        if (pass->tally.done > 0)
                return 0;
        return pass->report.error < 0 ? pass->report.error : pass->tally.error;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct pass pass = pass_of(action);
        struct order order;
        int r;

        if (action->lease == 0)
                return order_refuse(
                        ret_outcome, -EINVAL, "there is no lease by which messages could be marked");
        r = open_order(&pass, &order, ret_outcome);
        if (r < 0)
                return r;
        r = hold_all(&pass, &order, ret_outcome);
        moved_list_deinit(&pass.list);
        order_close(&order);
        return r;
}

static int undo(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        bool complete = false;
        int r = release_lease(
                action, action->args[FILTER_ARG_INSTANCE].text, action->lease, &complete, ret_outcome);

        /* Tried again later: somebody may have raised the lifetime by then. */
        return r >= 0 && !complete ? -EAGAIN : r;
}

const struct sg_verb postfix_hold = {
        .name = "postfix.hold",
        .summary = "Put deferred messages of a flood on hold, until the lease ends",
        .risk = SG_RISK_REVERSIBLE,
        .args = args,
        .deadline_usec = HOLD_DEADLINE_SECONDS * SECOND,
        .cooldown_usec = 1 * MINUTE,
        .budget_count = 24,
        .budget_window_usec = 24 * HOUR,
        /* As for postfix.postpone: of five days that mail lives it leaves two; where it lives shorter, release_usec(). */
        .lease_max_usec = 72 * HOUR,
        .selector = "queue",
        .check = check,
        .run = run,
        .undo = undo,
};
