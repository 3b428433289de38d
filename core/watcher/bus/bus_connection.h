/* SPDX-License-Identifier: MIT */
/* bus_connection - a libdbus connection on our loop */
#ifndef WATCHER_BUS_BUS_CONNECTION_H
#define WATCHER_BUS_BUS_CONNECTION_H

#include <dbus/dbus.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/loop.h"
#include "watcher/bus/bus.h"

struct bus_connection_ops {
        /* A method call for us; answers with bus_connection_send_consume(), now or later. */
        void (*on_call)(DBusMessage *call, void *data);
        /* The bus is gone, or our name is.  Called last thing in a turn: everything may be freed in here. */
        void (*on_lost)(void *data);
};

/* Take the name and serve it on the loop. */
int bus_connection_serve(struct bus_connection *connection, struct loop *loop,
        const struct bus_connection_ops *ops, void *data, struct problem *problem);
DBusConnection *bus_connection_dbus(const struct bus_connection *connection);
/* Who may use Control besides root: the gid of the admins ((gid_t)-1: no such group), and on a session bus us. */
gid_t bus_connection_admin_gid(const struct bus_connection *connection);
bool bus_connection_is_session(const struct bus_connection *connection);
void bus_connection_send_consume(struct bus_connection *connection, DBusMessage *message);

#endif
