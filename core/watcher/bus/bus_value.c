/* SPDX-License-Identifier: MIT */
/*
 * bus_value - append values to D-Bus messages
 *
 * Runs in: watcher.  libdbus checks what it is given and by default ends the process over text that is not
 * UTF-8, so text goes through here: what is not valid is escaped before libdbus sees it.
 *
 * Fails: a libdbus call that finds no memory leaves its message unusable and half of what a client was told
 * undone.  There is no good way on from there, so the process is ended with one line and restarted by the
 * executor, whose budgets, leases and record do not depend on us.
 */
#include "watcher/bus/bus_value.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"

void *bus_value_need(void *pointer) {
        if (!pointer) {
                log_crit("no memory for a D-Bus message");
                abort();
        }
        return pointer;
}

void bus_value_done(dbus_bool_t done) {
        if (!done) {
                log_crit("no memory for a D-Bus message");
                abort();
        }
}

void bus_value_text(DBusMessageIter *iter, const char *text) {
        char escaped[4096];

        if (!dbus_validate_utf8(text, NULL)) {
                text_escape(escaped, sizeof(escaped), text);
                text = escaped;
        }
        bus_value_done(dbus_message_iter_append_basic(iter, DBUS_TYPE_STRING, &text));
}

void bus_value_path(DBusMessageIter *iter, const char *path) {
        bus_value_done(dbus_message_iter_append_basic(iter, DBUS_TYPE_OBJECT_PATH, &path));
}

void bus_value_bool(DBusMessageIter *iter, bool value) {
        dbus_bool_t wide = value;

        bus_value_done(dbus_message_iter_append_basic(iter, DBUS_TYPE_BOOLEAN, &wide));
}

void bus_value_u32(DBusMessageIter *iter, uint32_t value) {
        bus_value_done(dbus_message_iter_append_basic(iter, DBUS_TYPE_UINT32, &value));
}

void bus_value_u64(DBusMessageIter *iter, uint64_t value) {
        bus_value_done(dbus_message_iter_append_basic(iter, DBUS_TYPE_UINT64, &value));
}

void bus_value_double(DBusMessageIter *iter, double value) {
        bus_value_done(dbus_message_iter_append_basic(iter, DBUS_TYPE_DOUBLE, &value));
}

void bus_value_open(DBusMessageIter *iter, int type, const char *contained, DBusMessageIter *ret_inner) {
        bus_value_done(dbus_message_iter_open_container(iter, type, contained, ret_inner));
}

void bus_value_close(DBusMessageIter *iter, DBusMessageIter *inner) {
        bus_value_done(dbus_message_iter_close_container(iter, inner));
}

void bus_value_texts(DBusMessageIter *iter, const char *const *texts) {
        DBusMessageIter array;

        bus_value_open(iter, DBUS_TYPE_ARRAY, "s", &array);
        for (size_t i = 0; texts && texts[i]; i++)
                bus_value_text(&array, texts[i]);
        bus_value_close(iter, &array);
}

static void pair(DBusMessageIter *dict, const char *name, const char *value) {
        DBusMessageIter entry;

        bus_value_open(dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        bus_value_text(&entry, name);
        bus_value_text(&entry, value);
        bus_value_close(dict, &entry);
}

void bus_value_labels(DBusMessageIter *iter, const struct reading_label *labels, size_t n_labels) {
        DBusMessageIter dict;

        bus_value_open(iter, DBUS_TYPE_ARRAY, "{ss}", &dict);
        for (size_t i = 0; i < n_labels; i++)
                pair(&dict, labels[i].name, labels[i].value);
        bus_value_close(iter, &dict);
}

void bus_value_pairs(DBusMessageIter *iter, const struct wire_pair *pairs, size_t n_pairs) {
        DBusMessageIter dict;

        bus_value_open(iter, DBUS_TYPE_ARRAY, "{ss}", &dict);
        for (size_t i = 0; i < n_pairs; i++)
                pair(&dict, pairs[i].name, pairs[i].text);
        bus_value_close(iter, &dict);
}

void bus_value_entry_text(DBusMessageIter *dict, const char *key, const char *text) {
        DBusMessageIter entry, variant;

        bus_value_open(dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        bus_value_text(&entry, key);
        bus_value_open(&entry, DBUS_TYPE_VARIANT, "s", &variant);
        bus_value_text(&variant, text);
        bus_value_close(&entry, &variant);
        bus_value_close(dict, &entry);
}

void bus_value_entry_u64(DBusMessageIter *dict, const char *key, uint64_t value) {
        DBusMessageIter entry, variant;

        bus_value_open(dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        bus_value_text(&entry, key);
        bus_value_open(&entry, DBUS_TYPE_VARIANT, "t", &variant);
        bus_value_u64(&variant, value);
        bus_value_close(&entry, &variant);
        bus_value_close(dict, &entry);
}
