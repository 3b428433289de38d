/* SPDX-License-Identifier: MIT */
/*
 * test_bus_queue_time - questions about the queue that nobody answers, on simulated time
 *
 * There is no bus: calls are handed over as they come from one, and the linker leads what would be sent to this file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "support/fake_queue.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_sender.h"

struct fixture {
        struct bus bus;
        struct fake_queue queue;
};

static char sent[4096]; /* names of what was sent, in order */
static enum { ASKER_HERE, ASKER_GONE, ASKER_UNTOLD } asker;

void __wrap_bus_connection_send_consume(struct bus_connection *connection, DBusMessage *message);
void __wrap_bus_connection_send_consume(struct bus_connection *connection, DBusMessage *message) {
        const char *name = dbus_message_get_error_name(message);

        (void)connection;
        strncat(sent, name ? strrchr(name, '.') + 1 : "table", sizeof(sent) - strlen(sent) - 1);
        strncat(sent, " ", sizeof(sent) - strlen(sent) - 1);
        dbus_message_unref(message);
}

bool __wrap_bus_connection_is_session(const struct bus_connection *connection);
bool __wrap_bus_connection_is_session(const struct bus_connection *connection) {
        (void)connection;
        return false;
}

int __wrap_bus_sender_ask(struct bus *bus, DBusMessage *call, bus_sender_done *done, void *data,
        struct bus_sender **ret_sender);
int __wrap_bus_sender_ask(struct bus *bus, DBusMessage *call, bus_sender_done *done, void *data,
        struct bus_sender **ret_sender) {
        const char *name = dbus_message_get_sender(call);

        (void)bus, (void)ret_sender;
        /* ":UID.N" */
        if (asker == ASKER_GONE)
                done(false, BUS_SENDER_UNKNOWN, data);
        else if (asker == ASKER_HERE)
                done(true, (uint32_t)strtoul(name + 1, NULL, 10), data);
        return 0;
}

static int on_shape(
        void *data, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *done_data) {
        struct fixture *fixture = data;

        return fake_queue_shape(&fixture->queue, shape, done, done_data);
}

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        sent[0] = '\0';
        asker = ASKER_HERE;
        if (!fixture || loop_new_sim(1, &fixture->bus.loop) < 0 ||
                bus_queue_new(&fixture->bus, &fixture->bus.queue) < 0)
                return -1;
        fixture->bus.ops.queue.shape = on_shape;
        fixture->bus.data = fixture;
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        bus_queue_free(fixture->bus.queue);
        fake_queue_answer(&fixture->queue, -ECANCELED);
        loop_free(fixture->bus.loop);
        free(fixture);
        return 0;
}

/* What is sent at once goes to `sent` as well. */
static void ask(struct fixture *fixture, const char *sender, const char *queue) {
        DBusMessage *call =
                dbus_message_new_method_call(BUS_NAME, BUS_ROOT, BUS_NAME ".Manager", "QueueShape");
        DBusMessageIter iter, dict;
        dbus_uint32_t limit = 0;

        dbus_message_append_args(call, DBUS_TYPE_STRING, &queue, DBUS_TYPE_UINT32, &limit, DBUS_TYPE_INVALID);
        dbus_message_iter_init_append(call, &iter);
        dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
        dbus_message_iter_close_container(&iter, &dict);
        dbus_message_set_sender(call, sender);
        dbus_message_set_serial(call, 1);
        DBusMessage *reply = bus_queue_shape(&fixture->bus, NULL, call);

        if (reply)
                bus_reply_consume(&fixture->bus, call, reply);
        dbus_message_unref(call);
}

static void advance(struct fixture *fixture, uint64_t usec) {
        assert_return_code(loop_sim_advance(fixture->bus.loop, usec), 0);
}

static void who_is_not_answered_hears_of_it_after_twenty_seconds(void **state) {
        struct fixture *fixture = *state;

        ask(fixture, ":1.1", "later");
        advance(fixture, 5 * USEC_PER_SEC);
        ask(fixture, ":1.2", "later");
        advance(fixture, 15 * USEC_PER_SEC - 1);
        assert_string_equal(sent, "");
        advance(fixture, 1);
        assert_string_equal(sent, "Timeout ");
        /* Only the other one is still waiting for it. */
        fake_queue_answer(&fixture->queue, 0);
        assert_string_equal(sent, "Timeout table ");
        advance(fixture, USEC_PER_MINUTE);
        assert_string_equal(sent, "Timeout table ");
}

static void an_answer_ends_the_waiting(void **state) {
        struct fixture *fixture = *state;

        ask(fixture, ":1.1", "later");
        fake_queue_answer(&fixture->queue, 0);
        ask(fixture, ":1.1", "deferred");
        ask(fixture, ":1.1", "nosuch");
        advance(fixture, USEC_PER_MINUTE);
        assert_string_equal(sent, "table table InvalidArgs ");
}

static void a_question_keeps_its_place_until_it_is_answered(void **state) {
        struct fixture *fixture = *state;

        for (int i = 0; i < 5; i++)
                ask(fixture, ":0.1", "later");
        assert_string_equal(sent, "LimitsExceeded ");
        advance(fixture, USEC_PER_MINUTE);
        assert_string_equal(sent, "LimitsExceeded Timeout Timeout Timeout Timeout ");
        sent[0] = '\0';
        /* Nobody waits, so the caller may ask again; the sensor still works on the first four of sixteen. */
        for (int i = 0; i < 12; i++) {
                ask(fixture, ":0.1", "later");
                if (i % 4 == 3)
                        advance(fixture, USEC_PER_MINUTE);
        }
        assert_null(strstr(sent, "LimitsExceeded"));
        sent[0] = '\0';
        ask(fixture, ":0.1", "deferred");
        assert_string_equal(sent, "LimitsExceeded ");
        fake_queue_answer(&fixture->queue, -EAGAIN);
        ask(fixture, ":0.1", "deferred");
        assert_string_equal(sent, "LimitsExceeded table ");
}

static void one_user_has_half_of_the_places_and_root_the_rest(void **state) {
        static const char *const callers[] = {":65534.1", ":65534.2", ":65534.3"};
        struct fixture *fixture = *state;

        for (int i = 0; i < 8; i++)
                ask(fixture, callers[i / 4], "later");
        assert_string_equal(sent, "");
        ask(fixture, callers[2], "deferred");
        assert_string_equal(sent, "LimitsExceeded ");
        ask(fixture, ":7.1", "deferred");
        assert_string_equal(sent, "LimitsExceeded table ");
        for (int i = 0; i < 8; i++)
                ask(fixture, i < 4 ? ":0.1" : ":0.2", "later");
        ask(fixture, ":0.3", "deferred");
        assert_string_equal(sent, "LimitsExceeded table LimitsExceeded ");
}

static void nothing_is_asked_for_a_caller_who_hung_up(void **state) {
        struct fixture *fixture = *state;

        asker = ASKER_GONE;
        for (int i = 0; i < 100; i++)
                ask(fixture, ":65534.1", "later");
        assert_string_equal(sent, "");
        assert_int_equal(fixture->queue.n_owed, 0);
        asker = ASKER_HERE;
        ask(fixture, ":65534.1", "deferred");
        advance(fixture, USEC_PER_MINUTE);
        assert_string_equal(sent, "table ");
}

static void a_bus_that_does_not_say_who_asks_is_waited_for_as_long(void **state) {
        struct fixture *fixture = *state;
        char sender[32];

        asker = ASKER_UNTOLD;
        for (int i = 0; i < 49; i++) {
                snprintf(sender, sizeof(sender), ":1.%d", i);
                ask(fixture, sender, "later");
        }
        assert_string_equal(sent, "LimitsExceeded ");
        assert_int_equal(fixture->queue.n_owed, 0);
        advance(fixture, 20 * USEC_PER_SEC);
        asker = ASKER_HERE;
        sent[0] = '\0';
        ask(fixture, ":1.1", "deferred");
        assert_string_equal(sent, "table ");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        who_is_not_answered_hears_of_it_after_twenty_seconds, setup, teardown),
                cmocka_unit_test_setup_teardown(an_answer_ends_the_waiting, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_question_keeps_its_place_until_it_is_answered, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        one_user_has_half_of_the_places_and_root_the_rest, setup, teardown),
                cmocka_unit_test_setup_teardown(nothing_is_asked_for_a_caller_who_hung_up, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_bus_that_does_not_say_who_asks_is_waited_for_as_long, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
