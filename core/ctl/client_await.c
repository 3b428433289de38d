/* SPDX-License-Identifier: MIT */
/*
 * client_await - is the daemon away for good, or only for a moment?
 *
 * Runs in: spoolguardctl.  At a reload the process that has the bus name is replaced, and for a fraction of a
 * second nobody has it; "not running" would be a false alarm then.  systemd knows whether the service is up: only
 * if it says so, the name is waited for, and never longer than AWAIT_USEC.
 *
 * Fails: false, also when systemd cannot be asked.
 */
#include "ctl/client_await.h"

#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define UNIT "/org/freedesktop/systemd1/unit/spoolguard_2eservice"
#define AWAIT_USEC (5 * USEC_PER_SEC)
#define ASK_MSEC 1000
#define NAP_MSEC 50

static bool is_up(const char *state) {
        static const char *const up[] = {"active", "activating", "reloading"};

        for (size_t i = 0; i < ELEMENTSOF(up); i++)
                if (strcmp(up[i], state) == 0)
                        return true;
        return false;
}

static bool systemd_says_up(DBusConnection *dbus) {
        const char *interface = "org.freedesktop.systemd1.Unit", *name = "ActiveState", *state = "";
        DBusMessage *call = dbus_message_new_method_call(
                "org.freedesktop.systemd1", UNIT, DBUS_INTERFACE_PROPERTIES, "Get");
        DBusMessageIter iter, variant;

        dbus_message_append_args(
                call, DBUS_TYPE_STRING, &interface, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
        dbus_message_set_auto_start(call, FALSE);
        DBusMessage *reply = dbus_connection_send_with_reply_and_block(dbus, call, ASK_MSEC, NULL);

        dbus_message_unref(call);
        if (!reply)
                return false;
        if (dbus_message_iter_init(reply, &iter) &&
                dbus_message_iter_get_arg_type(&iter) == DBUS_TYPE_VARIANT) {
                dbus_message_iter_recurse(&iter, &variant);
                if (dbus_message_iter_get_arg_type(&variant) == DBUS_TYPE_STRING)
                        dbus_message_iter_get_basic(&variant, &state);
        }
        bool up = is_up(state);

        dbus_message_unref(reply);
        return up;
}

bool client_await(DBusConnection *dbus, const char *name) {
        uint64_t end_usec = clock_monotonic_usec() + AWAIT_USEC;

        while (clock_monotonic_usec() < end_usec && systemd_says_up(dbus)) {
                if (dbus_bus_name_has_owner(dbus, name, NULL))
                        return true;
                poll(NULL, 0, NAP_MSEC);
        }
        return false;
}
