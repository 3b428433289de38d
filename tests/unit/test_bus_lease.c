/* SPDX-License-Identifier: MIT */
/*
 * test_bus_lease - leases as objects, and how they are given back
 *
 * Lease 3 of the served engine holds 2,034 messages of example.test; scenes renew it, let it lapse and end it.
 */
#include "bus_support.h"

#include <stdlib.h>

#define LEASE ROOT "/lease/3"
#define INTERFACE "org.spoolguard1.Lease"

static DBusPendingCall *begin_return(struct fixture *fixture, const char *path) {
        DBusPendingCall *pending = bus_client_begin(&fixture->client, ROOT, CONTROL, "ReturnLease",
                DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID);

        reach_engine(fixture);
        return pending;
}

static uint64_t get_number(struct fixture *fixture, const char *property) {
        DBusMessageIter value;
        DBusMessage *reply = bus_client_get(&fixture->client, LEASE, INTERFACE, property, &value);
        uint64_t number = 0;

        assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_METHOD_RETURN);
        dbus_message_iter_get_basic(&value, &number);
        dbus_message_unref(reply);
        return number;
}

static void assert_path(DBusMessage *signal, const char *path) {
        DBusMessageIter iter;
        const char *got = "";

        assert_non_null(signal);
        dbus_message_iter_init(signal, &iter);
        dbus_message_iter_get_basic(&iter, &got);
        assert_string_equal(got, path);
}

static void a_lease_comes_and_goes_with_its_object(void **state) {
        struct fixture *fixture = *state;
        DBusMessageIter value;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        assert_path(bus_client_signal(&fixture->client, "InterfacesAdded", ROOT), LEASE);
        served_bus_play(&fixture->served, SCENE_LEASE_GOES);
        assert_path(bus_client_signal(&fixture->client, "InterfacesRemoved", ROOT), LEASE);
        DBusMessage *reply = bus_client_get(&fixture->client, LEASE, INTERFACE, "Verb", &value);

        assert_string_equal(dbus_message_get_error_name(reply), DBUS_ERROR_UNKNOWN_OBJECT);
        dbus_message_unref(reply);
}

static void it_says_what_is_held_and_why_and_until_when(void **state) {
        static const char *const texts[][2] = {
                {"Verb", "postfix.postpone"},
                {"Owner", "pause-deferred"},
                {"UntilClear", "next-hop-down_example.test"},
                {"State", "in-force"},
                {"Reason", "no address of example.test answers, and its retries fill /var/log"},
        };
        struct fixture *fixture = *state;
        char text[512];

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                bus_client_get_text(&fixture->client, LEASE, INTERFACE, texts[i][0], text);
                assert_string_equal(text, texts[i][1]);
        }
        assert_int_equal(get_number(fixture, "Id"), 3);
        assert_int_equal(get_number(fixture, "Count"), 2034);
        assert_int_equal(get_number(fixture, "Incident"), 7);
        assert_int_equal(
                get_number(fixture, "ExpiresUSec") - get_number(fixture, "SinceUSec"), UINT64_C(1020000000));
        assert_true(get_number(fixture, "LimitUSec") > get_number(fixture, "ExpiresUSec"));
}

static void its_arguments_are_a_dictionary(void **state) {
        struct fixture *fixture = *state;
        DBusMessageIter value, dict, entry;
        const char *name = "", *text = "";

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        DBusMessage *reply = bus_client_get(&fixture->client, LEASE, INTERFACE, "Arguments", &value);

        assert_int_equal(dbus_message_iter_get_element_count(&value), 2);
        dbus_message_iter_recurse(&value, &dict);
        dbus_message_iter_next(&dict);
        dbus_message_iter_recurse(&dict, &entry);
        dbus_message_iter_get_basic(&entry, &name);
        dbus_message_iter_next(&entry);
        dbus_message_iter_get_basic(&entry, &text);
        assert_string_equal(name, "nexthop");
        assert_string_equal(text, "example.test");
        dbus_message_unref(reply);
}

/* Names of what a PropertiesChanged carries, in their order, each with a blank behind it. */
static void changed_names(DBusMessage *signal, char *names) {
        DBusMessageIter iter, dict, entry;
        const char *name;

        names[0] = '\0';
        dbus_message_iter_init(signal, &iter);
        dbus_message_iter_next(&iter);
        dbus_message_iter_recurse(&iter, &dict);
        for (; dbus_message_iter_get_arg_type(&dict) != DBUS_TYPE_INVALID; dbus_message_iter_next(&dict)) {
                dbus_message_iter_recurse(&dict, &entry);
                dbus_message_iter_get_basic(&entry, &name);
                strcat(strcat(names, name), " ");
        }
}

static void a_renewal_tells_count_and_end_and_nothing_else(void **state) {
        struct fixture *fixture = *state;
        char names[512];

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        settle(fixture);
        bus_client_forget(&fixture->client);
        served_bus_play(&fixture->served, SCENE_LEASE_RENEWED);
        changed_names(bus_client_signal(&fixture->client, "PropertiesChanged", LEASE), names);
        assert_string_equal(names, "Count ExpiresUSec ");
        assert_int_equal(get_number(fixture, "Count"), 2101);
        settle(fixture);
        assert_int_equal(bus_client_count(&fixture->client, "PropertiesChanged", NULL), 1);
}

static void a_lapse_is_a_change_of_state(void **state) {
        struct fixture *fixture = *state;
        char names[512], text[512];

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        settle(fixture);
        bus_client_forget(&fixture->client);
        served_bus_play(&fixture->served, SCENE_LEASE_LAPSES);
        changed_names(bus_client_signal(&fixture->client, "PropertiesChanged", LEASE), names);
        assert_string_equal(names, "State ");
        bus_client_get_text(&fixture->client, LEASE, INTERFACE, "State", text);
        assert_string_equal(text, "lapsed");
}

static void a_return_is_answered_with_the_words_of_the_executor(void **state) {
        struct fixture *fixture = *state;
        const char *words = "";
        char text[512];

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        DBusPendingCall *pending = begin_return(fixture, LEASE);

        assert_false(dbus_pending_call_get_completed(pending));
        served_bus_play(&fixture->served, SCENE_LOWER_YES);
        DBusMessage *reply = bus_client_end(&fixture->client, pending);

        assert_true(dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &words, DBUS_TYPE_INVALID));
        assert_string_equal(words, "the 2,034 postponed messages are retried over the next 5 minutes");
        dbus_message_unref(reply);
        bus_client_get_text(&fixture->client, LEASE, INTERFACE, "State", text);
        assert_string_equal(text, "ending");
}

static void a_return_that_the_executor_refuses_says_why(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        DBusPendingCall *pending = begin_return(fixture, LEASE);

        served_bus_play(&fixture->served, SCENE_LOWER_NO);
        assert_error(bus_client_end(&fixture->client, pending), ERROR("Refused"), "being taken back already");
}

static void only_a_lease_can_be_returned(void **state) {
        static const char *const paths[] = {
                ROOT "/lease/1", ROOT "/lease/03", ROOT "/lease", ROOT, CONDITION, "/", ROOT "/lease/3/3"};
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
                assert_error(bus_client_call(&fixture->client, ROOT, CONTROL, "ReturnLease",
                                     DBUS_TYPE_OBJECT_PATH, &paths[i], DBUS_TYPE_INVALID),
                        ERROR("NoSuchLease"), paths[i]);
        served_bus_play(&fixture->served, SCENE_LEASE_GOES);
        const char *gone = LEASE;

        assert_error(bus_client_call(&fixture->client, ROOT, CONTROL, "ReturnLease", DBUS_TYPE_OBJECT_PATH,
                             &gone, DBUS_TYPE_INVALID),
                ERROR("NoSuchLease"), "lease/3");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_lease_comes_and_goes_with_its_object),
                TEST(it_says_what_is_held_and_why_and_until_when),
                TEST(its_arguments_are_a_dictionary),
                TEST(a_renewal_tells_count_and_end_and_nothing_else),
                TEST(a_lapse_is_a_change_of_state),
                TEST(a_return_is_answered_with_the_words_of_the_executor),
                TEST(a_return_that_the_executor_refuses_says_why),
                TEST(only_a_lease_can_be_returned),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
