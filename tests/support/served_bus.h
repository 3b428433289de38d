/* SPDX-License-Identifier: MIT */
/*
 * served_bus - a private dbus-daemon, and a process that serves spoolguard on it from a fake engine
 *
 * The serving process is told what happens in the relay by played scenes; served_bus_play() returns when the
 * loop of that process has come round, so that all that follows from the scene is on its way.
 */
#ifndef SUPPORT_SERVED_BUS_H
#define SUPPORT_SERVED_BUS_H

#include <dbus/dbus.h>
#include <stdbool.h>
#include <sys/types.h>

enum scene {
        SCENE_NOTHING,
        SCENE_FLUTTER,           /* ten changes of the condition's value within one turn */
        SCENE_TRIP,              /* condition active, incident 7, an action started */
        SCENE_HEAL,              /* action finished, condition ok, incident closed */
        SCENE_ESCALATE,          /* of incident 7 */
        SCENE_CONDITION_COMES,   /* a second one, with a hostile label */
        SCENE_CONDITION_GOES,    /* it again */
        SCENE_NOT_UTF8,          /* texts that are no UTF-8 */
        SCENE_BLIND,             /* no reading is published any more, for as long as the host is up */
        SCENE_RUN_ADMITTED,      /* the run by hand gets number 3 */
        SCENE_RUN_REFUSED,       /* the run by hand is refused by the executor */
        SCENE_RUN_ENDS,          /* run 3 ends and is forgotten in the same turn */
        SCENE_ANSWERS_BY_ITSELF, /* from now on requests are granted, and runs act and end, at once */
        SCENE_LOWER_YES,         /* the executor agrees to the last request */
        SCENE_LOWER_NO,          /* ... or not */
        SCENE_RUNS_NOT_ALLOWED,  /* engine refuses runs by hand itself */
        SCENE_LEASE_COMES,   /* lease 3 of pause-deferred on example.test, being taken and at once in force */
        SCENE_LEASE_RENEWED, /* more messages, and a later end */
        SCENE_LEASE_LAPSES,  /* nobody renewed it */
        SCENE_LEASE_GOES,    /* it has ended, and is forgotten */
        SCENE_LEASE_LASTS,   /* in its place one of postfix.hold, which never lapses */
        SCENE_NEXT_HOP_DOWN, /* the condition that lease 3 waits for, a notice without a playbook */
        SCENE_QUEUE,         /* readings of the six queues of "-", of next hops and of reasons */
        SCENE_QUEUE_MISSING, /* those of the deferred queue are missing from now on */
        SCENE_SECOND_INSTANCE, /* and some of another instance, with a hostile next hop */
        SCENE_QUEUE_PLUGIN,    /* from now on questions about the queue are answered, by fake_queue.h */
        SCENE_QUEUE_ANSWERS,   /* those who asked for the queue "later" get it */
        SCENE_QUEUE_STOPS,     /* they get -ECANCELED */
        SCENE_END,             /* frees everything and exits */
};

struct served_bus {
        pid_t daemon, server;
        int control;
        char directory[64], address[128];
};

/* as_session: the uid of the test counts as root, as on a session bus. */
int served_bus_setup(struct served_bus *served, bool as_session);
/* The bus alone, with nobody on it. */
int served_bus_setup_empty(struct served_bus *served);
/* In a forked child: serve on the same bus once more; returns its exit status. */
int served_bus_serve_again(const struct served_bus *served);
void served_bus_play(struct served_bus *served, enum scene scene);
/* Returns the exit status of the serving process: 0 when it freed all it had (ASan) and nothing went wrong. */
int served_bus_teardown(struct served_bus *served);

/* A private connection; unref after close. */
DBusConnection *served_bus_connect(const struct served_bus *served);

#endif
