/* SPDX-License-Identifier: MIT */
/* client_await - is the daemon away for good, or only for a moment? */
#ifndef CTL_CLIENT_AWAIT_H
#define CTL_CLIENT_AWAIT_H

#include <dbus/dbus.h>
#include <stdbool.h>

/* Waits a few seconds for an owner of `name`, as long as systemd says that the service is up. */
bool client_await(DBusConnection *dbus, const char *name);

#endif
