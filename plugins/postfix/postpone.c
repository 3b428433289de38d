/* SPDX-License-Identifier: MIT */
/*
 * postpone - postfix.postpone: let deferred messages wait while nobody could take them
 *
 * Runs in a child of the executor, and among files as the mail owner.  The time of the next try of each
 * selected message is moved forward by at most a slice, and marked with the lease; that needs no space,
 * writes no log and survives reload and restart of Postfix.  When nobody renews it Postfix goes on by itself,
 * and an admin's `postqueue -f` overrides it at any time.  A message never gets an earlier time than it had, and none
 * that was given the present meanwhile a later one.
 *
 * undo() needs no list: the marks in the files are the list.  It spreads the tries over some minutes.  Files
 * in hold/, or anywhere else than below deferred/, are never opened.
 *
 * Owns nothing between the calls.  Fails when no message at all could be changed; single ones are counted.
 * Limits: on a file system that keeps no nanoseconds marks are lost: undo() finds nothing there, and the
 * messages lapse at the end of their slice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "postfix/marked.h"
#include "postfix/order.h"
#include "postfix/retry_time.h"

#define MINUTE UINT64_C(60000000)
#define HOUR (60 * MINUTE)

static const struct sg_option args[] = {
        [POSTPONE_ARG_INSTANCE] = {.name = "instance",
                .type = SG_TYPE_TEXT,
                .fallback = "-",
                .doc = "The Postfix instance, as postmulti names it; \"-\" is the default one."},
        [POSTPONE_ARG_NEXTHOP] = {.name = "nexthop",
                .type = SG_TYPE_TEXT,
                .doc = "The next hop that is dead: only messages that wait for it are postponed."},
        {0},
};

/* What a pass over the selection is told and finds. */
struct pass {
        time_t now;
        uint32_t mark;
        bool dry, marks_lost;
};

static bool is_later(const struct timespec *time, const struct timespec *than) {
        return time->tv_sec != than->tv_sec ? time->tv_sec > than->tv_sec : time->tv_nsec > than->tv_nsec;
}

/*
 * It was given the present as its time since it was chosen.  So does postfix.retry, which runs while a lease is renewed;
 * nobody would try the message then, and the flush waited for what comes of it.  Postfix itself sets times to come.
 */
static bool was_asked_for(const struct selection *selection, const struct stat *status) {
        return is_later(&status->st_ctim, &selection->made) &&
                status->st_mtim.tv_sec <= status->st_ctim.tv_sec + 1; /* that clock may be a tick behind */
}

static int postpone_one(struct order *order, const char *id, struct mail_file *message, void *data) {
        struct pass *pass = data;
        const struct timespec until = {retry_time_postponed(pass->now, id), (long)pass->mark};
        int r;

        if (message->status.st_mtim.tv_sec >= until.tv_sec)
                return ORDER_WAITS;
        if (was_asked_for(&order->selection, &message->status))
                return MAIL_CHANGED;
        if (pass->dry)
                return 0;
        r = mail_dir_set_time(&order->dir, message, until);
        if (r == 0 && message->status.st_mtim.tv_nsec != until.tv_nsec)
                pass->marks_lost = true;
        return r;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *nexthop = action->args[POSTPONE_ARG_NEXTHOP].text;
        struct pass pass = {.now = order_wall_clock(), .dry = true};
        struct tally tally;
        struct order order;
        char done[128];

        if (order_open(action, action->args[POSTPONE_ARG_INSTANCE].text, nexthop, &order, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        order_each(&order, postpone_one, &pass, &tally);
        order_close(&order);
        snprintf(done, sizeof(done), "messages for %.60s would be postponed by up to 15m", nexthop);
        tally_describe(&tally, done, ret_outcome->text);
        ret_outcome->count = tally.done;
        return tally.done > 0 ? SG_VERDICT_GO : SG_VERDICT_NOTHING;
}

static int need_lease(const struct sg_action *action, struct sg_outcome *outcome) {
        if (action->lease != 0)
                return 0;
        snprintf(outcome->text, sizeof(outcome->text), "there is no lease by which messages could be marked");
        return -EINVAL;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct pass pass = {.now = order_wall_clock(), .mark = retry_time_mark(action->lease)};
        struct marked marked;
        struct tally tally;
        struct order order;
        bool counted;
        size_t used;
        int r = need_lease(action, ret_outcome);

        if (r < 0)
                return r;
        r = order_open(action, action->args[POSTPONE_ARG_INSTANCE].text,
                action->args[POSTPONE_ARG_NEXTHOP].text, &order, ret_outcome);
        if (r < 0)
                return r;
        order_each(&order, postpone_one, &pass, &tally);
        counted = marked_count(&order.dir, action->lease, pass.now, &marked) >= 0 && !pass.marks_lost;
        order_close(&order);

        tally_describe(&tally, "postponed by up to 15m", ret_outcome->text);
        used = strlen(ret_outcome->text);
        if (pass.marks_lost)
                snprintf(ret_outcome->text + used, sizeof(ret_outcome->text) - used,
                        "; this file system keeps no marks, so they lapse but cannot be returned");
        ret_outcome->count = counted ? marked.n : tally.done;
        return tally.done == 0 ? tally.error : 0;
}

static int undo(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct mail_dir deferred;
        struct marked marked;
        char a[ORDER_NUMBER_MAX], b[ORDER_NUMBER_MAX];
        int r = need_lease(action, ret_outcome);

        if (r >= 0)
                r = order_queue(
                        action, action->args[POSTPONE_ARG_INSTANCE].text, "deferred", &deferred, ret_outcome);
        if (r < 0)
                return r;
        r = marked_return(&deferred, action->lease, order_wall_clock(), &marked);
        mail_dir_close(&deferred);
        if (r >= 0)
                r = marked.error;
        ret_outcome->count = marked.n;
        if (marked.failed > 0)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "%s messages are retried over the next 5m, %s could not be changed: %s",
                        order_number(marked.n, a), order_number(marked.failed, b), strerror(-r));
        else if (r < 0)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "%s messages are retried over the next 5m, then deferred/ could not be read: %s",
                        order_number(marked.n, a), strerror(-r));
        else
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "%s messages are retried over the next 5m", order_number(marked.n, a));
        return r;
}

const struct sg_verb postfix_postpone = {
        .name = "postfix.postpone",
        .summary = "Let deferred messages for a dead next hop wait, a quarter of an hour at a time",
        .risk = SG_RISK_REVERSIBLE,
        .args = args,
        .deadline_usec = 10 * MINUTE,
        .budget_count = 60,
        .budget_window_usec = HOUR,
        .slice_usec = POSTFIX_SLICE_SECONDS * UINT64_C(1000000),
        /*
         * Postfix bounces mail that is five days old at its first failed try.  Three days span a long weekend
         * and leave two in which Postfix tries by its own schedule, and people who were told can act.
         */
        .lease_max_usec = 72 * HOUR,
        .selector = "queue",
        .check = check,
        .run = run,
        .undo = undo,
};
