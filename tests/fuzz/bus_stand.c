/* SPDX-License-Identifier: MIT */
/*
 * bus_stand - the bus without a connection: a fuzz driver hands calls in, and every answer is held to what is promised
 *
 * Linked to drivers with --wrap, which leads all that would be sent to this file.  The promises: every call is
 * answered once, by an error or by values of the types that introspection names; texts of strangers come back
 * without a control character; and a sensor is asked only for what spoolguard/queue.h allows.  libdbus is told to
 * abort when it is used wrongly.
 *
 * Owns: the bus and the time between begin and end.  Callers of Control count as checked.
 */
#include "bus_stand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "support/fake_engine.h"
#include "support/fake_queue.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_sender.h"

#define NAMES_MAX 16
#define SENDERS_MAX 64
#define USERS 3
#define TEXT_MAX 512
#define PAGE_MAX 1000u
#define LONGEST_WAIT_USEC (10 * USEC_PER_MINUTE)

/* A question whose call it is, until the next event. */
struct bus_sender {
        bus_sender_done *done; /* NULL: none */
        void *data;
};

static struct {
        struct bus bus;
        struct engine engine;
        struct fake_queue queue;
        size_t expected, answered;
        struct bus_sender senders[SENDERS_MAX];
} stand;

static void insist(bool holds) {
        if (!holds)
                abort();
}

static void check_texts(DBusMessageIter *iter) {
        for (int type; (type = dbus_message_iter_get_arg_type(iter)) != DBUS_TYPE_INVALID;
                dbus_message_iter_next(iter)) {
                DBusMessageIter inner;
                const char *text;

                if (type == DBUS_TYPE_STRING) {
                        dbus_message_iter_get_basic(iter, &text);
                        insist(text_is_clean(text));
                } else if (dbus_type_is_container(type)) {
                        dbus_message_iter_recurse(iter, &inner);
                        check_texts(&inner);
                }
        }
}

void __wrap_bus_connection_send_consume(struct bus_connection *connection, DBusMessage *message);
void __wrap_bus_connection_send_consume(struct bus_connection *connection, DBusMessage *message) {
        bool is_error = dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR;
        DBusMessageIter iter;

        (void)connection;
        stand.answered++;
        if (is_error || dbus_message_has_signature(message, "a(sau)") ||
                dbus_message_has_signature(message, "taa{sv}")) {
                insist(dbus_message_iter_init(message, &iter));
                check_texts(&iter);
        }
        dbus_message_unref(message);
}

int __wrap_bus_sender_ask(struct bus *bus, DBusMessage *call, bus_sender_done *done, void *data,
        struct bus_sender **ret_sender);
int __wrap_bus_sender_ask(struct bus *bus, DBusMessage *call, bus_sender_done *done, void *data,
        struct bus_sender **ret_sender) {
        size_t i = 0;

        (void)bus;
        if (!dbus_message_get_sender(call))
                return -EACCES;
        while (i < SENDERS_MAX && stand.senders[i].done)
                i++;
        insist(i < SENDERS_MAX);
        stand.senders[i] = (struct bus_sender){.done = done, .data = data};
        *ret_sender = &stand.senders[i];
        return 0;
}

struct bus_sender *__wrap_bus_sender_free(struct bus_sender *sender);
struct bus_sender *__wrap_bus_sender_free(struct bus_sender *sender) {
        if (sender)
                sender->done = NULL;
        return NULL;
}

bool __wrap_bus_connection_is_session(const struct bus_connection *connection);
bool __wrap_bus_connection_is_session(const struct bus_connection *connection) {
        (void)connection;
        return false;
}

static void senders_are_told(void) {
        for (size_t i = 0; i < SENDERS_MAX; i++)
                if (stand.senders[i].done)
                        stand.senders[i].done(true, (uint32_t)(i % USERS), stand.senders[i].data);
}

static void check_text(const char *text) {
        insist(!text || (text[0] && strlen(text) <= TEXT_MAX && dbus_validate_utf8(text, NULL)));
}

static int on_shape(
        void *data, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *done_data) {
        size_t n = 0;

        (void)data;
        check_text(shape->instance);
        for (; shape->queues[n]; n++)
                insist(shape->queues[n][0] && !strpbrk(shape->queues[n], " ,\t\n"));
        insist(n >= 1 && n <= NAMES_MAX);
        insist(shape->buckets >= 1 && shape->buckets <= SG_QUEUE_BUCKETS_MAX);
        insist(shape->bucket_minutes >= 1 && shape->limit <= SG_QUEUE_ROWS_MAX);
        return fake_queue_shape(&stand.queue, shape, done, done_data);
}

static int on_list(void *data, const struct sg_queue_filter *filter, uint64_t cursor, unsigned max,
        sg_queue_message_each *each, void *each_data, uint64_t *ret_cursor) {
        (void)data;
        check_text(filter->instance);
        check_text(filter->queue);
        check_text(filter->domain);
        check_text(filter->sender);
        check_text(filter->reason);
        check_text(filter->nexthop);
        insist(max >= 1 && max <= PAGE_MAX);
        return fake_queue_list(&stand.queue, filter, cursor, max, each, each_data, ret_cursor);
}

void bus_stand_begin(void) {
        setenv("DBUS_FATAL_WARNINGS", "1", 1);
        memset(&stand, 0, sizeof(stand));
        fake_engine_init(&stand.engine);
        stand.engine.leases[0] = (struct wire_lease){.lease = 3};
        stand.engine.n_leases = 1;
        stand.bus.engine = &stand.engine;
        stand.bus.ops.queue = (struct sg_queue_questions){.shape = on_shape, .list = on_list};
        insist(loop_new_sim(1, &stand.bus.loop) >= 0);
        insist(bus_queue_new(&stand.bus, &stand.bus.queue) >= 0);
        insist(bus_pending_list_new(&stand.bus.pending) >= 0);
}

void bus_stand_find(const char *path, struct bus_target *ret_target) {
        bus_object_find(&stand.bus, path, ret_target);
}

static const struct bus_method *method_of(DBusMessage *call) {
        const char *interface = dbus_message_get_interface(call), *member = dbus_message_get_member(call);
        struct bus_target target;

        bus_object_find(&stand.bus, dbus_message_get_path(call), &target);
        for (size_t i = 0; target.interfaces[i]; i++) {
                if (interface && strcmp(target.interfaces[i]->name, interface) != 0)
                        continue;
                for (const struct bus_method *row = target.interfaces[i]->methods; row && row->name; row++)
                        if (row->call && strcmp(row->name, member) == 0)
                                return row;
        }
        return NULL;
}

static void check_types(DBusMessage *call, DBusMessage *reply) {
        const struct bus_method *method = method_of(call);
        char types[64] = "";

        insist(method != NULL);
        for (const struct bus_argument *row = method->out; row && row->name; row++)
                strncat(types, row->type, sizeof(types) - strlen(types) - 1);
        insist(dbus_message_has_signature(reply, types));
}

void bus_stand_call(DBusMessage *call) {
        DBusMessage *reply = bus_object_call_checked(&stand.bus, call);

        stand.expected += !dbus_message_get_no_reply(call);
        if (!reply)
                return;
        insist(dbus_message_get_reply_serial(reply) == dbus_message_get_serial(call));
        if (dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_ERROR)
                check_types(call, reply);
        bus_reply_consume(&stand.bus, call, reply);
}

void bus_stand_happens(enum bus_stand_event event) {
        senders_are_told();
        if (event == BUS_STAND_TIME)
                insist(loop_sim_advance(stand.bus.loop, USEC_PER_MINUTE / 2) >= 0);
        else if (event == BUS_STAND_ANSWERS || event == BUS_STAND_STOPS)
                fake_queue_answer(&stand.queue, event == BUS_STAND_ANSWERS ? 0 : -ECANCELED);
}

void bus_stand_end(void) {
        senders_are_told();
        insist(loop_sim_advance(stand.bus.loop, LONGEST_WAIT_USEC) >= 0);
        insist(stand.answered == stand.expected);
        bus_pending_list_free(stand.bus.pending);
        bus_queue_free(stand.bus.queue);
        fake_queue_answer(&stand.queue, -ECANCELED);
        insist(stand.answered == stand.expected);
        loop_free(stand.bus.loop);
}
