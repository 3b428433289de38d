/* SPDX-License-Identifier: MIT */
/* control - the socket at which root gives orders */
#ifndef EXECUTOR_CONTROL_H
#define EXECUTOR_CONTROL_H

#include "executor/desk.h"

#define CONTROL_CLIENTS_MAX 8u
#define CONTROL_RATE 50u /* requests per second of one client */

struct control_ops {
        int (*reload)(struct problem *problem, void *data); /* 0: begun, see control_reload_done() */
        void (*status)(char *text, size_t size, void *data);
};

struct control;
/* Listens at RUN/control, mode 0600; heeds root and `uid` (our own in tests, else 0). */
int control_new(struct loop *loop, const char *run_dir, uid_t uid, struct desk *desk,
        const struct control_ops *ops, void *data, struct control **ret_control);
struct control *control_free(struct control *control);
/* Answers those who asked for the reload that ended. */
void control_reload_done(struct control *control, bool ok, const char *text);
/* Answers those who wanted this lease to be forgotten. */
void control_lease_tried(struct control *control, uint64_t lease, bool is_over, const char *text);

#endif
