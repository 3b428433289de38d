/* SPDX-License-Identifier: MIT */
/* fuzz_bus_message - any bytes, read as a message of D-Bus: what libdbus lets through is answered */
#include <limits.h>

#include "bus_stand.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        DBusMessage *call =
                size <= INT_MAX ? dbus_message_demarshal((const char *)data, (int)size, NULL) : NULL;

        if (!call)
                return 0;
        /* Only these get as far as the tables, and the bus says who sent them. */
        if (dbus_message_get_type(call) == DBUS_MESSAGE_TYPE_METHOD_CALL &&
                dbus_message_set_sender(call, ":1.7")) {
                bus_stand_begin();
                bus_stand_call(call);
                bus_stand_end();
        }
        dbus_message_unref(call);
        return 0;
}
