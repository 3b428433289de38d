/* SPDX-License-Identifier: MIT */
/*
 * retry - postfix.retry: let Postfix try deferred messages now
 *
 * Runs in a child of the executor, among files as the mail owner.  A canary is a handful of messages handed
 * to `postqueue -i`, which also makes Postfix forget that their destination was dead; a batch gets the
 * present as the time of its next try, and one ordinary scan of the deferred queue is asked for, never two within a
 * second.  `postqueue -f` is never used: it overrides all.
 *
 * Somebody else's wish stands.  While defer_transports names what such mail could go by, nothing is tried: postqueue -i
 * would go past it, and a scan would only bring each message back with another reason.  A message that waits longer
 * than Postfix or we would let it was given that time by a person or a tool, and keeps it.
 *
 * postqueue says nothing about what it did, so a canary counts when the message was seen to move.
 *
 * Owns nothing.  Fails with -ESRCH when Postfix is not running, -EBUSY when its mail is paused, -EIO and what the tool
 * said, -ETIME when no canary moved; the messages are where they were then, to be tried at the latest by Postfix's own
 * schedule.
 * Limits: CANARY_MAX canaries; of a batch as many messages as its argument says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "postfix/main_cf.h"
#include "postfix/master.h"
#include "postfix/master_cf.h"
#include "postfix/order.h"
#include "postfix/text_file.h"
#include "postfix/transport_pause.h"

#define SECOND UINT64_C(1000000)
#define CANARY_MAX 5
#define CANARY_WAIT_MSEC 2000
#define CANARY_POLL_MSEC 50
#define KICKS_MAX 5
#define LONGEST_BACKOFF_SECONDS \
        4000                   /* Postfix's default of maximal_backoff_time; longer than a slice of ours */
#define CLOCK_SLACK_SECONDS 60 /* between a time that was set and the moment in which it was */
#define UNTHROTTLE_ASKED 0040  /* what postqueue -i sets until the queue manager has seen it */

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
                       "that a "
                       "content filter did not take."},
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

/* The texts that say what is paused and how long mail waits. */
struct settings {
        char *main_cf, *master_cf; /* master_cf NULL: not known */
};

static void settings_free(struct settings *settings) {
        free(settings->main_cf);
        free(settings->master_cf);
}

static int settings_read(const struct sg_action *action, const char *instance, struct settings *ret_settings,
        struct sg_outcome *outcome) {
        char config[ORDER_PATH_MAX], path[2 * ORDER_PATH_MAX];
        int r = order_main_cf(action, instance, &ret_settings->main_cf, outcome);

        ret_settings->master_cf = NULL;
        if (r < 0)
                return r;
        order_config(action, instance, config);
        snprintf(path, sizeof(path), "%s%s/master.cf", action->host->root, config);
        if (text_file_read(path, MASTER_CF_MAX, true, &ret_settings->master_cf) < 0)
                ret_settings->master_cf = NULL;
        return 0;
}

static int refuse_paused(
        const struct settings *settings, const char *defer_transports, struct sg_outcome *outcome) {
        char name[TRANSPORT_NAME_MAX];

        if (!transport_pause_find(defer_transports, settings->master_cf, name))
                return 0;
        return order_refuse(outcome, -EBUSY,
                "defer_transports names %s: somebody wants such mail to wait, and it does", name);
}

/* By main.cf as it is written, since check() may start nothing. */
static int look_at_settings(const struct sg_action *action, struct plan *plan, struct sg_outcome *outcome) {
        struct settings settings;
        char value[MAIN_CF_VALUE_MAX];
        uint64_t backoff = 0;
        int r = settings_read(action, plan->instance, &settings, outcome);

        if (r < 0)
                return r;
        if (main_cf_expanded(settings.main_cf, "defer_transports", "", value, sizeof(value)))
                r = refuse_paused(&settings, value, outcome);
        else
                r = order_refuse(outcome, -EBUSY, "it is not known which transports somebody paused");
        /* An admin in a hurry may have made it shorter since these messages were deferred. */
        if (!main_cf_time(settings.main_cf, "maximal_backoff_time", 's', "", &backoff))
                backoff = 0;
        settings_free(&settings);
        plan->longest_wait = backoff > LONGEST_BACKOFF_SECONDS ? (time_t)backoff : LONGEST_BACKOFF_SECONDS;
        return r;
}

/* A file says when its times were changed last; only the time of the next try can lie ahead of that. */
static bool is_somebody_elses(const struct plan *plan, const struct stat *status) {
        return status->st_mtim.tv_sec > status->st_ctim.tv_sec + plan->longest_wait + CLOCK_SLACK_SECONDS;
}

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
        r = look_at_settings(action, &plan, outcome);
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
        (void)order;
        (void)id;
        return is_somebody_elses(data, &message->status) ? MAIL_CHANGED : 0;
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

/* As postconf has it, which knows more than the text of main.cf says; its warnings come the same way. */
static int refuse_what_is_paused(
        const struct sg_action *action, const struct plan *plan, struct sg_outcome *outcome) {
        const char *argv[] = {"/usr/sbin/postconf", "-c", plan->config, "-hx", "defer_transports", NULL};
        char output[8192] = "", *rest = output, *line;
        struct settings settings;
        int r = settings_read(action, plan->instance, &settings, outcome);

        if (r < 0)
                return r;
        /* Behind what fills the buffer, warnings as a rule, the value was dropped. */
        if (action->host->tool(action, argv, output, sizeof(output)) != 0 ||
                strlen(output) == sizeof(output) - 1)
                r = order_refuse(outcome, -EBUSY, "it is not known which transports somebody paused");
        while (r == 0 && (line = strsep(&rest, "\n"))) {
                bool is_warning = strncmp(line, "postconf: ", 10) == 0 ||
                        strncmp(line, "/usr/sbin/postconf: ", 20) == 0;

                if (!is_warning)
                        r = refuse_paused(&settings, line, outcome);
        }
        settings_free(&settings);
        return r;
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

/* Canaries, or the first of a batch, as they were before Postfix was asked. */
struct cage {
        const struct plan *plan;
        struct canary {
                char id[QUEUE_ID_MAX];
                struct stat status;
                bool moved;
        } canaries[CANARY_MAX];
        size_t n;
};

static void keep(struct cage *cage, const char *id, const struct mail_file *message) {
        struct canary *canary = &cage->canaries[cage->n];

        if (cage->n == CANARY_MAX)
                return;
        cage->n++;
        *canary = (struct canary){.status = message->status};
        snprintf(canary->id, sizeof(canary->id), "%s", id);
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

/* How many of them were taken up so far.  `outcome` says why when that cannot be looked at. */
static size_t count_moved(const struct sg_action *action, const struct plan *plan, struct cage *cage,
        struct sg_outcome *outcome) {
        struct mail_dir deferred;
        size_t moved = 0;

        if (order_queue(action, plan->instance, "deferred", &deferred, outcome) < 0)
                return 0;
        for (size_t i = 0; i < cage->n; i++) {
                struct canary *canary = &cage->canaries[i];

                canary->moved = canary->moved || has_moved(&deferred, canary);
                moved += canary->moved;
        }
        mail_dir_close(&deferred);
        return moved;
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
static int ask_for_scan(const struct sg_action *action, const struct plan *plan, struct cage *cage,
        struct sg_outcome *outcome) {
        const char *argv[] = {"/usr/sbin/postkick", "-c", plan->config, "public", "qmgr", "D", NULL};
        int r = -ECANCELED;

        for (unsigned kicks = 0; r == -ECANCELED && kicks < KICKS_MAX; kicks++) {
                r = call(action, argv, plan->spool, outcome);
                wait_a_second();
                if (r == -ECANCELED && count_moved(action, plan, cage, outcome) > 0)
                        r = 0;
        }
        return r;
}

struct batch {
        const struct plan *plan;
        time_t now;
        struct cage first;
};

static int set_to_now(struct order *order, const char *id, struct mail_file *message, void *data) {
        struct batch *batch = data;
        int r;

        if (is_somebody_elses(batch->plan, &message->status))
                return MAIL_CHANGED;
        r = mail_dir_set_time(&order->dir, message, (struct timespec){.tv_sec = batch->now});
        if (r == 0)
                keep(&batch->first, id, message);
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

static int catch_one(struct order *order, const char *id, struct mail_file *message, void *data) {
        struct cage *cage = data;

        (void)order;
        if (is_somebody_elses(cage->plan, &message->status))
                return MAIL_CHANGED;
        keep(cage, id, message);
        return 0;
}

static size_t await_canaries(const struct sg_action *action, const struct plan *plan, struct cage *cage,
        struct sg_outcome *outcome) {
        const struct timespec pause = {.tv_nsec = CANARY_POLL_MSEC * 1000000L};
        size_t moved = count_moved(action, plan, cage, outcome);

        for (unsigned waited = 0; moved < cage->n && waited < CANARY_WAIT_MSEC; waited += CANARY_POLL_MSEC) {
                nanosleep(&pause, NULL);
                moved = count_moved(action, plan, cage, outcome);
        }
        return moved;
}

static int retry_canary(const struct sg_action *action, const struct plan *plan, struct sg_outcome *outcome) {
        struct cage cage = {.plan = plan};
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
        r = refuse_what_is_paused(action, &plan, ret_outcome);
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
