/* SPDX-License-Identifier: MIT */
/*
 * bus_option - the a{sv} of a call, held against a table of what it may have
 *
 * Runs in: watcher.  Whoever calls may be anybody, so nothing is guessed: a key that the table has not, a value of
 * another type and one out of range are refused, each with a text that names the key and says what is allowed.
 * An empty text is out of range, too: as a filter it would pass everything.
 *
 * Owns nothing: texts stay in the message.  Fails with InvalidArgs.
 * Limits: of a key that comes twice the second counts.
 */
#include "watcher/bus/bus_option.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "watcher/bus/bus_object.h"

static const char *type_name(int type) {
        switch (type) {
        case DBUS_TYPE_BOOLEAN: return "a truth value (b)";
        case DBUS_TYPE_UINT32: return "a number (u)";
        case DBUS_TYPE_UINT64: return "a number (t)";
        default: return "a text (s)";
        }
}

static const struct bus_option *find(const struct bus_option *table, const char *name) {
        for (; table->name; table++)
                if (strcmp(table->name, name) == 0)
                        return table;
        return NULL;
}

static DBusMessage *unknown(DBusMessage *call, const struct bus_option *table, const char *name) {
        char known[256] = "";

        for (const struct bus_option *row = table; row->name; row++) {
                size_t used = strlen(known);

                text_format(known + used, sizeof(known) - used, "%s%s", row == table ? "" : ", ", row->name);
        }
        return bus_error(call, DBUS_ERROR_INVALID_ARGS, "'%.64s' is not known here, only %s", name, known);
}

static DBusMessage *take_value(
        DBusMessage *call, DBusMessageIter *value, const struct bus_option *row, void *values) {
        void *at = (char *)values + row->at;
        DBusBasicValue basic = {0};

        if (dbus_message_iter_get_arg_type(value) != row->type)
                return bus_error(
                        call, DBUS_ERROR_INVALID_ARGS, "'%s' must be %s", row->name, type_name(row->type));
        dbus_message_iter_get_basic(value, &basic);
        if (row->type == DBUS_TYPE_BOOLEAN) {
                *(bool *)at = basic.bool_val;
                return NULL;
        }
        uint64_t size = row->type == DBUS_TYPE_STRING ? strlen(basic.str)
                : row->type == DBUS_TYPE_UINT32       ? basic.u32
                                                      : basic.u64;

        if (size < row->min || size > row->max)
                return bus_error(call, DBUS_ERROR_INVALID_ARGS, "'%s' must be%s %" PRIu64 " to %" PRIu64 "%s",
                        row->name, row->type == DBUS_TYPE_STRING ? " a text of" : "", row->min, row->max,
                        row->type == DBUS_TYPE_STRING ? " bytes" : "");
        if (row->type == DBUS_TYPE_STRING)
                *(const char **)at = basic.str;
        else if (row->type == DBUS_TYPE_UINT32)
                *(uint32_t *)at = basic.u32;
        else
                *(uint64_t *)at = basic.u64;
        return NULL;
}

DBusMessage *bus_option_parse(
        DBusMessage *call, DBusMessageIter *options, const struct bus_option *table, void *values) {
        DBusMessageIter dict, entry, value;

        dbus_message_iter_recurse(options, &dict);
        for (; dbus_message_iter_get_arg_type(&dict) == DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(&dict)) {
                const char *name;

                dbus_message_iter_recurse(&dict, &entry);
                dbus_message_iter_get_basic(&entry, &name);
                dbus_message_iter_next(&entry);
                dbus_message_iter_recurse(&entry, &value);

                const struct bus_option *row = find(table, name);
                DBusMessage *error = row ? take_value(call, &value, row, values) : unknown(call, table, name);

                if (error)
                        return error;
        }
        return NULL;
}
