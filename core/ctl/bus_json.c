/* SPDX-License-Identifier: MIT */
/*
 * bus_json - D-Bus values as JSON
 *
 * Runs in: spoolguardctl.  One walk over any message, so that commands read replies by name and --json prints
 * what they read.  Dictionaries become objects, structs and arrays arrays; variants are looked through.  NaN, by
 * which readings say that they are missing, becomes null, and infinities become the strings "inf" and "-inf",
 * because JSON has none of them.  A passed descriptor becomes its number here and is the caller's to close.
 *
 * Limits: numbers beyond 2^63-1 become that.
 */
#include "ctl/bus_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

static json_t *unsigned_number(uint64_t value) {
        return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *real_number(double value) {
        if (isnan(value))
                return json_null();
        if (isinf(value))
                return json_string(value > 0 ? "inf" : "-inf");
        return json_real(value);
}

static json_t *convert(DBusMessageIter *iter);

static json_t *convert_array(DBusMessageIter *iter) {
        DBusMessageIter inner;
        json_t *array = json_array();

        dbus_message_iter_recurse(iter, &inner);
        for (; dbus_message_iter_get_arg_type(&inner) != DBUS_TYPE_INVALID; dbus_message_iter_next(&inner))
                json_array_append_new(array, convert(&inner));
        return array;
}

static void convert_key(DBusMessageIter *iter, char *key, size_t size) {
        DBusBasicValue value;

        dbus_message_iter_get_basic(iter, &value);
        switch (dbus_message_iter_get_arg_type(iter)) {
        case DBUS_TYPE_STRING:
        case DBUS_TYPE_OBJECT_PATH:
        case DBUS_TYPE_SIGNATURE: snprintf(key, size, "%s", value.str); break;
        default: snprintf(key, size, "%" PRIu64, value.u64);
        }
}

static json_t *convert_dict(DBusMessageIter *iter) {
        DBusMessageIter inner, entry;
        json_t *object = json_object();
        char key[2048];

        dbus_message_iter_recurse(iter, &inner);
        for (; dbus_message_iter_get_arg_type(&inner) != DBUS_TYPE_INVALID; dbus_message_iter_next(&inner)) {
                dbus_message_iter_recurse(&inner, &entry);
                convert_key(&entry, key, sizeof(key));
                dbus_message_iter_next(&entry);
                json_object_set_new(object, key, convert(&entry));
        }
        return object;
}

static json_t *convert(DBusMessageIter *iter) {
        int type = dbus_message_iter_get_arg_type(iter);
        DBusMessageIter inner;
        DBusBasicValue value = {0};

        switch (type) {
        case DBUS_TYPE_VARIANT: dbus_message_iter_recurse(iter, &inner); return convert(&inner);
        case DBUS_TYPE_STRUCT: return convert_array(iter);
        case DBUS_TYPE_ARRAY:
                return dbus_message_iter_get_element_type(iter) == DBUS_TYPE_DICT_ENTRY ? convert_dict(iter)
                                                                                        : convert_array(iter);
        default: break;
        }
        if (!dbus_type_is_basic(type))
                return json_null();
        dbus_message_iter_get_basic(iter, &value);
        switch (type) {
        case DBUS_TYPE_STRING:
        case DBUS_TYPE_OBJECT_PATH:
        case DBUS_TYPE_SIGNATURE: return json_string(value.str);
        case DBUS_TYPE_BOOLEAN: return json_boolean(value.bool_val);
        case DBUS_TYPE_BYTE: return json_integer(value.byt);
        case DBUS_TYPE_INT16: return json_integer(value.i16);
        case DBUS_TYPE_UINT16: return json_integer(value.u16);
        case DBUS_TYPE_INT32: return json_integer(value.i32);
        case DBUS_TYPE_UINT32: return json_integer(value.u32);
        case DBUS_TYPE_INT64: return json_integer(value.i64);
        case DBUS_TYPE_UINT64: return unsigned_number(value.u64);
        case DBUS_TYPE_DOUBLE: return real_number(value.dbl);
        case DBUS_TYPE_UNIX_FD: return json_integer(value.fd);
        default: return json_null();
        }
}

json_t *bus_json_arguments(DBusMessage *message) {
        json_t *arguments = json_array();
        DBusMessageIter iter;

        if (!dbus_message_iter_init(message, &iter))
                return arguments;
        do
                json_array_append_new(arguments, convert(&iter));
        while (dbus_message_iter_next(&iter));
        return arguments;
}
