/* SPDX-License-Identifier: MIT */
/*
 * bus_change - tell clients what came, changed and went, once per turn of the loop
 *
 * Runs in: watcher.  Events only mark; a deferred call then compares what clients were told with what the
 * engine shows, so ten events of one turn are one signal per object, and an event too few or too many never
 * leaves a client with an object that is not there.  "What clients were told" is one entry per exported
 * object with a hash of each property's value as it was last sent.
 *
 * Owns: the entries, and the signals waiting for the end of the turn.  Fails: without memory as bus_value.c.
 *
 * Limits: of an object that was not marked, changed values are not noticed.
 */
#include "watcher/bus/bus_change.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

struct exported {
        char *path; /* first: what the tree compares */
        const struct bus_kind *kind;
        struct exported *next, *previous;
        unsigned long seen; /* pass in which the engine last showed it */
        bool dirty;
        uint64_t hashes[BUS_PROPERTIES_MAX];
};

struct waiting {
        struct waiting *next;
        DBusMessage *signal;
};

struct bus_change {
        struct bus *bus;
        struct loop_defer *flush;
        void *tree;
        struct exported *entries;
        struct exported root;
        bool kind_dirty[BUS_KINDS];
        unsigned long pass;
        struct waiting *first, **last;
};

static int compare_entries(const void *a, const void *b) {
        return strcmp(((const struct exported *)a)->path, ((const struct exported *)b)->path);
}

static struct exported *find_entry(struct bus_change *change, char *path) {
        struct exported key = {.path = path};
        struct exported **found = tfind(&key, &change->tree, compare_entries);

        return found ? *found : NULL;
}

static struct exported *add_entry(struct bus_change *change, const char *path, const struct bus_kind *kind) {
        struct exported *entry = bus_value_need(calloc(1, sizeof(*entry)));

        entry->path = bus_value_need(strdup(path));
        entry->kind = kind;
        entry->next = change->entries;
        if (entry->next)
                entry->next->previous = entry;
        change->entries = entry;
        bus_value_need(tsearch(entry, &change->tree, compare_entries));
        return entry;
}

static void remove_entry(struct bus_change *change, struct exported *entry) {
        tdelete(entry, &change->tree, compare_entries);
        if (entry->previous)
                entry->previous->next = entry->next;
        else
                change->entries = entry->next;
        if (entry->next)
                entry->next->previous = entry->previous;
        free(entry->path);
        free(entry);
}

static DBusMessage *new_signal(const char *path, const char *interface, const char *name) {
        return bus_value_need(dbus_message_new_signal(path, interface, name));
}

/* FNV-1a over the value as it goes over the wire. */
static uint64_t hash_property(
        const struct bus *bus, const struct bus_property *property, const void *object) {
        DBusMessage *message = new_signal(BUS_ROOT, BUS_NAME, "Value");
        DBusMessageIter iter, variant;
        uint64_t hash = UINT64_C(14695981039346656037);
        char *bytes;
        int size;

        dbus_message_iter_init_append(message, &iter);
        bus_value_open(&iter, DBUS_TYPE_VARIANT, property->type, &variant);
        property->get(bus, object, &variant);
        bus_value_close(&iter, &variant);
        bus_value_done(dbus_message_marshal(message, &bytes, &size));
        for (int i = 0; i < size; i++)
                hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
        dbus_free(bytes);
        dbus_message_unref(message);
        return hash;
}

static void append_changed(const struct bus *bus, const struct bus_property *property, const void *object,
        DBusMessageIter *changed) {
        DBusMessageIter entry, variant;

        bus_value_open(changed, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        bus_value_text(&entry, property->name);
        bus_value_open(&entry, DBUS_TYPE_VARIANT, property->type, &variant);
        property->get(bus, object, &variant);
        bus_value_close(&entry, &variant);
        bus_value_close(changed, &entry);
}

/* Hashes all values again; with `tell`, sends those that differ. */
static void compare_properties(struct bus_change *change, const struct bus_interface *interface,
        struct exported *entry, const void *object, bool tell) {
        const char *invalidated[BUS_PROPERTIES_MAX + 1] = {0};
        size_t n_changed = 0, n_invalidated = 0;
        DBusMessage *signal = new_signal(entry->path, DBUS_INTERFACE_PROPERTIES, "PropertiesChanged");
        DBusMessageIter iter, changed;

        entry->dirty = false;
        dbus_message_iter_init_append(signal, &iter);
        bus_value_text(&iter, interface->name);
        bus_value_open(&iter, DBUS_TYPE_ARRAY, "{sv}", &changed);
        for (size_t i = 0; interface->properties[i].name; i++) {
                const struct bus_property *property = &interface->properties[i];

                assert(i < BUS_PROPERTIES_MAX);
                if (property->emits == BUS_EMITS_FALSE || property->emits == BUS_EMITS_CONST)
                        continue;
                uint64_t hash = hash_property(change->bus, property, object);

                if (hash == entry->hashes[i])
                        continue;
                entry->hashes[i] = hash;
                if (property->emits == BUS_EMITS_INVALIDATES) {
                        invalidated[n_invalidated++] = property->name;
                } else if (tell) {
                        append_changed(change->bus, property, object, &changed);
                        n_changed++;
                }
        }
        bus_value_close(&iter, &changed);
        bus_value_texts(&iter, invalidated);
        if (tell && n_changed + n_invalidated > 0)
                bus_connection_send_consume(change->bus->connection, signal);
        else
                dbus_message_unref(signal);
}

static void tell_added(struct bus_change *change, struct exported *entry, const void *object) {
        struct bus_target target = {
                .path = entry->path, .object = object, .interfaces = {entry->kind->interface}};
        DBusMessage *signal = new_signal(BUS_ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded");
        DBusMessageIter iter;

        dbus_message_iter_init_append(signal, &iter);
        bus_value_path(&iter, entry->path);
        bus_object_interfaces(change->bus, &target, &iter);
        bus_connection_send_consume(change->bus->connection, signal);
}

static void tell_removed(struct bus_change *change, const struct exported *entry) {
        DBusMessage *signal = new_signal(BUS_ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved");
        const char *interfaces[] = {entry->kind->interface->name, NULL};
        DBusMessageIter iter;

        dbus_message_iter_init_append(signal, &iter);
        bus_value_path(&iter, entry->path);
        bus_value_texts(&iter, interfaces);
        bus_connection_send_consume(change->bus->connection, signal);
}

static void reconcile(struct bus_change *change, const struct bus_kind *kind) {
        char leaf[BUS_LEAF_MAX], path[BUS_PATH_MAX];
        const void *object;

        change->pass++;
        for (size_t i = 0; (object = kind->at(change->bus->engine, i)); i++) {
                if (!kind->leaf(object, leaf))
                        continue;
                bus_path_make(kind->folder, leaf, path);
                struct exported *entry = find_entry(change, path);

                if (!entry) {
                        entry = add_entry(change, path, kind);
                        compare_properties(change, kind->interface, entry, object, false);
                        tell_added(change, entry, object);
                } else if (entry->dirty) {
                        compare_properties(change, kind->interface, entry, object, true);
                }
                entry->seen = change->pass;
        }
        for (struct exported *entry = change->entries, *next; entry; entry = next) {
                next = entry->next;
                if (entry->kind != kind || entry->seen == change->pass)
                        continue;
                tell_removed(change, entry);
                remove_entry(change, entry);
        }
}

static void on_flush(struct loop_defer *source, void *data) {
        struct bus_change *change = data;

        (void)source;
        for (size_t k = 0; k < BUS_KINDS; k++)
                if (change->kind_dirty[k]) {
                        change->kind_dirty[k] = false;
                        reconcile(change, bus_kinds[k]);
                }
        if (change->root.dirty)
                compare_properties(change, &bus_interface_manager, &change->root, NULL, true);
        while (change->first) {
                struct waiting *waiting = change->first;

                change->first = waiting->next;
                bus_connection_send_consume(change->bus->connection, waiting->signal);
                free(waiting);
        }
        change->last = &change->first;
}

int bus_change_new(struct bus *bus, struct bus_change **ret_change) {
        struct bus_change *change = calloc(1, sizeof(*change));

        if (!change)
                return -ENOMEM;
        change->bus = bus;
        change->last = &change->first;
        change->root.path = strdup(BUS_ROOT);
        int r = change->root.path
                ? loop_defer_new(bus->loop, "D-Bus changes", on_flush, change, &change->flush)
                : -ENOMEM;
        if (r < 0) {
                bus_change_free(change);
                return r;
        }
        compare_properties(change, &bus_interface_manager, &change->root, NULL, false);
        for (size_t k = 0; k < BUS_KINDS; k++)
                change->kind_dirty[k] = true;
        loop_defer_arm(change->flush);
        *ret_change = change;
        return 0;
}

struct bus_change *bus_change_free(struct bus_change *change) {
        if (!change)
                return NULL;
        loop_defer_free(change->flush);
        while (change->entries)
                remove_entry(change, change->entries);
        while (change->first) {
                struct waiting *waiting = change->first;

                change->first = waiting->next;
                dbus_message_unref(waiting->signal);
                free(waiting);
        }
        free(change->root.path);
        free(change);
        return NULL;
}

void bus_change_mark(struct bus_change *change, enum bus_kind_index kind, const void *object) {
        char leaf[BUS_LEAF_MAX], path[BUS_PATH_MAX];

        change->kind_dirty[kind] = true;
        loop_defer_arm(change->flush);
        if (!bus_kinds[kind]->leaf(object, leaf))
                return;
        bus_path_make(bus_kinds[kind]->folder, leaf, path);
        struct exported *entry = find_entry(change, path);

        if (entry)
                entry->dirty = true;
}

void bus_change_mark_root(struct bus_change *change) {
        change->root.dirty = true;
        loop_defer_arm(change->flush);
}

void bus_change_signal_consume(struct bus_change *change, DBusMessage *signal) {
        struct waiting *waiting = bus_value_need(calloc(1, sizeof(*waiting)));

        waiting->signal = signal;
        *change->last = waiting;
        change->last = &waiting->next;
        loop_defer_arm(change->flush);
}
