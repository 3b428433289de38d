/* SPDX-License-Identifier: MIT */
/*
 * bus_client - a D-Bus client for tests
 *
 * On one private connection.  Signals that come in while a call waits are kept; time is given to them in
 * bus_client_signal() only.
 */
#include "support/bus_client.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define NAME "org.spoolguard1"
#define REPLY_MSEC_MAX 30000 /* a machine may be busy, and a thousand answers to others come first */

static DBusPendingCall *begin(struct bus_client *client, const char *path, const char *interface,
        const char *member, va_list arguments) {
        DBusMessage *call = dbus_message_new_method_call(NAME, path, interface, member);
        DBusPendingCall *pending = NULL;
        int type = va_arg(arguments, int);

        if (!dbus_message_append_args_valist(call, type, arguments) ||
                !dbus_connection_send_with_reply(client->connection, call, &pending, REPLY_MSEC_MAX))
                abort();
        dbus_message_unref(call);
        dbus_connection_flush(client->connection);
        return pending;
}

DBusPendingCall *bus_client_begin(
        struct bus_client *client, const char *path, const char *interface, const char *member, ...) {
        va_list arguments;

        va_start(arguments, member);
        DBusPendingCall *pending = begin(client, path, interface, member, arguments);

        va_end(arguments);
        return pending;
}

DBusMessage *bus_client_end(struct bus_client *client, DBusPendingCall *pending) {
        (void)client;
        dbus_pending_call_block(pending);
        DBusMessage *reply = dbus_pending_call_steal_reply(pending);

        dbus_pending_call_unref(pending);
        return reply;
}

DBusMessage *bus_client_call(
        struct bus_client *client, const char *path, const char *interface, const char *member, ...) {
        va_list arguments;

        va_start(arguments, member);
        DBusPendingCall *pending = begin(client, path, interface, member, arguments);

        va_end(arguments);
        return bus_client_end(client, pending);
}

static DBusHandlerResult on_message(DBusConnection *connection, DBusMessage *message, void *data) {
        struct bus_client *client = data;

        (void)connection;
        if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_SIGNAL &&
                client->n_signals < BUS_CLIENT_SIGNALS_MAX)
                client->signals[client->n_signals++] = dbus_message_ref(message);
        return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

void bus_client_listen(struct bus_client *client) {
        if (!dbus_connection_add_filter(client->connection, on_message, client, NULL))
                abort();
        dbus_bus_add_match(client->connection, "type='signal',sender='" NAME "'", NULL);
        dbus_connection_flush(client->connection);
}

static DBusMessage *find(const struct bus_client *client, const char *member, const char *path) {
        for (size_t i = 0; i < client->n_signals; i++)
                if (strcmp(dbus_message_get_member(client->signals[i]), member) == 0 &&
                        (!path || dbus_message_has_path(client->signals[i], path)))
                        return client->signals[i];
        return NULL;
}

DBusMessage *bus_client_signal(struct bus_client *client, const char *member, const char *path) {
        uint64_t end_usec = clock_monotonic_usec() + 5 * USEC_PER_SEC;

        while (!find(client, member, path) && clock_monotonic_usec() < end_usec)
                dbus_connection_read_write_dispatch(client->connection, 20);
        return find(client, member, path);
}

size_t bus_client_count(const struct bus_client *client, const char *member, const char *path) {
        size_t n = 0;

        for (size_t i = 0; i < client->n_signals; i++)
                n += strcmp(dbus_message_get_member(client->signals[i]), member) == 0 &&
                        (!path || dbus_message_has_path(client->signals[i], path));
        return n;
}

void bus_client_forget(struct bus_client *client) {
        for (size_t i = 0; i < client->n_signals; i++)
                dbus_message_unref(client->signals[i]);
        client->n_signals = 0;
}

DBusMessage *bus_client_get(struct bus_client *client, const char *path, const char *interface,
        const char *property, DBusMessageIter *ret_value) {
        DBusMessage *reply = bus_client_call(client, path, DBUS_INTERFACE_PROPERTIES, "Get", DBUS_TYPE_STRING,
                &interface, DBUS_TYPE_STRING, &property, DBUS_TYPE_INVALID);
        DBusMessageIter iter;

        memset(ret_value, 0, sizeof(*ret_value));
        if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN) {
                dbus_message_iter_init(reply, &iter);
                dbus_message_iter_recurse(&iter, ret_value);
        }
        return reply;
}

void bus_client_get_text(struct bus_client *client, const char *path, const char *interface,
        const char *property, char text[static 512]) {
        DBusMessageIter value;
        DBusMessage *reply = bus_client_get(client, path, interface, property, &value);
        const char *got = "";

        if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN &&
                dbus_message_iter_get_arg_type(&value) == DBUS_TYPE_STRING)
                dbus_message_iter_get_basic(&value, &got);
        text[0] = '\0';
        strncat(text, got, 511);
        dbus_message_unref(reply);
}
