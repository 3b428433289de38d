/* SPDX-License-Identifier: MIT */
/*
 * service_restart - service.restart: restart a service that the site allows, and see that it stays up
 *
 * Runs in a child of the executor, as root; systemd does the work, so that nothing of the service lives in our sandbox.
 * check() looks at the allow-list, at what is never restarted and whether there is such a unit; in which state it is
 * only systemd knows, and that is asked at the beginning of run(), because check() starts nothing.
 *
 * That systemctl is content says little of a service that forks, or that comes up and dies.  So it must be active, with
 * one and the same invocation, for the time of the option `settle`.  A restart cuts what the service is doing; whoever
 * gave it work, as Postfix does with mail, gives it again.
 *
 * Owns nothing.  Fails with -EPERM and the reason when its state does not allow it, -EIO and what systemctl said or the
 * state it ended in, -ETIME when systemd is not done in time, and goes on by itself.
 * Limits: one that needs longer than `settle` to find out that it cannot work is taken to be up.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "service/service.h"
#include "service/service_file.h"
#include "service/service_rules.h"
#include "service/service_state.h"

#define SYSTEMCTL "/usr/bin/systemctl"
#define SECOND UINT64_C(1000000)
#define LOOK_NSEC 500000000L

static const struct sg_option args[] = {
        [SERVICE_ARG_UNIT] = {.name = "unit",
                .type = SG_TYPE_TEXT,
                .doc = "The service, as in plugins.service.units."},
        {0},
};

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *unit = action->args[SERVICE_ARG_UNIT].text;

        if (!service_rules_allow(action->options[SERVICE_OPTION_UNITS].list, unit, ret_outcome->text,
                    sizeof(ret_outcome->text)) ||
                !service_file_find(action->host->root, unit, ret_outcome->text, sizeof(ret_outcome->text)))
                return SG_VERDICT_REFUSED;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%.80s would be restarted", unit);
        return SG_VERDICT_GO;
}

static int ask_systemd(const struct sg_action *action, const char *unit, struct sg_outcome *outcome) {
        /* "fail": a job that somebody else has asked for meanwhile is his. */
        const char *const argv[] = {
                SYSTEMCTL, "restart", "--job-mode=fail", "--no-ask-password", "--", unit, NULL};
        char output[512] = "";
        int r = action->host->tool(action, argv, output, sizeof(output));

        if (r == 0)
                return 0;
        output[strcspn(output, "\n")] = '\0';
        if (r == -ETIME)
                snprintf(outcome->text, sizeof(outcome->text),
                        "%.80s is not up yet, and systemd goes on with it: systemctl status %.80s", unit,
                        unit);
        else
                snprintf(outcome->text, sizeof(outcome->text), "systemctl restart %.80s failed (%d): %.120s",
                        unit, r, output);
        return r < 0 ? r : -EIO;
}

/* Whether it is up and the one that was started; else why not, in the outcome. */
static bool is_up(const char *unit, const struct service_state *first, const struct service_state *now,
        uint64_t usec, struct sg_outcome *outcome) {
        if (strcmp(now->active, "active") != 0)
                snprintf(outcome->text, sizeof(outcome->text),
                        "%.80s does not stay up: %.1f s after its restart it is %s (%s, %s)", unit,
                        (double)usec / SECOND, now->active, now->sub, now->result);
        else if (strcmp(now->invocation, first->invocation) != 0)
                snprintf(outcome->text, sizeof(outcome->text),
                        "%.80s does not stay up: it was started once more within %.1f s of its restart", unit,
                        (double)usec / SECOND);
        else
                return true;
        return false;
}

/* 0 once it has been up for `settle`; each look is a short process. */
static int await_settled(const struct sg_action *action, const char *unit, const struct service_state *before,
        struct sg_outcome *outcome) {
        const struct timespec pause = {.tv_nsec = LOOK_NSEC};
        uint64_t settle_usec = action->options[SERVICE_OPTION_SETTLE].usec, usec = 0;
        struct service_state first, now;
        int r = service_state_ask(action, unit, &first, outcome->text, sizeof(outcome->text));

        if (r == 0 && strcmp(first.invocation, before->invocation) == 0) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "systemctl was content, but %.80s is the same as before: it was not restarted", unit);
                return -EIO;
        }
        now = first;
        while (r == 0) {
                if (!is_up(unit, &first, &now, usec, outcome))
                        return -EIO;
                if (usec >= settle_usec)
                        return 0;
                nanosleep(&pause, NULL);
                usec += LOOK_NSEC / 1000;
                r = service_state_ask(action, unit, &now, outcome->text, sizeof(outcome->text));
        }
        return r;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *unit = action->args[SERVICE_ARG_UNIT].text;
        struct service_state before;
        int r;

        if (check(action, ret_outcome) != SG_VERDICT_GO)
                return -EPERM;
        r = service_state_ask(action, unit, &before, ret_outcome->text, sizeof(ret_outcome->text));
        if (r == 0 && !service_rules_fit(unit, &before, ret_outcome->text, sizeof(ret_outcome->text)))
                r = -EPERM;
        if (r == 0)
                r = ask_systemd(action, unit, ret_outcome);
        if (r == 0)
                r = await_settled(action, unit, &before, ret_outcome);
        if (r == 0) {
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "%.80s, which was %s (%s), was restarted and has been up for %.0f s", unit,
                        before.active, before.sub,
                        (double)action->options[SERVICE_OPTION_SETTLE].usec / SECOND);
                ret_outcome->count = 1;
        }
        return r;
}

const struct sg_verb service_restart = {
        .name = "service.restart",
        .summary = "Restart a service that the site allows, and see that it stays up",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        /* systemd's own time-outs for a stop and a start are a minute and a half each. */
        .deadline_usec = 300 * SECOND,
        .cooldown_usec = 600 * SECOND,
        .budget_count = 4,
        .budget_window_usec = 86400 * SECOND,
        .check = check,
        .run = run,
};
