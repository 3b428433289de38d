/* SPDX-License-Identifier: MIT */
/* bus_queue_support - QueueShape and QueueMessages called on a served bus, and their answers as text */
#ifndef TESTS_BUS_QUEUE_SUPPORT_H
#define TESTS_BUS_QUEUE_SUPPORT_H

#include "bus_support.h"

#include <inttypes.h>
#include <stdlib.h>

#define TEST_QUEUE(name) cmocka_unit_test_setup_teardown(name, setup_queue, teardown)

static inline int setup_queue(void **state) {
        if (setup(state) < 0)
                return -1;
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_QUEUE_PLUGIN);
        return 0;
}

/* "sender=b1 buckets=u3 instance=sout" as an a{sv}; the letter is the type. */
static inline void append_options(DBusMessageIter *iter, const char *options) {
        char text[512], *rest = NULL;
        DBusMessageIter dict, entry, variant;

        snprintf(text, sizeof(text), "%s", options);
        dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
        for (char *key = strtok_r(text, " ", &rest); key; key = strtok_r(NULL, " ", &rest)) {
                char *value = strchr(key, '=');

                *value++ = '\0';
                const char type[2] = {*value++, '\0'};
                dbus_uint64_t number = strtoull(value, NULL, 10);
                dbus_uint32_t narrow = (dbus_uint32_t)number;
                dbus_bool_t truth = number != 0;

                dbus_message_iter_open_container(&dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
                dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
                dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, type, &variant);
                dbus_message_iter_append_basic(&variant, type[0],
                        type[0] == 's'           ? (const void *)&value
                                : type[0] == 'b' ? (const void *)&truth
                                : type[0] == 'u' ? (const void *)&narrow
                                                 : (const void *)&number);
                dbus_message_iter_close_container(&entry, &variant);
                dbus_message_iter_close_container(&dict, &entry);
        }
        dbus_message_iter_close_container(iter, &dict);
}

static inline DBusPendingCall *begin_on(
        DBusConnection *connection, const char *queue, uint32_t limit, const char *options) {
        DBusMessage *call = dbus_message_new_method_call("org.spoolguard1", ROOT, MANAGER, "QueueShape");
        DBusPendingCall *pending = NULL;
        DBusMessageIter iter;

        dbus_message_iter_init_append(call, &iter);
        dbus_message_iter_append_basic(&iter, DBUS_TYPE_STRING, &queue);
        dbus_message_iter_append_basic(&iter, DBUS_TYPE_UINT32, &limit);
        append_options(&iter, options);
        assert_true(dbus_connection_send_with_reply(connection, call, &pending, 10000));
        dbus_connection_flush(connection);
        dbus_message_unref(call);
        return pending;
}

static inline DBusMessage *shape(
        struct fixture *fixture, const char *queue, uint32_t limit, const char *options) {
        return bus_client_end(&fixture->client, begin_on(fixture->client.connection, queue, limit, options));
}

static inline DBusMessage *messages(
        struct fixture *fixture, uint64_t cursor, uint32_t max, const char *filter) {
        DBusMessage *call = dbus_message_new_method_call("org.spoolguard1", ROOT, MANAGER, "QueueMessages");
        DBusPendingCall *pending = NULL;
        DBusMessageIter iter;

        dbus_message_iter_init_append(call, &iter);
        dbus_message_iter_append_basic(&iter, DBUS_TYPE_UINT64, &cursor);
        dbus_message_iter_append_basic(&iter, DBUS_TYPE_UINT32, &max);
        append_options(&iter, filter);
        assert_true(dbus_connection_send_with_reply(fixture->client.connection, call, &pending, 10000));
        dbus_message_unref(call);
        return bus_client_end(&fixture->client, pending);
}

static inline void assert_is_reply(DBusMessage *reply) {
        if (dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN)
                fail_msg("%s", dbus_message_get_error_name(reply));
}

/* Row by row "DOMAIN 6: 1 2 3\n". */
static inline void read_table(DBusMessage *reply, char *text, size_t size) {
        DBusMessageIter iter, array, row, counts;

        assert_is_reply(reply);
        assert_string_equal(dbus_message_get_signature(reply), "a(sau)");
        text[0] = '\0';
        dbus_message_iter_init(reply, &iter);
        dbus_message_iter_recurse(&iter, &array);
        for (; dbus_message_iter_get_arg_type(&array) == DBUS_TYPE_STRUCT; dbus_message_iter_next(&array)) {
                const char *domain;
                const dbus_uint32_t *numbers;
                int n;

                dbus_message_iter_recurse(&array, &row);
                dbus_message_iter_get_basic(&row, &domain);
                dbus_message_iter_next(&row);
                dbus_message_iter_recurse(&row, &counts);
                dbus_message_iter_get_fixed_array(&counts, (void *)&numbers, &n);
                for (int i = 0; i <= n; i++) {
                        size_t used = strlen(text);

                        if (i == 0)
                                snprintf(text + used, size - used, "%s", domain);
                        else
                                snprintf(text + used, size - used, i == 2 ? ": %u" : " %u", numbers[i - 1]);
                }
                strncat(text, "\n", size - strlen(text) - 1);
        }
        dbus_message_unref(reply);
}

static inline void assert_asked(
        struct fixture *fixture, const char *queue, uint32_t limit, const char *options, const char *asked) {
        char table[1024];

        read_table(shape(fixture, queue, limit, options), table, sizeof(table));
        if (strncmp(table, asked, strlen(asked)) != 0 || table[strlen(asked)] != ' ')
                fail_msg("'%s' was understood as '%s'", asked, table);
}

static inline size_t print_value(DBusMessageIter *value, char *text, size_t size) {
        int type = dbus_message_iter_get_arg_type(value);
        DBusMessageIter array;
        DBusBasicValue basic;
        size_t used;

        if (type == DBUS_TYPE_ARRAY) {
                used = (size_t)snprintf(text, size, "as");
                dbus_message_iter_recurse(value, &array);
                for (; dbus_message_iter_get_arg_type(&array) == DBUS_TYPE_STRING;
                        dbus_message_iter_next(&array)) {
                        dbus_message_iter_get_basic(&array, &basic);
                        used += (size_t)snprintf(text + used, size - used, " %s", basic.str);
                }
                return used;
        }
        dbus_message_iter_get_basic(value, &basic);
        if (type == DBUS_TYPE_STRING)
                return (size_t)snprintf(text, size, "s %s", basic.str);
        return (size_t)snprintf(text, size, "%c %" PRIu64, type,
                type == DBUS_TYPE_UINT64            ? basic.u64
                        : type == DBUS_TYPE_BOOLEAN ? (uint64_t)basic.bool_val
                                                    : (uint64_t)basic.u32);
}

/* Message by message "Key TYPE VALUE, ...\n"; returns the cursor. */
static inline uint64_t read_messages(DBusMessage *reply, char *text, size_t size) {
        DBusMessageIter iter, array, dict, entry, value;
        uint64_t next;
        size_t used = 0;

        assert_is_reply(reply);
        assert_string_equal(dbus_message_get_signature(reply), "taa{sv}");
        text[0] = '\0';
        dbus_message_iter_init(reply, &iter);
        dbus_message_iter_get_basic(&iter, &next);
        dbus_message_iter_next(&iter);
        dbus_message_iter_recurse(&iter, &array);
        for (; dbus_message_iter_get_arg_type(&array) == DBUS_TYPE_ARRAY; dbus_message_iter_next(&array)) {
                dbus_message_iter_recurse(&array, &dict);
                for (bool first = true; dbus_message_iter_get_arg_type(&dict) == DBUS_TYPE_DICT_ENTRY;
                        dbus_message_iter_next(&dict), first = false) {
                        const char *key;

                        dbus_message_iter_recurse(&dict, &entry);
                        dbus_message_iter_get_basic(&entry, &key);
                        dbus_message_iter_next(&entry);
                        dbus_message_iter_recurse(&entry, &value);
                        used += (size_t)snprintf(text + used, size - used, "%s%s ", first ? "" : ", ", key);
                        used += print_value(&value, text + used, size - used);
                }
                used += (size_t)snprintf(text + used, size - used, "\n");
        }
        dbus_message_unref(reply);
        return next;
}

#endif
