/* SPDX-License-Identifier: MIT */
/* bus_change - tell clients what came, changed and went, once per turn of the loop */
#ifndef WATCHER_BUS_BUS_CHANGE_H
#define WATCHER_BUS_BUS_CHANGE_H

#include <dbus/dbus.h>

#include "watcher/bus/bus_object.h"

struct bus_change;

int bus_change_new(struct bus *bus, struct bus_change **ret_change);
struct bus_change *bus_change_free(struct bus_change *change);

/* An object of the kind came, went, or (when it is still there) changed. */
void bus_change_mark(struct bus_change *change, enum bus_kind_index kind, const void *object);
void bus_change_mark_root(struct bus_change *change);
/* A signal of our own, sent after the changes of this turn: whoever gets it finds the objects it names. */
void bus_change_signal_consume(struct bus_change *change, DBusMessage *signal);

#endif
