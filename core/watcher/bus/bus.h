/* SPDX-License-Identifier: MIT */
/*
 * bus - spoolguard on D-Bus: org.spoolguard1 with its objects, from const tables
 *
 * Runs in: watcher.  No type of libdbus leaves this folder.  The connection is opened before the watcher gives
 * up its power (bus_connect) and served afterwards (bus_new); when it is lost, on_lost is called and the watcher
 * exits to be restarted, because it cannot open another unix socket.
 */
#ifndef WATCHER_BUS_BUS_H
#define WATCHER_BUS_BUS_H

#include <stdbool.h>

#include "engine/engine.h"
#include "spoolguard/queue.h"

struct bus_connection;
struct bus;

struct bus_ops {
        void (*on_lost)(void *data);
        /* A readable descriptor with the recorder's text for Export(); the bus closes it.  Negative errno. */
        int (*export_fd)(void *data);
        /* Who answers them, with the bus's `data` for a sensor; -ENODEV: nobody.  NULL functions are nobody, too. */
        struct sg_queue_questions queue;
};

/* Before confinement. `session`: the private bus of tests. Also pre-loads what checks of callers need. */
int bus_connect(bool session, struct bus_connection **ret_connection, struct problem *problem);
struct bus_connection *bus_disconnect(struct bus_connection *connection);
/* Names and serves; takes the connection, also on failure. */
int bus_new_consume(struct loop *loop, struct engine *engine, struct bus_connection *connection,
        const struct bus_ops *ops, void *data, struct bus **ret_bus, struct problem *problem);
struct bus *bus_free(struct bus *bus);
/* For the Manager's Plugins; must outlive the bus. */
struct plugin_list;
void bus_set_plugins(struct bus *bus, const struct plugin_list *plugins);
/* engine_ops.on_event goes here. */
void bus_on_event(struct bus *bus, const struct engine_event *event);

#endif
