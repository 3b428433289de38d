/* SPDX-License-Identifier: MIT */
/*
 * bus_manager - org.spoolguard1.Manager: the state of the whole, for everybody
 *
 * Runs in: watcher.  Getters over the engine, the readings, the configuration in force, a copy of the recorder
 * and the signals that say what begins and ends.  All of it is readable by every local user, so what could be
 * secret is left out: the arguments of the notify command, and texts of playbooks.
 *
 * Fails: NotAvailable when there is nothing to answer with.  Limits: GetReadings is as large as the board.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "plugin/plugin.h"
#include "version.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

static void get_version(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus, (void)object;
        bus_value_text(iter, SPOOLGUARD_VERSION);
}

static void get_mode(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)object;
        bus_value_text(iter, config_mode_name(engine_mode(bus->engine)));
}

static void get_state(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)object;
        bus_value_text(iter, engine_state_name(bus->engine));
}

static void get_state_text(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)object;
        bus_value_text(iter, engine_state_text(bus->engine));
}

static void get_maintenance(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)object;
        bus_value_u64(iter, engine_maintenance_until_usec(bus->engine));
}

static void get_active(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        const struct condition *condition;
        DBusMessageIter array;

        (void)object;
        bus_value_open(iter, DBUS_TYPE_ARRAY, "s", &array);
        for (size_t i = 0; (condition = engine_condition(bus->engine, i)); i++)
                if (condition->tripped)
                        bus_value_text(&array, condition->name);
        bus_value_close(iter, &array);
}

static void get_problems(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)object;
        bus_value_texts(iter, engine_config(bus->engine)->problems);
}

static void get_plugins(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        DBusMessageIter array, dict;

        (void)object;
        bus_value_open(iter, DBUS_TYPE_ARRAY, "a{sv}", &array);
        for (size_t i = 0; bus->plugins && i < bus->plugins->n; i++) {
                const struct plugin *plugin = &bus->plugins->plugins[i];

                bus_value_open(&array, DBUS_TYPE_ARRAY, "{sv}", &dict);
                bus_value_entry_text(&dict, "name", plugin->name);
                bus_value_entry_text(&dict, "path", plugin->path);
                bus_value_entry_text(&dict, "version", plugin->sg ? plugin->sg->version : "");
                bus_value_entry_text(&dict, "summary", plugin->sg ? plugin->sg->summary : "");
                bus_value_entry_text(&dict, "refused", plugin->sg ? "" : plugin->refused.text);
                bus_value_close(&array, &dict);
        }
        bus_value_close(iter, &array);
}

static DBusMessage *get_readings(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        DBusMessage *reply = bus_value_need(dbus_message_new_method_return(call));
        const struct board *board = engine_board(bus->engine);
        DBusMessageIter iter, array, row;
        const struct reading *reading;

        (void)target;
        dbus_message_iter_init_append(reply, &iter);
        bus_value_open(&iter, DBUS_TYPE_ARRAY, "(sa{ss}dt)", &array);
        for (size_t i = 0; (reading = board_at(board, i)); i++) {
                bus_value_open(&array, DBUS_TYPE_STRUCT, NULL, &row);
                bus_value_text(&row, reading->name);
                bus_value_labels(&row, reading->labels, reading->n_labels);
                bus_value_double(&row, reading->value);
                bus_value_u64(&row, reading->at_usec);
                bus_value_close(&array, &row);
        }
        bus_value_close(&iter, &array);
        return reply;
}

static DBusMessage *export(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        int fd = bus->ops.export_fd ? bus->ops.export_fd(bus->data) : -EOPNOTSUPP;

        (void)target;
        if (fd < 0)
                return bus_error(
                        call, BUS_ERROR("NotAvailable"), "the recorder cannot be read: %s", strerror(-fd));
        DBusMessage *reply = bus_value_need(dbus_message_new_method_return(call));

        /* libdbus duplicates it. */
        bus_value_done(dbus_message_append_args(reply, DBUS_TYPE_UNIX_FD, &fd, DBUS_TYPE_INVALID));
        close(fd);
        return reply;
}

static bool ends_with(const char *text, const char *end) {
        size_t length = strlen(text), end_length = strlen(end);

        return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static DBusMessage *get_config(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        DBusMessage *reply = bus_value_need(dbus_message_new_method_return(call));
        const struct config *config = engine_config(bus->engine);
        DBusMessageIter iter, array, row;

        (void)target;
        dbus_message_iter_init_append(reply, &iter);
        bus_value_open(&iter, DBUS_TYPE_ARRAY, "(sss)", &array);
        for (size_t i = 0; i < config->n_entries; i++) {
                const struct config_entry *entry = &config->entries[i];
                const char *value = entry->value;
                char program[256];

                if (strcmp(entry->key, "prelude") == 0 ||
                        (strncmp(entry->key, "playbooks.", 10) == 0 && ends_with(entry->key, ".source")))
                        continue;
                if (strcmp(entry->key, "notify.command") == 0 && config->notify_command[0]) {
                        /* Its arguments may hold a token. */
                        text_format(program, sizeof(program), "%s%s", config->notify_command[0],
                                config->notify_command[1] ? ",..." : "");
                        value = program;
                }
                /* "s:200M": the type in front is for the script that gets it. */
                if (strncmp(entry->key, "playbooks.", 10) == 0 && strstr(entry->key, ".options.") &&
                        strchr(value, ':'))
                        value = strchr(value, ':') + 1;
                bus_value_open(&array, DBUS_TYPE_STRUCT, NULL, &row);
                bus_value_text(&row, entry->key);
                bus_value_text(&row, value);
                bus_value_text(&row, entry->origin);
                bus_value_close(&array, &row);
        }
        bus_value_close(&iter, &array);
        return reply;
}

const struct bus_interface bus_interface_manager = {
        .name = BUS_NAME ".Manager",
        .methods =
                (const struct bus_method[]){
                        {.name = "GetReadings",
                                .out = (const struct bus_argument[]){{"readings", "a(sa{ss}dt)"}, {0}},
                                .call = get_readings},
                        {.name = "QueueShape",
                                .in = (const struct bus_argument[]){{"queue", "s"}, {"limit", "u"},
                                        {"options", "a{sv}"}, {0}},
                                .out = (const struct bus_argument[]){{"shape", "a(sau)"}, {0}},
                                .call = bus_queue_shape},
                        {.name = "QueueMessages",
                                .in = (const struct bus_argument[]){{"cursor", "t"}, {"max", "u"},
                                        {"filter", "a{sv}"}, {0}},
                                .out = (const struct bus_argument[]){{"next", "t"}, {"messages", "aa{sv}"},
                                        {0}},
                                .call = bus_queue_messages},
                        {.name = "Export",
                                .out = (const struct bus_argument[]){{"recorder", "h"}, {0}},
                                .call = export},
                        {.name = "GetConfig",
                                .out = (const struct bus_argument[]){{"entries", "a(sss)"}, {0}},
                                .call = get_config},
                        {0},
                },
        .signals =
                (const struct bus_signal[]){
                        {"IncidentOpened", (const struct bus_argument[]){{"incident", "o"}, {0}}},
                        {"IncidentClosed", (const struct bus_argument[]){{"incident", "o"}, {0}}},
                        {"ActionStarted",
                                (const struct bus_argument[]){{"action", "t"}, {"details", "a{sv}"}, {0}}},
                        {"ActionFinished",
                                (const struct bus_argument[]){{"action", "t"}, {"details", "a{sv}"}, {0}}},
                        {"Escalated",
                                (const struct bus_argument[]){{"reason", "s"}, {"details", "a{sv}"}, {0}}},
                        {"RunEnded",
                                (const struct bus_argument[]){
                                        {"run", "o"}, {"result", "s"}, {"text", "s"}, {0}}},
                        {0},
                },
        .properties =
                (const struct bus_property[]){
                        {"Version", "s", BUS_EMITS_CONST, get_version},
                        {"Mode", "s", BUS_EMITS_TRUE, get_mode},
                        {"State", "s", BUS_EMITS_TRUE, get_state},
                        {"StateText", "s", BUS_EMITS_TRUE, get_state_text},
                        {"MaintenanceUntilUSec", "t", BUS_EMITS_TRUE, get_maintenance},
                        {"ActiveConditions", "as", BUS_EMITS_TRUE, get_active},
                        {"Plugins", "aa{sv}", BUS_EMITS_CONST, get_plugins},
                        {"Problems", "as", BUS_EMITS_CONST, get_problems},
                        {0},
                },
};

static DBusMessage *new_signal(const char *name, DBusMessageIter *ret_iter) {
        DBusMessage *signal =
                bus_value_need(dbus_message_new_signal(BUS_ROOT, bus_interface_manager.name, name));

        dbus_message_iter_init_append(signal, ret_iter);
        return signal;
}

static DBusMessage *signal_incident(const char *name, const struct incident *incident) {
        char leaf[BUS_LEAF_MAX], path[BUS_PATH_MAX];
        DBusMessageIter iter;

        if (!bus_kind_incident.leaf(incident, leaf))
                return NULL;
        bus_path_make(bus_kind_incident.folder, leaf, path);
        DBusMessage *signal = new_signal(name, &iter);

        bus_value_path(&iter, path);
        return signal;
}

static DBusMessage *signal_action(const char *name, const struct engine_event *event) {
        DBusMessageIter iter;
        DBusMessage *signal = new_signal(name, &iter);

        bus_value_u64(&iter, event->action->action);
        bus_incident_action(&iter, event->incident, event->action);
        return signal;
}

static DBusMessage *signal_escalated(const struct engine_event *event) {
        DBusMessageIter iter, dict;
        DBusMessage *signal = new_signal("Escalated", &iter);

        bus_value_text(&iter, event->text ? event->text : "");
        bus_value_open(&iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
        if (event->incident) {
                bus_value_entry_u64(&dict, "incident", event->incident->id);
                bus_value_entry_text(&dict, "title", event->incident->title);
                bus_value_entry_text(&dict, "diagnosis", event->incident->diagnosis);
        }
        bus_value_close(&iter, &dict);
        return signal;
}

/* The end of a run may be seen as a change, as its removal, or as both; it is told once. */
static DBusMessage *signal_run_ended(struct bus *bus, const struct run *run) {
        char leaf[BUS_LEAF_MAX], path[BUS_PATH_MAX];
        DBusMessageIter iter;

        if (!run || !bus_kind_run.leaf(run, leaf))
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(bus->ended_runs); i++)
                if (bus->ended_runs[i] == run->id)
                        return NULL;
        bus->ended_runs[bus->ended_at] = run->id;
        bus->ended_at = (bus->ended_at + 1) % ELEMENTSOF(bus->ended_runs);

        bus_path_make(bus_kind_run.folder, leaf, path);
        DBusMessage *signal = new_signal("RunEnded", &iter);

        bus_value_path(&iter, path);
        bus_value_text(&iter, run->result);
        bus_value_text(&iter, run->text);
        return signal;
}

DBusMessage *bus_manager_signal(struct bus *bus, const struct engine_event *event) {
        bool ended = event->run && event->run->state == RUN_ENDED;

        switch (event->type) {
        case ENGINE_INCIDENT_ADDED:
                /* Past ones are added too, when the executor tells of them. */
                return event->incident->closed_usec == 0 ? signal_incident("IncidentOpened", event->incident)
                                                         : NULL;
        case ENGINE_INCIDENT_CLOSED: return signal_incident("IncidentClosed", event->incident);
        case ENGINE_ACTION_STARTED: return signal_action("ActionStarted", event);
        case ENGINE_ACTION_FINISHED: return signal_action("ActionFinished", event);
        case ENGINE_ESCALATED: return signal_escalated(event);
        case ENGINE_RUN_CHANGED: return ended ? signal_run_ended(bus, event->run) : NULL;
        case ENGINE_RUN_REMOVED: return signal_run_ended(bus, event->run);
        case ENGINE_CONDITION_ADDED:
        case ENGINE_CONDITION_CHANGED:
        case ENGINE_CONDITION_REMOVED:
        case ENGINE_PLAYBOOK_CHANGED:
        case ENGINE_RUN_ADDED:
        case ENGINE_INCIDENT_CHANGED:
        case ENGINE_INCIDENT_REMOVED:
        case ENGINE_STATE_CHANGED:
        case ENGINE_LOWER_REPLY:
        case ENGINE_LEASE_ADDED:
        case ENGINE_LEASE_CHANGED:
        case ENGINE_LEASE_REMOVED: return NULL;
        }
        return NULL;
}
