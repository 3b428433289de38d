/* SPDX-License-Identifier: MIT */
/*
 * test_bus_queue - QueueShape and QueueMessages as a client of a real bus sees them
 *
 * A forked process serves them from a fake sensor (fake_queue.h), which answers at once, later or never, as the name
 * of the queue says.
 */
#include "bus_support.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"

#define FULL                                                                                               \
        "Instance s -, Queue s deferred, Id s 3F2A91C04D, ArrivalUSec t 1766620800000000, "                \
        "CreatedUSec t 1766617200000000, RetryUSec t 1766624400000000, SizeBytes t 4321, Recipients u 3, " \
        "Sender s <>, Domains as a.example.com b.example.com, NextHops as [mx.example.com]:25, "           \
        "Reason s timeout, Status s 4.4.1, Complete b 1, Postponed b 1, DuplicateRisk b 1"

static int setup_queue(void **state) {
        if (setup(state) < 0)
                return -1;
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_QUEUE_PLUGIN);
        return 0;
}

/* "sender=b1 buckets=u3 instance=sout" as an a{sv}; the letter is the type. */
static void append_options(DBusMessageIter *iter, const char *options) {
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

static DBusPendingCall *begin_on(
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

static DBusMessage *shape(struct fixture *fixture, const char *queue, uint32_t limit, const char *options) {
        return bus_client_end(&fixture->client, begin_on(fixture->client.connection, queue, limit, options));
}

static DBusMessage *messages(struct fixture *fixture, uint64_t cursor, uint32_t max, const char *filter) {
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

static void assert_is_reply(DBusMessage *reply) {
        if (dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN)
                fail_msg("%s", dbus_message_get_error_name(reply));
}

/* Row by row "DOMAIN 6: 1 2 3\n". */
static void read_table(DBusMessage *reply, char *text, size_t size) {
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

static void assert_asked(
        struct fixture *fixture, const char *queue, uint32_t limit, const char *options, const char *asked) {
        char table[1024];

        read_table(shape(fixture, queue, limit, options), table, sizeof(table));
        if (strncmp(table, asked, strlen(asked)) != 0 || table[strlen(asked)] != ' ')
                fail_msg("'%s' was understood as '%s'", asked, table);
}

static void without_a_plugin_nobody_tells_the_queue(void **state) {
        struct fixture *fixture = *state;

        assert_error(shape(fixture, "deferred", 0, ""), ERROR("NotAvailable"), "no plugin");
        assert_error(messages(fixture, 0, 10, ""), ERROR("NotAvailable"), "no plugin");
}

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

static void a_wrong_argument_is_named_with_what_is_allowed(void **state) {
        static const struct {
                const char *queue;
                uint32_t limit;
                const char *options, *says;
        } cases[] = {
                {"deferred", 0, "colour=sred",
                        "'colour' is not known here, only sender, linear, buckets, minutes, instance"},
                {"deferred", 0, "a\x1b=sred", "'a\\x1b' is not known"},
                {"deferred", 0, "sender=u1", "'sender' must be a truth value (b)"},
                {"deferred", 0, "linear=syes", "'linear' must be a truth value (b)"},
                {"deferred", 0, "buckets=t10", "'buckets' must be a number (u)"},
                {"deferred", 0, "buckets=u0", "'buckets' must be 1 to 64"},
                {"deferred", 0, "buckets=u65", "'buckets' must be 1 to 64"},
                {"deferred", 0, "minutes=u0", "'minutes' must be 1 to 1000000"},
                {"deferred", 0, "minutes=u1000001", "'minutes' must be 1 to 1000000"},
                {"deferred", 0, "instance=u1", "'instance' must be a text (s)"},
                {"deferred", 0, "instance=s", "'instance' must be a text of 1 to 512 bytes"},
                {"deferred", 0, "instance=snosuch", "no such instance"},
                {"deferred", 10001, "", "'limit' must be at most 10000"},
                {"nosuch", 0, "", "no such queue"},
                {"a b c d e f g h i j k l m n o p q", 0, "", "'queue' must be at most 16 names"},
        };
        struct fixture *fixture = *state;
        char long_name[600];

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                assert_error(shape(fixture, cases[i].queue, cases[i].limit, cases[i].options),
                        DBUS_ERROR_INVALID_ARGS, cases[i].says);
        memset(long_name, 'x', sizeof(long_name) - 1);
        long_name[sizeof(long_name) - 1] = '\0';
        assert_error(shape(fixture, long_name, 0, ""), DBUS_ERROR_INVALID_ARGS, "'queue' must be at most");
}

static void a_wrong_filter_is_named_with_what_is_allowed(void **state) {
        static const struct {
                uint32_t max;
                const char *filter, *says;
        } cases[] = {
                {0, "", "'max' must be 1 to 1000"},
                {1001, "", "'max' must be 1 to 1000"},
                {1, "recipient=sx",
                        "'recipient' is not known here, only instance, queue, domain, sender, reason"},
                {1, "domain=s", "'domain' must be a text of 1 to 512 bytes"},
                {1, "older_than_usec=u5", "'older_than_usec' must be a number (t)"},
                {1, "older_than_usec=t0", "'older_than_usec' must be 1 to"},
                {1, "sender=b1", "'sender' must be a text (s)"},
                {1, "queue=snosuch", "no such queue"},
                {1, "instance=snosuch", "no such instance"},
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                assert_error(messages(fixture, 0, cases[i].max, cases[i].filter), DBUS_ERROR_INVALID_ARGS,
                        cases[i].says);
}

static void append_something(DBusMessageIter *iter, const char *type) {
        DBusBasicValue value = {0};
        DBusMessageIter inner;

        if (type[0] == 'a') {
                dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, type + 1, &inner);
        } else if (type[0] == 'v') {
                dbus_message_iter_open_container(iter, DBUS_TYPE_VARIANT, "u", &inner);
                dbus_message_iter_append_basic(&inner, DBUS_TYPE_UINT32, &value);
        } else if (type[0] == '(') {
                dbus_message_iter_open_container(iter, DBUS_TYPE_STRUCT, NULL, &inner);
                append_something(&inner, type + 1);
                if (type[1] == 's')
                        append_something(&inner, "au");
        } else {
                value.str = type[0] == 'o' ? "/" : type[0] == 'g' || type[0] == 's' ? "u" : NULL;
                dbus_message_iter_append_basic(iter, type[0], &value);
                return;
        }
        dbus_message_iter_close_container(iter, &inner);
}

/* Containers, one in the other and empty, where a plain value belongs. */
static void a_value_of_any_other_type_is_refused(void **state) {
        static const char *const types[] = {
                "as", "a{sv}", "aa{sv}", "v", "(u)", "(sau)", "ay", "d", "o", "g", "y", "n"};
        static const char *const keys[] = {"sender", "linear", "buckets", "minutes", "instance"};
        struct fixture *fixture = *state;
        const char *queue = "deferred";
        dbus_uint32_t limit = 0;

        for (size_t i = 0; i < 5 * sizeof(types) / sizeof(types[0]); i++) {
                const char *type = types[i / 5], *key = keys[i % 5];
                DBusMessage *call =
                        dbus_message_new_method_call("org.spoolguard1", ROOT, MANAGER, "QueueShape");
                DBusPendingCall *pending = NULL;
                DBusMessageIter iter, dict, entry, variant;

                dbus_message_append_args(
                        call, DBUS_TYPE_STRING, &queue, DBUS_TYPE_UINT32, &limit, DBUS_TYPE_INVALID);
                dbus_message_iter_init_append(call, &iter);
                dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
                dbus_message_iter_open_container(&dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
                dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
                dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, type, &variant);
                append_something(&variant, type);
                dbus_message_iter_close_container(&entry, &variant);
                dbus_message_iter_close_container(&dict, &entry);
                dbus_message_iter_close_container(&iter, &dict);
                assert_true(
                        dbus_connection_send_with_reply(fixture->client.connection, call, &pending, 5000));
                dbus_message_unref(call);
                assert_error(bus_client_end(&fixture->client, pending), DBUS_ERROR_INVALID_ARGS, key);
        }
}

static void what_the_sensor_cannot_tell_has_its_own_error(void **state) {
        static const struct {
                const char *queue, *name, *says;
        } cases[] = {
                {"unread", ERROR("NotAvailable"), "not everything was read yet"},
                {"toolate", ERROR("NotAvailable"), "not everything was read yet"},
                {"busy", DBUS_ERROR_LIMITS_EXCEEDED, "too many questions"},
                {"broken", ERROR("NotAvailable"), "Input/output error"},
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char filter[64];

                snprintf(filter, sizeof(filter), "queue=s%s", cases[i].queue);
                assert_error(shape(fixture, cases[i].queue, 0, ""), cases[i].name, cases[i].says);
                assert_error(messages(fixture, 0, 10, filter), cases[i].name, cases[i].says);
        }
}

static void an_answer_may_come_later(void **state) {
        struct fixture *fixture = *state;
        char table[1024];
        DBusPendingCall *first = begin_on(fixture->client.connection, "later", 0, "buckets=u2");
        DBusPendingCall *second = begin_on(fixture->client.connection, "later", 0, "buckets=u3");

        settle(fixture);
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

        settle(fixture);
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

        settle(fixture);
        dbus_pending_call_cancel(waiting);
        dbus_pending_call_unref(waiting);
        dbus_connection_close(caller);
        dbus_connection_unref(caller);
        settle(fixture);
        served_bus_play(&fixture->served, SCENE_QUEUE_ANSWERS);
        assert_asked(fixture, "echo", 0, "", "echo of all, recipients, doubling, 10 buckets of 5, limit 0");
}

/* What is owed is answered after the bus was freed: ASan looks on, and the exit status is in teardown. */
static void a_bus_may_go_before_its_answers(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *waiting = begin_on(fixture->client.connection, "later", 0, "");

        settle(fixture);
        dbus_pending_call_cancel(waiting);
        dbus_pending_call_unref(waiting);
}

static void hostile_names_arrive_escaped(void **state) {
        struct fixture *fixture = *state;
        char table[1024];

        read_table(shape(fixture, "hostile", 0, "buckets=u1"), table, sizeof(table));
        assert_string_equal(
                table, "TOTAL 1: 1\n\\xff\\xfe 1: 1\na\\x1b[2Jb.example 1: 1\ntab\\x09here 1: 1\n");
}

static size_t print_value(DBusMessageIter *value, char *text, size_t size) {
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
static uint64_t read_messages(DBusMessage *reply, char *text, size_t size) {
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

static void a_message_has_what_is_known_of_it_and_nothing_else(void **state) {
        struct fixture *fixture = *state;
        char text[4096];

        assert_int_equal(read_messages(messages(fixture, 0, 1000, ""), text, sizeof(text)), 0);
        assert_string_equal(text,
                FULL "\n"
                     "Instance s -, Queue s incoming, Id s 4abcDEFghiJz, SizeBytes t 0, "
                     "Complete b 0, Postponed b 0, DuplicateRisk b 0\n");
}

static void the_filter_reaches_the_sensor(void **state) {
        struct fixture *fixture = *state;
        char text[1024];

        read_messages(messages(fixture, 0, 1000, "queue=secho"), text, sizeof(text));
        assert_non_null(
                strstr(text, "Id s of all, to all, from all, for all reasons, by all, older than 0,"));
        read_messages(messages(fixture, 0, 1000,
                              "queue=secho instance=sout domain=sd.example sender=s<> reason=stls "
                              "nexthop=s[h]:25 older_than_usec=t18446744073709551615"),
                text, sizeof(text));
        assert_non_null(strstr(text,
                "Id s of out, to d.example, from <>, tls, by [h]:25, older than 18446744073709551615,"));
}

static void hostile_texts_of_messages_arrive_escaped(void **state) {
        struct fixture *fixture = *state;
        char text[1024];

        read_messages(messages(fixture, 0, 10, "queue=shostile"), text, sizeof(text));
        assert_non_null(strstr(text, "Sender s new\\x0aline, Domains as a\\x1b[2J \\xff, "));
}

static void pages_follow_each_other_to_the_end(void **state) {
        static char page[1 << 20];
        struct fixture *fixture = *state;
        uint64_t cursor = 0;
        size_t seen = 0;

        do {
                cursor = read_messages(messages(fixture, cursor, 7 + (uint32_t)(seen % 994), "queue=smany"),
                        page, sizeof(page));
                for (const char *at = page; (at = strstr(at, "Id s M")); at += 6)
                        assert_int_equal(strtoul(at + 6, NULL, 10), seen++);
        } while (cursor != 0);
        assert_int_equal(seen, 2500);
        read_messages(messages(fixture, 0, 7, "queue=smany"), page, sizeof(page));
        assert_null(strstr(page, "M0007"));
}

int main(void) {
#define TEST_QUEUE(name) cmocka_unit_test_setup_teardown(name, setup_queue, teardown)
        const struct CMUnitTest tests[] = {
                TEST(without_a_plugin_nobody_tells_the_queue),
                TEST_QUEUE(a_table_has_a_total_and_a_count_per_bucket_for_each_domain),
                TEST_QUEUE(what_is_asked_reaches_the_sensor),
                TEST_QUEUE(no_name_at_all_is_incoming_and_active),
                TEST_QUEUE(a_wrong_argument_is_named_with_what_is_allowed),
                TEST_QUEUE(a_wrong_filter_is_named_with_what_is_allowed),
                TEST_QUEUE(a_value_of_any_other_type_is_refused),
                TEST_QUEUE(what_the_sensor_cannot_tell_has_its_own_error),
                TEST_QUEUE(an_answer_may_come_later),
                TEST_QUEUE(a_sensor_that_goes_says_so_to_all_who_wait),
                TEST_QUEUE(a_caller_has_four_questions_and_all_have_sixteen),
                TEST_QUEUE(a_caller_that_is_gone_by_then_harms_nobody),
                TEST_QUEUE(a_bus_may_go_before_its_answers),
                TEST_QUEUE(hostile_names_arrive_escaped),
                TEST_QUEUE(a_message_has_what_is_known_of_it_and_nothing_else),
                TEST_QUEUE(the_filter_reaches_the_sensor),
                TEST_QUEUE(hostile_texts_of_messages_arrive_escaped),
                TEST_QUEUE(pages_follow_each_other_to_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
