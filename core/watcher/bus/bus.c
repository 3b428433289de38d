/* SPDX-License-Identifier: MIT */
/*
 * bus - spoolguard on D-Bus: the parts put together
 *
 * Runs in: watcher.  Owns the connection and everything that waits on it.  Method calls go to the tables
 * (bus_object.c), events of the engine become changes (bus_change.c), signals (bus_manager.c) and answers to
 * callers who wait (bus_pending.c).  The process works without a bus as well: it then tells nobody.
 *
 * Fails: bus_new_consume() when the name is taken or not ours to own, with the reason; later on_lost.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_object.h"
#include "watcher/bus/bus_value.h"

/* What an event is about: -1 for no kind of object; `root` where properties of the Manager follow from it. */
static const struct {
        int kind;
        bool root;
} event_rows[] = {
        [ENGINE_CONDITION_ADDED] = {BUS_CONDITION, true},
        [ENGINE_CONDITION_CHANGED] = {BUS_CONDITION, true},
        [ENGINE_CONDITION_REMOVED] = {BUS_CONDITION, true},
        [ENGINE_PLAYBOOK_CHANGED] = {BUS_PLAYBOOK, false},
        [ENGINE_RUN_ADDED] = {BUS_RUN, false},
        [ENGINE_RUN_CHANGED] = {BUS_RUN, false},
        [ENGINE_RUN_REMOVED] = {BUS_RUN, false},
        [ENGINE_INCIDENT_ADDED] = {BUS_INCIDENT, true},
        [ENGINE_INCIDENT_CHANGED] = {BUS_INCIDENT, true},
        [ENGINE_INCIDENT_CLOSED] = {BUS_INCIDENT, true},
        [ENGINE_INCIDENT_REMOVED] = {BUS_INCIDENT, false},
        [ENGINE_ACTION_STARTED] = {BUS_INCIDENT, false},
        [ENGINE_ACTION_FINISHED] = {BUS_INCIDENT, false},
        [ENGINE_ESCALATED] = {BUS_INCIDENT, true},
        [ENGINE_STATE_CHANGED] = {-1, true},
        [ENGINE_LOWER_REPLY] = {-1, false},
        [ENGINE_LEASE_ADDED] = {BUS_LEASE, false},
        [ENGINE_LEASE_CHANGED] = {BUS_LEASE, false},
        [ENGINE_LEASE_REMOVED] = {BUS_LEASE, false},
};

static const void *event_object(const struct engine_event *event, int kind) {
        switch (kind) {
        case BUS_CONDITION: return event->condition;
        case BUS_PLAYBOOK: return event->playbook;
        case BUS_INCIDENT: return event->incident;
        case BUS_RUN: return event->run;
        case BUS_LEASE: return event->lease;
        default: return NULL;
        }
}

void bus_reply_consume(struct bus *bus, DBusMessage *call, DBusMessage *reply) {
        if (dbus_message_get_no_reply(call))
                dbus_message_unref(reply);
        else
                bus_connection_send_consume(bus->connection, reply);
}

static void on_call(DBusMessage *call, void *data) {
        struct bus *bus = data;
        DBusMessage *reply = bus_object_call(bus, call);

        if (reply)
                bus_reply_consume(bus, call, reply);
}

static void on_lost(void *data) {
        struct bus *bus = data;

        if (bus->ops.on_lost)
                bus->ops.on_lost(bus->data);
}

int bus_new_consume(struct loop *loop, struct engine *engine, struct bus_connection *connection,
        const struct bus_ops *ops, void *data, struct bus **ret_bus, struct problem *problem) {
        static const struct bus_connection_ops connection_ops = {.on_call = on_call, .on_lost = on_lost};
        struct bus *bus = calloc(1, sizeof(*bus));

        if (!bus) {
                bus_disconnect(connection);
                return -ENOMEM;
        }
        *bus = (struct bus){
                .loop = loop, .engine = engine, .connection = connection, .ops = *ops, .data = data};

        int r = bus_caller_list_new(&bus->callers);
        if (r >= 0)
                r = bus_pending_list_new(&bus->pending);
        if (r >= 0)
                r = bus_queue_new(bus, &bus->queue);
        if (r >= 0)
                r = bus_change_new(bus, &bus->change);
        if (r >= 0)
                r = bus_connection_serve(connection, loop, &connection_ops, bus, problem);
        if (r < 0) {
                bus_free(bus);
                return r;
        }
        *ret_bus = bus;
        return 0;
}

struct bus *bus_free(struct bus *bus) {
        if (!bus)
                return NULL;
        bus_caller_list_free(bus->callers);
        bus_pending_list_free(bus->pending);
        bus_queue_free(bus->queue);
        bus_change_free(bus->change);
        bus_disconnect(bus->connection);
        free(bus);
        return NULL;
}

void bus_set_plugins(struct bus *bus, const struct plugin_list *plugins) {
        bus->plugins = plugins;
}

void bus_on_event(struct bus *bus, const struct engine_event *event) {
        int kind = event_rows[event->type].kind;

        if (kind >= 0 && event_object(event, kind))
                bus_change_mark(bus->change, (enum bus_kind_index)kind, event_object(event, kind));
        if (event_rows[event->type].root)
                bus_change_mark_root(bus->change);
        if (event->type == ENGINE_LOWER_REPLY)
                bus_pending_on_lower_reply(bus, event->lower_reply);
        if (event->run)
                bus_pending_on_run(bus, event->run, event->type == ENGINE_RUN_REMOVED);

        DBusMessage *signal = bus_manager_signal(bus, event);

        if (signal)
                bus_change_signal_consume(bus->change, signal);
}
