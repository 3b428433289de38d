/* SPDX-License-Identifier: MIT */
/*
 * loop - the sources of an event loop, whatever the loop runs on
 *
 * Runs in every process with a loop (executor, watcher) and in tests.  Owns the sources: each is one
 * allocation with a copy of its name, listed in its loop from new to free.  The waiting itself is done by
 * loop_sdevent.c or loop_sim.c behind struct loop_ops.
 *
 * Making a source can fail (no memory, an fd that epoll refuses, a process that is gone); re-arming one cannot,
 * because a guard that silently stopped looking is the worst failure this program knows.  Freeing a loop that
 * still has sources is our bug: their names are logged, then it panics.
 *
 * Limits: one thread; no priorities; a deferred call that arms itself for ever keeps a simulated clock still.
 */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop_source.h"

/* A source is freed through its first member. */
static_assert(offsetof(struct loop_timer, source) == 0, "");
static_assert(offsetof(struct loop_fd, source) == 0, "");
static_assert(offsetof(struct loop_signal, source) == 0, "");
static_assert(offsetof(struct loop_child, source) == 0, "");
static_assert(offsetof(struct loop_defer, source) == 0, "");

struct loop *loop_free(struct loop *loop) {
        struct loop_source *source;

        if (!loop)
                return NULL;
        LIST_FOREACH(source, &loop->sources, siblings)
        log_crit("loop freed while \"%s\" still waits", source->name);
        if (!LIST_EMPTY(&loop->sources))
                abort();
        loop->ops->free(loop);
        return NULL;
}

int loop_run(struct loop *loop) {
        return loop->ops->run(loop);
}

void loop_exit(struct loop *loop, int code) {
        loop->ops->exit(loop, code);
}

int loop_sim_advance(struct loop *loop, uint64_t usec) {
        return loop->ops->advance ? loop->ops->advance(loop, usec) : -ENOTSUP;
}

int loop_step(struct loop *loop, uint64_t usec) {
        return loop->ops->step ? loop->ops->step(loop, usec) : -ENOTSUP;
}

uint64_t loop_now(const struct loop *loop) {
        return loop->ops->now(loop);
}

uint64_t loop_realtime(const struct loop *loop) {
        return loop->ops->realtime(loop);
}

uint64_t loop_clock(const struct loop *loop) {
        return loop->ops->clock(loop);
}

/* Also takes the allocation that begins with `source` when it fails. */
static int source_add_consume(
        struct loop *loop, enum loop_kind kind, const char *name, struct loop_source *source) {
        int r = -ENOMEM;

        source->loop = loop;
        source->kind = kind;
        source->name = strdup(name);
        if (source->name)
                r = loop->ops->add(source);
        if (r < 0) {
                free(source->name);
                free(source);
                return r;
        }
        LIST_INSERT_HEAD(&loop->sources, source, siblings);
        return 0;
}

static void source_free(struct loop_source *source) {
        source->loop->ops->remove(source);
        LIST_REMOVE(source, siblings);
        free(source->name);
        free(source);
}

int loop_timer_new(struct loop *loop, const char *name, uint64_t at_usec, loop_timer_fn fn, void *data,
        struct loop_timer **ret) {
        struct loop_timer *timer = calloc(1, sizeof(*timer));
        int r;

        if (!timer)
                return -ENOMEM;
        timer->fn = fn;
        timer->data = data;
        timer->at_usec = at_usec;
        r = source_add_consume(loop, LOOP_KIND_TIMER, name, &timer->source);
        if (r < 0)
                return r;
        *ret = timer;
        return 0;
}

void loop_timer_arm(struct loop_timer *timer, uint64_t at_usec) {
        timer->at_usec = at_usec;
        timer->source.loop->ops->update(&timer->source);
}

uint64_t loop_timer_at(const struct loop_timer *timer) {
        return timer->at_usec;
}

void loop_source_timer(struct loop_timer *timer) {
        timer->at_usec = USEC_NEVER;
        timer->fn(timer, timer->data);
}

struct loop_timer *loop_timer_free(struct loop_timer *timer) {
        if (timer)
                source_free(&timer->source);
        return NULL;
}

int loop_fd_new(struct loop *loop, const char *name, int fd, unsigned ready, loop_fd_fn fn, void *data,
        struct loop_fd **ret) {
        struct loop_fd *source = calloc(1, sizeof(*source));
        int r;

        if (!source)
                return -ENOMEM;
        source->fn = fn;
        source->data = data;
        source->fd = fd;
        source->ready = ready;
        r = source_add_consume(loop, LOOP_KIND_FD, name, &source->source);
        if (r < 0)
                return r;
        *ret = source;
        return 0;
}

void loop_fd_set(struct loop_fd *source, unsigned ready) {
        if (source->ready == ready)
                return;
        source->ready = ready;
        source->source.loop->ops->update(&source->source);
}

struct loop_fd *loop_fd_free(struct loop_fd *source) {
        if (source)
                source_free(&source->source);
        return NULL;
}

int loop_signal_new(struct loop *loop, const char *name, int signo, loop_signal_fn fn, void *data,
        struct loop_signal **ret) {
        struct loop_signal *source = calloc(1, sizeof(*source));
        int r;

        if (!source)
                return -ENOMEM;
        source->fn = fn;
        source->data = data;
        source->signo = signo;
        r = source_add_consume(loop, LOOP_KIND_SIGNAL, name, &source->source);
        if (r < 0)
                return r;
        *ret = source;
        return 0;
}

struct loop_signal *loop_signal_free(struct loop_signal *source) {
        if (source)
                source_free(&source->source);
        return NULL;
}

int loop_child_new(struct loop *loop, const char *name, pid_t pid, loop_child_fn fn, void *data,
        struct loop_child **ret) {
        struct loop_child *source = calloc(1, sizeof(*source));
        int r;

        if (!source)
                return -ENOMEM;
        source->fn = fn;
        source->data = data;
        source->pid = pid;
        r = source_add_consume(loop, LOOP_KIND_CHILD, name, &source->source);
        if (r < 0)
                return r;
        *ret = source;
        return 0;
}

struct loop_child *loop_child_free(struct loop_child *source) {
        if (source)
                source_free(&source->source);
        return NULL;
}

int loop_defer_new(
        struct loop *loop, const char *name, loop_defer_fn fn, void *data, struct loop_defer **ret) {
        struct loop_defer *source = calloc(1, sizeof(*source));
        int r;

        if (!source)
                return -ENOMEM;
        source->fn = fn;
        source->data = data;
        r = source_add_consume(loop, LOOP_KIND_DEFER, name, &source->source);
        if (r < 0)
                return r;
        *ret = source;
        return 0;
}

void loop_defer_arm(struct loop_defer *source) {
        source->source.loop->ops->update(&source->source);
}

void loop_source_defer(struct loop_defer *defer) {
        defer->fn(defer, defer->data);
}

struct loop_defer *loop_defer_free(struct loop_defer *source) {
        if (source)
                source_free(&source->source);
        return NULL;
}
