/* SPDX-License-Identifier: MIT */
/* bus_sender - whose a call is, and whether he is still there */
#ifndef WATCHER_BUS_BUS_SENDER_H
#define WATCHER_BUS_BUS_SENDER_H

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stdint.h>

#define BUS_SENDER_UNKNOWN UINT32_MAX

struct bus;
struct bus_sender;

/* `uid`: BUS_SENDER_UNKNOWN when the bus does not say it.  Frees nothing of the question. */
typedef void bus_sender_done(bool is_here, uint32_t uid, void *data);

/* Asks the bus about the sender of the call; -EACCES: it has none, -ENOTCONN: the bus is gone. */
int bus_sender_ask(struct bus *bus, DBusMessage *call, bus_sender_done *done, void *data,
        struct bus_sender **ret_sender);
/* Unless it was answered, it is not any more. */
struct bus_sender *bus_sender_free(struct bus_sender *sender);

#endif
