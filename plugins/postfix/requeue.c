/* SPDX-License-Identifier: MIT */
/*
 * requeue - postfix.requeue: let Postfix take deferred messages in once more
 *
 * Runs in a child of the executor; among files as the mail owner, while postsuper runs as root.  Requeued mail is
 * rewritten, routed and filtered again by the present configuration, under another ID, and its lifetime begins anew.
 * So it is for mail that was taken in with a wrong setting, or is about to bounce.  What a milter changed, and a
 * redirection to a filter, are lost, which is why it cannot be taken back.
 *
 * Only deferred messages are requeued, or those that a given lease of postfix.hold holds: one that is being delivered
 * would be delivered twice, and what an admin holds is his; a number is taken only for a lease that there is
 * (hold_lease.c).  postsuper never gets to see another queue than that one, and no message in which something else
 * stands than was asked for, whose log says that it may have been delivered or is not read to its end, or that arrived
 * longer ago than mail lives (contents.c): so it lives twice at most.
 *
 * Owns nothing.  Fails when no message at all was requeued; single ones are counted.
 * Limits: a message that Postfix has taken in already cannot be told from one that was delivered, so those that are
 * nowhere any more count as requeued only as far as postsuper says so.  One that Postfix tries after the look
 * into its log is left alone, but nothing keeps it from trying one between the last look and postsuper.
 */
#include <errno.h>
#include <stdlib.h>

#include "postfix/contents.h"
#include "postfix/filter_args.h"
#include "postfix/hold_lease.h"
#include "postfix/hold_mark.h"
#include "postfix/moved.h"

#define SECOND UINT64_C(1000000)

static const struct sg_option args[] = {
        FILTER_ARG_ROWS,
        [REQUEUE_ARG_LEASE] = {.name = "lease",
                .type = SG_TYPE_NUMBER,
                .fallback = "0",
                .doc = "The number of a lease of postfix.hold: only what it holds; 0: only deferred "
                       "messages.",
                .max = 9007199254740991},
        [REQUEUE_ARG_LEASE + 1] = {0},
};

/* What an act is told, and finds. */
struct pass {
        const struct sg_action *action;
        struct sg_queue_filter filter;
        uint64_t lease;             /* 0: deferred messages */
        struct timespec read_since; /* before the first of the logs */
        struct moved_list list;
        struct postsuper_report report;
        struct mail_dir from;
        struct tally tally;
        uint64_t away; /* not in the queue any more, and not being tried */
};

static struct pass pass_of(const struct sg_action *action) {
        return (struct pass){.action = action,
                .filter = filter_args_read(action->args, filter_args_requeue_from(action->args)),
                .lease = (uint64_t)action->args[REQUEUE_ARG_LEASE].number};
}

static int read_lifetimes(
        const struct pass *pass, struct hold_lifetimes *ret_lifetimes, struct sg_outcome *outcome) {
        char *main_cf = NULL;
        int r = order_main_cf(pass->action, pass->filter.instance, &main_cf, outcome);

        if (r >= 0 && hold_rules_lifetimes(main_cf, ret_lifetimes) < 0)
                r = order_refuse(outcome, -EINVAL, "how long mail lives is not known from main.cf");
        free(main_cf);
        return r;
}

static int open_order(struct pass *pass, struct order *ret_order, struct sg_outcome *outcome) {
        struct hold_lifetimes lifetimes;
        const struct contents_wanted wanted = {.filter = &pass->filter,
                .reasons = pass->action->options + POSTFIX_OPTION_REASONS,
                .requeue_lifetimes = &lifetimes,
                .read_seconds = CONTENTS_READ_SECONDS};
        int r;

        if (!filter_args_choose(&pass->filter))
                return order_refuse(outcome, -EINVAL,
                        "no property of the messages is named, and that never means all of them");
        r = read_lifetimes(pass, &lifetimes, outcome);
        if (r >= 0 && pass->lease != 0)
                r = hold_lease_check(pass->action, pass->filter.instance, pass->lease, outcome);
        if (r >= 0)
                r = order_open_queue(
                        pass->action, pass->filter.instance, pass->filter.queue, ret_order, outcome);
        if (r < 0)
                return r;
        clock_gettime(CLOCK_REALTIME, &pass->read_since);
        r = contents_check(ret_order, &wanted, outcome);
        if (r < 0)
                order_close(ret_order);
        return r;
}

/* Tried by Postfix, say, and with another log now than was read. */
static bool is_touched(const struct pass *pass, const struct timespec *changed) {
        const struct timespec *since = &pass->read_since;

        return changed->tv_sec > since->tv_sec ||
                (changed->tv_sec == since->tv_sec && changed->tv_nsec > since->tv_nsec);
}

static int choose_one(struct order *order, const char *id, struct mail_file *file, void *data) {
        struct pass *pass = data;

        (void)order;
        if (is_touched(pass, &file->status.st_ctim))
                return MAIL_CHANGED;
        if (pass->lease != 0 && hold_mark_of(pass->lease, &file->status) != HOLD_MARK_OURS)
                return MAIL_CHANGED;
        moved_list_add(&pass->list, id, &file->status);
        return 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct pass pass = pass_of(action);
        enum sg_verdict verdict;
        struct order order;

        if (order_room(action, pass.filter.instance, ret_outcome) < 0 ||
                open_order(&pass, &order, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        verdict = moved_would(&order, choose_one, &pass, &pass.filter, "requeued", ret_outcome);
        order_close(&order);
        return verdict;
}

static void settle_one(
        void *data, const struct selection_entry *entry, const struct moved_message *message, int answer) {
        struct pass *pass = data;
        struct mail_file file;
        int place = moved_find(NULL, &pass->from, entry, &file);

        if (place == MOVED_NOT) {
                mail_file_close(&file);
                if (message)
                        pass->tally.stayed++;
                else
                        moved_count_left(&pass->tally, answer);
        } else if (place == MOVED_NOWHERE && message)
                pass->away++;
        else
                moved_count(&pass->tally, place);
}

static int settle(struct pass *pass, const struct order *order, struct sg_outcome *outcome) {
        int r = order_queue(pass->action, pass->filter.instance, pass->filter.queue, &pass->from, outcome);

        if (r < 0)
                return r;
        pass->tally = (struct tally){.selected = order->selection.n};
        moved_each(order, &pass->list, settle_one, pass);
        mail_dir_close(&pass->from);
        pass->tally.done = pass->report.moved < pass->away ? pass->report.moved : pass->away;
        pass->tally.vanished += pass->away - pass->tally.done;
        return 0;
}

static int requeue_all(struct pass *pass, struct order *order, struct sg_outcome *outcome) {
        const struct moved_command command = {
                .instance = pass->filter.instance, .option = "-r", .queue = pass->filter.queue};
        int r = moved_run(
                pass->action, order, choose_one, pass, &pass->list, &command, &pass->report, outcome);

        if (r >= 0)
                r = settle(pass, order, outcome);
        if (r < 0)
                return r;
        tally_describe(&pass->tally, "requeued", outcome->text);
        if (pass->report.error < 0)
                order_say(outcome, "; postsuper: %.80s", pass->report.text);
        outcome->count = pass->tally.done;
        if (pass->tally.done > 0)
                return 0;
        return pass->report.error < 0 ? pass->report.error : pass->tally.error;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct pass pass = pass_of(action);
        struct order order;
        int r = open_order(&pass, &order, ret_outcome);

        if (r < 0)
                return r;
        r = requeue_all(&pass, &order, ret_outcome);
        moved_list_deinit(&pass.list);
        order_close(&order);
        return r;
}

const struct sg_verb postfix_requeue = {
        .name = "postfix.requeue",
        .summary = "Let Postfix take in deferred messages once more, by the rules of today; none older than "
                   "mail lives",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        .deadline_usec = 600 * SECOND,
        .cooldown_usec = 60 * SECOND,
        .budget_count = 12,
        .budget_window_usec = 86400 * SECOND,
        .selector = "queue",
        .check = check,
        .run = run,
};
