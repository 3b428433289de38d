/* SPDX-License-Identifier: MIT */
/* moved - where the messages of an order are now, after a tool was told to move them */
#ifndef POSTFIX_MOVED_H
#define POSTFIX_MOVED_H

#include "postfix/order.h"
#include "postfix/postsuper.h"

/* A message that the tool is told to move, as it was found before. */
struct moved_message {
        const char *id; /* in the selection */
        uint64_t inode;
        struct timespec time;
};

/* Those of an order, in its order; `add` is for an order_fn. */
struct moved_list {
        struct moved_message *messages;
        size_t n, max;
};
int moved_list_init(struct moved_list *list, size_t max);
void moved_list_deinit(struct moved_list *list);
void moved_list_add(struct moved_list *list, const char *id, const struct stat *status);
/* The one of that ID when the entries are asked for in the order of the list, else NULL. */
const struct moved_message *moved_list_next(const struct moved_list *list, const char *id, size_t *at);
/* Tells postsuper to move them. */
void moved_list_run(const struct sg_action *action, const struct moved_list *list, const char *config,
        const char *option, const char *queue, uint64_t pause_usec, struct postsuper_report *ret_report);

/* Whether Postfix is trying the message at this moment; `from` is any open queue of the spool. */
bool moved_is_tried(const struct mail_dir *from, const char *id, uint64_t inode);

#endif
