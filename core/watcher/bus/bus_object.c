/* SPDX-License-Identifier: MIT */
/*
 * bus_object - from a method call to the row of the table that answers it
 *
 * Runs in: watcher.  Finds whom a path means (the root, a folder, an object of the engine, or a parent of the
 * root, so that `busctl tree` finds its way), checks member and signature against the tables before a handler
 * sees the call, and answers Properties, ObjectManager and Introspectable from the same tables.  Objects are
 * looked up in the engine at every call; nothing here outlives one.
 *
 * Fails: every failure is an error reply with the standard name, and the text says what was expected.
 *
 * Limits: finding an object compares its path with those of all its kind.
 */
#include "watcher/bus/bus_object.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

const struct bus_kind *const bus_kinds[BUS_KINDS] = {
        [BUS_CONDITION] = &bus_kind_condition,
        [BUS_PLAYBOOK] = &bus_kind_playbook,
        [BUS_INCIDENT] = &bus_kind_incident,
        [BUS_RUN] = &bus_kind_run,
        [BUS_LEASE] = &bus_kind_lease,
};

DBusMessage *bus_error(DBusMessage *call, const char *name, const char *format, ...) {
        char text[1024], clean[1024];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        /* Callers' own words are quoted in it. */
        text_escape(clean, sizeof(clean), text);
        return bus_value_need(dbus_message_new_error(call, name, clean));
}

DBusMessage *bus_error_lines(DBusMessage *call, const char *name, const char *lines) {
        char text[WIRE_LONG_MAX], clean[WIRE_LONG_MAX] = "", *rest = text, *line;

        text_copy(text, sizeof(text), lines);
        while ((line = strsep(&rest, "\n"))) {
                size_t used = strlen(clean);

                text_escape(clean + used, sizeof(clean) - used, line);
                used = strlen(clean);
                text_copy(clean + used, sizeof(clean) - used, rest ? "\n" : "");
        }
        return bus_value_need(dbus_message_new_error(call, name, clean));
}

static const struct bus_interface *find_interface(const struct bus_target *target, const char *name) {
        for (size_t i = 0; target->interfaces[i]; i++)
                if (strcmp(target->interfaces[i]->name, name) == 0)
                        return target->interfaces[i];
        return NULL;
}

static const struct bus_property *find_property(const struct bus_interface *interface, const char *name) {
        for (const struct bus_property *row = interface->properties; row && row->name; row++)
                if (strcmp(row->name, name) == 0)
                        return row;
        return NULL;
}

static void append_property(const struct bus *bus, const struct bus_property *property, const void *object,
        DBusMessageIter *iter) {
        DBusMessageIter variant;

        bus_value_open(iter, DBUS_TYPE_VARIANT, property->type, &variant);
        property->get(bus, object, &variant);
        bus_value_close(iter, &variant);
}

/* Every property of the interface as a{sv}. */
static void append_properties(const struct bus *bus, const struct bus_interface *interface,
        const void *object, DBusMessageIter *iter) {
        DBusMessageIter dict, entry;

        bus_value_open(iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
        for (const struct bus_property *row = interface->properties; row && row->name; row++) {
                bus_value_open(&dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
                bus_value_text(&entry, row->name);
                append_property(bus, row, object, &entry);
                bus_value_close(&dict, &entry);
        }
        bus_value_close(iter, &dict);
}

void bus_object_interfaces(const struct bus *bus, const struct bus_target *target, DBusMessageIter *iter) {
        DBusMessageIter dict, entry;

        bus_value_open(iter, DBUS_TYPE_ARRAY, "{sa{sv}}", &dict);
        for (size_t i = 0; target->interfaces[i]; i++) {
                bus_value_open(&dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
                bus_value_text(&entry, target->interfaces[i]->name);
                append_properties(bus, target->interfaces[i], target->object, &entry);
                bus_value_close(&dict, &entry);
        }
        bus_value_close(iter, &dict);
}

static DBusMessage *properties_get(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        const char *interface_name, *name;
        DBusMessageIter iter;

        dbus_message_get_args(
                call, NULL, DBUS_TYPE_STRING, &interface_name, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
        const struct bus_interface *interface = find_interface(target, interface_name);
        if (!interface)
                return bus_error(call, DBUS_ERROR_UNKNOWN_INTERFACE, "%s has no interface %s", target->path,
                        interface_name);
        const struct bus_property *property = find_property(interface, name);
        if (!property)
                return bus_error(
                        call, DBUS_ERROR_UNKNOWN_PROPERTY, "%s has no property %s", interface_name, name);

        DBusMessage *reply = bus_value_need(dbus_message_new_method_return(call));
        dbus_message_iter_init_append(reply, &iter);
        append_property(bus, property, target->object, &iter);
        return reply;
}

static DBusMessage *properties_get_all(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        const char *interface_name;
        DBusMessageIter iter;

        dbus_message_get_args(call, NULL, DBUS_TYPE_STRING, &interface_name, DBUS_TYPE_INVALID);
        const struct bus_interface *interface = find_interface(target, interface_name);
        if (!interface)
                return bus_error(call, DBUS_ERROR_UNKNOWN_INTERFACE, "%s has no interface %s", target->path,
                        interface_name);
        DBusMessage *reply = bus_value_need(dbus_message_new_method_return(call));
        dbus_message_iter_init_append(reply, &iter);
        append_properties(bus, interface, target->object, &iter);
        return reply;
}

static DBusMessage *properties_set(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        (void)bus, (void)target;
        return bus_error(call, DBUS_ERROR_PROPERTY_READ_ONLY, "no property of spoolguard can be set");
}

static DBusMessage *introspect(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        _cleanup_free_ char *xml = bus_introspect_node(bus, target);
        DBusMessage *reply = bus_value_need(dbus_message_new_method_return(call));
        DBusMessageIter iter;

        dbus_message_iter_init_append(reply, &iter);
        bus_value_text(&iter, bus_value_need(xml));
        return reply;
}

static DBusMessage *get_managed_objects(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        DBusMessage *reply = bus_value_need(dbus_message_new_method_return(call));
        DBusMessageIter iter, objects, entry;
        char leaf[BUS_LEAF_MAX], path[BUS_PATH_MAX];
        const void *object;

        (void)target;
        dbus_message_iter_init_append(reply, &iter);
        bus_value_open(&iter, DBUS_TYPE_ARRAY, "{oa{sa{sv}}}", &objects);
        for (size_t k = 0; k < BUS_KINDS; k++)
                for (size_t i = 0; (object = bus_kinds[k]->at(bus->engine, i)); i++) {
                        if (!bus_kinds[k]->leaf(object, leaf))
                                continue;
                        bus_path_make(bus_kinds[k]->folder, leaf, path);
                        struct bus_target managed = {
                                .path = path, .object = object, .interfaces = {bus_kinds[k]->interface}};

                        bus_value_open(&objects, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
                        bus_value_path(&entry, path);
                        bus_object_interfaces(bus, &managed, &entry);
                        bus_value_close(&objects, &entry);
                }
        bus_value_close(&iter, &objects);
        return reply;
}

static const struct bus_interface interface_introspectable = {
        .name = DBUS_INTERFACE_INTROSPECTABLE,
        .methods =
                (const struct bus_method[]){
                        {.name = "Introspect",
                                .out = (const struct bus_argument[]){{"xml_data", "s"}, {0}},
                                .call = introspect},
                        {0},
                },
};

static const struct bus_interface interface_peer = {
        .name = DBUS_INTERFACE_PEER,
        .methods =
                (const struct bus_method[]){
                        {.name = "Ping"},
                        {.name = "GetMachineId",
                                .out = (const struct bus_argument[]){{"machine_uuid", "s"}, {0}}},
                        {0},
                },
};

static const struct bus_interface interface_properties = {
        .name = DBUS_INTERFACE_PROPERTIES,
        .methods =
                (const struct bus_method[]){
                        {.name = "Get",
                                .in = (const struct bus_argument[]){{"interface_name", "s"},
                                        {"property_name", "s"}, {0}},
                                .out = (const struct bus_argument[]){{"value", "v"}, {0}},
                                .call = properties_get},
                        {.name = "GetAll",
                                .in = (const struct bus_argument[]){{"interface_name", "s"}, {0}},
                                .out = (const struct bus_argument[]){{"properties", "a{sv}"}, {0}},
                                .call = properties_get_all},
                        {.name = "Set",
                                .in = (const struct bus_argument[]){{"interface_name", "s"},
                                        {"property_name", "s"}, {"value", "v"}, {0}},
                                .call = properties_set},
                        {0},
                },
        .signals =
                (const struct bus_signal[]){
                        {.name = "PropertiesChanged",
                                .arguments = (const struct bus_argument[]){{"interface_name", "s"},
                                        {"changed_properties", "a{sv}"}, {"invalidated_properties", "as"},
                                        {0}}},
                        {0},
                },
};

static const struct bus_interface interface_object_manager = {
        .name = "org.freedesktop.DBus.ObjectManager",
        .methods =
                (const struct bus_method[]){
                        {.name = "GetManagedObjects",
                                .out = (const struct bus_argument[]){{"objects", "a{oa{sa{sv}}}"}, {0}},
                                .call = get_managed_objects},
                        {0},
                },
        .signals =
                (const struct bus_signal[]){
                        {.name = "InterfacesAdded",
                                .arguments = (const struct bus_argument[]){{"object_path", "o"},
                                        {"interfaces_and_properties", "a{sa{sv}}"}, {0}}},
                        {.name = "InterfacesRemoved",
                                .arguments = (const struct bus_argument[]){{"object_path", "o"},
                                        {"interfaces", "as"}, {0}}},
                        {0},
                },
};

static const void *find_object(const struct bus *bus, const struct bus_kind *kind, const char *leaf) {
        char candidate[BUS_LEAF_MAX];
        const void *object;

        for (size_t i = 0; (object = kind->at(bus->engine, i)); i++)
                if (kind->leaf(object, candidate) && strcmp(candidate, leaf) == 0)
                        return object;
        return NULL;
}

void bus_object_find(const struct bus *bus, const char *path, struct bus_target *ret_target) {
        struct bus_target target = {.path = path};
        const char *below =
                strncmp(path, BUS_ROOT "/", strlen(BUS_ROOT) + 1) == 0 ? path + strlen(BUS_ROOT) + 1 : NULL;

        if (strcmp(path, "/") == 0 || strcmp(path, "/org") == 0) {
                target.interfaces[0] = &interface_introspectable;
                target.interfaces[1] = &interface_peer;
        } else if (strcmp(path, BUS_ROOT) == 0) {
                const struct bus_interface *const all[] = {&interface_introspectable, &interface_peer,
                        &interface_properties, &interface_object_manager, &bus_interface_manager,
                        &bus_interface_control};

                memcpy(target.interfaces, all, sizeof(all));
        } else if (below) {
                size_t length = strcspn(below, "/");

                for (size_t k = 0; k < BUS_KINDS; k++) {
                        const struct bus_kind *kind = bus_kinds[k];

                        if (strlen(kind->folder) != length || strncmp(kind->folder, below, length) != 0)
                                continue;
                        if (below[length] == '/')
                                target.object = find_object(bus, kind, below + length + 1);
                        if (below[length] != '\0' && !target.object)
                                break;
                        target.kind = kind;
                        target.interfaces[0] = &interface_introspectable;
                        target.interfaces[1] = &interface_peer;
                        if (target.object) {
                                target.interfaces[2] = &interface_properties;
                                target.interfaces[3] = kind->interface;
                        }
                }
        }
        *ret_target = target;
}

static const struct bus_method *find_method(const struct bus_target *target, const char *interface,
        const char *member, const struct bus_interface **ret_interface) {
        for (size_t i = 0; target->interfaces[i]; i++) {
                if (interface && strcmp(target->interfaces[i]->name, interface) != 0)
                        continue;
                for (const struct bus_method *row = target->interfaces[i]->methods; row && row->name; row++)
                        if (row->call && strcmp(row->name, member) == 0) {
                                *ret_interface = target->interfaces[i];
                                return row;
                        }
        }
        return NULL;
}

static void signature_of(const struct bus_argument *arguments, char *text, size_t size) {
        size_t used = 0;

        text[0] = '\0';
        for (; arguments && arguments->name && used < size; arguments++) {
                text_copy(text + used, size - used, arguments->type);
                used += strlen(text + used);
        }
}

static DBusMessage *resolve(struct bus *bus, DBusMessage *call, struct bus_target *ret_target,
        const struct bus_interface **ret_interface, const struct bus_method **ret_method) {
        const char *interface = dbus_message_get_interface(call);
        const char *member = dbus_message_get_member(call);
        char expected[128];

        bus_object_find(bus, dbus_message_get_path(call), ret_target);
        if (!ret_target->interfaces[0])
                return bus_error(call, DBUS_ERROR_UNKNOWN_OBJECT, "there is no object %s", ret_target->path);
        if (interface && !find_interface(ret_target, interface))
                return bus_error(call, DBUS_ERROR_UNKNOWN_INTERFACE, "%s has no interface %s",
                        ret_target->path, interface);
        *ret_method = find_method(ret_target, interface, member, ret_interface);
        if (!*ret_method)
                return bus_error(call, DBUS_ERROR_UNKNOWN_METHOD, "%s has no method %s",
                        interface ? interface : ret_target->path, member);
        signature_of((*ret_method)->in, expected, sizeof(expected));
        if (!dbus_message_has_signature(call, expected))
                return bus_error(call, DBUS_ERROR_INVALID_ARGS, "%s takes '%s', not '%s'", member, expected,
                        dbus_message_get_signature(call));
        return NULL;
}

DBusMessage *bus_object_call(struct bus *bus, DBusMessage *call) {
        const struct bus_interface *interface = NULL;
        const struct bus_method *method = NULL;
        struct bus_target target;
        DBusMessage *error = resolve(bus, call, &target, &interface, &method);

        if (error)
                return error;
        assert(interface && method);
        if (interface->admins_only)
                return bus_caller_check(bus, call);
        return method->call(bus, &target, call);
}

DBusMessage *bus_object_call_checked(struct bus *bus, DBusMessage *call) {
        const struct bus_interface *interface;
        const struct bus_method *method = NULL;
        struct bus_target target;
        /* Once more: time has passed since, and the object may be gone. */
        DBusMessage *error = resolve(bus, call, &target, &interface, &method);

        if (error)
                return error;
        assert(method);
        return method->call(bus, &target, call);
}
