/* SPDX-License-Identifier: MIT */
/*
 * bus_playbook - org.spoolguard1.Playbook: what each playbook waits for, and what it may still do
 *
 * Runs in: watcher.  Getters over struct playbook and its configuration, nothing else.  The source of a
 * playbook is not published: its file is named, and readable to whom the admin lets read it.
 */
#include "base/cleanup.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

static const struct playbook *of(const void *object) {
        return object;
}

static void text_or_empty(DBusMessageIter *iter, const char *text) {
        bus_value_text(iter, text ? text : "");
}

static void get_name(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, of(object)->config->name);
}

static void get_summary(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        text_or_empty(iter, of(object)->config->summary);
}

static void get_mode(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, config_mode_name(of(object)->mode));
}

static void get_state(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_text(iter, playbook_state_name(of(object)->state));
}

static void get_runs(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->runs);
}

static void get_would_have_run(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->would_have_run);
}

static void get_last_run(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->last_run_usec);
}

static void get_until(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->until_usec);
}

static void get_any(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_texts(iter, of(object)->config->any);
}

static void get_all(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_texts(iter, of(object)->config->all);
}

static void get_cleared(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_texts(iter, of(object)->config->cleared);
}

static void get_after(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_texts(iter, of(object)->config->after);
}

static void get_budget_runs(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u32(iter, of(object)->config->runs);
}

static void get_budget_window(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->config->per_usec);
}

static void get_cooldown(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        bus_value_u64(iter, of(object)->config->cooldown_usec);
}

static void get_file(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        text_or_empty(iter, of(object)->config->file);
}

static void get_failed(const struct bus *bus, const void *object, DBusMessageIter *iter) {
        (void)bus;
        text_or_empty(iter, of(object)->config->failed);
}

static const struct bus_interface interface = {
        .name = BUS_NAME ".Playbook",
        .properties =
                (const struct bus_property[]){
                        {"Name", "s", BUS_EMITS_CONST, get_name},
                        {"Summary", "s", BUS_EMITS_CONST, get_summary},
                        {"Mode", "s", BUS_EMITS_TRUE, get_mode},
                        {"State", "s", BUS_EMITS_TRUE, get_state},
                        {"Runs", "t", BUS_EMITS_TRUE, get_runs},
                        {"WouldHaveRun", "t", BUS_EMITS_TRUE, get_would_have_run},
                        {"LastRunUSec", "t", BUS_EMITS_TRUE, get_last_run},
                        {"UntilUSec", "t", BUS_EMITS_TRUE, get_until},
                        {"AnyConditions", "as", BUS_EMITS_CONST, get_any},
                        {"AllConditions", "as", BUS_EMITS_CONST, get_all},
                        {"ClearedConditions", "as", BUS_EMITS_CONST, get_cleared},
                        {"After", "as", BUS_EMITS_CONST, get_after},
                        {"BudgetRuns", "u", BUS_EMITS_CONST, get_budget_runs},
                        {"BudgetWindowUSec", "t", BUS_EMITS_CONST, get_budget_window},
                        {"CooldownUSec", "t", BUS_EMITS_CONST, get_cooldown},
                        {"File", "s", BUS_EMITS_CONST, get_file},
                        {"Failed", "s", BUS_EMITS_CONST, get_failed},
                        {0},
                },
};

static const void *at(const struct engine *engine, size_t i) {
        return engine_playbook(engine, i);
}

static bool leaf(const void *object, char text[static BUS_LEAF_MAX]) {
        bus_path_encode(of(object)->config->name, text);
        return true;
}

const struct bus_kind bus_kind_playbook = {
        .folder = "playbook",
        .interface = &interface,
        .at = at,
        .leaf = leaf,
};
