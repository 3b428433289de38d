/* SPDX-License-Identifier: MIT */
/* moved - the messages of an order that postsuper is told to move, and where they are afterwards */
#ifndef POSTFIX_MOVED_H
#define POSTFIX_MOVED_H

#include <spoolguard/queue.h>

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
void moved_list_deinit(struct moved_list *list);
void moved_list_add(struct moved_list *list, const char *id, const struct stat *status);

/* What postsuper is told to do. */
struct moved_command {
        const char *instance, *option, *queue;
        uint64_t pause_usec; /* between two batches */
};

/*
 * Calls `choose`, as order_each() does, and has moved what it added to the list.  The order's directory is closed
 * afterwards.  0, or a negative errno value with the reason in outcome->text; what the tool failed at is in the report.
 */
int moved_run(const struct sg_action *action, struct order *order, order_fn choose, void *data,
        struct moved_list *list, const struct moved_command *command, struct postsuper_report *ret_report,
        struct sg_outcome *outcome);

/* For check(): how many messages of the order `choose` would take; `done`: "held". */
enum sg_verdict moved_would(struct order *order, order_fn choose, void *data,
        const struct sg_queue_filter *filter, const char *done, struct sg_outcome *outcome);

enum moved_place {
        MOVED_THERE = 1, /* where it was to be moved to */
        MOVED_NOT,       /* where it was */
        MOVED_TRIED,     /* Postfix is trying it at this moment */
        MOVED_CHANGED,   /* another message has its name now, or it is not for us */
        MOVED_NOWHERE,
};
/*
 * Where a message is now, open in *ret_file in the first two places; or a negative errno value.  to: NULL when Postfix
 * takes it away from there at once.
 */
int moved_find(struct mail_dir *to, struct mail_dir *from, const struct selection_entry *entry,
        struct mail_file *ret_file);
/* `place` as by moved_find(), of one that needs no more than to be counted. */
void moved_count(struct tally *tally, int place);
/* One that is where it was because it was not in the list. */
void moved_count_left(struct tally *tally, int answer);

/* message: NULL, it was not in the list, for the reason that `answer` is. */
typedef void (*moved_fn)(
        void *data, const struct selection_entry *entry, const struct moved_message *message, int answer);
/* Calls `fn` for all that was selected.  The order must keep answers. */
void moved_each(const struct order *order, const struct moved_list *list, moved_fn fn, void *data);

#endif
