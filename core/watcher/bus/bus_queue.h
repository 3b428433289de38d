/* SPDX-License-Identifier: MIT */
/* bus_queue - QueueShape and QueueMessages of org.spoolguard1.Manager */
#ifndef WATCHER_BUS_BUS_QUEUE_H
#define WATCHER_BUS_BUS_QUEUE_H

#include "watcher/bus/bus_object.h"

struct bus_queue;

int bus_queue_new(struct bus *bus, struct bus_queue **ret_queue);
/* Answers that are still owed by a sensor may come afterwards; nobody hears them. */
struct bus_queue *bus_queue_free(struct bus_queue *queue);

DBusMessage *bus_queue_shape(struct bus *bus, const struct bus_target *target, DBusMessage *call);
DBusMessage *bus_queue_messages(struct bus *bus, const struct bus_target *target, DBusMessage *call);

#endif
