/* SPDX-License-Identifier: MIT */
/*
 * bus_object - what is on the bus, as const tables, and the calls that the tables answer
 *
 * An interface is a table of methods, signals and properties; introspection, Properties and ObjectManager are
 * made from it, so publishing something new is adding a row (and the same lines to the XML in packaging/).
 * Tables end with a row without a name.
 */
#ifndef WATCHER_BUS_BUS_OBJECT_H
#define WATCHER_BUS_BUS_OBJECT_H

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stddef.h>

#include "watcher/bus/bus.h"
#include "watcher/bus/bus_path.h"

#define BUS_NAME "org.spoolguard1"
#define BUS_ERROR(name) BUS_NAME ".Error." name
#define BUS_INTERFACES_MAX 7
#define BUS_PROPERTIES_MAX 24

struct bus_target;

struct bus_argument {
        const char *name, *type;
};

/* Returns the reply or error to send; NULL: it comes later (bus_pending.h). */
typedef DBusMessage *(*bus_method_fn)(struct bus *bus, const struct bus_target *target, DBusMessage *call);

struct bus_method {
        const char *name;
        const struct bus_argument *in, *out; /* NULL: none */
        bus_method_fn call;                  /* NULL: libdbus answers it */
};

struct bus_signal {
        const char *name;
        const struct bus_argument *arguments;
};

/* The values of org.freedesktop.DBus.Property.EmitsChangedSignal. */
enum bus_emits { BUS_EMITS_TRUE, BUS_EMITS_INVALIDATES, BUS_EMITS_FALSE, BUS_EMITS_CONST };

struct bus_property {
        const char *name, *type;
        enum bus_emits emits;
        void (*get)(const struct bus *bus, const void *object, DBusMessageIter *iter);
};

struct bus_interface {
        const char *name;
        const struct bus_method *methods;
        const struct bus_signal *signals;
        const struct bus_property *properties;
        bool admins_only; /* every call is checked by bus_caller.c first */
};

/* A folder below the root whose objects are the engine's. */
struct bus_kind {
        const char *folder;
        const struct bus_interface *interface;
        const void *(*at)(const struct engine *engine, size_t i); /* until NULL */
        /* Last component of the object's path; false: it has none yet. */
        bool (*leaf)(const void *object, char leaf[static BUS_LEAF_MAX]);
};

enum bus_kind_index { BUS_CONDITION, BUS_PLAYBOOK, BUS_INCIDENT, BUS_RUN, BUS_LEASE, BUS_KINDS };
extern const struct bus_kind *const bus_kinds[BUS_KINDS];

extern const struct bus_kind bus_kind_condition, bus_kind_playbook, bus_kind_incident, bus_kind_run,
        bus_kind_lease;
extern const struct bus_interface bus_interface_manager, bus_interface_control;

/* Whom a path means. */
struct bus_target {
        const char *path;
        const struct bus_kind *kind; /* of `object`, or the folder itself when that is NULL */
        const void *object;
        const struct bus_interface
                *interfaces[BUS_INTERFACES_MAX + 1]; /* ended by NULL; empty: no such path */
};

void bus_object_find(const struct bus *bus, const char *path, struct bus_target *ret_target);
/* Answers a method call: reply, error, or NULL when the reply comes later. */
DBusMessage *bus_object_call(struct bus *bus, DBusMessage *call);
/* After the check of the caller, or without need of one. */
DBusMessage *bus_object_call_checked(struct bus *bus, DBusMessage *call);

/* a{sa{sv}} of an object's own interfaces. */
void bus_object_interfaces(const struct bus *bus, const struct bus_target *target, DBusMessageIter *iter);

DBusMessage *bus_error(DBusMessage *call, const char *name, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* For a text of several lines, one reason each, as a refused configuration has. */
DBusMessage *bus_error_lines(DBusMessage *call, const char *name, const char *lines);

/* The text of one <interface>, and of a whole <node>; free() it. */
char *bus_introspect_interface(const struct bus_interface *interface);
char *bus_introspect_node(const struct bus *bus, const struct bus_target *target);

#endif
