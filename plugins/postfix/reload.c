/* SPDX-License-Identifier: MIT */
/*
 * reload - postfix.reload: let Postfix read its configuration again
 *
 * Runs in a child of the executor, as root.  The reload goes through systemd, so that what `postfix reload`
 * leaves running in the background belongs to Postfix's unit and not to our sandbox.  Its exit status says
 * little: a queue manager with a bad setting dies after it, and mail stops.  So a new queue manager that stays
 * alive is waited for.  Verbs that change what Postfix reads end with the same reload.
 *
 * A reload is not free: each active message goes back to incoming/ and is read again, and what Postfix knew
 * of dead destinations is forgotten.  Hence the small budget.
 *
 * It also puts in force whatever main.cf and master.cf say at this moment.  Measured: one bad time in main.cf, or a
 * master.cf that ends too early, and systemctl is content while mail stands still; an empty main.cf, and mail goes
 * other ways.  Postfix goes on well with what it has read before.  So a file that was written since the queue manager
 * started is left to who wrote it, whether an editor still has it open or not, and nothing is reloaded.
 *
 * Owns nothing.  Fails with -EIO and what systemctl said, -ESRCH when Postfix is gone, -ETIME without a new
 * queue manager, -EPERM when it has not read its files.
 * Limits: an instance that is not run by the unit postfix@NAME cannot be reloaded.  When the files were written is
 * known from their times: an older one that was moved into place is not noticed, nor what is written within two
 * seconds of a reload.  Without a queue manager, when no mail moves anyway, nothing tells what was read.
 */
#include "postfix/reload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "postfix/master.h"
#include "postfix/order.h"
#include "postfix/people.h"
#include "postfix/process.h"

#define SECOND UINT64_C(1000000)
#define SETTLE_USEC (2 * SECOND)
#define LIMIT_USEC (10 * SECOND)
#define CLOCK_SLACK 2 /* seconds, between the clock of files and that of processes */

static const struct sg_option args[] = {
        [RELOAD_ARG_INSTANCE] = {.name = "instance",
                .type = SG_TYPE_TEXT,
                .fallback = "-",
                .doc = "The Postfix instance, as postmulti names it; \"-\" is the default one."},
        {0},
};

static int look(const struct sg_action *action, const char *instance, char spool[static ORDER_PATH_MAX],
        struct master_process *ret_qmgr, struct sg_outcome *outcome) {
        int r = order_spool(action, instance, spool, outcome);
        pid_t master;

        if (r < 0)
                return r;
        if (!master_find(action->host->root, spool, &master))
                return order_refuse(outcome, -ESRCH, "Postfix is not running");
        /* None: perhaps just what a reload is wanted for. */
        *ret_qmgr = (struct master_process){.pid = 0};
        master_find_qmgr(action->host->root, master, ret_qmgr);
        return 0;
}

int reload_check(const struct sg_action *action, const char *instance, struct sg_outcome *outcome) {
        struct master_process qmgr;
        char spool[ORDER_PATH_MAX];

        return look(action, instance, spool, &qmgr, outcome);
}

/* 0, or -EPERM: it was written after the queue manager started. */
static int check_file(const struct sg_action *action, const char *directory, const char *name,
        int64_t started_seconds, struct sg_outcome *outcome) {
        char path[2 * ORDER_PATH_MAX], written[PEOPLE_TIME_MAX];
        const int64_t now = order_wall_clock();
        struct stat status;

        snprintf(path, sizeof(path), "%s%s/%s", action->host->root, directory, name);
        if (stat(path, &status) < 0)
                return order_refuse(outcome, -errno, "%.120s/%s cannot be looked at: %s", directory, name,
                        strerror(errno));
        if (status.st_mtim.tv_sec <= started_seconds + CLOCK_SLACK)
                return 0;
        people_time(status.st_mtim.tv_sec, now, written);
        /* Of a clock that was wrong, or of another host: it would be newer than any queue manager, for years perhaps. */
        if (status.st_mtim.tv_sec > now + CLOCK_SLACK)
                return order_refuse(outcome, -EPERM,
                        "%.100s/%s was written at %s, which is yet to come, so nobody knows whether "
                        "Postfix has read it: touch it, then reload Postfix",
                        directory, name, written);
        return order_refuse(outcome, -EPERM,
                "%.100s/%s was written at %s and Postfix has not read it yet: whoever wrote it reloads "
                "Postfix when it is finished",
                directory, name, written);
}

int reload_check_read(const struct sg_action *action, const char *instance, struct sg_outcome *outcome) {
        static const char *const names[] = {"main.cf", "master.cf"};
        char directory[ORDER_PATH_MAX], spool[ORDER_PATH_MAX];
        struct master_process qmgr = {.pid = 0};
        struct process process;
        int r = look(action, instance, spool, &qmgr, outcome);

        if (r < 0 || qmgr.pid == 0 || !process_read(action->host->root, qmgr.pid, &process))
                return r;
        order_config(action, instance, directory);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && r == 0; i++)
                r = check_file(action, directory, names[i], process_started(&process), outcome);
        return r;
}

int reload_do(const struct sg_action *action, const char *instance, struct sg_outcome *outcome) {
        char unit[128], spool[ORDER_PATH_MAX], output[512] = "";
        const char *argv[] = {"/usr/bin/systemctl", "reload", unit, NULL};
        struct master_process before;
        int r = look(action, instance, spool, &before, outcome);

        if (r < 0)
                return r;
        snprintf(unit, sizeof(unit), "postfix@%.63s.service", instance);
        r = action->host->tool(action, argv, output, sizeof(output));
        if (r != 0) {
                output[strcspn(output, "\n")] = '\0';
                return order_refuse(outcome, r < 0 ? r : -EIO, "systemctl reload %.80s failed (%d): %.120s",
                        unit, r, output);
        }
        r = master_await_qmgr(action->host->root, spool, &before, SETTLE_USEC, LIMIT_USEC);
        if (r == -ESRCH)
                return order_refuse(
                        outcome, r, "Postfix instance %.60s is not running after the reload", instance);
        if (r < 0)
                return order_refuse(outcome, r,
                        "Postfix instance %.60s has no new queue manager 10s after the reload: see its log "
                        "for a setting that it cannot start with",
                        instance);
        snprintf(outcome->text, sizeof(outcome->text),
                "Postfix instance %.60s was reloaded, its new queue manager lives", instance);
        return 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *instance = action->args[RELOAD_ARG_INSTANCE].text;

        if (reload_check_read(action, instance, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "Postfix instance %.60s would be reloaded",
                instance);
        return SG_VERDICT_GO;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *instance = action->args[RELOAD_ARG_INSTANCE].text;
        int r = reload_check_read(action, instance, ret_outcome);

        if (r == 0)
                r = reload_do(action, instance, ret_outcome);
        if (r == 0)
                ret_outcome->count = 1;
        return r;
}

const struct sg_verb postfix_reload = {
        .name = "postfix.reload",
        .summary = "Let Postfix read its configuration again",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        .deadline_usec = 90 * SECOND,
        .cooldown_usec = 600 * SECOND,
        .budget_count = 6,
        .budget_window_usec = 86400 * SECOND,
        .check = check,
        .run = run,
};
