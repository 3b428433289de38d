/* SPDX-License-Identifier: MIT */
/* bus_pending - calls of Control whose answer is the executor's */
#ifndef WATCHER_BUS_BUS_PENDING_H
#define WATCHER_BUS_BUS_PENDING_H

#include <dbus/dbus.h>

#include "engine/engine.h"

struct bus;
struct bus_pending_list;

int bus_pending_list_new(struct bus_pending_list **ret_list);
struct bus_pending_list *bus_pending_list_free(struct bus_pending_list *list);

/* Room for one more?  Ask before the engine is asked for anything. */
bool bus_pending_has_room(const struct bus_pending_list *list);
/*
 * The call is answered once the reply, or the run's number, is known.  `serial` as the engine gave it; `with_text`:
 * the executor's words come with its yes, too.
 */
void bus_pending_lower(struct bus *bus, DBusMessage *call, uint64_t serial, bool with_text);
void bus_pending_run(struct bus *bus, DBusMessage *call, uint64_t serial);

void bus_pending_on_lower_reply(struct bus *bus, const struct wire_lower_reply *reply);
void bus_pending_on_run(struct bus *bus, const struct run *run, bool removed);

#endif
