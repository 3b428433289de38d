/* SPDX-License-Identifier: MIT */
/*
 * client - spoolguardctl's side of the bus
 *
 * Runs in: spoolguardctl.  Owns one private connection to the system bus.  Every call blocks with an end: a
 * daemon that hangs must not hang the tool that people look at it with.  The service is never started by the
 * bus: whether it runs is what we want to know.  A daemon that is just replaced by a reload is waited for; a
 * question is then asked again, an order only if the first one cannot have arrived.
 *
 * Fails: CTL_UNREACHABLE when there is no bus, no daemon on it, or no answer in time; CTL_TROUBLE when the daemon
 * answers with an error.  The reason is in `problem`.
 */
#include "ctl/client.h"

#include <ctype.h>
#include <dbus/dbus.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "ctl/bus_json.h"
#include "ctl/client_await.h"

#define SERVICE "org.spoolguard1"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

struct client {
        DBusConnection *dbus;
        char member[64];
        char owner[64]; /* who answered first: its name on the bus */
        bool replaced;
};

enum ctl_exit client_new(struct client **ret_client, struct problem *problem) {
        struct client *client = calloc(1, sizeof(*client));
        DBusError error = DBUS_ERROR_INIT;

        if (!client)
                return CTL_TROUBLE;
        client->dbus = dbus_bus_get_private(DBUS_BUS_SYSTEM, &error);
        if (!client->dbus) {
                problem_set(problem, "there is no D-Bus system bus: %s", error.message);
                dbus_error_free(&error);
                free(client);
                return CTL_UNREACHABLE;
        }
        dbus_connection_set_exit_on_disconnect(client->dbus, FALSE);
        *ret_client = client;
        return CTL_GOOD;
}

struct client *client_free(struct client *client) {
        if (!client)
                return NULL;
        dbus_connection_close(client->dbus);
        dbus_connection_unref(client->dbus);
        free(client);
        return NULL;
}

static bool is_one_of(const DBusError *error, const char *const names[]) {
        for (; *names; names++)
                if (dbus_error_has_name(error, *names))
                        return true;
        return false;
}

static const char *const nobody[] = {DBUS_ERROR_SERVICE_UNKNOWN, DBUS_ERROR_NAME_HAS_NO_OWNER, NULL};
static const char *const silence[] = {DBUS_ERROR_NO_REPLY, DBUS_ERROR_TIMEOUT, DBUS_ERROR_DISCONNECTED, NULL};

static enum ctl_exit explain_error(const DBusError *error, struct problem *problem) {
        if (is_one_of(error, nobody)) {
                problem_set(problem, "spoolguardd is not running, or not yet on the bus");
                return CTL_UNREACHABLE;
        }
        if (is_one_of(error, silence)) {
                problem_set(problem, "spoolguardd does not answer");
                return CTL_UNREACHABLE;
        }
        if (dbus_error_has_name(error, DBUS_ERROR_ACCESS_DENIED))
                problem_set(problem, "only root and members of spoolguard-admin may ask this");
        else
                /* May have several lines; it is escaped when it is printed. */
                text_copy(problem->text, sizeof(problem->text), error->message);
        return CTL_TROUBLE;
}

/* Whether it makes sense to ask again: the daemon was only away for a moment, and nothing is done twice. */
static bool may_repeat(struct client *client, DBusMessage *call, const DBusError *error, uint64_t asked_usec,
        int timeout_msec) {
        bool is_order = dbus_message_has_interface(call, CLIENT_INTERFACE("Control"));
        bool is_cut = is_one_of(error, silence) &&
                clock_monotonic_usec() - asked_usec < (uint64_t)timeout_msec * USEC_PER_MSEC;

        return (is_one_of(error, nobody) || (is_cut && !is_order)) && client_await(client->dbus, SERVICE);
}

static void note_owner(struct client *client, const char *owner) {
        if (owner && !client->owner[0])
                text_copy(client->owner, sizeof(client->owner), owner);
        else if (owner && strcmp(client->owner, owner) != 0)
                client->replaced = true;
}

bool client_was_replaced(const struct client *client) {
        return client->replaced;
}

static enum ctl_exit send_consume(struct client *client, DBusMessage *call, int timeout_msec,
        json_t **ret_reply, struct problem *problem) {
        DBusError error = DBUS_ERROR_INIT;
        DBusMessage *again = dbus_message_copy(call), *reply;
        uint64_t asked_usec = clock_monotonic_usec();

        dbus_message_set_auto_start(call, FALSE);
        dbus_message_set_auto_start(again, FALSE);
        reply = dbus_connection_send_with_reply_and_block(client->dbus, call, timeout_msec, &error);
        if (!reply && may_repeat(client, call, &error, asked_usec, timeout_msec)) {
                dbus_error_free(&error);
                reply = dbus_connection_send_with_reply_and_block(client->dbus, again, timeout_msec, &error);
        }
        dbus_message_unref(call);
        dbus_message_unref(again);
        if (!reply) {
                enum ctl_exit exit = explain_error(&error, problem);

                dbus_error_free(&error);
                return exit;
        }
        note_owner(client, dbus_message_get_sender(reply));
        if (ret_reply)
                *ret_reply = bus_json_arguments(reply);
        dbus_message_unref(reply);
        return CTL_GOOD;
}

static enum ctl_exit refuse_consume(DBusMessage *call, const char *member, struct problem *problem) {
        problem_set(problem, "an argument of %s is no text that D-Bus can carry", member);
        if (call)
                dbus_message_unref(call);
        return CTL_TROUBLE;
}

/*
 * Each type, a basic one, is followed by where its value is.  A text may be any word of a command line; libdbus
 * would take one that is no UTF-8 for a mistake of ours, and abort.
 */
static bool append_arguments(DBusMessage *call, int first, va_list arguments) {
        DBusMessageIter iter;

        dbus_message_iter_init_append(call, &iter);
        for (int type = first; type != DBUS_TYPE_INVALID; type = va_arg(arguments, int)) {
                const void *value = va_arg(arguments, const void *);
                const char *const *text = value;

                if (type == DBUS_TYPE_STRING && !dbus_validate_utf8(*text, NULL))
                        return false;
                if (!dbus_message_iter_append_basic(&iter, type, value))
                        return false;
        }
        return true;
}

enum ctl_exit client_call(struct client *client, const char *interface, const char *member, int timeout_msec,
        json_t **ret_reply, struct problem *problem, int first, ...) {
        DBusMessage *call = dbus_message_new_method_call(SERVICE, CLIENT_ROOT, interface, member);
        va_list arguments;

        va_start(arguments, first);
        bool done = call && append_arguments(call, first, arguments);
        va_end(arguments);
        if (done)
                return send_consume(client, call, timeout_msec, ret_reply, problem);
        return refuse_consume(call, member, problem);
}

static bool append_option(DBusMessageIter *dict, const struct client_option *option) {
        const char signature[] = {(char)option->type, '\0'};
        DBusMessageIter entry, variant;
        DBusBasicValue value = {.u64 = option->value.number};

        if (option->type == DBUS_TYPE_STRING) {
                if (!dbus_validate_utf8(option->value.text, NULL))
                        return false;
                value.str = (char *)(uintptr_t)option->value.text;
        } else if (option->type != DBUS_TYPE_UINT64) {
                value.u32 = (dbus_uint32_t)option->value.number;
        }
        return dbus_message_iter_open_container(dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry) &&
                dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &option->key) &&
                dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, signature, &variant) &&
                dbus_message_iter_append_basic(&variant, option->type, &value) &&
                dbus_message_iter_close_container(&entry, &variant) &&
                dbus_message_iter_close_container(dict, &entry);
}

static bool append_options(DBusMessage *call, const struct client_option *options) {
        DBusMessageIter iter, dict;

        dbus_message_iter_init_append(call, &iter);
        if (!dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &dict))
                return false;
        for (; options->key; options++)
                if (options->type != DBUS_TYPE_INVALID && !append_option(&dict, options)) {
                        dbus_message_iter_abandon_container(&iter, &dict);
                        return false;
                }
        return dbus_message_iter_close_container(&iter, &dict);
}

enum ctl_exit client_ask(struct client *client, const char *member, int timeout_msec,
        const struct client_option *options, json_t **ret_reply, struct problem *problem, int first, ...) {
        DBusMessage *call =
                dbus_message_new_method_call(SERVICE, CLIENT_ROOT, CLIENT_INTERFACE("Manager"), member);
        va_list arguments;

        va_start(arguments, first);
        bool done = call && append_arguments(call, first, arguments) && append_options(call, options);
        va_end(arguments);
        if (done)
                return send_consume(client, call, timeout_msec, ret_reply, problem);
        return refuse_consume(call, member, problem);
}

enum ctl_exit client_properties(struct client *client, const char *path, const char *interface,
        json_t **ret_properties, struct problem *problem) {
        DBusMessage *call = dbus_message_new_method_call(SERVICE, path, DBUS_INTERFACE_PROPERTIES, "GetAll");
        json_t *reply = NULL;

        dbus_message_append_args(call, DBUS_TYPE_STRING, &interface, DBUS_TYPE_INVALID);
        enum ctl_exit exit = send_consume(client, call, CLIENT_TIMEOUT_MSEC, &reply, problem);

        if (exit == CTL_GOOD)
                *ret_properties = json_incref(json_array_get(reply, 0));
        json_decref(reply);
        return exit;
}

/* Numbered objects newest first, the others by name. */
static int compare_objects(const void *a, const void *b) {
        const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
        uint64_t left_id = client_u64(left, "Id"), right_id = client_u64(right, "Id");

        if (left_id != right_id)
                return left_id > right_id ? -1 : 1;
        return strcmp(client_text(left, "Name"), client_text(right, "Name"));
}

enum ctl_exit client_objects(
        struct client *client, const char *folder, json_t **ret_objects, struct problem *problem) {
        char prefix[64];
        const char *path;
        json_t *reply = NULL, *interfaces;
        enum ctl_exit exit = client_call(client, OBJECT_MANAGER, "GetManagedObjects", CLIENT_TIMEOUT_MSEC,
                &reply, problem, DBUS_TYPE_INVALID);

        if (exit != CTL_GOOD)
                return exit;
        json_t *all = json_array_get(reply, 0), *found = json_array();

        text_format(prefix, sizeof(prefix), "%s/%s/", CLIENT_ROOT, folder);
        json_t **sorted = calloc(json_object_size(all) + 1, sizeof(*sorted));
        size_t n = 0;

        json_object_foreach(all, path, interfaces) {
                if (sorted && strncmp(path, prefix, strlen(prefix)) == 0)
                        sorted[n++] = json_object_iter_value(json_object_iter(interfaces));
        }
        if (n > 0)
                qsort(sorted, n, sizeof(*sorted), compare_objects);
        for (size_t i = 0; i < n; i++)
                json_array_append(found, sorted[i]);
        free(sorted);
        json_decref(reply);
        *ret_objects = found;
        return CTL_GOOD;
}

enum ctl_exit client_listen(struct client *client, struct problem *problem) {
        DBusError error = DBUS_ERROR_INIT;

        dbus_bus_add_match(client->dbus, "type='signal',sender='" SERVICE "'", &error);
        if (!dbus_error_is_set(&error))
                dbus_bus_add_match(client->dbus,
                        "type='signal',sender='" DBUS_SERVICE_DBUS
                        "',member='NameOwnerChanged',arg0='" SERVICE "'",
                        &error);
        if (!dbus_error_is_set(&error))
                return CTL_GOOD;
        enum ctl_exit exit = explain_error(&error, problem);

        dbus_error_free(&error);
        return exit;
}

const char *client_signal(
        struct client *client, int timeout_msec, json_t **ret_arguments, enum ctl_exit *ret_exit) {
        uint64_t now_usec = clock_monotonic_usec();
        uint64_t end_usec = now_usec + (uint64_t)timeout_msec * USEC_PER_MSEC;

        *ret_exit = CTL_GOOD;
        for (;;) {
                DBusMessage *message = dbus_connection_pop_message(client->dbus);

                if (!message) {
                        now_usec = clock_monotonic_usec();
                        if (now_usec >= end_usec)
                                return NULL;
                        if (!dbus_connection_read_write(
                                    client->dbus, (int)((end_usec - now_usec) / USEC_PER_MSEC) + 1)) {
                                *ret_exit = CTL_UNREACHABLE;
                                return NULL;
                        }
                        continue;
                }
                if (dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameOwnerChanged")) {
                        dbus_message_unref(message);
                        *ret_exit = CTL_UNREACHABLE;
                        return NULL;
                }
                if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_SIGNAL &&
                        dbus_message_has_path(message, CLIENT_ROOT)) {
                        text_copy(client->member, sizeof(client->member), dbus_message_get_member(message));
                        *ret_arguments = bus_json_arguments(message);
                        dbus_message_unref(message);
                        return client->member;
                }
                dbus_message_unref(message);
        }
}

const char *client_text(const json_t *object, const char *key) {
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

uint64_t client_u64(const json_t *object, const char *key) {
        return (uint64_t)json_integer_value(json_object_get(object, key));
}

double client_double(const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);
        const char *infinite = json_string_value(value);

        if (infinite)
                return infinite[0] == '-' ? -INFINITY : INFINITY;
        return json_is_number(value) ? json_number_value(value) : NAN;
}

bool client_bool(const json_t *object, const char *key) {
        return json_is_true(json_object_get(object, key));
}

json_t *client_snake(const json_t *object) {
        json_t *snake = json_object(), *value;
        const char *key;
        char name[64];

        json_object_foreach((json_t *)object, key, value) {
                size_t used = 0;

                for (size_t i = 0; key[i] && used + 2 < sizeof(name); i++) {
                        bool upper = isupper((unsigned char)key[i]);

                        /* "USec" is one word. */
                        if (upper && i > 0 && !(key[i] == 'S' && key[i - 1] == 'U'))
                                name[used++] = '_';
                        name[used++] = (char)tolower((unsigned char)key[i]);
                }
                name[used] = '\0';
                json_object_set(snake, name, value);
        }
        return snake;
}
