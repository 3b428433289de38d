/* SPDX-License-Identifier: MIT */
/*
 * reload - postfix.reload: let Postfix read its configuration again
 *
 * Runs in a child of the executor, as root.  The reload goes through systemd, so that what `postfix reload`
 * leaves running in the background belongs to Postfix's unit and not to our sandbox.  Its exit status says
 * little: a queue manager with a bad setting dies after it, and mail stops.  So run() waits for a new queue
 * manager that stays alive.
 *
 * A reload is not free: each active message goes back to incoming/ and is read again, and what Postfix knew
 * of dead destinations is forgotten.  Hence the small budget.
 *
 * Owns nothing.  Fails with -EIO and what systemctl said, -ESRCH when Postfix is gone, -ETIME without a new
 * queue manager.  Limits: an instance that is not run by the unit postfix@NAME cannot be reloaded.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "postfix/master.h"
#include "postfix/order.h"

#define SECOND UINT64_C(1000000)
#define SETTLE_USEC (2 * SECOND)
#define LIMIT_USEC (10 * SECOND)

static const struct sg_option args[] = {
        [RELOAD_ARG_INSTANCE] = {.name = "instance",
                .type = SG_TYPE_TEXT,
                .fallback = "-",
                .doc = "The Postfix instance, as postmulti names it; \"-\" is the default one."},
        {0},
};

static int look(const struct sg_action *action, char spool[static ORDER_PATH_MAX],
        struct master_process *ret_qmgr, struct sg_outcome *outcome) {
        const char *instance = action->args[RELOAD_ARG_INSTANCE].text;
        int r = order_spool(action, instance, spool, outcome);
        pid_t master;

        if (r < 0)
                return r;
        if (!master_find(action->host->root, spool, &master)) {
                snprintf(outcome->text, sizeof(outcome->text), "Postfix is not running");
                return -ESRCH;
        }
        /* None: perhaps just what a reload is wanted for. */
        *ret_qmgr = (struct master_process){.pid = 0};
        master_find_qmgr(action->host->root, master, ret_qmgr);
        return 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct master_process qmgr;
        char spool[ORDER_PATH_MAX];

        if (look(action, spool, &qmgr, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "Postfix instance %.60s would be reloaded",
                action->args[RELOAD_ARG_INSTANCE].text);
        return SG_VERDICT_GO;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *instance = action->args[RELOAD_ARG_INSTANCE].text;
        char unit[128], spool[ORDER_PATH_MAX], output[512] = "";
        const char *argv[] = {"/usr/bin/systemctl", "reload", unit, NULL};
        struct master_process before;
        int r = look(action, spool, &before, ret_outcome);

        if (r < 0)
                return r;
        snprintf(unit, sizeof(unit), "postfix@%.63s.service", instance);
        r = action->host->tool(action, argv, output, sizeof(output));
        if (r != 0) {
                output[strcspn(output, "\n")] = '\0';
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "systemctl reload %.80s failed (%d): %.120s", unit, r, output);
                return r < 0 ? r : -EIO;
        }
        r = master_await_qmgr(action->host->root, spool, &before, SETTLE_USEC, LIMIT_USEC);
        if (r == -ESRCH)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "Postfix instance %.60s is not running after the reload", instance);
        else if (r < 0)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "Postfix instance %.60s has no new queue manager 10s after the reload: see its log "
                        "for a setting that it cannot start with",
                        instance);
        else {
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "Postfix instance %.60s was reloaded, its new queue manager lives", instance);
                ret_outcome->count = 1;
        }
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
