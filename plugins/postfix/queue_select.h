/* SPDX-License-Identifier: MIT */
/* queue_select - which messages a verb shall act on */
#ifndef POSTFIX_QUEUE_SELECT_H
#define POSTFIX_QUEUE_SELECT_H

#include <spoolguard/sensor.h>

#include "postfix/queue_spool.h"

struct queue_selects;
int queue_selects_new(const struct sg_host *host, struct queue_selects **ret_selects);
/* Who waits for a selection is told -ECANCELED; before the spools go. */
struct queue_selects *queue_selects_free(struct queue_selects *selects);

/*
 * Deferred and not postponed, far from its next try, and waiting for nothing but the end of an outage: what
 * postfix.retry brings forward beside what was postponed.
 */
bool queue_select_is_stranded(const struct queue_message *message, int64_t now_seconds);

/* As select() of struct sg_sensor. */
int queue_select(struct queue_selects *selects, struct queue_spool *spool, const char *verb,
        const struct sg_value *args, int fd, sg_selected_fn *done, void *data);

#endif
