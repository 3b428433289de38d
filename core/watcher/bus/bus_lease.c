/* SPDX-License-Identifier: MIT */
/*
 * bus_lease - org.spoolguard1.Lease: a reversible change in force, why, for how long, and what ends it
 *
 * Runs in: watcher.  Getters over struct wire_lease as the executor last told it; nothing about a lease is decided
 * or kept here.  A lease has an object from the moment the executor began to take it until it has ended, also
 * over restarts of either process, for leases are told anew at every welcome.  Giving one back is Control's.
 *
 * Limits: ExpiresUSec moves with every renewal, once or twice a minute.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

static const struct wire_lease *of(const void *object) {
        return object;
}

static void get_verb(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->verb);
}

static void get_reason(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->reason);
}

static void get_owner(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->owner);
}

static void get_count(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->count);
}

static void get_since(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->since_usec);
}

static void get_expires(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->expires_usec);
}

static void get_until_clear(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->until_clear);
}

static void get_id(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->lease);
}

static void get_state(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, wire_lease_state_name(of(object)->state));
}

static void get_arguments(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_pairs(iter, of(object)->args, of(object)->n_args);
}

static void get_limit(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->limit_usec);
}

static void get_incident(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->incident);
}

static void get_text(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->text);
}

static const struct bus_interface interface = {
        .name = BUS_NAME ".Lease",
        .properties =
                (const struct bus_property[]){
                        {"Verb", "s", BUS_EMITS_CONST, get_verb},
                        {"Reason", "s", BUS_EMITS_TRUE, get_reason},
                        {"Owner", "s", BUS_EMITS_CONST, get_owner},
                        {"Count", "t", BUS_EMITS_TRUE, get_count},
                        {"SinceUSec", "t", BUS_EMITS_TRUE, get_since},
                        {"ExpiresUSec", "t", BUS_EMITS_TRUE, get_expires},
                        {"UntilClear", "s", BUS_EMITS_TRUE, get_until_clear},
                        {"Id", "t", BUS_EMITS_CONST, get_id},
                        {"State", "s", BUS_EMITS_TRUE, get_state},
                        {"Arguments", "a{ss}", BUS_EMITS_CONST, get_arguments},
                        {"LimitUSec", "t", BUS_EMITS_TRUE, get_limit},
                        {"Incident", "t", BUS_EMITS_TRUE, get_incident},
                        {"Text", "s", BUS_EMITS_TRUE, get_text},
                        {0},
                },
};

static const void *at(const struct engine *engine, size_t i) {
        return engine_lease(engine, i);
}

static bool leaf(const void *object, char text[static BUS_LEAF_MAX]) {
        text_format(text, BUS_LEAF_MAX, "%" PRIu64, of(object)->lease);
        return of(object)->lease != 0 && of(object)->state != WIRE_LEASE_ENDED;
}

const struct bus_kind bus_kind_lease = {
        .folder = "lease",
        .interface = &interface,
        .at = at,
        .leaf = leaf,
};
