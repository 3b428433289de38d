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
 * would be delivered twice, and what an admin holds is his.  postsuper never gets to see another queue than that one.
 *
 * Owns nothing.  Fails when no message at all was requeued; single ones are counted.
 * Limits: a message that Postfix has taken in already cannot be told from one that was delivered, so those that are
 * nowhere any more count as requeued only as far as postsuper says so.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "postfix/filter_args.h"
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

struct pass {
        uint64_t lease; /* 0: deferred messages */
        const char *queue;
        struct moved_list list;
        struct tally tally;
        uint64_t away; /* not in the queue any more, and not being tried */
};

static struct pass pass_of(const struct sg_action *action) {
        uint64_t lease = (uint64_t)action->args[REQUEUE_ARG_LEASE].number;

        return (struct pass){.lease = lease, .queue = filter_args_requeue_from(action->args)};
}

static int open_order(const struct sg_action *action, const struct pass *pass, struct order *ret_order,
        struct sg_outcome *outcome) {
        const struct sg_queue_filter filter = filter_args_read(action->args, pass->queue);

        if (!filter_args_choose(&filter)) {
                order_refuse(outcome, -EINVAL,
                        "no property of the messages is named, and that never means all of them");
                return -EINVAL;
        }
        return order_open_queue(action, filter.instance, pass->queue, ret_order, outcome);
}

static int choose_one(struct order *order, const char *id, struct mail_file *file, void *data) {
        struct pass *pass = data;

        (void)order;
        if (pass->lease != 0 && hold_mark_of(pass->lease, &file->status) != HOLD_MARK_OURS)
                return MAIL_CHANGED;
        moved_list_add(&pass->list, id, &file->status);
        return 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const struct sg_queue_filter filter = filter_args_read(action->args, NULL);
        struct pass pass = pass_of(action);
        char which[96], done[128];
        struct order order;

        if (open_order(action, &pass, &order, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        order_each(&order, choose_one, &pass, &pass.tally);
        order_close(&order);
        pass.tally.vanished = pass.tally.gone;
        pass.tally.gone = 0;
        filter_args_describe(&filter, which, sizeof(which));
        snprintf(done, sizeof(done), "messages %s would be requeued", which);
        tally_describe(&pass.tally, done, ret_outcome->text);
        ret_outcome->count = pass.tally.done;
        return pass.tally.done > 0 ? SG_VERDICT_GO : SG_VERDICT_NOTHING;
}

static void settle_one(struct pass *pass, struct mail_dir *from, const struct selection_entry *entry,
        const struct moved_message *message) {
        struct mail_file file;
        int r = mail_dir_find(from, entry->id, entry->inode, &file);

        if (r == 0) {
                mail_file_close(&file);
                pass->tally.stayed += message != NULL;
                pass->tally.changed += message == NULL;
        } else if (r == MAIL_CHANGED)
                pass->tally.changed++;
        else if (r < 0) {
                if (pass->tally.failed++ == 0)
                        pass->tally.error = r;
        } else if (moved_is_tried(from, entry->id, entry->inode))
                pass->tally.tried++;
        else if (message)
                pass->away++;
        else
                pass->tally.vanished++;
}

static int settle(const struct sg_action *action, struct pass *pass, const struct selection *selection,
        const struct postsuper_report *report, struct sg_outcome *outcome) {
        struct mail_dir from;
        size_t at = 0;
        int r = order_queue(action, action->args[FILTER_ARG_INSTANCE].text, pass->queue, &from, outcome);

        if (r < 0)
                return r;
        pass->tally = (struct tally){.selected = selection->n};
        for (size_t i = 0; i < selection->n; i++)
                settle_one(pass, &from, &selection->entries[i],
                        moved_list_next(&pass->list, selection->entries[i].id, &at));
        mail_dir_close(&from);
        pass->tally.done = report->moved < pass->away ? report->moved : pass->away;
        pass->tally.vanished += pass->away - pass->tally.done;
        return 0;
}

static int requeue_all(
        const struct sg_action *action, struct pass *pass, struct order *order, struct sg_outcome *outcome) {
        struct postsuper_report report = {.error = 0};
        char config[ORDER_PATH_MAX];
        struct tally chosen;
        int r;

        order_each(order, choose_one, pass, &chosen);
        mail_dir_close(&order->dir);
        order_config(action, action->args[FILTER_ARG_INSTANCE].text, config);
        if (pass->list.n > 0)
                moved_list_run(action, &pass->list, config, "-r", pass->queue, 0, &report);
        r = settle(action, pass, &order->selection, &report, outcome);
        if (r < 0)
                return r;
        tally_describe(&pass->tally, "requeued", outcome->text);
        if (report.error < 0)
                order_say(outcome, "; postsuper: %.80s", report.text);
        outcome->count = pass->tally.done;
        if (pass->tally.done > 0)
                return 0;
        return report.error < 0 ? report.error : pass->tally.error;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct pass pass = pass_of(action);
        struct order order;
        int r = open_order(action, &pass, &order, ret_outcome);

        if (r < 0)
                return r;
        r = moved_list_init(&pass.list, order.selection.n);
        if (r < 0)
                order_refuse(ret_outcome, r, "out of memory");
        else
                r = requeue_all(action, &pass, &order, ret_outcome);
        moved_list_deinit(&pass.list);
        order_close(&order);
        return r;
}

const struct sg_verb postfix_requeue = {
        .name = "postfix.requeue",
        .summary = "Let Postfix take in deferred messages once more, by the rules of today",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        .deadline_usec = 600 * SECOND,
        .cooldown_usec = 60 * SECOND,
        .budget_count = 12,
        .budget_window_usec = 86400 * SECOND,
        .needs_space_on = "/var/spool/postfix",
        .selector = "queue",
        .check = check,
        .run = run,
};
