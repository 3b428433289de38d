/* SPDX-License-Identifier: MIT */
/*
 * bus_condition - org.spoolguard1.Condition: one object per condition and label set
 *
 * Runs in: watcher.  Getters over struct condition, nothing else.  Value is NaN while the reading is missing;
 * a client must not take that for zero.
 */
#include <string.h>

#include "base/cleanup.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

static const struct condition *of(const void *object) {
        return object;
}

static void get_name(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->name);
}

static void get_state(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, condition_state_name(of(object)->state));
}

static void get_labels(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_labels(iter, of(object)->labels, of(object)->n_labels);
}

static void get_value(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_double(iter, of(object)->value);
}

static void get_trip(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_double(iter, of(object)->config->trip);
}

static void get_clear(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_double(iter, of(object)->config->clear);
}

static void get_since(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->since_usec);
}

static void get_config_name(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->config->name);
}

static void get_summary(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->config->summary ? of(object)->config->summary : "");
}

static void get_reading(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->config->reading);
}

static void get_level(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, config_level_name(of(object)->config->level));
}

static void get_below(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_bool(iter, of(object)->config->below);
}

static void get_lasting(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->config->lasting_usec);
}

static void get_clear_lasting(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->config->clear_lasting_usec);
}

static void get_tripped(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_bool(iter, of(object)->tripped);
}

/* Not told when it changes: the counts in such a sentence move all the time, and nobody waits for them. */
static void get_evidence(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        const struct condition *condition = of(object);
        const struct reading *reading = board_find(engine_board(bus->engine), condition->config->reading,
                condition->labels, condition->n_labels);

        bus_value_text(iter, reading ? reading->text : "");
}

static bool is_listed(const char *const *names, const char *name) {
        for (; *names; names++)
                if (strcmp(*names, name) == 0)
                        return true;
        return false;
}

static void get_playbooks(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        const char *names[CONFIG_PLAYBOOKS_MAX + 1] = {0};
        const char *name = of(object)->config->name;
        const struct playbook *playbook;
        size_t n = 0;

        for (size_t i = 0; n < CONFIG_PLAYBOOKS_MAX && (playbook = engine_playbook(bus->engine, i)); i++)
                if (is_listed(playbook->config->any, name) || is_listed(playbook->config->all, name))
                        names[n++] = playbook->config->name;
        bus_value_texts(iter, names);
}

static const struct bus_interface interface = {
        .name = BUS_NAME ".Condition",
        .properties =
                (const struct bus_property[]){
                        {"Name", "s", BUS_EMITS_CONST, get_name},
                        {"State", "s", BUS_EMITS_TRUE, get_state},
                        {"Labels", "a{ss}", BUS_EMITS_CONST, get_labels},
                        {"Value", "d", BUS_EMITS_TRUE, get_value},
                        {"TripLevel", "d", BUS_EMITS_CONST, get_trip},
                        {"ClearLevel", "d", BUS_EMITS_CONST, get_clear},
                        {"SinceUSec", "t", BUS_EMITS_TRUE, get_since},
                        {"Playbooks", "as", BUS_EMITS_TRUE, get_playbooks},
                        {"ConfigName", "s", BUS_EMITS_CONST, get_config_name},
                        {"Summary", "s", BUS_EMITS_CONST, get_summary},
                        {"Reading", "s", BUS_EMITS_CONST, get_reading},
                        {"Level", "s", BUS_EMITS_CONST, get_level},
                        {"TripsBelow", "b", BUS_EMITS_CONST, get_below},
                        {"LastingUSec", "t", BUS_EMITS_CONST, get_lasting},
                        {"ClearLastingUSec", "t", BUS_EMITS_CONST, get_clear_lasting},
                        {"Tripped", "b", BUS_EMITS_TRUE, get_tripped},
                        {"Evidence", "s", BUS_EMITS_FALSE, get_evidence},
                        {0},
                },
};

static const void *at(const struct engine *engine, size_t i) {
        return engine_condition(engine, i);
}

static bool leaf(const void *object, char text[static BUS_LEAF_MAX]) {
        bus_path_encode(of(object)->name, text);
        return true;
}

const struct bus_kind bus_kind_condition = {
        .folder = "condition",
        .interface = &interface,
        .at = at,
        .leaf = leaf,
};
