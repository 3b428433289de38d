/* SPDX-License-Identifier: MIT */
/* client - spoolguardctl's side of the bus: blocking calls with JSON for replies */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "ctl/ctl.h"

#define CLIENT_ROOT "/org/spoolguard1"
#define CLIENT_INTERFACE(name) "org.spoolguard1." name
#define CLIENT_TIMEOUT_MSEC 5000
/* The daemon answers a reload within 35 s at the latest. */
#define CLIENT_RELOAD_MSEC 40000

struct client;

/* CTL_GOOD, or CTL_UNREACHABLE with the reason. */
enum ctl_exit client_new(struct client **ret_client, struct problem *problem);
struct client *client_free(struct client *client);

/*
 * Calls a method of the root object; arguments in the manner of dbus_message_append_args(), of basic types, so
 * `first` is DBUS_TYPE_INVALID without any.  On success *ret_reply is the array of what came back (NULL is fine).
 */
enum ctl_exit client_call(struct client *client, const char *interface, const char *member, int timeout_msec,
        json_t **ret_reply, struct problem *problem, int first, ...);
/* The same for a question of Manager whose last argument is an a{sv}; `options` are ended by one without a key. */
struct client_option {
        const char *key;
        int type; /* of the value, as in dbus/dbus-protocol.h; DBUS_TYPE_INVALID: not given */
        union {
                const char *text;
                uint64_t number; /* also of a truth value */
        } value;
};
enum ctl_exit client_ask(struct client *client, const char *member, int timeout_msec,
        const struct client_option *options, json_t **ret_reply, struct problem *problem, int first, ...);
/* Whether answers came from more than one daemon: cursors and the like are the first one's. */
bool client_was_replaced(const struct client *client);
/* Properties of an interface of an object. */
enum ctl_exit client_properties(struct client *client, const char *path, const char *interface,
        json_t **ret_properties, struct problem *problem);
/* Objects of one kind ("condition") as an array of their properties, in the daemon's order of names. */
enum ctl_exit client_objects(
        struct client *client, const char *folder, json_t **ret_objects, struct problem *problem);

/* Signals of the daemon from now on are kept for client_signal(). */
enum ctl_exit client_listen(struct client *client, struct problem *problem);
/*
 * The next signal: its name, and its arguments in *ret_arguments; NULL when none came in time.  The name is valid
 * until the next call.  CTL_UNREACHABLE in *ret_exit: the daemon has gone.
 */
const char *client_signal(
        struct client *client, int timeout_msec, json_t **ret_arguments, enum ctl_exit *ret_exit);

/* Members of an object; "", 0, NaN and false when there is none of that type. */
const char *client_text(const json_t *object, const char *key);
uint64_t client_u64(const json_t *object, const char *key);
double client_double(const json_t *object, const char *key);
bool client_bool(const json_t *object, const char *key);

/* The same object with "SinceUSec" written "since_usec", as all JSON that we print. */
json_t *client_snake(const json_t *object);

#endif
