/* SPDX-License-Identifier: MIT */
/* bus_client - a D-Bus client for tests: blocking calls, and signals collected until a condition holds */
#ifndef SUPPORT_BUS_CLIENT_H
#define SUPPORT_BUS_CLIENT_H

#include <dbus/dbus.h>
#include <stddef.h>

#define BUS_CLIENT_SIGNALS_MAX 256

struct bus_client {
        DBusConnection *connection;
        DBusMessage *signals[BUS_CLIENT_SIGNALS_MAX];
        size_t n_signals;
};

/* Arguments as of dbus_message_append_args().  The reply, which may be an error; NULL never. */
DBusMessage *bus_client_call(
        struct bus_client *client, const char *path, const char *interface, const char *member, ...);
DBusPendingCall *bus_client_begin(
        struct bus_client *client, const char *path, const char *interface, const char *member, ...);
DBusMessage *bus_client_end(struct bus_client *client, DBusPendingCall *pending);

void bus_client_listen(struct bus_client *client); /* to all signals of spoolguard */
/* Waits up to 5 s for a signal of this name among those collected; NULL: none came. */
DBusMessage *bus_client_signal(struct bus_client *client, const char *member, const char *path);
size_t bus_client_count(const struct bus_client *client, const char *member, const char *path);
void bus_client_forget(struct bus_client *client);

/* A property's value, positioned at what is in the variant; the message must be unref'd. */
DBusMessage *bus_client_get(struct bus_client *client, const char *path, const char *interface,
        const char *property, DBusMessageIter *ret_value);
/* The same for texts; "" when it is none. */
void bus_client_get_text(struct bus_client *client, const char *path, const char *interface,
        const char *property, char text[static 512]);

#endif
