/* SPDX-License-Identifier: MIT */
/* bus_option - the a{sv} of a call, held against a table of what it may have */
#ifndef WATCHER_BUS_BUS_OPTION_H
#define WATCHER_BUS_BUS_OPTION_H

#include <dbus/dbus.h>
#include <stddef.h>
#include <stdint.h>

/*
 * `type` and where the value goes: DBUS_TYPE_BOOLEAN to a bool, DBUS_TYPE_UINT32 to a uint32_t, DBUS_TYPE_UINT64 to
 * a uint64_t, DBUS_TYPE_STRING to a const char * that lives as long as the call.
 */
struct bus_option {
        const char *name;
        int type;
        uint64_t min, max; /* of numbers; of texts in bytes */
        size_t at;         /* offset in the struct of values */
};

/* Sets what is given and leaves the rest as it is.  NULL, or the error to send.  The table ends without a name. */
DBusMessage *bus_option_parse(
        DBusMessage *call, DBusMessageIter *options, const struct bus_option *table, void *values);

#endif
