/* SPDX-License-Identifier: MIT */
/*
 * retry - postfix.retry: let Postfix try deferred messages now
 *
 * Runs in a child of the executor, among files as the mail owner.  A canary is a handful of messages handed
 * to `postqueue -i`, which also makes Postfix forget that their destination was dead; a batch gets the
 * present as the time of its next try, and one ordinary scan of the deferred queue is asked for.  Only the
 * scan respects every pause of the admin, so while main.cf has a defer_transports a canary goes that way too.
 * `postqueue -f` is never used: it overrides all.
 *
 * postqueue says nothing about what it did, so a canary counts when the message was seen to move.
 *
 * Owns nothing.  Fails with -ESRCH when Postfix is not running, -EIO and what the tool said, -ETIME when no
 * canary moved; the messages are where they were then, to be tried at the latest by Postfix's own schedule.
 * Limits: CANARY_MAX canaries; of a batch as many messages as its argument says.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "postfix/master.h"
#include "postfix/order.h"

#define SECOND UINT64_C(1000000)
#define CANARY_MAX 5
#define CANARY_WAIT_MSEC 2000
#define CANARY_POLL_MSEC 50
#define KICKS_MORE 4
#define UNTHROTTLE_ASKED 0040 /* what postqueue -i sets until the queue manager has seen it */

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
                       "many, as if their time had come."},
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
        if (plan.canary && plan.at_most > CANARY_MAX)
                plan.at_most = CANARY_MAX;
        order_config(action, plan.instance, plan.config);
        *ret_plan = plan;
        return 0;
}

static int open_order(const struct sg_action *action, const struct plan *plan, struct order *ret_order,
        struct sg_outcome *outcome) {
        int r = order_open(action, plan->instance, plan->nexthop, ret_order, outcome);

        if (r >= 0 && ret_order->selection.n > plan->at_most)
                ret_order->selection.n = plan->at_most;
        return r;
}

static int look_at_one(struct order *order, const char *id, struct mail_file *message, void *data) {
        (void)order;
        (void)id;
        (void)message;
        (void)data;
        return 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct tally tally;
        struct order order;
        struct plan plan;
        char done[128];

        if (make_plan(action, &plan, ret_outcome) < 0 || open_order(action, &plan, &order, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        order_each(&order, look_at_one, NULL, &tally);
        order_close(&order);
        snprintf(done, sizeof(done), "messages for %.60s would be tried now", plan.nexthop);
        tally_describe(&tally, done, ret_outcome->text);
        ret_outcome->count = tally.done;
        return tally.done > 0 ? SG_VERDICT_GO : SG_VERDICT_NOTHING;
}

/* An admin may have paused the very transport; what cannot be found out counts as paused. */
static bool is_paused(const struct sg_action *action, const struct plan *plan) {
        const char *argv[] = {"/usr/sbin/postconf", "-c", plan->config, "-hx", "defer_transports", NULL};
        char output[2048] = "", *rest = output, *line;

        if (action->host->tool(action, argv, output, sizeof(output)) != 0)
                return true;
        while ((line = strsep(&rest, "\n"))) {
                line += strspn(line, " \t\r");
                /* Its warnings about other settings come the same way. */
                if (*line && strncmp(line, "postconf: ", 10) != 0 &&
                        strncmp(line, "/usr/sbin/postconf: ", 20) != 0)
                        return true;
        }
        return false;
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

/*
 * postkick sends the request and then a NUL byte, and dies of SIGPIPE when the queue manager has read the
 * first and hung up already.  The request got there, most likely, and a second one costs little more than a
 * look; a second later, because it may be busy with the first, and is never asked more often.
 */
static int ask_for_scan(const struct sg_action *action, const struct plan *plan, struct sg_outcome *outcome) {
        const char *argv[] = {"/usr/sbin/postkick", "-c", plan->config, "public", "qmgr", "D", NULL};
        const struct timespec pause = {.tv_sec = 1};
        int r = call(action, argv, plan->spool, outcome);

        for (unsigned again = 0; r == -ECANCELED && again < KICKS_MORE; again++) {
                nanosleep(&pause, NULL);
                r = call(action, argv, plan->spool, outcome);
        }
        return r;
}

static int set_to_now(struct order *order, const char *id, struct mail_file *message, void *data) {
        const time_t *now = data;

        (void)id;
        return mail_dir_set_time(&order->dir, message, (struct timespec){.tv_sec = *now});
}

static int retry_batch(const struct sg_action *action, const struct plan *plan, struct sg_outcome *outcome) {
        time_t now = order_wall_clock();
        struct tally tally;
        struct order order;
        int r = open_order(action, plan, &order, outcome);

        if (r < 0)
                return r;
        order_each(&order, set_to_now, &now, &tally);
        order_close(&order);
        if (tally.done > 0) {
                r = ask_for_scan(action, plan, outcome);
                if (r < 0)
                        return r;
        }
        tally_describe(&tally, "are tried now", outcome->text);
        outcome->count = tally.done;
        return tally.done == 0 ? tally.error : 0;
}

/* Canaries, as they were before Postfix was asked. */
struct cage {
        struct canary {
                char id[QUEUE_ID_MAX];
                struct stat status;
                bool moved;
        } canaries[CANARY_MAX];
        size_t n;
};

static int catch_one(struct order *order, const char *id, struct mail_file *message, void *data) {
        struct cage *cage = data;
        struct canary *canary = &cage->canaries[cage->n++];

        (void)order;
        *canary = (struct canary){.status = message->status};
        snprintf(canary->id, sizeof(canary->id), "%s", id);
        return 0;
}

/* It may have been tried, and have failed, and be back: with another time then. */
static bool has_moved(struct mail_dir *deferred, const struct canary *canary) {
        const struct timespec *old = &canary->status.st_mtim;
        struct mail_file message;
        struct timespec new;
        mode_t mode;
        int r = mail_dir_find(deferred, canary->id, canary->status.st_ino, &message);

        if (r != 0)
                return r > 0;
        new = message.status.st_mtim;
        mode = message.status.st_mode;
        mail_file_close(&message);
        return new.tv_sec != old->tv_sec || new.tv_nsec != old->tv_nsec || mode &UNTHROTTLE_ASKED;
}

static size_t await_canaries(const struct sg_action *action, const struct plan *plan, struct cage *cage,
        struct sg_outcome *outcome) {
        const struct timespec pause = {.tv_nsec = CANARY_POLL_MSEC * 1000000L};
        size_t moved = 0;

        for (unsigned waited = 0; moved < cage->n && waited <= CANARY_WAIT_MSEC; waited += CANARY_POLL_MSEC) {
                struct mail_dir deferred;

                if (waited > 0)
                        nanosleep(&pause, NULL);
                if (order_queue(action, plan->instance, "deferred", &deferred, outcome) < 0)
                        return moved;
                for (size_t i = 0; i < cage->n; i++)
                        if (!cage->canaries[i].moved && has_moved(&deferred, &cage->canaries[i])) {
                                cage->canaries[i].moved = true;
                                moved++;
                        }
                mail_dir_close(&deferred);
        }
        return moved;
}

static int retry_canary(const struct sg_action *action, const struct plan *plan, struct sg_outcome *outcome) {
        struct cage cage = {.n = 0};
        struct tally tally;
        struct order order;
        int r = open_order(action, plan, &order, outcome);

        if (r < 0)
                return r;
        order_each(&order, catch_one, &cage, &tally);
        order_close(&order);
        for (size_t i = 0; i < cage.n; i++) {
                const char *argv[] = {
                        "/usr/sbin/postqueue", "-c", plan->config, "-i", cage.canaries[i].id, NULL};

                r = call(action, argv, plan->spool, outcome);
                if (r < 0)
                        return r;
        }
        tally.done = await_canaries(action, plan, &cage, outcome);
        outcome->count = tally.done;
        if (cage.n > 0 && tally.done == 0) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "Postfix took up none of %zu messages within 2s of being asked to", cage.n);
                return -ETIME;
        }
        tally_describe(&tally, "were taken up as canaries", outcome->text);
        return cage.n == 0 ? tally.error : 0;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct plan plan;
        int r = make_plan(action, &plan, ret_outcome);

        if (r < 0)
                return r;
        if (plan.canary && !is_paused(action, &plan))
                return retry_canary(action, &plan, ret_outcome);
        return retry_batch(action, &plan, ret_outcome);
}

const struct sg_verb postfix_retry = {
        .name = "postfix.retry",
        .summary = "Let Postfix try deferred messages for a next hop now",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        .deadline_usec = 120 * SECOND,
        .cooldown_usec = 1 * SECOND,
        .budget_count = 60,
        .budget_window_usec = 3600 * SECOND,
        .selector = "queue",
        .check = check,
        .run = run,
};
