/* SPDX-License-Identifier: MIT */
/*
 * bus_stand - the bus without a connection: a fuzz driver hands calls in, and every answer is held to what is promised
 *
 * Behind it are a fake engine, the fake queue and simulated time.  A broken promise ends in abort().
 */
#ifndef FUZZ_BUS_STAND_H
#define FUZZ_BUS_STAND_H

#include <dbus/dbus.h>

#include "watcher/bus/bus_object.h"

/* What may happen between two calls. */
enum bus_stand_event {
        BUS_STAND_NOTHING,
        BUS_STAND_TIME,    /* half a minute */
        BUS_STAND_ANSWERS, /* of the queue, to all who wait */
        BUS_STAND_STOPS,   /* they get -ECANCELED */
        BUS_STAND_EVENTS,
};

void bus_stand_begin(void);
void bus_stand_call(DBusMessage *call);
void bus_stand_happens(enum bus_stand_event event);
/* Everybody has been answered, or it aborts. */
void bus_stand_end(void);

/* Where the objects are, for drivers that compose calls. */
void bus_stand_find(const char *path, struct bus_target *ret_target);

#endif
