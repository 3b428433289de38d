/* SPDX-License-Identifier: MIT */
/* selector - what a verb shall act on, chosen by a sensor of its plugin, as a sealed memory file */
#ifndef WATCHER_SELECTOR_H
#define WATCHER_SELECTOR_H

#include "plugin/plugin.h"
#include "watcher/sensor_host.h"
#include "wire/wire.h"

/*
 * Number of things selected, and the caller's descriptor in *ret_fd, at offset 0.  0: there is nothing to act on.
 * A verb without a selector: 1, and *ret_fd is -1.  Negative errno: the selection could not be made.
 */
ssize_t selector_run(struct sensor_host *sensors, const struct plugin_list *plugins, const char *verb,
        const struct wire_pair *args, size_t n_args, int *ret_fd);

#endif
