/* SPDX-License-Identifier: MIT */
/* bus_internal - the parts of one bus, for the files of this folder */
#ifndef WATCHER_BUS_BUS_INTERNAL_H
#define WATCHER_BUS_BUS_INTERNAL_H

#include "watcher/bus/bus.h"
#include "watcher/bus/bus_caller.h"
#include "watcher/bus/bus_change.h"
#include "watcher/bus/bus_connection.h"
#include "watcher/bus/bus_pending.h"
#include "watcher/bus/bus_queue.h"

struct bus {
        struct loop *loop;
        struct engine *engine;
        struct bus_connection *connection;
        struct bus_ops ops;
        void *data;
        const struct plugin_list *plugins; /* NULL until told */
        struct bus_caller_list *callers;
        struct bus_pending_list *pending;
        struct bus_change *change;
        struct bus_queue *queue;
        uint32_t caller_uid;     /* of the call of Control that is being answered */
        uint64_t ended_runs[64]; /* ring of runs whose end was told */
        size_t ended_at;
};

/* Sends the reply unless the caller asked for none; takes it. */
void bus_reply_consume(struct bus *bus, DBusMessage *call, DBusMessage *reply);
/* The signal an event is worth, or NULL. */
DBusMessage *bus_manager_signal(struct bus *bus, const struct engine_event *event);
/* a{sv} of one action, in properties and signals alike. */
void bus_incident_action(
        DBusMessageIter *iter, const struct incident *incident, const struct incident_action *action);

#endif
