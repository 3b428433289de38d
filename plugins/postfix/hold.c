/* SPDX-License-Identifier: MIT */
/*
 * hold - postfix.hold: take a flood of deferred messages out of Postfix's hands, until its lease ends
 *
 * Runs in a child of the executor; among files as the mail owner, while postsuper runs as root.  Only deferred
 * messages are moved: one that is being delivered would be delivered and held.  What is held is a flood from one
 * sender, bounces, or mail for one domain elsewhere; never the mail of a domain that this host is responsible for.
 *
 * Each message is marked before it is moved, so that Postfix leaves it alone meanwhile, and again when it was found
 * in hold/ (hold_mark.c says why).  What postsuper says it did is not believed: each message is looked for where it
 * should be, and one that was not moved gets its time back.
 *
 * Held mail does not come back by itself, so the lease has no slices: it ends, at its limit at the latest, and undo()
 * releases what it holds (release.c).
 *
 * Owns nothing between the calls.  Fails when no message at all was held.
 * Limits: a file system that keeps no nanoseconds has no marks, so nothing is held there; a full one refuses renames
 * into hold/, which is flat, and what was not moved stays deferred.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/filter_args.h"
#include "postfix/held.h"
#include "postfix/hold_mark.h"
#include "postfix/moved.h"
#include "postfix/release.h"
#include "postfix/retry_time.h"

#define MINUTE UINT64_C(60000000)
#define HOUR (60 * MINUTE)

static const struct sg_option args[] = {FILTER_ARG_ROWS, [FILTER_ARGS] = {0}};

/* 0, or -EPERM: mail for the domain that is asked for must not be held. */
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

/* What is asked for, and by what rules it may be done; ret_lifetimes as main.cf has them. */
static int check_order(
        const struct sg_action *action, struct hold_lifetimes *ret_lifetimes, struct sg_outcome *outcome) {
        const struct sg_queue_filter filter = filter_args_read(action->args, "deferred");
        char *main_cf = NULL;
        int r;

        if (!filter.sender && !filter.domain)
                return order_refuse(outcome, -EINVAL,
                        "neither a sender nor a domain is named, and that never means all of them");
        r = order_main_cf(action, filter.instance, &main_cf, outcome);
        if (r >= 0 && filter.domain)
                r = check_domain(main_cf, filter.domain, outcome);
        if (r >= 0 && hold_rules_lifetimes(main_cf, ret_lifetimes) < 0)
                r = order_refuse(outcome, -EINVAL, "how long mail lives is not known from main.cf");
        free(main_cf);
        return r;
}

/* The order, and that there is a queue to move it to. */
static int open_order(const struct sg_action *action, struct order *ret_order, struct sg_outcome *outcome) {
        const char *instance = action->args[FILTER_ARG_INSTANCE].text;
        struct mail_dir hold;
        int r = order_open_queue(action, instance, "deferred", ret_order, outcome);

        if (r < 0)
                return r;
        r = mail_dir_open_beside(&ret_order->dir, "hold", &hold);
        if (r < 0) {
                order_close(ret_order);
                return order_refuse(outcome, r, "hold/ cannot be used: %s", strerror(-r));
        }
        mail_dir_close(&hold);
        return 0;
}

static int look_at_one(struct order *order, const char *id, struct mail_file *file, void *data) {
        (void)order;
        (void)id;
        (void)file;
        (void)data;
        return 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const struct sg_queue_filter filter = filter_args_read(action->args, "deferred");
        struct hold_lifetimes lifetimes;
        char which[96], done[128];
        struct tally tally;
        struct order order;

        if (check_order(action, &lifetimes, ret_outcome) < 0 || open_order(action, &order, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        order_each(&order, look_at_one, NULL, &tally);
        order_close(&order);
        filter_args_describe(&filter, which, sizeof(which));
        snprintf(done, sizeof(done), "messages %s would be held", which);
        tally_describe(&tally, done, ret_outcome->text);
        ret_outcome->count = tally.done;
        return tally.done > 0 ? SG_VERDICT_GO : SG_VERDICT_NOTHING;
}

/* What the passes over a selection share. */
struct pass {
        uint64_t lease;
        struct moved_list list;
        struct mail_dir hold, deferred;
        struct tally tally;
};

static int mark_one(struct order *order, const char *id, struct mail_file *file, void *data) {
        struct pass *pass = data;
        const struct timespec before = hold_mark_before(pass->lease, order_wall_clock());
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
        return (uint64_t)file->status.st_mtim.tv_nsec == retry_time_mark(pass->lease);
}

/* It is in hold/: as we wanted, or somebody else's doing. */
static void settle_held(struct pass *pass, struct mail_file *file, const struct moved_message *message) {
        int r = MAIL_CHANGED;

        if (message && is_marked(pass, file))
                r = mail_dir_set_time(&pass->hold, file, hold_mark_after(pass->lease, order_wall_clock()));
        pass->tally.done += r == 0;
        pass->tally.changed += r > 0;
        if (r < 0 && pass->tally.failed++ == 0)
                pass->tally.error = r;
}

/* It is still deferred: not touched by us, or to be put back as it was. */
static void settle_deferred(struct pass *pass, struct mail_file *file, const struct moved_message *message) {
        int r = 0;

        if (message && is_marked(pass, file))
                r = mail_dir_set_time(&pass->deferred, file, message->time);
        if (r < 0 && pass->tally.failed++ == 0)
                pass->tally.error = r;
        pass->tally.stayed += message && r == 0;
        pass->tally.changed += !message;
        pass->tally.tried += r > 0;
}

static void settle_one(
        struct pass *pass, const struct selection_entry *entry, const struct moved_message *message) {
        struct mail_file file;
        int held = mail_dir_find(&pass->hold, entry->id, entry->inode, &file), deferred;

        if (held == 0) {
                settle_held(pass, &file, message);
                mail_file_close(&file);
                return;
        }
        deferred = mail_dir_find(&pass->deferred, entry->id, entry->inode, &file);
        if (deferred == 0) {
                settle_deferred(pass, &file, message);
                mail_file_close(&file);
        } else if (held < 0 || deferred < 0) {
                if (pass->tally.failed++ == 0)
                        pass->tally.error = held < 0 ? held : deferred;
        } else if (moved_is_tried(&pass->hold, entry->id, entry->inode))
                pass->tally.tried++;
        else if (held == MAIL_CHANGED || deferred == MAIL_CHANGED)
                pass->tally.changed++;
        else
                pass->tally.vanished++;
}

/* Looks for all that was selected, where it may be by now. */
static int settle(const struct sg_action *action, struct pass *pass, const struct selection *selection,
        struct sg_outcome *outcome) {
        int r = order_queue(action, action->args[FILTER_ARG_INSTANCE].text, "hold", &pass->hold, outcome);
        size_t at = 0;

        if (r < 0)
                return r;
        r = mail_dir_open_beside(&pass->hold, "deferred", &pass->deferred);
        if (r < 0) {
                mail_dir_close(&pass->hold);
                return order_refuse(outcome, r, "deferred/ cannot be used: %s", strerror(-r));
        }
        pass->tally = (struct tally){.selected = selection->n};
        for (size_t i = 0; i < selection->n; i++)
                settle_one(pass, &selection->entries[i],
                        moved_list_next(&pass->list, selection->entries[i].id, &at));
        mail_dir_close(&pass->deferred);
        return 0;
}

static void describe(const struct pass *pass, const struct postsuper_report *report, const struct held *held,
        struct sg_outcome *outcome) {
        const time_t expires = (time_t)held->expires;
        char number[ORDER_NUMBER_MAX], when[32];
        struct tm utc;

        tally_describe(&pass->tally, "held", outcome->text);
        if (report->error < 0)
                order_say(outcome, "; postsuper: %.80s", report->text);
        else if (report->moved != pass->tally.done)
                order_say(outcome, "; postsuper says %s", order_number(report->moved, number));
        if (held->ghosts > 0)
                order_say(outcome, "; %s have no recipient left", order_number(held->ghosts, number));
        if (held->overdue > 0)
                order_say(
                        outcome, "; %s would bounce at their next try", order_number(held->overdue, number));
        if (held->expires > 0 && gmtime_r(&expires, &utc) &&
                strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &utc) > 0)
                order_say(outcome, "; the last expires by %s UTC", when);
}

/* Marks, moves, looks; the selection is as it was. */
static int hold_all(const struct sg_action *action, struct pass *pass, struct order *order,
        const struct hold_lifetimes *lifetimes, struct sg_outcome *outcome) {
        struct postsuper_report report = {.error = 0};
        struct held held = {.ours = 0};
        char config[ORDER_PATH_MAX];
        struct tally marked;
        int r;

        order_each(order, mark_one, pass, &marked);
        mail_dir_close(&order->dir);
        order_config(action, action->args[FILTER_ARG_INSTANCE].text, config);
        if (pass->list.n > 0)
                moved_list_run(action, &pass->list, config, "-h", "deferred", 0, &report);
        r = settle(action, pass, &order->selection, outcome);
        if (r < 0)
                return r;
        if (marked.failed > 0) {
                /* They were found deferred again, without anything that told why. */
                pass->tally.changed -=
                        marked.failed < pass->tally.changed ? marked.failed : pass->tally.changed;
                pass->tally.failed += marked.failed;
                pass->tally.error = marked.error;
        }
        r = held_look(&pass->hold, action->lease, lifetimes, HELD_READ_SECONDS, -1, &held);
        mail_dir_close(&pass->hold);
        outcome->count = r >= 0 ? held.ours : pass->tally.done;
        describe(pass, &report, &held, outcome);
        if (pass->tally.done > 0)
                return 0;
        return report.error < 0 ? report.error : pass->tally.error;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct pass pass = {.lease = action->lease};
        struct hold_lifetimes lifetimes;
        struct order order;
        int r = check_order(action, &lifetimes, ret_outcome);

        if (r >= 0 && action->lease == 0)
                r = order_refuse(ret_outcome, -EINVAL, "there is no lease by which messages could be marked");
        if (r >= 0)
                r = open_order(action, &order, ret_outcome);
        if (r < 0)
                return r;
        r = moved_list_init(&pass.list, order.selection.n);
        if (r < 0)
                order_refuse(ret_outcome, r, "out of memory");
        else
                r = hold_all(action, &pass, &order, &lifetimes, ret_outcome);
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
        .deadline_usec = HOLD_DEADLINE_SECONDS * UINT64_C(1000000),
        .cooldown_usec = 1 * MINUTE,
        .budget_count = 24,
        .budget_window_usec = 24 * HOUR,
        .needs_space_on = "/var/spool/postfix",
        /* As for postfix.postpone: of five days that mail lives it leaves two in which it is tried. */
        .lease_max_usec = 72 * HOUR,
        .selector = "queue",
        .check = check,
        .run = run,
        .undo = undo,
};
