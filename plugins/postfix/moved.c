/* SPDX-License-Identifier: MIT */
/*
 * moved - the messages of an order that postsuper is told to move, and where they are afterwards
 *
 * Runs in a child of the executor.  What is to be moved is a part of the selection: the messages that were found as
 * they had been chosen, and fit.  The list keeps how they were found, so that one that was not moved can be put back
 * as it was.  What postsuper says it did is not believed; each message is looked for where it may be by then.
 *
 * Owns the list.  Fails with -ENOMEM; the tool's failures are in its report.
 * Limits: as many messages as the selection has.
 */
#include "postfix/moved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/filter_args.h"

void moved_list_deinit(struct moved_list *list) {
        free(list->messages);
        *list = (struct moved_list){.n = 0};
}

void moved_list_add(struct moved_list *list, const char *id, const struct stat *status) {
        if (list->n < list->max)
                list->messages[list->n++] =
                        (struct moved_message){.id = id, .inode = status->st_ino, .time = status->st_mtim};
}

static void tell_postsuper(const struct sg_action *action, const struct moved_list *list,
        const struct moved_command *command, struct postsuper_report *ret_report) {
        char config[ORDER_PATH_MAX];
        const char **ids = calloc(list->n, sizeof(*ids));
        const struct postsuper_order order = {.config = config,
                .option = command->option,
                .queue = command->queue,
                .ids = ids,
                .n = list->n,
                .pause_usec = command->pause_usec};

        *ret_report = (struct postsuper_report){.error = -ENOMEM, .text = "out of memory"};
        if (!ids)
                return;
        order_config(action, command->instance, config);
        for (size_t i = 0; i < list->n; i++)
                ids[i] = list->messages[i].id;
        postsuper_run(action, &order, ret_report);
        free(ids);
}

int moved_run(const struct sg_action *action, struct order *order, order_fn choose, void *data,
        struct moved_list *list, const struct moved_command *command, struct postsuper_report *ret_report,
        struct sg_outcome *outcome) {
        const size_t max = order->selection.n;
        struct tally chosen;

        *ret_report = (struct postsuper_report){.error = 0};
        *list = (struct moved_list){.messages = calloc(max, sizeof(*list->messages)), .max = max};
        if (!list->messages)
                return order_refuse(outcome, -ENOMEM, "out of memory");
        order_each(order, choose, data, &chosen);
        mail_dir_close(&order->dir);
        if (list->n > 0)
                tell_postsuper(action, list, command, ret_report);
        return 0;
}

enum sg_verdict moved_would(struct order *order, order_fn choose, void *data,
        const struct sg_queue_filter *filter, const char *done, struct sg_outcome *outcome) {
        char which[96], would[128];
        struct tally tally;

        order_each(order, choose, data, &tally);
        if (strcmp(filter->queue, "deferred") != 0) {
                tally.vanished = tally.gone;
                tally.gone = 0;
        }
        filter_args_describe(filter, which, sizeof(which));
        snprintf(would, sizeof(would), "messages %s would be %s", which, done);
        tally_describe(&tally, would, outcome->text);
        outcome->count = tally.done;
        return tally.done > 0 ? SG_VERDICT_GO : SG_VERDICT_NOTHING;
}

/* `from` is any open queue of the spool. */
static bool is_tried(const struct mail_dir *from, const struct selection_entry *entry) {
        static const char *const queues[] = {"active", "incoming"};
        bool found = false;

        for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]) && !found; i++) {
                struct mail_file file;
                struct mail_dir queue;

                if (mail_dir_open_beside(from, queues[i], &queue) < 0)
                        continue;
                found = mail_dir_find(&queue, entry->id, entry->inode, &file) == 0;
                if (found)
                        mail_file_close(&file);
                mail_dir_close(&queue);
        }
        return found;
}

int moved_find(struct mail_dir *to, struct mail_dir *from, const struct selection_entry *entry,
        struct mail_file *ret_file) {
        int there = to ? mail_dir_find(to, entry->id, entry->inode, ret_file) : MAIL_GONE, r;

        if (there == 0)
                return MOVED_THERE;
        r = mail_dir_find(from, entry->id, entry->inode, ret_file);
        if (r == 0)
                return MOVED_NOT;
        if (there < 0 || r < 0)
                return there < 0 ? there : r;
        if (is_tried(from, entry))
                return MOVED_TRIED;
        return there == MAIL_CHANGED || r == MAIL_CHANGED ? MOVED_CHANGED : MOVED_NOWHERE;
}

void moved_count(struct tally *tally, int place) {
        switch (place) {
        case MOVED_TRIED: tally->tried++; break;
        case MOVED_NOWHERE: tally->vanished++; break;
        default: tally_add(tally, place < 0 ? place : MAIL_CHANGED);
        }
}

void moved_count_left(struct tally *tally, int answer) {
        /* That it was somewhere else then is no answer now that it is back. */
        tally_add(tally, answer == 0 || answer == MAIL_GONE ? MAIL_CHANGED : answer);
}

void moved_each(const struct order *order, const struct moved_list *list, moved_fn fn, void *data) {
        size_t at = 0;

        for (size_t i = 0; i < order->selection.n; i++) {
                const struct selection_entry *entry = &order->selection.entries[i];
                bool is_listed = at < list->n && list->messages[at].id == entry->id;

                fn(data, entry, is_listed ? &list->messages[at] : NULL, order->answers[i]);
                at += is_listed;
        }
}
