/* SPDX-License-Identifier: MIT */
/* bus_value - append values to D-Bus messages; see bus_value.c for what happens without memory */
#ifndef WATCHER_BUS_BUS_VALUE_H
#define WATCHER_BUS_BUS_VALUE_H

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/reading.h"
#include "wire/wire.h"

/* Returns `pointer` if it is not NULL: libdbus says "no memory" that way, and we cannot go on without. */
void *bus_value_need(void *pointer);
/* The same for its calls that answer with a truth value. */
void bus_value_done(dbus_bool_t done);

void bus_value_text(DBusMessageIter *iter, const char *text); /* not UTF-8: escaped */
/* A name that strangers could choose: control characters are escaped, too. */
void bus_value_word(DBusMessageIter *iter, const char *word);
void bus_value_path(DBusMessageIter *iter, const char *path);
void bus_value_bool(DBusMessageIter *iter, bool value);
void bus_value_u32(DBusMessageIter *iter, uint32_t value);
void bus_value_u64(DBusMessageIter *iter, uint64_t value);
void bus_value_double(DBusMessageIter *iter, double value);

void bus_value_open(DBusMessageIter *iter, int type, const char *contained, DBusMessageIter *ret_inner);
void bus_value_close(DBusMessageIter *iter, DBusMessageIter *inner);

/* All values from where `from` stands. */
void bus_value_copy(DBusMessageIter *iter, DBusMessageIter *from);

void bus_value_texts(DBusMessageIter *iter, const char *const *texts); /* as, from a NULL-ended list */
void bus_value_labels(DBusMessageIter *iter, const struct reading_label *labels, size_t n_labels); /* a{ss} */
void bus_value_pairs(DBusMessageIter *iter, const struct wire_pair *pairs, size_t n_pairs);        /* a{ss} */

/* One entry of an open a{sv}. */
void bus_value_entry_text(DBusMessageIter *dict, const char *key, const char *text);
void bus_value_entry_word(DBusMessageIter *dict, const char *key, const char *word);
void bus_value_entry_words(DBusMessageIter *dict, const char *key, const char *const *words);
void bus_value_entry_bool(DBusMessageIter *dict, const char *key, bool value);
void bus_value_entry_u32(DBusMessageIter *dict, const char *key, uint32_t value);
void bus_value_entry_u64(DBusMessageIter *dict, const char *key, uint64_t value);

#endif
