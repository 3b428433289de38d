/* SPDX-License-Identifier: MIT */
/*
 * bus_run - org.spoolguard1.Run: a playbook at work, what it waits for and until when
 *
 * Runs in: watcher.  Getters over struct run.  A run has an object from the moment the executor admitted it
 * (it has a number then) until the engine forgets it; its end is told by RunEnded of the Manager.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

static const struct run *of(const void *object) {
        return object;
}

static void get_playbook(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->playbook->config->name);
}

static void get_state(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, run_state_name(of(object)->state));
}

static void get_waiting_for(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->waiting_for);
}

static void get_deadline(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->deadline_usec);
}

static void get_id(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->id);
}

static void get_incident(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->incident);
}

static void get_condition(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->condition);
}

static void get_by_hand(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_bool(iter, of(object)->by_hand);
}

static void get_observe(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_bool(iter, of(object)->observe || of(object)->dry);
}

static void get_result(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->result);
}

static void get_text(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->text);
}

static const struct bus_interface interface = {
        .name = BUS_NAME ".Run",
        .properties =
                (const struct bus_property[]){
                        {"Playbook", "s", BUS_EMITS_CONST, get_playbook},
                        {"State", "s", BUS_EMITS_TRUE, get_state},
                        {"WaitingFor", "s", BUS_EMITS_TRUE, get_waiting_for},
                        {"DeadlineUSec", "t", BUS_EMITS_TRUE, get_deadline},
                        {"Id", "t", BUS_EMITS_CONST, get_id},
                        {"Incident", "t", BUS_EMITS_TRUE, get_incident},
                        {"Condition", "s", BUS_EMITS_CONST, get_condition},
                        {"ByHand", "b", BUS_EMITS_CONST, get_by_hand},
                        {"Observe", "b", BUS_EMITS_TRUE, get_observe},
                        {"Result", "s", BUS_EMITS_TRUE, get_result},
                        {"Text", "s", BUS_EMITS_TRUE, get_text},
                        {0},
                },
};

static const void *at(const struct engine *engine, size_t i) {
        return engine_run(engine, i);
}

static bool leaf(const void *object, char text[static BUS_LEAF_MAX]) {
        text_format(text, BUS_LEAF_MAX, "%" PRIu64, of(object)->id);
        return of(object)->id != 0;
}

const struct bus_kind bus_kind_run = {
        .folder = "run",
        .interface = &interface,
        .at = at,
        .leaf = leaf,
};
