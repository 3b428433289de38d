/* SPDX-License-Identifier: MIT */
/*
 * bus_connection - a libdbus connection on our loop
 *
 * Runs in: watcher.  Owns the private connection, its watches and timeouts.  libdbus makes two watches, one to
 * read and one to write, for the one descriptor that the loop will take only once; they are merged here.
 * Messages are dispatched from a deferred call, for DISPATCH_USEC of a turn, never from inside a watch: a handler may
 * then do what it wants with watches, and a client that floods us does not keep sensors from their turn.  It is time
 * that is limited and not a number: refusals are quick, and what waits in front of somebody else's call must go.
 *
 * Fails: bus_connect() with a reason; afterwards on_lost once, when the bus hung up or gave our name to
 * somebody else.  There is no reconnecting: this process may not open another socket.
 *
 * Limits: unread messages may take INCOMING_MAX bytes, then reading stops until some are handled; answers that the
 * bus has not taken OUTGOING_MAX, then no call is handled until it has, so that whoever asks faster than the bus
 * carries answers away waits for it and does not fill our memory.  The size of one message is left to the bus
 * (32 MiB on a system bus): libdbus answers a lower limit of ours by hanging up, and any stranger could end the
 * watcher that way.
 */
#include "watcher/bus/bus_connection.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "watcher/bus/bus_object.h"
#include "watcher/bus/bus_value.h"

#define ADMIN_GROUP "spoolguard-admin"
#define INCOMING_MAX (1L << 20)
#define OUTGOING_MAX (4L << 20)
#define OWN_NAME_TIMEOUT_MSEC 5000
#define DISPATCH_USEC (4 * USEC_PER_MSEC)
#define WATCHES_MAX 4

struct bus_connection {
        DBusConnection *dbus;
        bool session;
        gid_t admin_gid;

        struct loop *loop; /* NULL until served */
        struct loop_defer *dispatch;
        struct bus_connection_ops ops;
        void *data;
        DBusWatch *watches[WATCHES_MAX]; /* all of one descriptor: a connection has one socket */
        struct loop_fd *source;          /* NULL while nothing is to be watched */
        bool lost;
};

static gid_t admin_gid(void) {
        struct group group, *found = NULL;
        char buffer[16384];

        if (getgrnam_r(ADMIN_GROUP, &group, buffer, sizeof(buffer), &found) != 0 || !found)
                return (gid_t)-1;
        return found->gr_gid;
}

int bus_connect(bool session, struct bus_connection **ret_connection, struct problem *problem) {
        struct bus_connection *connection = calloc(1, sizeof(*connection));
        DBusError error = DBUS_ERROR_INIT;

        if (!connection)
                return -ENOMEM;
        connection->session = session;
        connection->admin_gid = admin_gid();
        connection->dbus = dbus_bus_get_private(session ? DBUS_BUS_SESSION : DBUS_BUS_SYSTEM, &error);
        if (!connection->dbus) {
                problem_set(problem, "cannot connect to the D-Bus %s bus: %s", session ? "session" : "system",
                        error.message);
                dbus_error_free(&error);
                bus_disconnect(connection);
                return -ECONNREFUSED;
        }
        dbus_connection_set_exit_on_disconnect(connection->dbus, FALSE);
        dbus_connection_set_max_received_size(connection->dbus, INCOMING_MAX);
        *ret_connection = connection;
        return 0;
}

struct bus_connection *bus_disconnect(struct bus_connection *connection) {
        if (!connection)
                return NULL;
        if (connection->dbus) {
                /* First: closing is news to dispatch, and the loop may have run its last turn. */
                dbus_connection_set_dispatch_status_function(connection->dbus, NULL, NULL, NULL);
                dbus_connection_close(connection->dbus);
                dbus_connection_set_watch_functions(connection->dbus, NULL, NULL, NULL, NULL, NULL);
                dbus_connection_set_timeout_functions(connection->dbus, NULL, NULL, NULL, NULL, NULL);
                dbus_connection_unref(connection->dbus);
        }
        loop_fd_free(connection->source);
        loop_defer_free(connection->dispatch);
        free(connection);
        return NULL;
}

static unsigned watch_ready(const struct bus_connection *connection) {
        unsigned ready = 0;

        for (size_t i = 0; i < WATCHES_MAX; i++) {
                if (!connection->watches[i] || !dbus_watch_get_enabled(connection->watches[i]))
                        continue;
                unsigned flags = dbus_watch_get_flags(connection->watches[i]);

                ready |= flags & DBUS_WATCH_READABLE ? (unsigned)LOOP_IN : 0;
                ready |= flags & DBUS_WATCH_WRITABLE ? (unsigned)LOOP_OUT : 0;
        }
        return ready;
}

static bool is_heard(const struct bus_connection *connection) {
        return dbus_connection_get_outgoing_size(connection->dbus) < OUTGOING_MAX;
}

/* Calls that were put off for the sake of the answers before them. */
static void resume(struct bus_connection *connection) {
        if (connection->dispatch && is_heard(connection) &&
                dbus_connection_get_dispatch_status(connection->dbus) != DBUS_DISPATCH_COMPLETE)
                loop_defer_arm(connection->dispatch);
}

static void on_ready(struct loop_fd *source, int fd, unsigned ready, void *data) {
        struct bus_connection *connection = data;
        unsigned happened = 0;

        (void)source, (void)fd;
        happened |= ready & LOOP_IN ? (unsigned)DBUS_WATCH_READABLE : 0;
        happened |= ready & LOOP_OUT ? (unsigned)DBUS_WATCH_WRITABLE : 0;
        happened |= ready & LOOP_HANGUP ? (unsigned)DBUS_WATCH_HANGUP : 0;

        /* Handling one watch may remove or disable another, so each is looked at when its turn comes. */
        for (size_t i = 0; i < WATCHES_MAX; i++) {
                DBusWatch *watch = connection->watches[i];

                if (!watch || !dbus_watch_get_enabled(watch))
                        continue;
                unsigned flags = happened & (dbus_watch_get_flags(watch) | DBUS_WATCH_HANGUP);

                if (flags != 0)
                        bus_value_done(dbus_watch_handle(watch, flags));
        }
        resume(connection);
}

/* A source without interest would still report a hang-up, again and again: then there must be none. */
static int watch_sync(struct bus_connection *connection, int fd) {
        unsigned ready = watch_ready(connection);

        if (ready == 0) {
                connection->source = loop_fd_free(connection->source);
                return 0;
        }
        if (connection->source) {
                loop_fd_set(connection->source, ready);
                return 0;
        }
        return loop_fd_new(connection->loop, "D-Bus", fd, ready, on_ready, connection, &connection->source);
}

static dbus_bool_t add_watch(DBusWatch *watch, void *data) {
        struct bus_connection *connection = data;

        for (size_t i = 0; i < WATCHES_MAX; i++)
                if (!connection->watches[i]) {
                        connection->watches[i] = watch;
                        return watch_sync(connection, dbus_watch_get_unix_fd(watch)) >= 0;
                }
        return FALSE;
}

static void remove_watch(DBusWatch *watch, void *data) {
        struct bus_connection *connection = data;

        for (size_t i = 0; i < WATCHES_MAX; i++)
                if (connection->watches[i] == watch)
                        connection->watches[i] = NULL;
        watch_sync(connection, dbus_watch_get_unix_fd(watch));
}

static void toggle_watch(DBusWatch *watch, void *data) {
        watch_sync(data, dbus_watch_get_unix_fd(watch));
}

static uint64_t timeout_at(struct bus_connection *connection, DBusTimeout *timeout) {
        if (!dbus_timeout_get_enabled(timeout))
                return USEC_NEVER;
        return loop_now(connection->loop) + (uint64_t)dbus_timeout_get_interval(timeout) * USEC_PER_MSEC;
}

struct timeout {
        struct bus_connection *connection;
        DBusTimeout *dbus;
        struct loop_timer *timer;
};

static void on_timeout(struct loop_timer *timer, void *data) {
        struct timeout *timeout = data;

        /* First, because handling it may remove it; libdbus's timeouts repeat until then. */
        loop_timer_arm(timer, timeout_at(timeout->connection, timeout->dbus));
        dbus_timeout_handle(timeout->dbus);
}

static void timeout_free(void *memory) {
        struct timeout *timeout = memory;

        loop_timer_free(timeout->timer);
        free(timeout);
}

static dbus_bool_t add_timeout(DBusTimeout *dbus, void *data) {
        struct bus_connection *connection = data;
        struct timeout *timeout = calloc(1, sizeof(*timeout));

        if (!timeout)
                return FALSE;
        timeout->connection = connection;
        timeout->dbus = dbus;
        if (loop_timer_new(connection->loop, "D-Bus", timeout_at(connection, dbus), on_timeout, timeout,
                    &timeout->timer) < 0) {
                free(timeout);
                return FALSE;
        }
        dbus_timeout_set_data(dbus, timeout, timeout_free);
        return TRUE;
}

static void remove_timeout(DBusTimeout *dbus, void *data) {
        (void)data;
        dbus_timeout_set_data(dbus, NULL, NULL); /* frees the old one */
}

static void toggle_timeout(DBusTimeout *dbus, void *data) {
        struct timeout *timeout = dbus_timeout_get_data(dbus);

        loop_timer_arm(timeout->timer, timeout_at(data, dbus));
}

static void on_dispatch_status(DBusConnection *dbus, DBusDispatchStatus status, void *data) {
        struct bus_connection *connection = data;

        (void)dbus;
        if (status != DBUS_DISPATCH_COMPLETE)
                loop_defer_arm(connection->dispatch);
}

static void on_dispatch(struct loop_defer *source, void *data) {
        struct bus_connection *connection = data;

        (void)source;
        /* Some answers are long: a look at the loop's own clock would find that no time has passed. */
        uint64_t end_usec = clock_monotonic_usec() + DISPATCH_USEC;

        while (!connection->lost && is_heard(connection))
                if (dbus_connection_dispatch(connection->dbus) == DBUS_DISPATCH_COMPLETE ||
                        clock_monotonic_usec() >= end_usec)
                        break;
        if (connection->lost)
                connection->ops.on_lost(connection->data);
        else
                resume(connection);
}

static bool is_our_name_lost(DBusMessage *message) {
        const char *name = NULL;

        return dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameLost") &&
                dbus_message_has_sender(message, DBUS_SERVICE_DBUS) &&
                dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID) &&
                strcmp(name, BUS_NAME) == 0;
}

static DBusHandlerResult on_message(DBusConnection *dbus, DBusMessage *message, void *data) {
        struct bus_connection *connection = data;

        (void)dbus;
        if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected") ||
                is_our_name_lost(message)) {
                connection->lost = true;
                return DBUS_HANDLER_RESULT_HANDLED;
        }
        if (dbus_message_get_type(message) != DBUS_MESSAGE_TYPE_METHOD_CALL)
                return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
        connection->ops.on_call(message, connection->data);
        return DBUS_HANDLER_RESULT_HANDLED;
}

/* Not dbus_bus_request_name(): it would wait 25 s, and the executor does not wait that long for us. */
static int request_name(DBusConnection *dbus, struct problem *problem) {
        DBusMessage *call = bus_value_need(dbus_message_new_method_call(
                DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "RequestName"));
        const char *name = BUS_NAME;
        uint32_t flags = DBUS_NAME_FLAG_DO_NOT_QUEUE, answer = 0;
        DBusError error = DBUS_ERROR_INIT;

        bus_value_done(dbus_message_append_args(
                call, DBUS_TYPE_STRING, &name, DBUS_TYPE_UINT32, &flags, DBUS_TYPE_INVALID));
        DBusMessage *reply =
                dbus_connection_send_with_reply_and_block(dbus, call, OWN_NAME_TIMEOUT_MSEC, &error);

        dbus_message_unref(call);
        if (!reply) {
                problem_set(problem, "cannot own the D-Bus name %s: %s", name, error.message);
                dbus_error_free(&error);
                return -EACCES;
        }
        dbus_message_get_args(reply, NULL, DBUS_TYPE_UINT32, &answer, DBUS_TYPE_INVALID);
        dbus_message_unref(reply);
        if (answer == DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER)
                return 0;
        problem_set(problem, "cannot own the D-Bus name %s: another process has it", name);
        return -EBUSY;
}

int bus_connection_serve(struct bus_connection *connection, struct loop *loop,
        const struct bus_connection_ops *ops, void *data, struct problem *problem) {
        connection->loop = loop;
        connection->ops = *ops;
        connection->data = data;

        int r = loop_defer_new(loop, "D-Bus dispatch", on_dispatch, connection, &connection->dispatch);
        if (r < 0)
                return r;
        if (!dbus_connection_set_watch_functions(
                    connection->dbus, add_watch, remove_watch, toggle_watch, connection, NULL) ||
                !dbus_connection_set_timeout_functions(
                        connection->dbus, add_timeout, remove_timeout, toggle_timeout, connection, NULL) ||
                !dbus_connection_add_filter(connection->dbus, on_message, connection, NULL)) {
                problem_set(problem, "no memory to serve D-Bus");
                return -ENOMEM;
        }
        dbus_connection_set_dispatch_status_function(connection->dbus, on_dispatch_status, connection, NULL);
        r = request_name(connection->dbus, problem);
        if (r < 0)
                return r;
        loop_defer_arm(connection->dispatch); /* what came in before there was anybody to tell */
        return 0;
}

DBusConnection *bus_connection_dbus(const struct bus_connection *connection) {
        return connection->dbus;
}

gid_t bus_connection_admin_gid(const struct bus_connection *connection) {
        return connection->admin_gid;
}

bool bus_connection_is_session(const struct bus_connection *connection) {
        return connection->session;
}

void bus_connection_send_consume(struct bus_connection *connection, DBusMessage *message) {
        /* For an answer to a caller who left the bus would read all its service files, to start him again. */
        dbus_message_set_auto_start(message, FALSE);
        bus_value_done(dbus_connection_send(connection->dbus, message, NULL));
        dbus_message_unref(message);
        /* Sending may have emptied the queue at once, and then no watch tells of it. */
        resume(connection);
}
