/* SPDX-License-Identifier: MIT */
/* test_bus_queue_refused - questions about the queue that get an error, and what it says */
#include "bus_queue_support.h"

static void without_a_plugin_nobody_tells_the_queue(void **state) {
        struct fixture *fixture = *state;

        assert_error(shape(fixture, "deferred", 0, ""), ERROR("NotAvailable"), "no plugin");
        assert_error(messages(fixture, 0, 10, ""), ERROR("NotAvailable"), "no plugin");
}

static void a_wrong_argument_is_named_with_what_is_allowed(void **state) {
        static const struct {
                const char *queue;
                uint32_t limit;
                const char *options, *says;
        } cases[] = {
                {"deferred", 0, "colour=sred",
                        "'colour' is not known here, only sender, linear, buckets, minutes, instance, "
                        "arrived_since_usec"},
                {"deferred", 0, "arrived_since_usec=u5", "'arrived_since_usec' must be a number (t)"},
                {"deferred", 0, "arrived_since_usec=t999999",
                        "'arrived_since_usec' must be 1000000 to 18446744073709551615"},
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
                {"deferred", 0, "instance=snosuch", "'nosuch': there is no such instance"},
                {"deferred", 10001, "", "'limit' must be at most 10000"},
                {"nosuch hold\x1b", 0, "",
                        "'nosuch hold\\x1b': there is no such queue, only maildrop, incoming, active, "
                        "deferred, "
                        "hold and corrupt"},
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
                {1, "queue=snosuch", "'nosuch': there is no such queue, only maildrop"},
                {1, "reason=snosuch", "'nosuch': there is no such reason"},
                {1, "instance=snosuch", "'nosuch': there is no such instance"},
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
        static const char *const keys[] = {
                "sender", "linear", "buckets", "minutes", "instance", "arrived_since_usec"};
        const size_t n_keys = sizeof(keys) / sizeof(keys[0]);
        struct fixture *fixture = *state;
        const char *queue = "deferred";
        dbus_uint32_t limit = 0;

        for (size_t i = 0; i < n_keys * sizeof(types) / sizeof(types[0]); i++) {
                const char *type = types[i / n_keys], *key = keys[i % n_keys];
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

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(without_a_plugin_nobody_tells_the_queue),
                TEST_QUEUE(a_wrong_argument_is_named_with_what_is_allowed),
                TEST_QUEUE(a_wrong_filter_is_named_with_what_is_allowed),
                TEST_QUEUE(a_value_of_any_other_type_is_refused),
                TEST_QUEUE(what_the_sensor_cannot_tell_has_its_own_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
