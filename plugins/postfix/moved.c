/* SPDX-License-Identifier: MIT */
/*
 * moved - the messages of an order that a tool is told to move, and where they are afterwards
 *
 * Runs in a child of the executor.  What is to be moved is a part of the selection: the messages that were found as
 * they had been chosen.  The list keeps how they were found, so that one that was not moved can be put back as it was.
 *
 * Owns the list.  Fails with -ENOMEM; the tool's failures are in its report.
 * Limits: as many messages as the selection has.
 */
#include "postfix/moved.h"

#include <errno.h>
#include <stdlib.h>

int moved_list_init(struct moved_list *list, size_t max) {
        *list = (struct moved_list){.messages = calloc(max, sizeof(*list->messages)), .max = max};
        return list->messages ? 0 : -ENOMEM;
}

void moved_list_deinit(struct moved_list *list) {
        free(list->messages);
        *list = (struct moved_list){.n = 0};
}

void moved_list_add(struct moved_list *list, const char *id, const struct stat *status) {
        if (list->n < list->max)
                list->messages[list->n++] =
                        (struct moved_message){.id = id, .inode = status->st_ino, .time = status->st_mtim};
}

const struct moved_message *moved_list_next(const struct moved_list *list, const char *id, size_t *at) {
        if (*at >= list->n || list->messages[*at].id != id)
                return NULL;
        return &list->messages[(*at)++];
}

void moved_list_run(const struct sg_action *action, const struct moved_list *list, const char *config,
        const char *option, const char *queue, uint64_t pause_usec, struct postsuper_report *ret_report) {
        const char **ids = calloc(list->n + 1, sizeof(*ids));
        const struct postsuper_order order = {.config = config,
                .option = option,
                .queue = queue,
                .ids = ids,
                .n = list->n,
                .pause_usec = pause_usec};

        *ret_report = (struct postsuper_report){.error = -ENOMEM, .text = "out of memory"};
        if (!ids)
                return;
        for (size_t i = 0; i < list->n; i++)
                ids[i] = list->messages[i].id;
        postsuper_run(action, &order, ret_report);
        free(ids);
}

bool moved_is_tried(const struct mail_dir *from, const char *id, uint64_t inode) {
        static const char *const queues[] = {"active", "incoming"};
        bool found = false;

        for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]) && !found; i++) {
                struct mail_file file;
                struct mail_dir queue;

                if (mail_dir_open_beside(from, queues[i], &queue) < 0)
                        continue;
                found = mail_dir_find(&queue, id, inode, &file) == 0;
                if (found)
                        mail_file_close(&file);
                mail_dir_close(&queue);
        }
        return found;
}
