/* SPDX-License-Identifier: MIT */
/* bus_support - a served bus and one client of it, for the programs that test the bus */
#ifndef TESTS_BUS_SUPPORT_H
#define TESTS_BUS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/bus_client.h"
#include "support/served_bus.h"

#define ROOT "/org/spoolguard1"
#define MANAGER "org.spoolguard1.Manager"
#define CONTROL "org.spoolguard1.Control"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define ERROR(name) "org.spoolguard1.Error." name
#define CONDITION ROOT "/condition/disk_2dspace_2dhigh_5f_2fvar_2flog"
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

struct fixture {
        struct served_bus served;
        struct bus_client client;
};

/* Everything the server sent before it answered this is here when it returns. */
static inline void settle(struct fixture *fixture) {
        served_bus_play(&fixture->served, SCENE_NOTHING);
        dbus_message_unref(
                bus_client_call(&fixture->client, ROOT, DBUS_INTERFACE_PEER, "Ping", DBUS_TYPE_INVALID));
        while (dbus_connection_dispatch(fixture->client.connection) == DBUS_DISPATCH_DATA_REMAINS)
                continue;
}

/* Lets the server get as far as asking its engine for what was called. */
static inline void reach_engine(struct fixture *fixture) {
        /* The call, and the bus's answer about its caller, are each one more way to the bus and back. */
        for (int i = 0; i < 3; i++)
                settle(fixture);
}

static inline int setup(void **state) {
        static struct fixture fixture;

        memset(&fixture, 0, sizeof(fixture));
        *state = &fixture;
        if (served_bus_setup(&fixture.served, true) < 0)
                return -1;
        fixture.client.connection = served_bus_connect(&fixture.served);
        if (!fixture.client.connection)
                return -1;
        bus_client_listen(&fixture.client);
        /* The first turn tells of all that is there; it is not what tests look for. */
        settle(&fixture);
        bus_client_forget(&fixture.client);
        return 0;
}

/* A leak or a crash in the serving process fails the test here. */
static inline int teardown(void **state) {
        struct fixture *fixture = *state;

        bus_client_forget(&fixture->client);
        dbus_connection_close(fixture->client.connection);
        dbus_connection_unref(fixture->client.connection);
        int status = served_bus_teardown(&fixture->served);

        dbus_shutdown();
        if (status != 0)
                fprintf(stderr, "the serving process ended with %d\n", status);
        return status;
}

static inline void assert_error(DBusMessage *reply, const char *name, const char *text) {
        const char *got = "";

        assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_ERROR);
        assert_string_equal(dbus_message_get_error_name(reply), name);
        dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &got, DBUS_TYPE_INVALID);
        if (!strstr(got, text))
                fail_msg("'%s' does not say '%s'", got, text);
        dbus_message_unref(reply);
}

#endif
