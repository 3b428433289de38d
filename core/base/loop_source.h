/* SPDX-License-Identifier: MIT */
/*
 * loop_source - what loop.c and its two backends share, and nobody else sees
 *
 * A backend fills struct loop_ops and embeds struct loop as its first member.  Sources belong to loop.c: it
 * allocates, names, lists and frees them; a backend only attaches them (add), hears that their wish changed
 * (update) and lets go of them (remove).  When one is due, the backend calls loop_source_*() and must not touch
 * the source afterwards: its callback may have freed it.
 */
#ifndef BASE_LOOP_SOURCE_H
#define BASE_LOOP_SOURCE_H

#include <stddef.h>
#include <sys/queue.h>

#include "base/loop.h"

enum loop_kind {
        LOOP_KIND_TIMER,
        LOOP_KIND_FD,
        LOOP_KIND_SIGNAL,
        LOOP_KIND_CHILD,
        LOOP_KIND_DEFER,
};

struct loop_source {
        struct loop *loop;
        enum loop_kind kind;
        char *name;
        LIST_ENTRY(loop_source) siblings;

        void *event; /* real loop: its sd_event_source */

        TAILQ_ENTRY(loop_source) queue; /* simulated loop: its place among what is due */
        bool queued;
};

struct loop_timer {
        struct loop_source source;
        loop_timer_fn fn;
        void *data;
        uint64_t at_usec;
};

struct loop_fd {
        struct loop_source source;
        loop_fd_fn fn;
        void *data;
        int fd;
        unsigned ready;
};

struct loop_signal {
        struct loop_source source;
        loop_signal_fn fn;
        void *data;
        int signo;
};

struct loop_child {
        struct loop_source source;
        loop_child_fn fn;
        void *data;
        pid_t pid;
        struct sd_event_source *again; /* armed while a tracer holds what is left of the child */
};

struct loop_defer {
        struct loop_source source;
        loop_defer_fn fn;
        void *data;
};

struct loop_ops {
        int (*run)(struct loop *loop);
        void (*exit)(struct loop *loop, int code);
        int (*advance)(struct loop *loop, uint64_t usec); /* NULL: time cannot be told to move */
        int (*step)(struct loop *loop, uint64_t usec);    /* NULL: it cannot wait */
        uint64_t (*now)(const struct loop *loop);
        uint64_t (*realtime)(const struct loop *loop);
        uint64_t (*clock)(const struct loop *loop);
        void (*free)(struct loop *loop);

        int (*add)(struct loop_source *source);
        void (*update)(struct loop_source *source); /* at_usec or ready changed; a defer: arm it */
        void (*remove)(struct loop_source *source);
};

struct loop {
        const struct loop_ops *ops;
        LIST_HEAD(loop_sources, loop_source) sources;
};

/* Deliver to the owner; the source may be gone on return. */
void loop_source_timer(struct loop_timer *timer);
void loop_source_defer(struct loop_defer *defer);

#endif
