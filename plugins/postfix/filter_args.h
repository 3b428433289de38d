/* SPDX-License-Identifier: MIT */
/* filter_args - the arguments by which a verb chooses messages */
#ifndef POSTFIX_FILTER_ARGS_H
#define POSTFIX_FILTER_ARGS_H

#include <spoolguard/queue.h>
#include <spoolguard/value.h>

/* The first rows of the argument table of a verb that takes them. */
enum {
        FILTER_ARG_INSTANCE,
        FILTER_ARG_DOMAIN,
        FILTER_ARG_SENDER,
        FILTER_ARG_REASON,
        FILTER_ARG_NEXTHOP,
        FILTER_ARG_OLDER_THAN,
        FILTER_ARGS,
};
/* Of postfix.requeue, behind them. */
enum { REQUEUE_ARG_LEASE = FILTER_ARGS };

#define FILTER_ARG_ROWS                                                                                     \
        [FILTER_ARG_INSTANCE] = {.name = "instance",                                                        \
                .type = SG_TYPE_TEXT,                                                                       \
                .fallback = "-",                                                                            \
                .doc = "The Postfix instance, as postmulti names it; \"-\" is the default one. It chooses " \
                       "nothing "                                                                           \
                       "by itself."},                                                                       \
        [FILTER_ARG_DOMAIN] = {.name = "domain",                                                            \
                .type = SG_TYPE_TEXT,                                                                       \
                .fallback = "",                                                                             \
                .doc = "Messages with a recipient still to do in this domain."},                            \
        [FILTER_ARG_SENDER] = {.name = "sender",                                                            \
                .type = SG_TYPE_TEXT,                                                                       \
                .fallback = "",                                                                             \
                .doc = "Messages from a sender in this domain; \"<>\": bounces, which have no sender."},    \
        [FILTER_ARG_REASON] = {.name = "reason",                                                            \
                .type = SG_TYPE_TEXT,                                                                       \
                .fallback = "",                                                                             \
                .doc = "Messages deferred for this reason, as in the label of queue_reason_messages."},     \
        [FILTER_ARG_NEXTHOP] = {.name = "nexthop",                                                          \
                .type = SG_TYPE_TEXT,                                                                       \
                .fallback = "",                                                                             \
                .doc = "Messages that wait for this next hop."},                                            \
        [FILTER_ARG_OLDER_THAN] = {.name = "older_than",                                                    \
                .type = SG_TYPE_DURATION,                                                                   \
                .fallback = "0s",                                                                           \
                .doc = "Messages that arrived longer ago; 0s: of any age."}

/* The texts are those of `args`. */
struct sg_queue_filter filter_args_read(const struct sg_value *args, const char *queue);
/* The queue that postfix.requeue takes them from: hold/ when a lease is named. */
const char *filter_args_requeue_from(const struct sg_value *args);
/* False: it names no property of a message, and that never means all of them. */
bool filter_args_choose(const struct sg_queue_filter *filter);
/* "without a sender" or "from a.test, for b.test, deferred for dns": for people. */
void filter_args_describe(const struct sg_queue_filter *filter, char *text, size_t size);

#endif
