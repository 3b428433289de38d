/* SPDX-License-Identifier: MIT */
/* test_bus_queue_shape - tables of QueueShape as a client of a real bus sees them, and who may wait for one */
#include "bus_queue_support.h"

static void a_table_has_a_total_and_a_count_per_bucket_for_each_domain(void **state) {
        struct fixture *fixture = *state;
        char table[1024];

        read_table(shape(fixture, "deferred", 0, "buckets=u3"), table, sizeof(table));
        assert_string_equal(table,
                "TOTAL 6: 1 2 3\nexample.org 6: 1 2 3\na.example.com 6: 1 2 3\nb.example.com 6: 1 2 3\n"
                "c.example.com 6: 1 2 3\nd.example.com 6: 1 2 3\nmx.e.example.com 6: 1 2 3\n"
                "a-name-that-is-too-long-for-its-column.example.net 6: 1 2 3\nlocal 6: 1 2 3\n");
}

static void what_is_asked_reaches_the_sensor(void **state) {
        struct fixture *fixture = *state;

        assert_asked(fixture, "echo", 0, "", "echo of all, recipients, doubling, 10 buckets of 5, limit 0");
        assert_asked(fixture, ",echo,deferred hold ,", 20,
                "sender=b1 linear=b1 buckets=u64 minutes=u1000000 instance=sout",
                "echo deferred hold of out, senders, linear, 64 buckets of 1000000, limit 20");
        assert_asked(fixture, "echo", 0, "arrived_since_usec=t1766620800000000",
                "echo of all, recipients, doubling, 10 buckets of 5, limit 0, since 1766620800000000");
        assert_asked(fixture, "echo", 10000, "sender=b0 linear=b0 buckets=u1 minutes=u1",
                "echo of all, recipients, doubling, 1 buckets of 1, limit 10000");
}

static void no_name_at_all_is_incoming_and_active(void **state) {
        struct fixture *fixture = *state;
        char incoming[1024], nothing[1024];

        read_table(shape(fixture, "incoming active", 0, ""), incoming, sizeof(incoming));
        read_table(shape(fixture, "", 0, ""), nothing, sizeof(nothing));
        assert_string_equal(nothing, incoming);
        read_table(shape(fixture, " , ", 0, ""), nothing, sizeof(nothing));
        assert_string_equal(nothing, incoming);
}

static void an_answer_may_come_later(void **state) {
        struct fixture *fixture = *state;
        char table[1024];
        DBusPendingCall *first = begin_on(fixture->client.connection, "later", 0, "buckets=u2");
        DBusPendingCall *second = begin_on(fixture->client.connection, "later", 0, "buckets=u3");

        reach_engine(fixture);
        assert_false(dbus_pending_call_get_completed(first));
        served_bus_play(&fixture->served, SCENE_QUEUE_ANSWERS);
        read_table(bus_client_end(&fixture->client, first), table, sizeof(table));
        assert_non_null(strstr(table, "TOTAL 3: 1 2\n"));
        read_table(bus_client_end(&fixture->client, second), table, sizeof(table));
        assert_non_null(strstr(table, "TOTAL 6: 1 2 3\n"));
}

static void a_sensor_that_goes_says_so_to_all_who_wait(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *first = begin_on(fixture->client.connection, "later", 0, "");
        DBusPendingCall *second = begin_on(fixture->client.connection, "later", 0, "");

        reach_engine(fixture);
        served_bus_play(&fixture->served, SCENE_QUEUE_STOPS);
        assert_error(bus_client_end(&fixture->client, first), ERROR("NotAvailable"), "has been stopped");
        assert_error(bus_client_end(&fixture->client, second), ERROR("NotAvailable"), "has been stopped");
}

static void a_caller_has_four_questions_and_all_have_sixteen(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *waiting[16];
        DBusConnection *callers[4];

        for (size_t i = 0; i < 4; i++)
                callers[i] = i == 0 ? fixture->client.connection : served_bus_connect(&fixture->served);
        for (size_t i = 0; i < 16; i++) {
                waiting[i] = begin_on(callers[i / 4], "later", 0, "");
                if (i == 3)
                        assert_error(shape(fixture, "later", 0, ""), DBUS_ERROR_LIMITS_EXCEEDED,
                                "too many questions");
        }
        /* All of them have arrived when the last one's has. */
        for (size_t i = 1; i < 4; i++) {
                DBusMessage *ping =
                        dbus_message_new_method_call("org.spoolguard1", ROOT, DBUS_INTERFACE_PEER, "Ping");

                dbus_message_unref(dbus_connection_send_with_reply_and_block(callers[i], ping, 5000, NULL));
                dbus_message_unref(ping);
        }
        DBusConnection *fifth = served_bus_connect(&fixture->served);
        DBusPendingCall *refused = begin_on(fifth, "deferred", 0, "");

        assert_error(
                bus_client_end(&fixture->client, refused), DBUS_ERROR_LIMITS_EXCEEDED, "too many questions");
        reach_engine(fixture);
        served_bus_play(&fixture->served, SCENE_QUEUE_ANSWERS);
        for (size_t i = 0; i < 16; i++) {
                DBusMessage *reply = bus_client_end(&fixture->client, waiting[i]);

                assert_is_reply(reply);
                dbus_message_unref(reply);
        }
        for (size_t i = 1; i < 4; i++) {
                dbus_connection_close(callers[i]);
                dbus_connection_unref(callers[i]);
        }
        dbus_connection_close(fifth);
        dbus_connection_unref(fifth);
        assert_asked(fixture, "echo", 0, "", "echo of all, recipients, doubling, 10 buckets of 5, limit 0");
}

static void a_caller_that_is_gone_by_then_harms_nobody(void **state) {
        struct fixture *fixture = *state;
        DBusConnection *caller = served_bus_connect(&fixture->served);
        DBusPendingCall *waiting = begin_on(caller, "later", 0, "");

        reach_engine(fixture);
        dbus_pending_call_cancel(waiting);
        dbus_pending_call_unref(waiting);
        dbus_connection_close(caller);
        dbus_connection_unref(caller);
        reach_engine(fixture);
        served_bus_play(&fixture->served, SCENE_QUEUE_ANSWERS);
        assert_asked(fixture, "echo", 0, "", "echo of all, recipients, doubling, 10 buckets of 5, limit 0");
}

/* What is owed is answered after the bus was freed: ASan looks on, and the exit status is in teardown. */
static void a_bus_may_go_before_its_answers(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *waiting = begin_on(fixture->client.connection, "later", 0, "");

        reach_engine(fixture);
        dbus_pending_call_cancel(waiting);
        dbus_pending_call_unref(waiting);
}

static void hostile_names_arrive_escaped(void **state) {
        struct fixture *fixture = *state;
        char table[4096];

        read_table(shape(fixture, "hostile", 0, "buckets=u1"), table, sizeof(table));
        assert_ptr_equal(strstr(table,
                                 "TOTAL 1: 1\n\\xff\\xfe 1: 1\na\\x1b[2Jb.example 1: 1\ntab\\x09here 1: 1\n"
                                 "moc.\\xe2\\x80\\xaeelpmaxe 1: 1\n\\xc2\\x9b31m 1: 1\n"
                                 "quote\".back\\slash 1: 1\nabcdefghi.abcdefghi."),
                table);
        assert_true(strlen(table) > 1000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST_QUEUE(a_table_has_a_total_and_a_count_per_bucket_for_each_domain),
                TEST_QUEUE(what_is_asked_reaches_the_sensor),
                TEST_QUEUE(no_name_at_all_is_incoming_and_active),
                TEST_QUEUE(an_answer_may_come_later),
                TEST_QUEUE(a_sensor_that_goes_says_so_to_all_who_wait),
                TEST_QUEUE(a_caller_has_four_questions_and_all_have_sixteen),
                TEST_QUEUE(a_caller_that_is_gone_by_then_harms_nobody),
                TEST_QUEUE(a_bus_may_go_before_its_answers),
                TEST_QUEUE(hostile_names_arrive_escaped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
