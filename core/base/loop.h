/* SPDX-License-Identifier: MIT */
/*
 * loop - one event loop interface, on sd-event (loop_sdevent.c) or on simulated time (loop_sim.c)
 *
 * Callbacks return nothing: a loop source never turns itself off because of an error in its callback.  A
 * callback may free any source, its own included.  Every source has a name for people.  A loop is made after
 * the fork, by the process that runs it.
 *
 * The simulated loop has timers and deferred calls only (fd, signal and child sources return -ENOTSUP); time
 * jumps to the next timer.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct loop_timer;
struct loop_fd;
struct loop_signal;
struct loop_child;
struct loop_defer;

enum loop_ready {
        LOOP_IN = 1 << 0,
        LOOP_OUT = 1 << 1,
        LOOP_HANGUP = 1 << 2, /* reported even if not asked for */
        LOOP_PRIORITY = 1 << 3,
};

typedef void (*loop_timer_fn)(struct loop_timer *timer, void *data);
typedef void (*loop_fd_fn)(struct loop_fd *source, int fd, unsigned ready, void *data);
typedef void (*loop_signal_fn)(struct loop_signal *source, int signo, void *data);
/* status as from waitid(): `exited` tells an exit status from a signal number. */
typedef void (*loop_child_fn)(struct loop_child *source, pid_t pid, bool exited, int status, void *data);
typedef void (*loop_defer_fn)(struct loop_defer *source, void *data);

int loop_new_sdevent(struct loop **ret_loop);
/* Starts at monotonic 1 hour and the given realtime. */
int loop_new_sim(uint64_t realtime_usec, struct loop **ret_loop);
struct loop *loop_free(struct loop *loop); /* all sources must be gone; NULL is fine */

/*
 * Until loop_exit(); returns its code, or a negative errno value.  A simulated loop ends when nothing is left, or
 * nothing but timers that are not armed.  A loop that was told to exit stays so.
 */
int loop_run(struct loop *loop);
void loop_exit(struct loop *loop, int code);
/*
 * Simulated loop only (-ENOTSUP on a real one): run everything due up to now + usec, and leave the clock there,
 * or at the moment of a loop_exit().
 */
int loop_sim_advance(struct loop *loop, uint64_t usec);
/* Simulated loop only, as one of loop_new_sim(): somebody sets the realtime clock. */
void loop_sim_set_realtime(struct loop *loop, uint64_t realtime_usec);
/*
 * Real loop only (-ENOTSUP on a simulated one): one turn, waiting at most so long for something to do.  For a
 * caller that has its own idea of when it is done, as tests have.
 */
int loop_step(struct loop *loop, uint64_t usec);

uint64_t loop_now(const struct loop *loop);      /* monotonic, constant within one turn */
uint64_t loop_realtime(const struct loop *loop); /* ditto */
uint64_t loop_clock(const struct loop *loop);    /* monotonic, goes on within a turn, but a simulated one */

/*
 * One shot; `at_usec` is absolute (USEC_NEVER: made but not armed).  On the real loop it may come late by a
 * twentieth of its delay, at most 250 ms, so that an idle relay wakes up once for several of them.
 */
int loop_timer_new(struct loop *loop, const char *name, uint64_t at_usec, loop_timer_fn fn, void *data,
        struct loop_timer **ret);
void loop_timer_arm(struct loop_timer *timer, uint64_t at_usec);
uint64_t loop_timer_at(const struct loop_timer *timer); /* USEC_NEVER when not armed */
struct loop_timer *loop_timer_free(struct loop_timer *timer);

/*
 * Level triggered.  LOOP_HANGUP is a hang-up or an error; like readiness it comes again until the cause is gone
 * or the source is freed.  One source per fd (-EEXIST).  LOOP_PRIORITY is EPOLLPRI, with which files of /proc and /sys
 * tell that they changed: they count a change as heard once they have told it, so it does not come again, and they
 * tell it as an error as well.
 */
int loop_fd_new(struct loop *loop, const char *name, int fd, unsigned ready, loop_fd_fn fn, void *data,
        struct loop_fd **ret);
void loop_fd_set(struct loop_fd *source, unsigned ready);
struct loop_fd *loop_fd_free(struct loop_fd *source); /* the fd stays open */

/* The signal is blocked, and stays blocked after the source is freed: a late SIGTERM must not kill us. */
int loop_signal_new(struct loop *loop, const char *name, int signo, loop_signal_fn fn, void *data,
        struct loop_signal **ret);
struct loop_signal *loop_signal_free(struct loop_signal *source);

/*
 * Waits on a pidfd, one per child; a child held by a tracer counts as dead once it is let go.  The child is reaped
 * before the callback; whoever frees the source earlier has to reap it.
 */
int loop_child_new(struct loop *loop, const char *name, pid_t pid, loop_child_fn fn, void *data,
        struct loop_child **ret);
struct loop_child *loop_child_free(struct loop_child *source);

/*
 * Made armed.  Runs once, after the current callback, before the loop sleeps; armed again with loop_defer_arm(),
 * also from its own callback: ready fds and due timers have their turn in between.
 */
int loop_defer_new(
        struct loop *loop, const char *name, loop_defer_fn fn, void *data, struct loop_defer **ret);
void loop_defer_arm(struct loop_defer *source);
struct loop_defer *loop_defer_free(struct loop_defer *source);

#endif
