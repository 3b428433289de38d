/* SPDX-License-Identifier: MIT */
/*
 * bus_sender - whose a call is, and whether he is still there
 *
 * Runs in: watcher.  What costs more than a look at our own tables is not begun for a caller who hung up meanwhile,
 * nor for more of one user than his share: the bus daemon is asked for the user of the connection, without waiting.
 * This is no lock: who may call at all is decided by the policy of the bus and by bus_caller.c.
 *
 * Owns: the question to the bus.  Fails: with the two errors of bus_sender_ask(); a bus that does not know the user
 * answers for BUS_SENDER_UNKNOWN.
 *
 * Limits: no deadline of its own; whoever asks has one for the whole call.
 */
#include "watcher/bus/bus_sender.h"

#include <errno.h>
#include <stdlib.h>

#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

struct bus_sender {
        DBusPendingCall *pending;
        bus_sender_done *done;
        void *data;
};

static void on_user(DBusPendingCall *pending, void *data) {
        struct bus_sender *sender = data;
        DBusMessage *reply = dbus_pending_call_steal_reply(pending);
        bool is_here = !dbus_message_is_error(reply, DBUS_ERROR_NAME_HAS_NO_OWNER);
        uint32_t uid = BUS_SENDER_UNKNOWN;

        if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN)
                dbus_message_get_args(reply, NULL, DBUS_TYPE_UINT32, &uid, DBUS_TYPE_INVALID);
        dbus_message_unref(reply);
        sender->done(is_here, uid, sender->data);
}

int bus_sender_ask(struct bus *bus, DBusMessage *call, bus_sender_done *done, void *data,
        struct bus_sender **ret_sender) {
        const char *name = dbus_message_get_sender(call);
        DBusPendingCall *pending = NULL;

        if (!name)
                return -EACCES;
        DBusMessage *question = bus_value_need(dbus_message_new_method_call(
                DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "GetConnectionUnixUser"));

        bus_value_done(dbus_message_append_args(question, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID));
        bus_value_done(dbus_connection_send_with_reply(
                bus_connection_dbus(bus->connection), question, &pending, DBUS_TIMEOUT_INFINITE));
        dbus_message_unref(question);
        if (!pending)
                return -ENOTCONN;

        struct bus_sender *sender = bus_value_need(calloc(1, sizeof(*sender)));

        *sender = (struct bus_sender){.pending = pending, .done = done, .data = data};
        *ret_sender = sender;
        bus_value_done(dbus_pending_call_set_notify(pending, on_user, sender, NULL));
        return 0;
}

struct bus_sender *bus_sender_free(struct bus_sender *sender) {
        if (!sender)
                return NULL;
        dbus_pending_call_cancel(sender->pending);
        dbus_pending_call_unref(sender->pending);
        free(sender);
        return NULL;
}
