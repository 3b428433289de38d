/* SPDX-License-Identifier: MIT */
/*
 * bus_incident - org.spoolguard1.Incident: what happened, and what was done about it
 *
 * Runs in: watcher.  Getters over struct incident.  The actions of an incident can be many, so a change of
 * Actions only says "ask again" (invalidates); the signals ActionStarted and ActionFinished of the Manager
 * carry each one.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

static const struct incident *of(const void *object) {
        return object;
}

static void get_id(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->id);
}

static void get_title(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->title);
}

static void get_diagnosis(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->diagnosis);
}

static void get_since(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->since_usec);
}

static void get_closed(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->closed_usec);
}

static void get_escalated(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_bool(iter, of(object)->escalated);
}

static void get_conditions(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        const char *names[INCIDENT_CONDITIONS_MAX + 1] = {0};

        (void)bus;
        for (size_t i = 0; i < of(object)->n_conditions; i++)
                names[i] = of(object)->conditions[i];
        bus_value_texts(iter, names);
}

void bus_incident_action(
        DBusMessageIter *iter, const struct incident *incident, const struct incident_action *action) {
        DBusMessageIter dict;

        bus_value_open(iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
        bus_value_entry_u64(&dict, "action", action->action);
        bus_value_entry_u64(&dict, "incident", incident ? incident->id : 0);
        bus_value_entry_text(&dict, "playbook", action->playbook);
        bus_value_entry_text(&dict, "verb", action->verb);
        bus_value_entry_text(&dict, "args", action->args);
        bus_value_entry_text(
                &dict, "status", action->status == 0 ? "running" : wire_status_name(action->status));
        bus_value_entry_u64(&dict, "started_usec", action->started_usec);
        bus_value_entry_u64(&dict, "finished_usec", action->finished_usec);
        bus_value_entry_u64(&dict, "freed_bytes", action->freed_bytes);
        bus_value_entry_u64(&dict, "found_bytes", action->found_bytes);
        bus_value_entry_u64(&dict, "count", action->count);
        bus_value_entry_text(&dict, "text", action->text);
        bus_value_close(iter, &dict);
}

static void get_actions(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        DBusMessageIter array;

        (void)bus;
        bus_value_open(iter, DBUS_TYPE_ARRAY, "a{sv}", &array);
        for (size_t i = 0; i < of(object)->n_actions; i++)
                bus_incident_action(&array, of(object), &of(object)->actions[i]);
        bus_value_close(iter, &array);
}

static void get_earlier(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->earlier.n);
}

static const struct bus_interface interface = {
        .name = BUS_NAME ".Incident",
        .properties =
                (const struct bus_property[]){
                        {"Title", "s", BUS_EMITS_TRUE, get_title},
                        {"Diagnosis", "s", BUS_EMITS_TRUE, get_diagnosis},
                        {"SinceUSec", "t", BUS_EMITS_TRUE, get_since},
                        {"ClosedUSec", "t", BUS_EMITS_TRUE, get_closed},
                        {"Conditions", "as", BUS_EMITS_TRUE, get_conditions},
                        {"Actions", "aa{sv}", BUS_EMITS_INVALIDATES, get_actions},
                        {"EarlierActions", "t", BUS_EMITS_INVALIDATES, get_earlier},
                        {"Id", "t", BUS_EMITS_CONST, get_id},
                        {"Escalated", "b", BUS_EMITS_TRUE, get_escalated},
                        {0},
                },
};

static const void *at(const struct engine *engine, size_t i) {
        return engine_incident(engine, i);
}

static bool leaf(const void *object, char text[static BUS_LEAF_MAX]) {
        text_format(text, BUS_LEAF_MAX, "%" PRIu64, of(object)->id);
        return of(object)->id != 0;
}

const struct bus_kind bus_kind_incident = {
        .folder = "incident",
        .interface = &interface,
        .at = at,
        .leaf = leaf,
};
