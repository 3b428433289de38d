/* SPDX-License-Identifier: MIT */
/* notify - run the site's own command that wakes a person up */
#ifndef EXECUTOR_NOTIFY_H
#define EXECUTOR_NOTIFY_H

#include "base/loop.h"
#include "config/config.h"

#define NOTIFY_RUNNING_MAX 4u

struct notify_message {
        uint64_t incident; /* 0: none */
        const char *reason, *title;
        const char *text; /* each line is a paragraph */
};

/* status: "exit 0", "signal 9", "timed out", "refused: ..."; called once for each notify_send() that began. */
typedef void (*notify_done_fn)(uint64_t incident, const char *status, void *data);

struct notify;
/* user: to run as; NULL: as ourselves, and a command of our own uid is acceptable (tests). */
int notify_new(
        struct loop *loop, const char *user, notify_done_fn done, void *data, struct notify **ret_notify);
struct notify *notify_free(struct notify *notify);

/* 0: begun; 1: no command is configured; -EINVAL: refused, with the reason in problem. */
int notify_send(struct notify *notify, const struct config *config, const struct notify_message *message,
        struct problem *problem);

#endif
