/* SPDX-License-Identifier: MIT */
/*
 * fuzz_bus_call - calls of every method, with arguments made of any bytes
 *
 * The bytes choose an object, one of the methods it really has, and a value for each argument, mostly of its type:
 * so all of them get behind the check of the signature, where fuzz_bus_message seldom comes.  Several calls follow
 * each other, with time and answers between them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus_stand.h"
#include "fuzz.h"

#define CALLS_MAX 24
#define ENTRIES_MAX 8
#define DEPTH_MAX 3
#define TEXT_MAX 700

struct bytes {
        const uint8_t *at, *end;
};

static const char *const paths[] = {"/org/spoolguard1", "/org/spoolguard1/lease/3",
        "/org/spoolguard1/playbook", "/org/spoolguard1/condition/disk_2dspace_2dhigh_5f_2fvar_2flog", "/",
        "/org/spoolguard1/lease/4"};
/* What options and filters are called, and what queues, instances and playbooks are. */
static const char *const words[] = {"sender", "linear", "buckets", "minutes", "instance", "queue", "domain",
        "reason", "nexthop", "older_than_usec", "", "echo", "later", "hostile", "incoming active", "nosuch",
        "unread", "toolate", "busy", "broken", "deferred", "vacuum-journal", "org.spoolguard1.Manager",
        "org.spoolguard1.Lease", "Mode", "Plugins", " , ", "arrived_since_usec"};
static const uint64_t edges[] = {0, 1, 64, 65, 1000, 1001, 10000, 10001, 1000000, 1000001, UINT32_MAX,
        UINT64_MAX, UINT64_C(2592000000000), UINT64_C(2592000000001)};
static const char *const types[] = {
        "b", "u", "t", "s", "o", "y", "d", "v", "as", "a{sv}", "(su)", "aas", "ay", "g"};

static uint8_t next_byte(struct bytes *bytes) {
        return bytes->at < bytes->end ? *bytes->at++ : 0;
}

static uint64_t next_number(struct bytes *bytes) {
        uint8_t how = next_byte(bytes);
        uint64_t number = 0;

        if (how < ELEMENTSOF(edges))
                return edges[how];
        for (unsigned i = 0; i <= how % 8; i++)
                number = number << 8 | next_byte(bytes);
        return number;
}

/* Always UTF-8, as libdbus insists that what it is given to append is. */
static void next_text(struct bytes *bytes, char text[static TEXT_MAX]) {
        uint8_t how = next_byte(bytes);
        size_t left = (size_t)(bytes->end - bytes->at);
        size_t n = how < left ? how : left;

        if (how < ELEMENTSOF(words)) {
                strcpy(text, words[how]);
                return;
        }
        if (how == UINT8_MAX) {
                memset(text, 'x', TEXT_MAX - 1);
                text[TEXT_MAX - 1] = '\0';
                return;
        }
        memcpy(text, bytes->at, n);
        text[n] = '\0';
        bytes->at += n;
        for (char *at = text; !dbus_validate_utf8(text, NULL) && *at; at++)
                *at &= 0x7f;
}

static void append_value(DBusMessageIter *iter, const char *type, struct bytes *bytes, int depth);

static const char *next_type(struct bytes *bytes, int depth) {
        /* The first ones have nothing inside. */
        return types[next_byte(bytes) % (depth < DEPTH_MAX ? ELEMENTSOF(types) : 4)];
}

static void append_basic(DBusMessageIter *iter, int type, struct bytes *bytes) {
        DBusBasicValue value = {0};
        char text[TEXT_MAX];

        if (type == DBUS_TYPE_BOOLEAN)
                value.bool_val = next_byte(bytes) & 1;
        else if (type == DBUS_TYPE_OBJECT_PATH)
                value.str = (char *)(uintptr_t)paths[next_byte(bytes) % ELEMENTSOF(paths)];
        else if (type == DBUS_TYPE_SIGNATURE)
                value.str = (char *)(uintptr_t)types[next_byte(bytes) % ELEMENTSOF(types)];
        else if (type == DBUS_TYPE_STRING) {
                next_text(bytes, text);
                value.str = text;
        } else
                value.u64 = next_number(bytes);
        dbus_message_iter_append_basic(iter, type, &value);
}

static void append_entry(DBusMessageIter *dict, struct bytes *bytes, int depth) {
        DBusMessageIter entry;

        dbus_message_iter_open_container(dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        append_basic(&entry, DBUS_TYPE_STRING, bytes);
        append_value(&entry, "v", bytes, depth);
        dbus_message_iter_close_container(dict, &entry);
}

static void append_array(DBusMessageIter *iter, const char *type, struct bytes *bytes, int depth) {
        DBusMessageIter array;

        dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, type, &array);
        for (unsigned n = next_byte(bytes) % ENTRIES_MAX; n > 0; n--) {
                if (type[0] == '{')
                        append_entry(&array, bytes, depth);
                else
                        append_value(&array, type, bytes, depth);
        }
        dbus_message_iter_close_container(iter, &array);
}

static void append_value(DBusMessageIter *iter, const char *type, struct bytes *bytes, int depth) {
        DBusMessageIter inner;

        if (type[0] == 'a') {
                append_array(iter, type + 1, bytes, depth + 1);
        } else if (type[0] == 'v') {
                const char *inside = next_type(bytes, depth);

                dbus_message_iter_open_container(iter, DBUS_TYPE_VARIANT, inside, &inner);
                append_value(&inner, inside, bytes, depth + 1);
                dbus_message_iter_close_container(iter, &inner);
        } else if (type[0] == '(') {
                dbus_message_iter_open_container(iter, DBUS_TYPE_STRUCT, NULL, &inner);
                for (const char *member = type + 1; *member != ')'; member++)
                        append_basic(&inner, *member, bytes);
                dbus_message_iter_close_container(iter, &inner);
        } else {
                append_basic(iter, type[0], bytes);
        }
}

static DBusMessage *compose(struct bytes *bytes) {
        const char *path = paths[next_byte(bytes) % ELEMENTSOF(paths)];
        const struct bus_method *methods, *method;
        struct bus_target target;
        size_t n_interfaces = 0, n_methods = 0;
        DBusMessageIter iter;

        bus_stand_find(path, &target);
        while (target.interfaces[n_interfaces])
                n_interfaces++;
        if (n_interfaces == 0)
                return dbus_message_new_method_call(NULL, path, NULL, "Ping");
        const struct bus_interface *interface = target.interfaces[next_byte(bytes) % n_interfaces];

        methods = interface->methods;
        while (methods && methods[n_methods].name)
                n_methods++;
        if (n_methods == 0)
                return dbus_message_new_method_call(NULL, path, interface->name, "Nothing");
        method = &methods[next_byte(bytes) % n_methods];
        DBusMessage *call = dbus_message_new_method_call(NULL, path, interface->name, method->name);

        dbus_message_iter_init_append(call, &iter);
        for (const struct bus_argument *row = method->in; row && row->name; row++)
                append_value(&iter, next_byte(bytes) < 240 ? row->type : next_type(bytes, 0), bytes, 0);
        return call;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const senders[] = {":1.1", ":1.2", ":1.3", ":1.4", ":1.5"};
        struct bytes bytes = {.at = data, .end = data + size};

        bus_stand_begin();
        for (uint32_t serial = 1; serial <= CALLS_MAX && bytes.at < bytes.end; serial++) {
                uint8_t how = next_byte(&bytes);
                DBusMessage *call = compose(&bytes);

                dbus_message_set_sender(call, senders[(how >> 2) % ELEMENTSOF(senders)]);
                dbus_message_set_serial(call, serial);
                dbus_message_set_no_reply(call, how >= 0xf0);
                bus_stand_call(call);
                bus_stand_happens(how % BUS_STAND_EVENTS);
                dbus_message_unref(call);
        }
        bus_stand_end();
        return 0;
}
