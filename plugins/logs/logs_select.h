/* SPDX-License-Identifier: MIT */
/* logs_select - which live log is to be trimmed, and a summary of what would go */
#ifndef LOGS_LOGS_SELECT_H
#define LOGS_LOGS_SELECT_H

#include "logs/logs_sensor.h"

struct logs_select;

/*
 * For select() of a sensor with these directories; one at a time, -EBUSY otherwise.  `at` is NULL while there is none
 * under way.
 */
int logs_select_begin(struct logs_select **at, const struct sg_host *host, const struct logs_root roots[],
        size_t n_roots, const struct sg_value *args, int fd, sg_selected_fn *done, void *data);
/* Ends it with -ECANCELED; fine when there is none. */
void logs_select_cancel(struct logs_select **at);

#endif
