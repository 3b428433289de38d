/* SPDX-License-Identifier: MIT */
/* watcher_supervise - keep one watcher process running: start, heartbeat, restart with back-off, blame */
#ifndef EXECUTOR_WATCHER_SUPERVISE_H
#define EXECUTOR_WATCHER_SUPERVISE_H

#include "wire/breadcrumb.h"
#include "wire/channel.h"

#define WATCHER_SILENCE_MAX (10 * USEC_PER_SEC)
#define WATCHER_BACKOFF_MIN (200 * USEC_PER_MSEC)
#define WATCHER_BACKOFF_MAX (30 * USEC_PER_SEC)
#define WATCHER_HEALTHY (60 * USEC_PER_SEC)
#define WATCHER_RESTARTING "restarting"    /* it ended in good order, to be started anew */
#define WATCHER_PARTING (2 * USEC_PER_SEC) /* from the end of its channel, then it is killed */

struct watcher_ops {
        void (*on_up)(struct channel *channel, void *data);
        /* `fd` came with it, or is -1; it is the callback's. */
        void (*on_message_consume_fd)(const struct wire_message *message, int fd, void *data);
        /* Its channel is gone; the process may live a moment longer. */
        void (*on_down)(void *data);
        /* It is dead and that was not our wish. activity: "lua", "parsing", "none", WATCHER_RESTARTING. */
        void (*on_died)(const char *reason, const char *activity, const char *what, void *data);
};

struct watcher_setup {
        struct loop *loop;
        const char *plugin_dir, *state_dir, *run_dir, *root;
        const char *user; /* NULL: as ourselves */
        bool bus_is_session, unprivileged;
        unsigned rate; /* messages per second */
        const struct watcher_ops *ops;
        void *data;
};

struct watcher;
/* The texts of the setup must live as long as the watcher. Not started yet. */
int watcher_new(const struct watcher_setup *setup, struct watcher **ret_watcher);
/* Ends it and waits for that, at most WATCHER_PARTING; then it is killed. */
struct watcher *watcher_free(struct watcher *watcher);
/* (Re)start with this serialised configuration; a running one is ended first. The text is copied. */
int watcher_start(struct watcher *watcher, const char *config, size_t size);
/* End it for its behaviour; it is started again after the back-off. */
void watcher_end(struct watcher *watcher, const char *reason);
/* End it, and do not start it again. */
void watcher_stop(struct watcher *watcher);
pid_t watcher_pid(const struct watcher *watcher); /* 0: not running */

/* A death; status as from waitid(). */
struct watcher_death {
        bool silent; /* it was killed for its silence */
        bool ended;  /* it was killed for what it did: that, too, or what it sent */
        bool exited;
        int status;
};

/* Pure: the next wait after one that lived so long; what it was doing that is to blame for its death. */
uint64_t watcher_backoff(uint64_t last_usec, uint64_t lived_usec);
const char *watcher_blame(const struct breadcrumb *copy, const struct watcher_death *death);

#endif
