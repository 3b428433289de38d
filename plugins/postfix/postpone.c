/* SPDX-License-Identifier: MIT */
/*
 * postpone - postfix.postpone: let deferred messages wait while nobody could take them
 *
 * Runs in a child of the executor, and among files as the mail owner.  The time of the next try of each
 * selected message is moved forward by at most a slice, and marked with the lease; that needs no space,
 * writes no log and survives reload and restart of Postfix.  When nobody renews it Postfix goes on by itself,
 * and an admin's `postqueue -f` overrides it at any time.  A message never gets an earlier time than it had.
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

static int postpone_one(struct order *order, const char *id, struct deferred_message *message, void *data) {
        struct pass *pass = data;
        const struct timespec until = {retry_time_postponed(pass->now, id), (long)pass->mark};
        int r;

        if (message->status.st_mtim.tv_sec >= until.tv_sec)
                return ORDER_WAITS;
        if (pass->dry)
                return 0;
        r = deferred_set_time(&order->deferred, message, until);
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

/* The marked messages that are held back at this moment. */
struct census {
        const struct deferred *deferred;
        uint32_t mark;
        time_t now;
        uint64_t n;
        uint64_t failed;
        int error; /* of the first that failed */
};

static bool is_ours(const struct census *census, const struct stat *status) {
        return (uint64_t)status->st_mtim.tv_nsec == census->mark && status->st_mtim.tv_sec > census->now;
}

static int count_one(const char *path, const struct stat *status, void *data) {
        struct census *census = data;

        (void)path;
        census->n += is_ours(census, status);
        return 0;
}

static int need_lease(const struct sg_action *action, struct sg_outcome *outcome) {
        if (action->lease != 0)
                return 0;
        snprintf(outcome->text, sizeof(outcome->text), "there is no lease by which messages could be marked");
        return -EINVAL;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct pass pass = {.now = order_wall_clock(), .mark = retry_time_mark(action->lease)};
        struct census census = {.mark = pass.mark, .now = pass.now};
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
        counted = deferred_walk(&order.deferred, count_one, &census) >= 0 && !pass.marks_lost;
        order_close(&order);

        tally_describe(&tally, "postponed by up to 15m", ret_outcome->text);
        used = strlen(ret_outcome->text);
        if (pass.marks_lost)
                snprintf(ret_outcome->text + used, sizeof(ret_outcome->text) - used,
                        "; this file system keeps no marks, so they lapse but cannot be returned");
        ret_outcome->count = counted ? census.n : tally.done;
        return tally.done == 0 ? tally.error : 0;
}

static int return_one(const char *path, const struct stat *status, void *data) {
        struct census *census = data;
        const char *id = strrchr(path, '/');
        struct deferred_message message;
        struct timespec next = {0};
        int r;

        if (!is_ours(census, status))
                return 0;
        r = deferred_open_message(census->deferred, path, status->st_ino, &message);
        if (r == 0) {
                /* Postfix or a person may have had a word on it since the directory was read. */
                if (is_ours(census, &message.status)) {
                        next.tv_sec = retry_time_returned(
                                census->now, id ? id + 1 : path, message.status.st_mtim.tv_sec);
                        r = deferred_set_time(census->deferred, &message, next);
                        census->n += r == 0;
                }
                deferred_message_close(&message);
        }
        if (r < 0 && census->failed++ == 0)
                census->error = r;
        return 0;
}

static int undo(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct census census = {.mark = retry_time_mark(action->lease), .now = order_wall_clock()};
        struct deferred deferred;
        char a[ORDER_NUMBER_MAX], b[ORDER_NUMBER_MAX];
        int r = need_lease(action, ret_outcome);

        if (r >= 0)
                r = order_deferred(action, action->args[POSTPONE_ARG_INSTANCE].text, &deferred, ret_outcome);
        if (r < 0)
                return r;
        census.deferred = &deferred;
        r = deferred_walk(&deferred, return_one, &census);
        deferred_close(&deferred);
        if (r >= 0)
                r = census.error;
        ret_outcome->count = census.n;
        if (census.failed > 0)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "%s messages are retried over the next 5m, %s could not be changed: %s",
                        order_number(census.n, a), order_number(census.failed, b), strerror(-r));
        else if (r < 0)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "%s messages are retried over the next 5m, then deferred/ could not be read: %s",
                        order_number(census.n, a), strerror(-r));
        else
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "%s messages are retried over the next 5m", order_number(census.n, a));
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
