/* SPDX-License-Identifier: MIT */
/*
 * bus_caller - who calls Control, and whether he may
 *
 * Runs in: watcher.  The policy of the bus refuses strangers before we hear of them; this is the second lock,
 * for a host whose policy file was edited or lost.  The bus daemon is asked for the credentials it saw when
 * the caller connected (so they cannot be exchanged in between), without waiting: the answer carries on.
 *
 * Fails closed: a bus that does not answer within REPLY_MSEC, or does not know the groups of a caller who is
 * not root, means AccessDenied.  Authority that could be misused by a bug here is small in any case: over
 * D-Bus it can only be lowered, and the executor checks what it is asked.
 *
 * Limits: WAITING_MAX checks at a time; the next caller is told to try again.
 */
#include "watcher/bus/bus_caller.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

#define WAITING_MAX 32
#define REPLY_MSEC 5000

struct check {
        struct bus *bus;
        DBusMessage *call;
        DBusPendingCall *pending; /* NULL: free place */
};

struct bus_caller_list {
        struct check checks[WAITING_MAX];
};

bool bus_caller_allowed(const struct bus_caller *caller, gid_t admin_gid, uid_t trusted_uid) {
        if (caller->uid == 0 || caller->uid == trusted_uid)
                return true;
        for (size_t i = 0; admin_gid != (gid_t)-1 && i < caller->n_gids; i++)
                if (caller->gids[i] == admin_gid)
                        return true;
        return false;
}

int bus_caller_list_new(struct bus_caller_list **ret_list) {
        *ret_list = calloc(1, sizeof(**ret_list));
        return *ret_list ? 0 : -ENOMEM;
}

static void check_end(struct check *check) {
        dbus_pending_call_cancel(check->pending);
        dbus_pending_call_unref(check->pending);
        dbus_message_unref(check->call);
        *check = (struct check){0};
}

struct bus_caller_list *bus_caller_list_free(struct bus_caller_list *list) {
        for (size_t i = 0; list && i < WAITING_MAX; i++)
                if (list->checks[i].pending)
                        check_end(&list->checks[i]);
        free(list);
        return NULL;
}

/* UnixUserID and UnixGroupIDs of an a{sv}; false without a user. `gids` point into the message. */
static bool read_credentials(DBusMessage *reply, struct bus_caller *ret_caller) {
        DBusMessageIter iter, dict, entry, value, array;
        bool known = false;

        if (dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN ||
                !dbus_message_has_signature(reply, "a{sv}"))
                return false;
        dbus_message_iter_init(reply, &iter);
        dbus_message_iter_recurse(&iter, &dict);
        for (; dbus_message_iter_get_arg_type(&dict) == DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(&dict)) {
                const char *key;

                dbus_message_iter_recurse(&dict, &entry);
                dbus_message_iter_get_basic(&entry, &key);
                dbus_message_iter_next(&entry);
                dbus_message_iter_recurse(&entry, &value);
                int type = dbus_message_iter_get_arg_type(&value);

                if (strcmp(key, "UnixUserID") == 0 && type == DBUS_TYPE_UINT32) {
                        dbus_message_iter_get_basic(&value, &ret_caller->uid);
                        known = true;
                } else if (strcmp(key, "UnixGroupIDs") == 0 && type == DBUS_TYPE_ARRAY &&
                        dbus_message_iter_get_element_type(&value) == DBUS_TYPE_UINT32) {
                        int n;

                        dbus_message_iter_recurse(&value, &array);
                        dbus_message_iter_get_fixed_array(&array, &ret_caller->gids, &n);
                        ret_caller->n_gids = (size_t)n;
                }
        }
        return known;
}

static void on_credentials(DBusPendingCall *pending, void *data) {
        struct check *check = data;
        struct bus *bus = check->bus;
        DBusMessage *credentials = dbus_pending_call_steal_reply(pending);
        DBusMessage *call = dbus_message_ref(check->call), *reply;
        uid_t trusted = bus_connection_is_session(bus->connection) ? geteuid() : 0;
        struct bus_caller caller = {0};

        check_end(check);
        if (read_credentials(credentials, &caller) &&
                bus_caller_allowed(&caller, bus_connection_admin_gid(bus->connection), trusted)) {
                bus->caller_uid = caller.uid;
                reply = bus_object_call_checked(bus, call);
        } else {
                reply = bus_error(call, BUS_ERROR("AccessDenied"),
                        "only root and members of the group spoolguard-admin may call %s",
                        dbus_message_get_member(call));
        }
        if (reply)
                bus_reply_consume(bus, call, reply);
        dbus_message_unref(call);
        dbus_message_unref(credentials);
}

DBusMessage *bus_caller_check(struct bus *bus, DBusMessage *call) {
        const char *sender = dbus_message_get_sender(call);
        struct check *check = NULL;

        for (size_t i = 0; i < WAITING_MAX && !check; i++)
                if (!bus->callers->checks[i].pending)
                        check = &bus->callers->checks[i];
        if (!check)
                return bus_error(call, DBUS_ERROR_LIMITS_EXCEEDED, "too many calls at once, try again");
        if (!sender)
                return bus_error(call, BUS_ERROR("AccessDenied"), "a call without a sender");

        DBusMessage *question = bus_value_need(dbus_message_new_method_call(
                DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "GetConnectionCredentials"));
        bus_value_done(dbus_message_append_args(question, DBUS_TYPE_STRING, &sender, DBUS_TYPE_INVALID));
        DBusPendingCall *pending = NULL;

        bus_value_done(dbus_connection_send_with_reply(
                bus_connection_dbus(bus->connection), question, &pending, REPLY_MSEC));
        dbus_message_unref(question);
        if (!pending)
                return bus_error(call, BUS_ERROR("AccessDenied"), "the bus is gone");
        *check = (struct check){.bus = bus, .call = dbus_message_ref(call), .pending = pending};
        bus_value_done(dbus_pending_call_set_notify(pending, on_credentials, check, NULL));
        return NULL;
}
