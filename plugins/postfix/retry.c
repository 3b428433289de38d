/* SPDX-License-Identifier: MIT */
/*
 * retry - postfix.retry: let Postfix try deferred messages now
 *
 * Runs in a child of the executor, among files as the mail owner.  A canary is a handful of messages handed
 * to `postqueue -i`, which also makes Postfix forget that their destination was dead; a batch gets the
 * present as the time of its next try, and one ordinary scan of the deferred queue is asked for, never two within a
 * second.  `postqueue -f` is never used: it overrides all.
 *
 * Somebody else's wish that mail waits stands (retry_wish.c), and a canary counts when it was seen to move
 * (retry_cage.c).
 *
 * Owns nothing.  Fails with -ESRCH when Postfix is not running, -EBUSY when its mail is paused, -EIO and what the tool
 * said, -ETIME when no canary moved; the messages are where they were then, to be tried at the latest by Postfix's own
 * schedule.
 * Limits: RETRY_CANARIES_MAX canaries; of a batch as many messages as its argument says.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "postfix/master.h"
#include "postfix/order.h"
#include "postfix/retry_cage.h"
#include "postfix/retry_wish.h"

#define SECOND UINT64_C(1000000)
#define KICKS_MAX 5

static const struct sg_option args[] = {
        [RETRY_ARG_INSTANCE] = {.name = "instance",
                .type = SG_TYPE_TEXT,
                .fallback = "-",
                .doc = "The Postfix instance, as postmulti names it; \"-\" is the default one."},
        [RETRY_ARG_NEXTHOP] = {.name = "nexthop",
                .type = SG_TYPE_TEXT,
                .doc = "The next hop that is back: only messages that wait for it are tried."},
        [RETRY_ARG_HOW] = {.name = "how",
                .type = SG_TYPE_TEXT,
                .doc = "\"canary\": at most five, and Postfix forgets that the next hop was dead; \"batch\": "
                       "many, as if their time had come. First those that were postponed, the oldest "
                       "first, then those that an outage keeps and that, for a batch, are not due soon, or "
                       "that a content filter did not take. Those that go back to their senders when the try "
                       "fails, for their age, come last of all, and are no canaries as long as there are "
                       "others; else a single one is."},
        [RETRY_ARG_MESSAGES] = {.name = "messages",
                .type = SG_TYPE_NUMBER,
                .doc = "At most so many messages.",
                .min = 1,
                .max = 20000},
        {0},
};

struct plan {
        const char *instance, *nexthop;
        char spool[ORDER_PATH_MAX], config[ORDER_PATH_MAX];
        bool canary;
        size_t at_most;
        time_t longest_wait; /* that Postfix or we give a message */
};

static int make_plan(const struct sg_action *action, struct plan *ret_plan, struct sg_outcome *outcome) {
        const char *how = action->args[RETRY_ARG_HOW].text;
        struct plan plan = {
                .instance = action->args[RETRY_ARG_INSTANCE].text,
                .nexthop = action->args[RETRY_ARG_NEXTHOP].text,
                .canary = strcmp(how, "canary") == 0,
                .at_most = (size_t)action->args[RETRY_ARG_MESSAGES].number,
        };
        int r = order_spool(action, plan.instance, plan.spool, outcome);
        pid_t master;

        if (r < 0)
                return r;
        if (!plan.canary && strcmp(how, "batch") != 0) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "how must be \"canary\" or \"batch\", not \"%.60s\"", how);
                return -EINVAL;
        }
        if (!master_find(action->host->root, plan.spool, &master)) {
                snprintf(outcome->text, sizeof(outcome->text), "Postfix is not running");
                return -ESRCH;
        }
        if (plan.canary && plan.at_most > RETRY_CANARIES_MAX)
                plan.at_most = RETRY_CANARIES_MAX;
        order_config(action, plan.instance, plan.config);
        r = retry_wish_as_written(action, plan.instance, &plan.longest_wait, outcome);
        *ret_plan = plan;
        return r;
}

static int open_order(const struct sg_action *action, const struct plan *plan, struct order *ret_order,
        struct sg_outcome *outcome) {
        int r = order_open(action, plan->instance, plan->nexthop, ret_order, outcome);

        if (r >= 0 && ret_order->selection.n > plan->at_most)
                ret_order->selection.n = plan->at_most;
        return r;
}

static int look_at_one(struct order *order, const char *id, struct mail_file *message, void *data) {
        const struct plan *plan = data;

        (void)order;
        (void)id;
        return retry_wish_is_for(plan->longest_wait, &message->status) ? MAIL_CHANGED : 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct tally tally;
        struct order order;
        struct plan plan;
        char done[128];

        if (make_plan(action, &plan, ret_outcome) < 0 || open_order(action, &plan, &order, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        order_each(&order, look_at_one, &plan, &tally);
        order_close(&order);
        snprintf(done, sizeof(done), "messages for %.60s would be tried now", plan.nexthop);
        tally_describe(&tally, done, ret_outcome->text);
        ret_outcome->count = tally.done;
        return tally.done > 0 ? SG_VERDICT_GO : SG_VERDICT_NOTHING;
}

/* 0, or a negative errno value with what the tool said. */
static int call(const struct sg_action *action, const char *const argv[], const char *spool,
        struct sg_outcome *outcome) {
        char output[512] = "";
        int r = action->host->tool(action, argv, output, sizeof(output));
        pid_t master;

        if (r == 0)
                return 0;
        output[strcspn(output, "\n")] = '\0';
        if (!master_find(action->host->root, spool, &master)) {
                snprintf(outcome->text, sizeof(outcome->text), "Postfix is not running: %.180s", output);
                return -ESRCH;
        }
        snprintf(outcome->text, sizeof(outcome->text), "%s failed (%d): %.160s", argv[0], r, output);
        return r < 0 ? r : -EIO;
}

static void wait_a_second(void) {
        const struct timespec second = {.tv_sec = 1};

        nanosleep(&second, NULL);
}

/*
 * postkick sends the request and then a NUL byte, and dies of SIGPIPE when the queue manager has read the first and
 * hung up already.  Where a message moved within a second, the request got there; else it is sent once more, which
 * costs little more than a look.  The action lasts until a second after the last one is over: there is one at a time.
 */
static int ask_for_scan(const struct sg_action *action, const struct plan *plan, struct retry_cage *cage,
        struct sg_outcome *outcome) {
        const char *argv[] = {"/usr/sbin/postkick", "-c", plan->config, "public", "qmgr", "D", NULL};
        int r = -ECANCELED;

        for (unsigned kicks = 0; r == -ECANCELED && kicks < KICKS_MAX; kicks++) {
                r = call(action, argv, plan->spool, outcome);
                wait_a_second();
                if (r == -ECANCELED && retry_cage_moved(action, plan->instance, cage, outcome) > 0)
                        r = 0;
        }
        return r;
}

struct batch {
        const struct plan *plan;
        time_t now;
        struct retry_cage first;
};

static int set_to_now(struct order *order, const char *id, struct mail_file *message, void *data) {
        struct batch *batch = data;
        int r;

        if (retry_wish_is_for(batch->plan->longest_wait, &message->status))
                return MAIL_CHANGED;
        r = mail_dir_set_time(&order->dir, message, (struct timespec){.tv_sec = batch->now});
        if (r == 0)
                retry_cage_keep(&batch->first, id, message);
        return r;
}

static int retry_batch(const struct sg_action *action, const struct plan *plan, struct sg_outcome *outcome) {
        struct batch batch = {.plan = plan, .now = order_wall_clock()};
        struct tally tally;
        struct order order;
        int r = open_order(action, plan, &order, outcome);

        if (r < 0)
                return r;
        order_each(&order, set_to_now, &batch, &tally);
        order_close(&order);
        if (tally.done > 0) {
                r = ask_for_scan(action, plan, &batch.first, outcome);
                if (r < 0)
                        return r;
        }
        tally_describe(&tally, "are tried now", outcome->text);
        outcome->count = tally.done;
        return tally.done == 0 ? tally.error : 0;
}

struct canaries {
        const struct plan *plan;
        struct retry_cage cage;
};

static int catch_one(struct order *order, const char *id, struct mail_file *message, void *data) {
        struct canaries *canaries = data;

        (void)order;
        if (retry_wish_is_for(canaries->plan->longest_wait, &message->status))
                return MAIL_CHANGED;
        retry_cage_keep(&canaries->cage, id, message);
        return 0;
}

static int retry_canary(const struct sg_action *action, const struct plan *plan, struct sg_outcome *outcome) {
        struct canaries canaries = {.plan = plan};
        struct retry_cage *cage = &canaries.cage;
        struct tally tally;
        struct order order;
        int r = open_order(action, plan, &order, outcome);

        if (r < 0)
                return r;
        order_each(&order, catch_one, &canaries, &tally);
        order_close(&order);
        for (size_t i = 0; i < cage->n; i++) {
                const char *argv[] = {
                        "/usr/sbin/postqueue", "-c", plan->config, "-i", cage->canaries[i].id, NULL};

                r = call(action, argv, plan->spool, outcome);
                if (r < 0)
                        return r;
        }
        tally.done = retry_cage_await(action, plan->instance, cage, outcome);
        outcome->count = tally.done;
        if (cage->n > 0 && tally.done == 0) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "Postfix took up none of %zu messages within 2s of being asked to", cage->n);
                return -ETIME;
        }
        tally_describe(&tally, "were taken up as canaries", outcome->text);
        return cage->n == 0 ? tally.error : 0;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct plan plan;
        int r = make_plan(action, &plan, ret_outcome);

        if (r < 0)
                return r;
        r = retry_wish_as_it_is(action, plan.instance, plan.config, ret_outcome);
        if (r < 0)
                return r;
        return plan.canary ? retry_canary(action, &plan, ret_outcome)
                           : retry_batch(action, &plan, ret_outcome);
}

const struct sg_verb postfix_retry = {
        .name = "postfix.retry",
        .summary = "Let Postfix try deferred messages for a next hop now",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        .deadline_usec = 120 * SECOND,
        .cooldown_usec = 1 * SECOND,
        /* A flush grows from few to many: some hundred for a full spool.  What paces it is what comes of them. */
        .budget_count = 60,
        .budget_window_usec = 60 * SECOND,
        .selector = "queue",
        .check = check,
        .run = run,
};
