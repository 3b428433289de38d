/* SPDX-License-Identifier: MIT */
/* selector - what a verb shall act on, chosen by a sensor of its plugin, as a sealed memory file */
#ifndef WATCHER_SELECTOR_H
#define WATCHER_SELECTOR_H

#include "plugin/plugin.h"
#include "watcher/sensor_host.h"
#include "wire/wire.h"

/*
 * Number of things selected, and a descriptor at offset 0 that is the callee's now.  0: there is nothing to act on.
 * A verb without a selector: 1, and `fd` is -1, as it is for 0 and for a negative errno value: the selection could not
 * be made.
 */
typedef void selector_done(ssize_t n, int fd_consumed, void *data);

/*
 * 0, and `done` is called once, before this returns or in another turn of the loop, -ECANCELED when the sensors go; or
 * a negative errno value, and it is not.
 */
int selector_run(struct sensor_host *sensors, const struct plugin_list *plugins, const char *verb,
        const struct wire_pair *args, size_t n_args, selector_done *done, void *data);

#endif
