/* SPDX-License-Identifier: MIT */
/* test_ctl_client - D-Bus values as JSON, names in it, and quantities for people */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dbus/dbus.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/bus_json.h"
#include "ctl/client.h"
#include "ctl/print.h"

static void assert_json(json_t *json, const char *expected) {
        char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

        assert_string_equal(text, expected);
        free(text);
        json_decref(json);
}

static void basic_values_keep_their_kind(void **state) {
        DBusMessage *message = dbus_message_new_signal("/a", "a.b", "C");
        const char *text = "x\"y\x1b", *path = "/a/b";
        dbus_bool_t yes = TRUE;
        int32_t negative = -7;
        uint64_t huge = UINT64_MAX;
        unsigned char byte = 255;

        (void)state;
        dbus_message_append_args(message, DBUS_TYPE_STRING, &text, DBUS_TYPE_OBJECT_PATH, &path,
                DBUS_TYPE_BOOLEAN, &yes, DBUS_TYPE_INT32, &negative, DBUS_TYPE_UINT64, &huge, DBUS_TYPE_BYTE,
                &byte, DBUS_TYPE_INVALID);
        assert_json(
                bus_json_arguments(message), "[\"x\\\"y\\u001B\",\"/a/b\",true,-7,9223372036854775807,255]");
        dbus_message_unref(message);
}

static void missing_and_endless_values_are_not_zero(void **state) {
        DBusMessage *message = dbus_message_new_signal("/a", "a.b", "C");
        double missing = NAN, endless = INFINITY, real = 0.25;

        (void)state;
        dbus_message_append_args(message, DBUS_TYPE_DOUBLE, &missing, DBUS_TYPE_DOUBLE, &endless,
                DBUS_TYPE_DOUBLE, &real, DBUS_TYPE_INVALID);
        assert_json(bus_json_arguments(message), "[null,\"inf\",0.25]");
        dbus_message_unref(message);
}

static void dictionaries_are_objects_and_variants_are_looked_through(void **state) {
        DBusMessage *message = dbus_message_new_signal("/a", "a.b", "C");
        DBusMessageIter iter, dict, entry, variant, inner;
        const char *key = "key", *text = "value";

        (void)state;
        dbus_message_iter_init_append(message, &iter);
        dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
        dbus_message_iter_open_container(&dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
        dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, "(ss)", &variant);
        dbus_message_iter_open_container(&variant, DBUS_TYPE_STRUCT, NULL, &inner);
        dbus_message_iter_append_basic(&inner, DBUS_TYPE_STRING, &text);
        dbus_message_iter_append_basic(&inner, DBUS_TYPE_STRING, &key);
        dbus_message_iter_close_container(&variant, &inner);
        dbus_message_iter_close_container(&entry, &variant);
        dbus_message_iter_close_container(&dict, &entry);
        dbus_message_iter_close_container(&iter, &dict);
        assert_json(bus_json_arguments(message), "[{\"key\":[\"value\",\"key\"]}]");
        dbus_message_unref(message);
}

static void names_in_json_are_in_snake_case(void **state) {
        json_t *object = json_pack(
                "{s:i,s:i,s:i,s:i}", "SinceUSec", 1, "TripLevel", 2, "MaintenanceUntilUSec", 3, "Id", 4);

        (void)state;
        assert_json(client_snake(object),
                "{\"id\":4,\"maintenance_until_usec\":3,\"since_usec\":1,\"trip_level\":2}");
        json_decref(object);
}

static void members_of_the_wrong_type_are_empty(void **state) {
        json_t *object = json_pack("{s:i,s:s,s:n}", "number", 5, "text", "x", "nothing");

        (void)state;
        assert_string_equal(client_text(object, "number"), "");
        assert_string_equal(client_text(object, "absent"), "");
        assert_int_equal(client_u64(object, "text"), 0);
        assert_true(isnan(client_double(object, "nothing")));
        assert_false(client_bool(object, "number"));
        json_decref(object);
}

static void values_are_written_as_their_readings_say(void **state) {
        static const struct {
                const char *reading;
                double value;
                const char *text;
        } cases[] = {
                {"disk_used_ratio", 0.912, "91.2%"},
                {"disk_used_ratio", NAN, "missing"},
                {"journal_bytes", 1610612736, "1.5G"},
                {"disk_full_seconds", INFINITY, "never"},
                {"disk_full_seconds", 90, "1m 30s"},
                {"queue_messages", 80444, "80,444"},
                {"queue_messages", 1234567, "1,234,567"},
                {"queue_messages", 100, "100"},
                {"queue_messages", 0.5, "0.5"},
                {"journal_bytes", -1, "-1"},
                {"journal_bytes", 1e300, "1e+300"},
        };
        char text[PRINT_VALUE_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                assert_string_equal(print_value(cases[i].reading, cases[i].value, text), cases[i].text);
}

static void distances_tell_past_from_future(void **state) {
        uint64_t now = clock_realtime_usec();
        char text[PRINT_VALUE_MAX];

        (void)state;
        assert_string_equal(print_distance(0, text), "-");
        assert_string_equal(print_distance(now - 2 * USEC_PER_HOUR, text), "2h ago");
        assert_non_null(strstr(print_distance(now + 2 * USEC_PER_HOUR + USEC_PER_SEC / 2, text), "in 2h"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(basic_values_keep_their_kind),
                cmocka_unit_test(missing_and_endless_values_are_not_zero),
                cmocka_unit_test(dictionaries_are_objects_and_variants_are_looked_through),
                cmocka_unit_test(names_in_json_are_in_snake_case),
                cmocka_unit_test(members_of_the_wrong_type_are_empty),
                cmocka_unit_test(values_are_written_as_their_readings_say),
                cmocka_unit_test(distances_tell_past_from_future),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
