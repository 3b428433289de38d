/* SPDX-License-Identifier: MIT */
/*
 * refresh_resolver - postfix.refresh_resolver: let Postfix look names up as the host does now
 *
 * Runs in a child of the executor, as root.  What is stale is measured here once more, by the files and the processes
 * (resolver_state.c), and by nothing the watcher says.  The copies in the chroot that drifted from the host's files
 * are replaced, all of them or none (resolver_copies.c), and Postfix is reloaded once: its processes never read
 * resolv.conf again by themselves.  Without a chroot, or with copies that are right already, it is the reload alone.
 * Nothing is written outside of the etc/ of the spool, and a resolv.conf that names no server is not passed on.
 *
 * When main.cf or master.cf was written and not read by Postfix yet, all of it waits: the reload would put that in
 * force as well (reload.c).
 *
 * A copy that is younger than the host's file and differs is an admin's own, and stays.  One that is missing is made
 * only when services in the chroot look names up by it.
 *
 * Owns nothing.  Fails with a negative errno value; when only the reload failed, it says which copies are new, and
 * done again it is the reload that is left to do.
 * Limits: what changed is judged by the times of the files, so a resolv.conf that was only touched is a reason for a
 * reload when somebody asks for it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "postfix/order.h"
#include "postfix/reload.h"
#include "postfix/resolver_copies.h"
#include "postfix/resolver_state.h"

#define SECOND UINT64_C(1000000)
#define NAMES_SIZE 96

static const struct sg_option args[] = {
        [REFRESH_RESOLVER_ARG_INSTANCE] = {.name = "instance",
                .type = SG_TYPE_TEXT,
                .fallback = "-",
                .doc = "The Postfix instance, as postmulti names it; \"-\" is the default one."},
        {0},
};

struct plan {
        char spool[ORDER_PATH_MAX];
        const char *shown; /* the spool without the root */
        bool is_stale;
        bool refresh[RESOLVER_FILES];
        unsigned n;
        char names[NAMES_SIZE]; /* of those that are refreshed */
        char left[NAMES_SIZE];  /* why one that drifted is not */
};

/* The change is known by the times of the files; who asks has seen their content before. */
static void take_times(const char *root, const char *spool, struct resolver_facts *facts) {
        struct resolver_file host;
        char path[2 * ORDER_PATH_MAX];

        resolver_state_guess(root, spool, facts);
        snprintf(path, sizeof(path), "%s/etc/resolv.conf", root);
        resolver_file_look(path, true, &host);
        if (host.error == 0)
                facts->changed_seconds[RESOLVER_OUTSIDE] = host.written_seconds;
        facts->is_guess[RESOLVER_OUTSIDE] = facts->is_guess[RESOLVER_INSIDE] = false;
}

/* Whether a service in the chroot looks names up by it, so that it has to be there. */
static bool is_needed(const struct resolver_facts *facts, int id) {
        enum resolver_use use = resolver_file_rows[id].use;

        return use == RESOLVER_USE_ALWAYS || (use == RESOLVER_USE_NATIVE && facts->is_native);
}

static void choose(const char *root, const struct resolver_facts *facts, struct plan *plan) {
        char why[RESOLVER_COPIES_WHY_MAX];

        for (int id = 0; id < RESOLVER_FILES && facts->is_used[RESOLVER_INSIDE]; id++) {
                const struct resolver_file_row *row = &resolver_file_rows[id];

                if (!resolver_copy_is_stale(facts->copies[id]) ||
                        (facts->copies[id] == RESOLVER_COPY_MISSING && !is_needed(facts, id)))
                        continue;
                /* One that is less needed than resolv.conf, which was judged before, keeps nobody waiting. */
                if (resolver_copies_judge(root, plan->spool, (enum resolver_file_id)id, why) < 0) {
                        snprintf(plan->left, sizeof(plan->left), "%.90s", why);
                        continue;
                }
                plan->refresh[id] = true;
                snprintf(plan->names + strlen(plan->names), sizeof(plan->names) - strlen(plan->names), "%s%s",
                        plan->n++ > 0 ? ", " : "", row->name);
        }
}

/* What is stale.  0, or a negative errno value with the reason in outcome->text. */
static int look(const struct sg_action *action, struct plan *plan, struct resolver_facts *facts,
        struct resolver_verdict *verdict, struct sg_outcome *outcome) {
        const char *instance = action->args[REFRESH_RESOLVER_ARG_INSTANCE].text, *root = action->host->root;
        char directory[ORDER_PATH_MAX], config[2 * ORDER_PATH_MAX];
        int r = order_spool(action, instance, plan->spool, outcome);

        if (r == 0)
                r = reload_check(action, instance, outcome);
        if (r < 0)
                return r;
        plan->shown = plan->spool + strlen(root);
        order_config(action, instance, directory);
        snprintf(config, sizeof(config), "%s%s", root, directory);
        r = resolver_state_look(root, plan->spool, config, order_wall_clock(), facts);
        if (r < 0)
                return order_refuse(outcome, r, "the settings or the processes of Postfix cannot be seen: %s",
                        strerror(-r));
        take_times(root, plan->spool, facts);
        resolver_state_judge(facts, verdict);
        if (verdict->state == RESOLVER_UNKNOWN)
                return order_refuse(outcome, -ENODATA, "%.200s", verdict->why);
        plan->is_stale = verdict->state == RESOLVER_STALE;
        return 0;
}

static void say_nothing_stale(
        const char *instance, const struct resolver_facts *facts, struct sg_outcome *outcome) {
        bool has_own =
                facts->is_used[RESOLVER_INSIDE] && facts->copies[RESOLVER_RESOLV_CONF] == RESOLVER_COPY_OWN;

        snprintf(outcome->text, sizeof(outcome->text),
                "Postfix instance %.60s looks names up as the host does%s", instance,
                has_own ? ", but for the resolv.conf of its chroot, which was written after the host's and "
                          "is "
                          "left alone"
                        : "");
}

/* What is to be done, when it may be done.  0, or a negative errno value with the reason in outcome->text. */
static int make_plan(const struct sg_action *action, struct plan *plan, struct sg_outcome *outcome) {
        const char *root = action->host->root;
        char why[RESOLVER_COPIES_WHY_MAX];
        struct resolver_verdict verdict = {.agent = NULL};
        struct resolver_facts facts = {.is_seen = false};
        bool in_chroot;
        int r;

        *plan = (struct plan){.n = 0};
        r = look(action, plan, &facts, &verdict, outcome);
        if (r < 0)
                return r;
        if (!plan->is_stale) {
                say_nothing_stale(action->args[REFRESH_RESOLVER_ARG_INSTANCE].text, &facts, outcome);
                return 0;
        }
        r = reload_check_read(action, action->args[REFRESH_RESOLVER_ARG_INSTANCE].text, outcome);
        if (r == -EPERM)
                /* Which need not be all: a reload of his leaves the copies in the chroot as they are. */
                order_say(outcome, "; then: spoolguardctl run refresh-resolver");
        if (r < 0)
                return r;
        in_chroot =
                facts.is_used[RESOLVER_INSIDE] && resolver_copy_is_stale(facts.copies[RESOLVER_RESOLV_CONF]);
        r = resolver_copies_judge(root, in_chroot ? plan->spool : NULL, RESOLVER_RESOLV_CONF, why);
        if (r < 0)
                return order_refuse(outcome, r, "%s", why);
        choose(root, &facts, plan);
        /* A reload alone would change nothing. */
        if (plan->n == 0 && !verdict.agent)
                return order_refuse(outcome, -EPERM, "%s", plan->left);
        return 0;
}

/* Whether the copies could be written, as far as that can be seen. */
static int check_place(const struct sg_action *action, const struct plan *plan, struct sg_outcome *outcome) {
        const char *instance = action->args[REFRESH_RESOLVER_ARG_INSTANCE].text;
        char why[RESOLVER_COPIES_WHY_MAX];
        struct resolver_copies copies;
        struct statvfs status;
        int r = order_room(action, instance, outcome);

        if (r < 0)
                return r;
        r = resolver_copies_open(action->host->root, plan->spool, &copies, why);
        if (r < 0)
                return order_refuse(outcome, r, "%s", why);
        if (fstatvfs(copies.directory, &status) == 0 && status.f_flag & ST_RDONLY)
                r = order_refuse(outcome, -EROFS,
                        "%.120s/etc is read-only: a fault of the disk, or the unit has no ReadWritePaths= "
                        "for "
                        "it",
                        plan->shown);
        resolver_copies_close(&copies);
        return r;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *instance = action->args[REFRESH_RESOLVER_ARG_INSTANCE].text;
        struct plan plan;

        if (make_plan(action, &plan, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        if (!plan.is_stale)
                return SG_VERDICT_NOTHING;
        if (plan.n > 0 && check_place(action, &plan, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        ret_outcome->text[0] = '\0';
        if (plan.n > 0)
                order_say(ret_outcome, "%s in %.80s/etc would be refreshed and ", plan.names, plan.shown);
        order_say(ret_outcome, "Postfix instance %.60s would be reloaded", instance);
        return SG_VERDICT_GO;
}

/* All that was prepared is named, or nothing: 0 or a negative errno value, and what is new in `done`. */
static int commit(struct resolver_copies *copies, const struct plan *plan, char done[static NAMES_SIZE],
        char why[static RESOLVER_COPIES_WHY_MAX]) {
        int r = 0;

        for (int id = 0; id < RESOLVER_FILES && r == 0; id++)
                if (plan->refresh[id])
                        r = resolver_copies_prepare(copies, (enum resolver_file_id)id, why);
        for (int id = 0; id < RESOLVER_FILES && r == 0; id++) {
                if (!plan->refresh[id])
                        continue;
                r = resolver_copies_commit(copies, (enum resolver_file_id)id, why);
                if (!copies->files[id].is_prepared)
                        snprintf(done + strlen(done), NAMES_SIZE - strlen(done), "%s%s", done[0] ? ", " : "",
                                resolver_file_rows[id].name);
        }
        return r;
}

static int refresh(const struct sg_action *action, const struct plan *plan, struct sg_outcome *outcome) {
        char why[RESOLVER_COPIES_WHY_MAX], done[NAMES_SIZE] = "";
        struct resolver_copies copies;
        int r = resolver_copies_open(action->host->root, plan->spool, &copies, why);

        if (r == 0) {
                r = commit(&copies, plan, done, why);
                resolver_copies_close(&copies);
        }
        if (r < 0)
                return order_refuse(outcome, r, "%s%s%s, and Postfix was not reloaded", why,
                        done[0] ? "; refreshed before that: " : "; nothing was changed", done);
        return 0;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct sg_outcome reload = {.count = 0};
        struct plan plan;
        int r = make_plan(action, &plan, ret_outcome);

        if (r < 0 || !plan.is_stale)
                return r;
        if (plan.n > 0)
                r = refresh(action, &plan, ret_outcome);
        if (r < 0)
                return r;
        r = reload_do(action, action->args[REFRESH_RESOLVER_ARG_INSTANCE].text, &reload);
        ret_outcome->count = plan.n + (r == 0);
        ret_outcome->text[0] = '\0';
        if (plan.n > 0)
                order_say(ret_outcome, "%s in %.60s/etc refreshed%s", plan.names, plan.shown,
                        r < 0 ? ", but: " : "; ");
        order_say(ret_outcome, "%s", reload.text);
        if (plan.left[0])
                order_say(ret_outcome, "; left alone: %s", plan.left);
        return r;
}

const struct sg_verb postfix_refresh_resolver = {
        .name = "postfix.refresh_resolver",
        .summary =
                "Let Postfix look names up as the host does now: refresh the copies in its chroot, reload it",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        .deadline_usec = 90 * SECOND,
        .budget_count = 8,
        .budget_window_usec = 86400 * SECOND,
        .check = check,
        .run = run,
};
