/* SPDX-License-Identifier: MIT */
/*
 * test_bus - objects, properties and signals as a client of a real bus sees them
 *
 * A forked process serves a fake engine on a private dbus-daemon and plays scenes (bus_support.h).
 */
#include "bus_support.h"

#include <math.h>
#include <unistd.h>

static void manager_tells_the_state_of_the_whole(void **state) {
        struct fixture *fixture = *state;
        char text[512];

        bus_client_get_text(&fixture->client, ROOT, MANAGER, "Mode", text);
        assert_string_equal(text, "enforce");
        bus_client_get_text(&fixture->client, ROOT, MANAGER, "State", text);
        assert_string_equal(text, "ok");
        bus_client_get_text(&fixture->client, ROOT, MANAGER, "StateText", text);
        assert_string_equal(text, "nothing is wrong");
}

static void getall_has_the_properties_of_the_contract_with_their_types(void **state) {
        static const struct {
                const char *path, *interface, *names, *types;
        } cases[] = {
                {ROOT, MANAGER, "Version Mode State StateText MaintenanceUntilUSec ActiveConditions",
                        "s s s s t as"},
                {CONDITION, "org.spoolguard1.Condition",
                        "Name State Labels Value TripLevel ClearLevel SinceUSec Playbooks",
                        "s s a{ss} d d d t as"},
                {ROOT "/playbook/vacuum_2djournal", "org.spoolguard1.Playbook",
                        "Name Summary Mode State Runs WouldHaveRun LastRunUSec", "s s s s t t t"},
                {ROOT "/incident/7", "org.spoolguard1.Incident",
                        "Title Diagnosis SinceUSec ClosedUSec Conditions Actions", "s s t t as aa{sv}"},
                {ROOT "/run/3", "org.spoolguard1.Run", "Playbook State WaitingFor DeadlineUSec", "s s s t"},
                {ROOT "/lease/3", "org.spoolguard1.Lease",
                        "Verb Reason Owner Count SinceUSec ExpiresUSec UntilClear", "s s s t t t s"},
        };
        struct fixture *fixture = *state;
        const char *playbook = "vacuum-journal";
        dbus_bool_t dry = TRUE;

        served_bus_play(&fixture->served, SCENE_TRIP);
        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        DBusPendingCall *run = bus_client_begin(&fixture->client, ROOT, "org.spoolguard1.Control",
                "RunPlaybook", DBUS_TYPE_STRING, &playbook, DBUS_TYPE_BOOLEAN, &dry, DBUS_TYPE_INVALID);

        /* Two turns: the caller is checked first. */
        settle(fixture);
        settle(fixture);
        served_bus_play(&fixture->served, SCENE_RUN_ADMITTED);
        dbus_message_unref(bus_client_end(&fixture->client, run));

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char names[512], types[128], *name_at, *type_at;

                strcpy(names, cases[i].names);
                strcpy(types, cases[i].types);
                const char *name = strtok_r(names, " ", &name_at);
                const char *type = strtok_r(types, " ", &type_at);

                for (; name; name = strtok_r(NULL, " ", &name_at), type = strtok_r(NULL, " ", &type_at)) {
                        DBusMessageIter value;
                        DBusMessage *reply = bus_client_get(
                                &fixture->client, cases[i].path, cases[i].interface, name, &value);

                        if (dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN)
                                fail_msg("%s of %s: %s", name, cases[i].path,
                                        dbus_message_get_error_name(reply));
                        char *signature = dbus_message_iter_get_signature(&value);

                        assert_string_equal(signature, type);
                        dbus_free(signature);
                        dbus_message_unref(reply);
                }
        }
}

static void a_condition_has_the_words_of_its_sensor(void **state) {
        struct fixture *fixture = *state;
        DBusMessageIter value;
        const char *text;
        DBusMessage *reply =
                bus_client_get(&fixture->client, CONDITION, "org.spoolguard1.Condition", "Evidence", &value);

        dbus_message_iter_get_basic(&value, &text);
        assert_string_equal(text, "42 of 100 blocks are in use");
        dbus_message_unref(reply);
}

static void readings_come_with_labels_and_missing_ones_as_nan(void **state) {
        struct fixture *fixture = *state;
        DBusMessage *reply =
                bus_client_call(&fixture->client, ROOT, MANAGER, "GetReadings", DBUS_TYPE_INVALID);
        DBusMessageIter iter, array, row;
        double value;

        assert_true(dbus_message_has_signature(reply, "a(sa{ss}dt)"));
        dbus_message_iter_init(reply, &iter);
        assert_int_equal(dbus_message_iter_get_element_count(&iter), 2);
        dbus_message_iter_recurse(&iter, &array);
        for (int i = 0; i < 2; i++) {
                dbus_message_iter_recurse(&array, &row);
                dbus_message_iter_next(&row);
                dbus_message_iter_next(&row);
                dbus_message_iter_get_basic(&row, &value);
                assert_true(i == 0 ? value > 0.41 && value < 0.43 : isnan(value));
                dbus_message_iter_next(&array);
        }
        dbus_message_unref(reply);
}

static void ten_changes_in_one_turn_are_one_signal(void **state) {
        struct fixture *fixture = *state;
        DBusMessageIter iter, dict, entry, variant;
        const char *name;
        double value;

        served_bus_play(&fixture->served, SCENE_FLUTTER);
        DBusMessage *signal = bus_client_signal(&fixture->client, "PropertiesChanged", CONDITION);

        assert_non_null(signal);
        settle(fixture);
        assert_int_equal(bus_client_count(&fixture->client, "PropertiesChanged", NULL), 1);

        dbus_message_iter_init(signal, &iter);
        dbus_message_iter_next(&iter);
        assert_int_equal(dbus_message_iter_get_element_count(&iter), 1);
        dbus_message_iter_recurse(&iter, &dict);
        dbus_message_iter_recurse(&dict, &entry);
        dbus_message_iter_get_basic(&entry, &name);
        assert_string_equal(name, "Value");
        dbus_message_iter_next(&entry);
        dbus_message_iter_recurse(&entry, &variant);
        dbus_message_iter_get_basic(&variant, &value);
        assert_true(value > 0.589 && value < 0.591);
}

static void an_event_that_changes_nothing_is_not_told(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_FLUTTER);
        assert_non_null(bus_client_signal(&fixture->client, "PropertiesChanged", CONDITION));
        bus_client_forget(&fixture->client);
        served_bus_play(&fixture->served, SCENE_FLUTTER); /* ends with the value it has */
        settle(fixture);
        assert_int_equal(bus_client_count(&fixture->client, "PropertiesChanged", NULL), 0);
}

static void an_incident_is_there_before_it_is_announced(void **state) {
        struct fixture *fixture = *state;
        const char *path = NULL;
        size_t added = SIZE_MAX, opened = SIZE_MAX;

        served_bus_play(&fixture->served, SCENE_TRIP);
        DBusMessage *signal = bus_client_signal(&fixture->client, "IncidentOpened", ROOT);

        assert_non_null(signal);
        assert_true(dbus_message_get_args(signal, NULL, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID));
        assert_string_equal(path, ROOT "/incident/7");
        for (size_t i = 0; i < fixture->client.n_signals; i++) {
                const char *member = dbus_message_get_member(fixture->client.signals[i]);

                if (strcmp(member, "InterfacesAdded") == 0)
                        added = i;
                else if (strcmp(member, "IncidentOpened") == 0)
                        opened = i;
        }
        assert_true(added < opened);
        assert_non_null(bus_client_signal(&fixture->client, "ActionStarted", ROOT));
        assert_non_null(bus_client_signal(&fixture->client, "PropertiesChanged", ROOT));
}

static void actions_of_an_incident_are_told_and_invalidated(void **state) {
        struct fixture *fixture = *state;
        dbus_uint64_t action;
        DBusMessageIter iter, invalidated;
        const char *name = "";

        served_bus_play(&fixture->served, SCENE_TRIP);
        assert_non_null(bus_client_signal(&fixture->client, "IncidentOpened", ROOT));
        bus_client_forget(&fixture->client);
        served_bus_play(&fixture->served, SCENE_HEAL);
        DBusMessage *finished = bus_client_signal(&fixture->client, "ActionFinished", ROOT);

        assert_non_null(finished);
        assert_true(dbus_message_has_signature(finished, "ta{sv}"));
        dbus_message_iter_init(finished, &iter);
        dbus_message_iter_get_basic(&iter, &action);
        assert_int_equal(action, 1);
        assert_non_null(bus_client_signal(&fixture->client, "IncidentClosed", ROOT));

        DBusMessage *changed = bus_client_signal(&fixture->client, "PropertiesChanged", ROOT "/incident/7");

        assert_non_null(changed);
        dbus_message_iter_init(changed, &iter);
        dbus_message_iter_next(&iter);
        dbus_message_iter_next(&iter);
        dbus_message_iter_recurse(&iter, &invalidated);
        dbus_message_iter_get_basic(&invalidated, &name);
        assert_string_equal(name, "Actions");
}

static void escalation_is_a_signal_and_a_property(void **state) {
        struct fixture *fixture = *state;
        DBusMessageIter value;
        const char *reason = "";
        dbus_bool_t escalated = FALSE;

        served_bus_play(&fixture->served, SCENE_TRIP);
        served_bus_play(&fixture->served, SCENE_ESCALATE);
        DBusMessage *signal = bus_client_signal(&fixture->client, "Escalated", ROOT);

        assert_non_null(signal);
        assert_true(dbus_message_has_signature(signal, "sa{sv}"));
        dbus_message_iter_init(signal, &value);
        dbus_message_iter_get_basic(&value, &reason);
        assert_string_equal(reason, "not-cleared");
        DBusMessage *reply = bus_client_get(
                &fixture->client, ROOT "/incident/7", "org.spoolguard1.Incident", "Escalated", &value);

        dbus_message_iter_get_basic(&value, &escalated);
        assert_true(escalated);
        dbus_message_unref(reply);
}

static void a_condition_with_a_hostile_label_comes_and_goes(void **state) {
        static const char path[] = ROOT "/condition/disk_2dspace_2dhigh_5f_2fsrv_2fa_20b_22_3c_26_3e";
        struct fixture *fixture = *state;
        const char *got = NULL;
        char text[512];

        served_bus_play(&fixture->served, SCENE_CONDITION_COMES);
        DBusMessage *signal = bus_client_signal(&fixture->client, "InterfacesAdded", ROOT);
        DBusMessageIter iter;

        assert_non_null(signal);
        dbus_message_iter_init(signal, &iter);
        dbus_message_iter_get_basic(&iter, &got);
        assert_string_equal(got, path);
        bus_client_get_text(&fixture->client, path, "org.spoolguard1.Condition", "Name", text);
        assert_string_equal(text, "disk-space-high_/srv/a b\"<&>");

        served_bus_play(&fixture->served, SCENE_CONDITION_GOES);
        signal = bus_client_signal(&fixture->client, "InterfacesRemoved", ROOT);
        assert_non_null(signal);
        dbus_message_iter_init(signal, &iter);
        dbus_message_iter_get_basic(&iter, &got);
        assert_string_equal(got, path);
        DBusMessage *reply =
                bus_client_get(&fixture->client, path, "org.spoolguard1.Condition", "Name", &iter);

        assert_string_equal(dbus_message_get_error_name(reply), DBUS_ERROR_UNKNOWN_OBJECT);
        dbus_message_unref(reply);
}

static void managed_objects_are_those_of_the_engine(void **state) {
        struct fixture *fixture = *state;
        DBusMessageIter iter, objects, entry;
        size_t n = 0;

        served_bus_play(&fixture->served, SCENE_TRIP);
        DBusMessage *reply = bus_client_call(
                &fixture->client, ROOT, OBJECT_MANAGER, "GetManagedObjects", DBUS_TYPE_INVALID);

        assert_true(dbus_message_has_signature(reply, "a{oa{sa{sv}}}"));
        dbus_message_iter_init(reply, &iter);
        dbus_message_iter_recurse(&iter, &objects);
        for (; dbus_message_iter_get_arg_type(&objects) != DBUS_TYPE_INVALID;
                dbus_message_iter_next(&objects), n++) {
                const char *path;

                dbus_message_iter_recurse(&objects, &entry);
                dbus_message_iter_get_basic(&entry, &path);
                assert_true(strcmp(path, CONDITION) == 0 || strcmp(path, ROOT "/incident/7") == 0 ||
                        strcmp(path, ROOT "/playbook/vacuum_2djournal") == 0);
        }
        assert_int_equal(n, 3);
        dbus_message_unref(reply);
}

static void every_node_can_be_found_by_introspection(void **state) {
        static const struct {
                const char *path, *has;
        } cases[] = {
                {"/", "<node name=\"org\"/>"},
                {"/org", "<node name=\"spoolguard1\"/>"},
                {ROOT, "<node name=\"condition\"/>"},
                {ROOT, "<interface name=\"org.spoolguard1.Control\">"},
                {ROOT "/condition", "<node name=\"disk_2dspace_2dhigh_5f_2fvar_2flog\"/>"},
                {CONDITION, "<interface name=\"org.spoolguard1.Condition\">"},
                {CONDITION, "<interface name=\"org.freedesktop.DBus.Properties\">"},
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                DBusMessage *reply = bus_client_call(&fixture->client, cases[i].path,
                        DBUS_INTERFACE_INTROSPECTABLE, "Introspect", DBUS_TYPE_INVALID);
                const char *xml = "";

                assert_true(dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &xml, DBUS_TYPE_INVALID));
                if (!strstr(xml, cases[i].has))
                        fail_msg("%s has no %s: %s", cases[i].path, cases[i].has, xml);
                dbus_message_unref(reply);
        }
}

static void wrong_calls_get_the_standard_errors(void **state) {
        static const struct {
                const char *path, *interface, *member, *error;
        } cases[] = {
                {ROOT, MANAGER, "Nothing", DBUS_ERROR_UNKNOWN_METHOD},
                {ROOT, NULL, "Nothing", DBUS_ERROR_UNKNOWN_METHOD},
                {ROOT, "org.example.Nothing", "GetReadings", DBUS_ERROR_UNKNOWN_INTERFACE},
                {ROOT "/condition", MANAGER, "GetReadings", DBUS_ERROR_UNKNOWN_INTERFACE},
                {ROOT "/condition/nothing", MANAGER, "GetReadings", DBUS_ERROR_UNKNOWN_OBJECT},
                {ROOT "/lease", MANAGER, "GetReadings", DBUS_ERROR_UNKNOWN_INTERFACE},
                {ROOT "/lease/1", MANAGER, "GetReadings", DBUS_ERROR_UNKNOWN_OBJECT},
                {ROOT "/incident/0", MANAGER, "GetReadings", DBUS_ERROR_UNKNOWN_OBJECT},
                {"/elsewhere", MANAGER, "GetReadings", DBUS_ERROR_UNKNOWN_OBJECT},
                {ROOT, DBUS_INTERFACE_PROPERTIES, "Get", DBUS_ERROR_INVALID_ARGS},
                {ROOT, MANAGER, "QueueShape", DBUS_ERROR_INVALID_ARGS},
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                DBusMessage *reply = bus_client_call(&fixture->client, cases[i].path, cases[i].interface,
                        cases[i].member, DBUS_TYPE_INVALID);

                assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_ERROR);
                assert_string_equal(dbus_message_get_error_name(reply), cases[i].error);
                dbus_message_unref(reply);
        }
}

static void texts_that_are_no_utf8_are_escaped(void **state) {
        struct fixture *fixture = *state;
        char text[512];

        served_bus_play(&fixture->served, SCENE_NOT_UTF8);
        bus_client_get_text(&fixture->client, ROOT, MANAGER, "StateText", text);
        assert_string_equal(text, "broken \\xff\\xfe text");
        assert_non_null(bus_client_signal(&fixture->client, "PropertiesChanged", ROOT));
}

static void configuration_is_shown_without_what_may_be_secret(void **state) {
        struct fixture *fixture = *state;
        DBusMessage *reply = bus_client_call(&fixture->client, ROOT, MANAGER, "GetConfig", DBUS_TYPE_INVALID);
        DBusMessageIter iter, array, row;
        const char *key, *value, *origin;
        size_t n = 0;

        assert_true(dbus_message_has_signature(reply, "a(sss)"));
        dbus_message_iter_init(reply, &iter);
        dbus_message_iter_recurse(&iter, &array);
        for (; dbus_message_iter_get_arg_type(&array) != DBUS_TYPE_INVALID;
                dbus_message_iter_next(&array), n++) {
                dbus_message_iter_recurse(&array, &row);
                dbus_message_iter_get_basic(&row, &key);
                dbus_message_iter_next(&row);
                dbus_message_iter_get_basic(&row, &value);
                dbus_message_iter_next(&row);
                dbus_message_iter_get_basic(&row, &origin);
                assert_null(strstr(value, "hunter2"));
                if (strcmp(key, "mode") == 0)
                        assert_string_equal(origin, "/etc/spoolguard/spoolguard.lua:3");
        }
        assert_int_equal(n, 3);
        dbus_message_unref(reply);
}

static void export_hands_out_a_readable_descriptor(void **state) {
        struct fixture *fixture = *state;
        DBusMessage *reply = bus_client_call(&fixture->client, ROOT, MANAGER, "Export", DBUS_TYPE_INVALID);
        char bytes[4];
        int fd = -1;

        assert_true(dbus_message_get_args(reply, NULL, DBUS_TYPE_UNIX_FD, &fd, DBUS_TYPE_INVALID));
        assert_int_equal(read(fd, bytes, sizeof(bytes)), sizeof(bytes));
        assert_memory_equal(bytes, "SG1 ", 4);
        close(fd);
        dbus_message_unref(reply);
}

static void queue_shape_says_that_nobody_provides_it(void **state) {
        struct fixture *fixture = *state;
        DBusMessage *call = dbus_message_new_method_call("org.spoolguard1", ROOT, MANAGER, "QueueShape");
        DBusMessageIter iter, dict;
        const char *queue = "deferred";
        uint32_t limit = 10;
        DBusError error = DBUS_ERROR_INIT;

        dbus_message_iter_init_append(call, &iter);
        dbus_message_iter_append_basic(&iter, DBUS_TYPE_STRING, &queue);
        dbus_message_iter_append_basic(&iter, DBUS_TYPE_UINT32, &limit);
        dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
        dbus_message_iter_close_container(&iter, &dict);
        assert_null(
                dbus_connection_send_with_reply_and_block(fixture->client.connection, call, 5000, &error));
        assert_string_equal(error.name, "org.spoolguard1.Error.NotAvailable");
        dbus_error_free(&error);
        dbus_message_unref(call);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(manager_tells_the_state_of_the_whole),
                TEST(getall_has_the_properties_of_the_contract_with_their_types),
                TEST(a_condition_has_the_words_of_its_sensor),
                TEST(readings_come_with_labels_and_missing_ones_as_nan),
                TEST(ten_changes_in_one_turn_are_one_signal),
                TEST(an_event_that_changes_nothing_is_not_told),
                TEST(an_incident_is_there_before_it_is_announced),
                TEST(actions_of_an_incident_are_told_and_invalidated),
                TEST(escalation_is_a_signal_and_a_property),
                TEST(a_condition_with_a_hostile_label_comes_and_goes),
                TEST(managed_objects_are_those_of_the_engine),
                TEST(every_node_can_be_found_by_introspection),
                TEST(wrong_calls_get_the_standard_errors),
                TEST(texts_that_are_no_utf8_are_escaped),
                TEST(configuration_is_shown_without_what_may_be_secret),
                TEST(export_hands_out_a_readable_descriptor),
                TEST(queue_shape_says_that_nobody_provides_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
