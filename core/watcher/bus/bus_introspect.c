/* SPDX-License-Identifier: MIT */
/*
 * bus_introspect - the tables as introspection XML
 *
 * Runs in: watcher.  Writes what org.freedesktop.DBus.Introspectable answers: the interfaces of a node from
 * their tables, and the names of the nodes below it.  packaging/interfaces holds the same text with its
 * documentation; tests/unit/test_bus_interfaces.c holds the two together.
 *
 * Fails: NULL without memory.  Nothing has to be quoted: names and types come from the tables, and path
 * components are letters, digits and '_'.
 */
#include <stdio.h>
#include <string.h>

#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_object.h"

#define DOCTYPE                                                                              \
        "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n" \
        " \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"

static const char *const emits_names[] = {
        [BUS_EMITS_TRUE] = NULL, /* the default of the specification */
        [BUS_EMITS_INVALIDATES] = "invalidates",
        [BUS_EMITS_FALSE] = "false",
        [BUS_EMITS_CONST] = "const",
};

static void write_arguments(FILE *file, const struct bus_argument *row, const char *direction) {
        for (; row && row->name; row++) {
                fprintf(file, "      <arg name=\"%s\" type=\"%s\"", row->name, row->type);
                if (direction)
                        fprintf(file, " direction=\"%s\"", direction);
                fputs("/>\n", file);
        }
}

static void write_interface(FILE *file, const struct bus_interface *interface) {
        fprintf(file, "  <interface name=\"%s\">\n", interface->name);
        for (const struct bus_method *row = interface->methods; row && row->name; row++) {
                fprintf(file, "    <method name=\"%s\">\n", row->name);
                write_arguments(file, row->in, "in");
                write_arguments(file, row->out, "out");
                fputs("    </method>\n", file);
        }
        for (const struct bus_signal *row = interface->signals; row && row->name; row++) {
                fprintf(file, "    <signal name=\"%s\">\n", row->name);
                write_arguments(file, row->arguments, NULL);
                fputs("    </signal>\n", file);
        }
        for (const struct bus_property *row = interface->properties; row && row->name; row++) {
                fprintf(file, "    <property name=\"%s\" type=\"%s\" access=\"read\"", row->name, row->type);
                if (emits_names[row->emits])
                        fprintf(file,
                                ">\n"
                                "      <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\""
                                " value=\"%s\"/>\n"
                                "    </property>\n",
                                emits_names[row->emits]);
                else
                        fputs("/>\n", file);
        }
        fputs("  </interface>\n", file);
}

static void write_children(FILE *file, const struct bus *bus, const struct bus_target *target) {
        char leaf[BUS_LEAF_MAX];
        const void *object;

        if (strcmp(target->path, "/") == 0) {
                fputs("  <node name=\"org\"/>\n", file);
        } else if (strcmp(target->path, "/org") == 0) {
                fputs("  <node name=\"spoolguard1\"/>\n", file);
        } else if (strcmp(target->path, BUS_ROOT) == 0) {
                for (size_t k = 0; k < BUS_KINDS; k++)
                        fprintf(file, "  <node name=\"%s\"/>\n", bus_kinds[k]->folder);
        } else if (target->kind && !target->object) {
                for (size_t i = 0; (object = target->kind->at(bus->engine, i)); i++)
                        if (target->kind->leaf(object, leaf))
                                fprintf(file, "  <node name=\"%s\"/>\n", leaf);
        }
}

char *bus_introspect_interface(const struct bus_interface *interface) {
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        if (!file)
                return NULL;
        write_interface(file, interface);
        fclose(file);
        return text;
}

char *bus_introspect_node(const struct bus *bus, const struct bus_target *target) {
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        if (!file)
                return NULL;
        fputs(DOCTYPE "<node>\n", file);
        for (size_t i = 0; target->interfaces[i]; i++)
                write_interface(file, target->interfaces[i]);
        write_children(file, bus, target);
        fputs("</node>\n", file);
        fclose(file);
        return text;
}
