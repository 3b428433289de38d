/* SPDX-License-Identifier: MIT */
/*
 * loop_sdevent - the loop on sd-event and the real clocks
 *
 * Runs in the executor and the watcher, each in a loop it made itself: an sd_event answers -ECHILD after a fork.
 * Owns one sd_event and one sd_event_source per source.
 *
 * Every thunk returns 0.  A negative return would make sd-event switch the source off, told to nobody, and a
 * sensor would never look again.  No thunk touches its source after the callback, which may have freed it;
 * sd-event keeps its own half alive until the dispatch is over.
 *
 * Children are not sd_event_add_child()'s: that looks once when the pidfd becomes readable, and never again.
 * While a tracer (strace, gdb, a leak checker) holds a dead child, that one look finds nothing, and the death of
 * a watcher would go unnoticed for good.  Ours looks again until it can reap.
 *
 * Fails: whatever epoll refuses comes out of *_new() (-EPERM for a regular file, -EEXIST for a second source on one fd,
 * -ESRCH for a child that is gone).  Switching a source that exists can only fail for want of kernel memory in
 * epoll_ctl(); it is logged as critical, because the watch is then blind.
 *
 * Limits: one callback per turn of sd-event; of two timers due in the same turn either may come first.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop_source.h"

#define HELD_RETRY_USEC (100 * USEC_PER_MSEC)

struct loop_sdevent {
        struct loop loop;
        sd_event *event;
};

static_assert(offsetof(struct loop_sdevent, loop) == 0, "a loop is cast to its backend");

static sd_event *event_of(const struct loop *loop) {
        return ((const struct loop_sdevent *)loop)->event;
}

static uint32_t ready_to_epoll(unsigned ready) {
        return (ready & LOOP_IN ? (uint32_t)EPOLLIN : 0) | (ready & LOOP_OUT ? (uint32_t)EPOLLOUT : 0) |
                (ready & LOOP_PRIORITY ? (uint32_t)EPOLLPRI : 0);
}

static unsigned ready_from_epoll(uint32_t events) {
        return (events & EPOLLIN ? LOOP_IN : 0u) | (events & EPOLLOUT ? LOOP_OUT : 0u) |
                (events & EPOLLPRI ? LOOP_PRIORITY : 0u) |
                (events & (EPOLLHUP | EPOLLERR) ? LOOP_HANGUP : 0u);
}

/*
 * How late a timer may be, so that wake-ups can be shared: a twentieth of its delay, 1 ms to 250 ms.  One that is due
 * already is work that goes on after others had their turn, and not to be put off.
 */
static uint64_t accuracy(uint64_t now_usec, uint64_t at_usec) {
        uint64_t slack = at_usec > now_usec ? (at_usec - now_usec) / 20 : 0;

        if (at_usec <= now_usec)
                return 1;
        if (slack < USEC_PER_MSEC)
                return USEC_PER_MSEC;
        return slack > 250 * USEC_PER_MSEC ? 250 * USEC_PER_MSEC : slack;
}

static int on_timer(sd_event_source *event, uint64_t usec, void *data) {
        (void)event;
        (void)usec;
        loop_source_timer(data);
        return 0;
}

static int on_defer(sd_event_source *event, uint64_t usec, void *data) {
        (void)event;
        (void)usec;
        loop_source_defer(data);
        return 0;
}

static int on_fd(sd_event_source *event, int fd, uint32_t events, void *data) {
        struct loop_fd *source = data;

        (void)event;
        source->fn(source, fd, ready_from_epoll(events), source->data);
        return 0;
}

static int on_signal(sd_event_source *event, const struct signalfd_siginfo *info, void *data) {
        struct loop_signal *source = data;

        (void)event;
        source->fn(source, (int)info->ssi_signo, source->data);
        return 0;
}

static int on_child_again(sd_event_source *event, uint64_t usec, void *data) {
        struct loop_child *source = data;

        (void)event;
        (void)usec;
        if (sd_event_source_set_enabled(source->source.event, SD_EVENT_ON) < 0)
                log_crit("cannot watch \"%s\" again", source->source.name);
        return 0;
}

/* The pidfd stays readable, so the source rests meanwhile. */
static void look_again_later(struct loop_child *source) {
        uint64_t at_usec = clock_monotonic_usec() + HELD_RETRY_USEC;
        int r;

        if (source->again)
                r = sd_event_source_set_time(source->again, at_usec);
        else
                r = sd_event_add_time(event_of(source->source.loop), &source->again, CLOCK_MONOTONIC, at_usec,
                        0, on_child_again, source);
        if (r >= 0)
                r = sd_event_source_set_enabled(source->again, SD_EVENT_ONESHOT);
        if (r >= 0)
                r = sd_event_source_set_enabled(source->source.event, SD_EVENT_OFF);
        if (r < 0)
                log_crit("cannot wait for \"%s\": %s", source->source.name, strerror(-r));
}

static int on_child(sd_event_source *event, int pidfd, uint32_t events, void *data) {
        struct loop_child *source = data;
        siginfo_t info = {.si_pid = 0};

        (void)events;
        if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0) {
                /* Reaped by somebody else, which would be our bug: its owner must not wait for ever. */
                log_crit("\"%s\" was not ours to wait for: %s", source->source.name, strerror(errno));
                info.si_code = CLD_EXITED;
                info.si_status = 255;
        } else if (info.si_pid == 0) {
                look_again_later(source);
                return 0;
        }
        (void)sd_event_source_set_enabled(event, SD_EVENT_OFF);
        source->fn(source, source->pid, info.si_code == CLD_EXITED, info.si_status, source->data);
        return 0;
}

static int add_child(sd_event *loop, struct loop_child *source, sd_event_source **ret_event) {
        int pidfd = pidfd_open(source->pid, 0), r;

        if (pidfd < 0)
                return -errno;
        r = sd_event_add_io(loop, ret_event, pidfd, EPOLLIN, on_child, source);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(*ret_event, true);
        if (r < 0)
                close(pidfd);
        return r;
}

static int sdevent_add(struct loop_source *source) {
        sd_event *loop = event_of(source->loop);
        sd_event_source *event = NULL;
        int r = -EINVAL;

        switch (source->kind) {
        case LOOP_KIND_TIMER: {
                uint64_t at_usec = ((struct loop_timer *)source)->at_usec;

                r = sd_event_add_time(loop, &event, CLOCK_MONOTONIC, at_usec,
                        accuracy(loop_now(source->loop), at_usec), on_timer, source);
                if (r >= 0 && at_usec == USEC_NEVER)
                        r = sd_event_source_set_enabled(event, SD_EVENT_OFF);
                break;
        }
        case LOOP_KIND_DEFER:
                /*
                 * Not sd_event_add_defer(): re-armed from its own callback, it stays ahead of every fd for
                 * ever.  A timer that fell due long ago waits its turn behind what is ready.
                 */
                r = sd_event_add_time(loop, &event, CLOCK_MONOTONIC, 0, 1, on_defer, source);
                break;
        case LOOP_KIND_FD: {
                struct loop_fd *fd = (struct loop_fd *)source;

                r = sd_event_add_io(loop, &event, fd->fd, ready_to_epoll(fd->ready), on_fd, source);
                break;
        }
        case LOOP_KIND_SIGNAL: {
                int signo = ((struct loop_signal *)source)->signo;
                sigset_t set;

                sigemptyset(&set);
                sigaddset(&set, signo);
                if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                        return -errno;
                r = sd_event_add_signal(loop, &event, signo, on_signal, source);
                break;
        }
        case LOOP_KIND_CHILD: r = add_child(loop, (struct loop_child *)source, &event); break;
        }
        if (r < 0) {
                sd_event_source_disable_unref(event);
                return r;
        }
        /* the description is for debug logs of libsystemd only */
        (void)sd_event_source_set_description(event, source->name);
        source->event = event;
        return 0;
}

static void sdevent_update(struct loop_source *source) {
        sd_event_source *event = source->event;
        uint64_t at_usec = 0;
        int r = 0;

        switch (source->kind) {
        case LOOP_KIND_TIMER:
                at_usec = ((struct loop_timer *)source)->at_usec;
                if (at_usec == USEC_NEVER) {
                        r = sd_event_source_set_enabled(event, SD_EVENT_OFF);
                        break;
                }
                r = sd_event_source_set_time_accuracy(event, accuracy(loop_now(source->loop), at_usec));
                if (r >= 0)
                        r = sd_event_source_set_time(event, at_usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(event, SD_EVENT_ONESHOT);
                break;
        case LOOP_KIND_DEFER: r = sd_event_source_set_enabled(event, SD_EVENT_ONESHOT); break;
        case LOOP_KIND_FD:
                r = sd_event_source_set_io_events(event, ready_to_epoll(((struct loop_fd *)source)->ready));
                break;
        case LOOP_KIND_SIGNAL:
        case LOOP_KIND_CHILD: break;
        }
        if (r < 0)
                log_crit("cannot re-arm \"%s\": %s", source->name, strerror(-r));
}

static void sdevent_remove(struct loop_source *source) {
        source->event = sd_event_source_disable_unref(source->event);
        if (source->kind == LOOP_KIND_CHILD)
                sd_event_source_disable_unref(((struct loop_child *)source)->again);
}

static int sdevent_run(struct loop *loop) {
        return sd_event_loop(event_of(loop));
}

static int sdevent_step(struct loop *loop, uint64_t usec) {
        int r = sd_event_run(event_of(loop), usec);

        return r < 0 ? r : 0;
}

static void sdevent_exit(struct loop *loop, int code) {
        int r = sd_event_exit(event_of(loop), code);

        if (r < 0)
                log_crit("cannot leave the event loop: %s", strerror(-r));
}

static uint64_t sdevent_now(const struct loop *loop) {
        uint64_t usec;

        return sd_event_now(event_of(loop), CLOCK_MONOTONIC, &usec) < 0 ? clock_monotonic_usec() : usec;
}

static uint64_t sdevent_clock(const struct loop *loop) {
        (void)loop;
        return clock_monotonic_usec();
}

static uint64_t sdevent_realtime(const struct loop *loop) {
        uint64_t usec;

        return sd_event_now(event_of(loop), CLOCK_REALTIME, &usec) < 0 ? clock_realtime_usec() : usec;
}

static void sdevent_free(struct loop *loop) {
        sd_event_unref(event_of(loop));
        free(loop);
}

static const struct loop_ops sdevent_ops = {
        .run = sdevent_run,
        .exit = sdevent_exit,
        .step = sdevent_step,
        .now = sdevent_now,
        .realtime = sdevent_realtime,
        .clock = sdevent_clock,
        .free = sdevent_free,
        .add = sdevent_add,
        .update = sdevent_update,
        .remove = sdevent_remove,
};

int loop_new_sdevent(struct loop **ret_loop) {
        struct loop_sdevent *loop = calloc(1, sizeof(*loop));
        int r;

        if (!loop)
                return -ENOMEM;
        loop->loop.ops = &sdevent_ops;
        LIST_INIT(&loop->loop.sources);
        r = sd_event_new(&loop->event);
        if (r < 0) {
                free(loop);
                return r;
        }
        *ret_loop = &loop->loop;
        return 0;
}
