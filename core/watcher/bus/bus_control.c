/* SPDX-License-Identifier: MIT */
/*
 * bus_control - org.spoolguard1.Control: what root and the group spoolguard-admin may ask for over D-Bus
 *
 * Runs in: watcher.  Callers were checked by bus_caller.c.  Nothing here is done by this process: Observe,
 * Maintenance, Reload and ReturnLease are passed on to the executor, which lowers its authority, reads its own
 * configuration or undoes what it did, and a run by hand is asked for as any other, within its budget.  Answers come
 * when the executor has answered (bus_pending.c).
 *
 * Fails: InvalidArgument, NoSuchPlaybook, NoSuchLease, Refused, Timeout.
 */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

static DBusMessage *lower(
        struct bus *bus, DBusMessage *call, enum wire_lower_kind kind, uint64_t usec, uint64_t lease) {
        char who[WIRE_NAME_MAX];
        uint64_t serial = 0;

        if (!bus_pending_has_room(bus->pending))
                return bus_error(call, DBUS_ERROR_LIMITS_EXCEEDED, "too many calls at once, try again");
        text_format(who, sizeof(who), "uid %" PRIu32 " (D-Bus %s)", bus->caller_uid,
                dbus_message_get_sender(call));
        if (engine_lower(bus->engine, kind, usec, lease, who, &serial) < 0)
                return bus_error(call, BUS_ERROR("NotAvailable"), "the executor cannot be reached");
        /* What was given back takes its time to end, and only the executor knows how long. */
        bus_pending_lower(bus, call, serial, kind == WIRE_LOWER_RETURN_LEASE);
        return NULL;
}

static DBusMessage *observe(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        (void)target;
        return lower(bus, call, WIRE_LOWER_OBSERVE, 0, 0);
}

static DBusMessage *maintenance(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        dbus_uint64_t usec = 0;

        (void)target;
        dbus_message_get_args(call, NULL, DBUS_TYPE_UINT64, &usec, DBUS_TYPE_INVALID);
        if (usec > WIRE_MAINTENANCE_MAX_USEC)
                return bus_error(call, BUS_ERROR("InvalidArgument"),
                        "a maintenance lasts at most 30 days, in microseconds");
        return lower(bus, call, WIRE_LOWER_MAINTENANCE, usec, 0);
}

static DBusMessage *reload(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        (void)target;
        return lower(bus, call, WIRE_LOWER_RELOAD, 0, 0);
}

static bool is_playbook(const struct bus *bus, const char *name) {
        const struct playbook *playbook;

        for (size_t i = 0; (playbook = engine_playbook(bus->engine, i)); i++)
                if (strcmp(playbook->config->name, name) == 0)
                        return true;
        return false;
}

static DBusMessage *run_playbook(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        struct problem problem = {""};
        dbus_bool_t dry = FALSE;
        const char *name = "";

        (void)target;
        dbus_message_get_args(
                call, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_BOOLEAN, &dry, DBUS_TYPE_INVALID);
        if (!bus_pending_has_room(bus->pending))
                return bus_error(call, DBUS_ERROR_LIMITS_EXCEEDED, "too many calls at once, try again");
        if (!is_playbook(bus, name))
                return bus_error(call, BUS_ERROR("NoSuchPlaybook"), "there is no playbook '%.*s'",
                        CONFIG_NAME_MAX, name);
        const struct run *run = engine_run_by_hand(bus->engine, name, dry, &problem);
        if (!run)
                return bus_error(call, BUS_ERROR("Refused"), "%s", problem.text);
        bus_pending_run(bus, call, run->serial);
        /* Maybe it has its number already. */
        bus_pending_on_run(bus, run, false);
        return NULL;
}

static DBusMessage *return_lease(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        struct bus_target named;
        const char *path = "";

        (void)target;
        dbus_message_get_args(call, NULL, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID);
        bus_object_find(bus, path, &named);
        if (named.kind != &bus_kind_lease || !named.object)
                return bus_error(call, BUS_ERROR("NoSuchLease"), "there is no lease %s", path);
        const struct wire_lease *lease = named.object;

        return lower(bus, call, WIRE_LOWER_RETURN_LEASE, 0, lease->lease);
}

const struct bus_interface bus_interface_control = {
        .name = BUS_NAME ".Control",
        .admins_only = true,
        .methods =
                (const struct bus_method[]){
                        {.name = "Observe", .call = observe},
                        {.name = "Maintenance",
                                .in = (const struct bus_argument[]){{"duration_usec", "t"}, {0}},
                                .call = maintenance},
                        {.name = "RunPlaybook",
                                .in = (const struct bus_argument[]){{"playbook", "s"}, {"dry", "b"}, {0}},
                                .out = (const struct bus_argument[]){{"run", "o"}, {0}},
                                .call = run_playbook},
                        {.name = "ReturnLease",
                                .in = (const struct bus_argument[]){{"lease", "o"}, {0}},
                                .out = (const struct bus_argument[]){{"text", "s"}, {0}},
                                .call = return_lease},
                        {.name = "Reload", .call = reload},
                        {0},
                },
};
