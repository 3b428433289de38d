/* SPDX-License-Identifier: MIT */
/*
 * channel_support - a channel on a real socketpair and a real loop, and what its peer does at the other end
 *
 * The channel under test plays the executor: its peer is the watcher.  Callbacks count and remember; the world
 * ends when on_closed came, when enough messages came, or by a guard timer, which no test expects.
 */
#ifndef TESTS_CHANNEL_SUPPORT_H
#define TESTS_CHANNEL_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/wire_samples.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "wire/channel.h"

enum { DONE = 7, GUARD = 99 };

struct world {
        struct loop *loop;
        struct loop_timer *guard, *tick;
        struct channel *channel;
        int peer;

        unsigned n_messages, n_closed, exit_after, lingers_left;
        uint64_t last_serial;
        unsigned n_fds;
        ino_t last_inode;
        bool in_order, free_on_message, free_on_closed, send_on_message, stay_after_closed;
        char reason[WIRE_TEXT_MAX];
};

static inline void on_guard(struct loop_timer *timer, void *data) {
        struct world *world = data;

        (void)timer;
        loop_exit(world->loop, GUARD);
}

static inline void on_message(struct channel *channel, const struct wire_message *message, void *data) {
        struct world *world = data;

        assert_int_equal(world->n_closed, 0);
        world->n_messages++;
        if (message->type == WIRE_INCIDENT_OPEN) {
                world->in_order = message->incident_open.serial == world->last_serial + 1;
                world->last_serial = message->incident_open.serial;
        }
        if (world->send_on_message)
                (void)channel_send(channel, wire_sample(WIRE_STATE));
        if (world->n_messages == world->exit_after)
                loop_exit(world->loop, DONE);
        if (world->free_on_message)
                world->channel = channel_free(channel);
}

static inline void on_closed(struct channel *channel, const char *reason, void *data) {
        struct world *world = data;

        world->n_closed++;
        strncpy(world->reason, reason, sizeof(world->reason) - 1);
        assert_int_equal(channel_send(channel, wire_sample(WIRE_STATE)), -EPIPE);
        if (world->free_on_closed)
                world->channel = channel_free(channel);
        if (!world->stay_after_closed)
                loop_exit(world->loop, DONE);
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_closed = on_closed};

static inline int setup_with(void **state, const struct channel_ops *wanted) {
        struct world *world = calloc(1, sizeof(*world));
        int ends[2];

        *state = world;
        signal(SIGPIPE, SIG_DFL); /* sending to the dead must not raise it */
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return -1;
        world->peer = ends[1];
        if (loop_new_sdevent(&world->loop) < 0)
                return -1;
        if (loop_timer_new(world->loop, "guard", loop_now(world->loop) + 20 * USEC_PER_SEC, on_guard, world,
                    &world->guard) < 0)
                return -1;
        return channel_new_consume(
                world->loop, "watcher", ends[0], WIRE_FROM_WATCHER, 0, wanted, world, &world->channel);
}

static inline int setup(void **state) {
        return setup_with(state, &channel_ops);
}

static inline int teardown(void **state) {
        struct world *world = *state;

        channel_free(world->channel);
        loop_timer_free(world->guard);
        loop_timer_free(world->tick);
        loop_free(world->loop);
        if (world->peer >= 0)
                close(world->peer);
        free(world);
        return 0;
}

static inline void peer_writes(struct world *world, const void *bytes, size_t size) {
        assert_int_equal(send(world->peer, bytes, size, MSG_NOSIGNAL), size);
}

static inline void peer_sends(struct world *world, const struct wire_message *message) {
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t size = wire_encode(message, packet);

        assert_true(size > 0);
        peer_writes(world, packet, (size_t)size);
}

static inline void peer_sends_serial(struct world *world, uint64_t serial) {
        struct wire_message message = {.type = WIRE_INCIDENT_OPEN, .incident_open = {.serial = serial}};

        peer_sends(world, &message);
}

static inline void peer_dies(struct world *world) {
        close(take_fd(&world->peer));
}

static inline void expect_end(struct world *world, const char *reason) {
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_closed, 1);
        if (strncmp(world->reason, reason, strlen(reason)) != 0)
                fail_msg("closed for \"%s\" instead of \"%s\"", world->reason, reason);
}

static inline void on_linger(struct loop_timer *timer, void *data) {
        struct world *world = data;

        if (--world->lingers_left > 0)
                loop_timer_arm(timer, loop_now(world->loop) + USEC_PER_MSEC);
        else
                loop_exit(world->loop, DONE);
}

/* Run on for a while, to see what should not come; in turns, so that a busy machine does not cut it short. */
static inline void linger(struct world *world) {
        world->stay_after_closed = true;
        world->lingers_left = 20;
        assert_return_code(loop_timer_new(world->loop, "linger", 0, on_linger, world, &world->tick), 0);
        assert_int_equal(loop_run(world->loop), DONE);
}

/* Of a child of the test. */
static inline void expect_exit(pid_t pid) {
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

#define WITH_CHANNEL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
