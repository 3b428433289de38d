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
#include <string.h>

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

void bus_value_word(DBusMessageIter *iter, const char *word) {
        char escaped[1024];

        if (!text_is_clean(word)) {
                text_escape(escaped, sizeof(escaped), word);
                word = escaped;
        }
        bus_value_done(dbus_message_iter_append_basic(iter, DBUS_TYPE_STRING, &word));
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

/* What open() wants to know of an array or a variant that is open in `inner`, NULL for the others; dbus_free() it. */
static char *contained(DBusMessageIter *from, DBusMessageIter *inner) {
        char *type;

        switch (dbus_message_iter_get_arg_type(from)) {
        case DBUS_TYPE_VARIANT: return bus_value_need(dbus_message_iter_get_signature(inner));
        case DBUS_TYPE_ARRAY:
                type = bus_value_need(dbus_message_iter_get_signature(from));
                memmove(type, type + 1, strlen(type));
                return type;
        default: return NULL;
        }
}

void bus_value_copy(DBusMessageIter *iter, DBusMessageIter *from) {
        for (int type; (type = dbus_message_iter_get_arg_type(from)) != DBUS_TYPE_INVALID;
                dbus_message_iter_next(from)) {
                DBusMessageIter inner, copy;
                DBusBasicValue value;

                if (dbus_type_is_basic(type)) {
                        dbus_message_iter_get_basic(from, &value);
                        bus_value_done(dbus_message_iter_append_basic(iter, type, &value));
                        continue;
                }
                dbus_message_iter_recurse(from, &inner);
                char *signature = contained(from, &inner);

                bus_value_open(iter, type, signature, &copy);
                bus_value_copy(&copy, &inner);
                bus_value_close(iter, &copy);
                dbus_free(signature);
        }
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

struct entry {
        DBusMessageIter entry, variant;
};

static void entry_open(DBusMessageIter *dict, const char *key, const char *type, struct entry *ret_entry) {
        bus_value_open(dict, DBUS_TYPE_DICT_ENTRY, NULL, &ret_entry->entry);
        bus_value_text(&ret_entry->entry, key);
        bus_value_open(&ret_entry->entry, DBUS_TYPE_VARIANT, type, &ret_entry->variant);
}

static void entry_close(DBusMessageIter *dict, struct entry *entry) {
        bus_value_close(&entry->entry, &entry->variant);
        bus_value_close(dict, &entry->entry);
}

void bus_value_entry_text(DBusMessageIter *dict, const char *key, const char *text) {
        struct entry entry;

        entry_open(dict, key, "s", &entry);
        bus_value_text(&entry.variant, text);
        entry_close(dict, &entry);
}

void bus_value_entry_word(DBusMessageIter *dict, const char *key, const char *word) {
        struct entry entry;

        entry_open(dict, key, "s", &entry);
        bus_value_word(&entry.variant, word);
        entry_close(dict, &entry);
}

void bus_value_entry_words(DBusMessageIter *dict, const char *key, const char *const *words) {
        DBusMessageIter array;
        struct entry entry;

        entry_open(dict, key, "as", &entry);
        bus_value_open(&entry.variant, DBUS_TYPE_ARRAY, "s", &array);
        for (; *words; words++)
                bus_value_word(&array, *words);
        bus_value_close(&entry.variant, &array);
        entry_close(dict, &entry);
}

void bus_value_entry_bool(DBusMessageIter *dict, const char *key, bool value) {
        struct entry entry;

        entry_open(dict, key, "b", &entry);
        bus_value_bool(&entry.variant, value);
        entry_close(dict, &entry);
}

void bus_value_entry_u32(DBusMessageIter *dict, const char *key, uint32_t value) {
        struct entry entry;

        entry_open(dict, key, "u", &entry);
        bus_value_u32(&entry.variant, value);
        entry_close(dict, &entry);
}

void bus_value_entry_u64(DBusMessageIter *dict, const char *key, uint64_t value) {
        struct entry entry;

        entry_open(dict, key, "t", &entry);
        bus_value_u64(&entry.variant, value);
        entry_close(dict, &entry);
}
