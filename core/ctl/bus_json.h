/* SPDX-License-Identifier: MIT */
/* bus_json - D-Bus values as JSON */
#ifndef CTL_BUS_JSON_H
#define CTL_BUS_JSON_H

#include <dbus/dbus.h>
#include <jansson.h>

/* All arguments of a message as one array. */
json_t *bus_json_arguments(DBusMessage *message);

#endif
