/* SPDX-License-Identifier: MIT */
/*
 * test_channel - real socketpairs on the real loop, with a peer that is a raw fd, a channel or a process
 *
 * The channel under test plays the executor: its peer is the watcher.  Callbacks count and remember; the world
 * ends when on_closed came, when enough messages came, or by a guard timer, which no test expects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

static void on_guard(struct loop_timer *timer, void *data) {
        struct world *world = data;

        (void)timer;
        loop_exit(world->loop, GUARD);
}

static void on_message(struct channel *channel, const struct wire_message *message, void *data) {
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

static void on_closed(struct channel *channel, const char *reason, void *data) {
        struct world *world = data;

        world->n_closed++;
        strncpy(world->reason, reason, sizeof(world->reason) - 1);
        assert_int_equal(channel_send(channel, wire_sample(WIRE_STATE)), -EPIPE);
        if (world->free_on_closed)
                world->channel = channel_free(channel);
        if (!world->stay_after_closed)
                loop_exit(world->loop, DONE);
}

static const struct channel_ops ops = {.on_message = on_message, .on_closed = on_closed};

static void on_message_consume_fd(
        struct channel *channel, const struct wire_message *message, int fd, void *data) {
        struct world *world = data;
        struct stat st;

        if (fd >= 0) {
                assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
                assert_int_equal(fstat(fd, &st), 0);
                world->last_inode = st.st_ino;
                world->n_fds++;
                close(fd);
        }
        on_message(channel, message, data);
}

static const struct channel_ops ops_with_fds = {
        .on_message = on_message, .on_message_consume_fd = on_message_consume_fd, .on_closed = on_closed};

static int setup_with(void **state, const struct channel_ops *wanted) {
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

static int setup(void **state) {
        return setup_with(state, &ops);
}

static int setup_with_fds(void **state) {
        return setup_with(state, &ops_with_fds);
}

static int teardown(void **state) {
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

/* Another channel with a rate, in the place of the first. */
static void limit_rate(struct world *world, unsigned rate) {
        int ends[2];

        channel_free(world->channel);
        close(world->peer);
        assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), errno);
        world->peer = ends[1];
        assert_return_code(channel_new_consume(world->loop, "watcher", ends[0], WIRE_FROM_WATCHER, rate, &ops,
                                   world, &world->channel),
                0);
}

static void peer_writes(struct world *world, const void *bytes, size_t size) {
        assert_int_equal(send(world->peer, bytes, size, MSG_NOSIGNAL), size);
}

static void peer_sends(struct world *world, const struct wire_message *message) {
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t size = wire_encode(message, packet);

        assert_true(size > 0);
        peer_writes(world, packet, (size_t)size);
}

static void peer_sends_serial(struct world *world, uint64_t serial) {
        struct wire_message message = {.type = WIRE_INCIDENT_OPEN, .incident_open = {.serial = serial}};

        peer_sends(world, &message);
}

static void peer_dies(struct world *world) {
        close(take_fd(&world->peer));
}

static void expect_end(struct world *world, const char *reason) {
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_closed, 1);
        if (strncmp(world->reason, reason, strlen(reason)) != 0)
                fail_msg("closed for \"%s\" instead of \"%s\"", world->reason, reason);
}

static void on_linger(struct loop_timer *timer, void *data) {
        struct world *world = data;

        if (--world->lingers_left > 0)
                loop_timer_arm(timer, loop_now(world->loop) + USEC_PER_MSEC);
        else
                loop_exit(world->loop, DONE);
}

/* Run on for a while, to see what should not come; in turns, so that a busy machine does not cut it short. */
static void linger(struct world *world) {
        world->stay_after_closed = true;
        world->lingers_left = 20;
        assert_return_code(loop_timer_new(world->loop, "linger", 0, on_linger, world, &world->tick), 0);
        assert_int_equal(loop_run(world->loop), DONE);
}

static void messages_arrive_whole_and_in_order(void **state) {
        struct world *world = *state;

        world->exit_after = 100;
        for (unsigned i = 1; i <= 100; i++)
                peer_sends_serial(world, i);
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_messages, 100);
        assert_int_equal(world->last_serial, 100);
        assert_true(world->in_order);
        assert_int_equal(world->n_closed, 0);
}

static void a_sent_message_reaches_the_peer_without_a_loop_turn(void **state) {
        struct world *world = *state;
        uint8_t packet[WIRE_PACKET_MAX];
        struct wire_message message;
        ssize_t n;

        assert_int_equal(channel_send(world->channel, wire_sample(WIRE_STATE)), 0);
        n = recv(world->peer, packet, sizeof(packet), MSG_DONTWAIT);
        assert_true(n > 0);
        assert_int_equal(wire_decode(packet, (size_t)n, WIRE_FROM_EXECUTOR, &message, NULL), 0);
        assert_memory_equal(&message, wire_sample(WIRE_STATE), sizeof(message));
}

static void a_message_that_cannot_be_encoded_harms_nothing(void **state) {
        struct world *world = *state;
        struct wire_message message = {.type = WIRE_TYPE_MAX};

        assert_int_equal(channel_send(world->channel, &message), -EINVAL);
        assert_int_equal(channel_send(world->channel, wire_sample(WIRE_STATE)), 0);
        linger(world);
        assert_int_equal(world->n_closed, 0);
}

/* A real process that writes packets until the channel is closed; exit 0 then, 2 if nobody ever closed it. */
static pid_t fork_writer(struct world *world, size_t bytes, size_t packet_size) {
        pid_t pid = fork();

        if (pid == 0) {
                uint8_t packet[WIRE_PACKET_MAX];

                /* our copy of the other end would keep it open */
                close_range(STDERR_FILENO + 1, (unsigned)world->peer - 1, 0);
                close_range((unsigned)world->peer + 1, ~0u, 0);
                for (size_t sent = 0; sent < bytes; sent += packet_size) {
                        for (size_t i = 0; i < packet_size; i++)
                                packet[i] = (uint8_t)(sent / packet_size * 31 + i * 7 + 5);
                        if (send(world->peer, packet, packet_size, MSG_NOSIGNAL) < 0)
                                _exit(errno == EPIPE || errno == ECONNRESET ? 0 : 1);
                }
                _exit(2);
        }
        assert_return_code(pid, errno);
        peer_dies(world);
        return pid;
}

static void expect_exit(pid_t pid) {
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void ten_megabytes_of_garbage_end_at_the_first_packet(void **state) {
        struct world *world = *state;
        pid_t pid = fork_writer(world, 10 << 20, WIRE_PACKET_MAX);

        expect_end(world, "bad message: ");
        expect_exit(pid);
        assert_int_equal(world->n_messages, 0);
}

static void ten_megabytes_in_small_packets_end_at_the_first_too(void **state) {
        struct world *world = *state;
        pid_t pid = fork_writer(world, 10 << 20, 100);

        expect_end(world, "bad message: ");
        expect_exit(pid);
        assert_int_equal(world->n_messages, 0);
}

static void an_oversized_packet_is_not_cut_but_refused(void **state) {
        static uint8_t packet[WIRE_PACKET_MAX + 1];
        struct world *world = *state;

        assert_true(wire_encode(wire_sample(WIRE_HELLO), packet) > 0);
        peer_writes(world, packet, sizeof(packet));
        expect_end(world, "bad message: the packet is too long");
        assert_int_equal(world->n_messages, 0);
}

static void the_largest_packet_is_read_whole(void **state) {
        static uint8_t packet[WIRE_PACKET_MAX];
        struct world *world = *state;

        assert_true(wire_encode(wire_sample(WIRE_HELLO), packet) > 0);
        peer_writes(world, packet, sizeof(packet));
        expect_end(world, "bad message: hello: ");
        assert_non_null(strstr(world->reason, "bytes too many"));
}

static void half_a_message_is_refused(void **state) {
        struct world *world = *state;
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t size = wire_encode(wire_sample(WIRE_ACTION_REQUEST), packet);

        peer_writes(world, packet, (size_t)size / 2);
        expect_end(world, "bad message: action-request: ");
}

static void a_message_of_another_side_is_refused(void **state) {
        struct world *world = *state;

        peer_sends(world, wire_sample(WIRE_CONTROL_REQUEST));
        expect_end(world, "bad message: control-request: not a message of this side");
}

static void nothing_is_delivered_after_a_bad_message(void **state) {
        struct world *world = *state;

        peer_sends_serial(world, 1);
        peer_writes(world, "garbage", 7);
        peer_sends_serial(world, 2);
        expect_end(world, "bad message: ");
        assert_int_equal(world->n_messages, 1);
}

static void an_empty_packet_ends_the_channel(void **state) {
        struct world *world = *state;

        peer_writes(world, "", 0);
        expect_end(world, "closed by peer");
}

static void a_flood_ends_the_channel_at_its_rate(void **state) {
        struct world *world = *state;

        limit_rate(world, 50);
        for (unsigned i = 1; i <= 100; i++)
                peer_sends_serial(world, i);
        expect_end(world, "flood: more than 50 messages in a second");
        assert_int_equal(world->n_messages, 50);
}

static void on_tick(struct loop_timer *timer, void *data) {
        struct world *world = data;

        for (unsigned i = 1; i <= 20; i++)
                peer_sends_serial(world, i);
        loop_timer_arm(timer, loop_now(world->loop) + 1100 * USEC_PER_MSEC);
}

static void the_rate_is_per_second(void **state) {
        struct world *world = *state;

        limit_rate(world, 20);
        world->exit_after = 40;
        assert_return_code(loop_timer_new(world->loop, "tick", 0, on_tick, world, &world->tick), 0);
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_closed, 0);
}

static void the_death_of_the_peer_is_told_once(void **state) {
        struct world *world = *state;

        peer_dies(world);
        linger(world);
        assert_int_equal(world->n_closed, 1);
        assert_string_equal(world->reason, "closed by peer");
        assert_int_equal(world->n_messages, 0);
}

static void last_words_of_the_peer_are_delivered(void **state) {
        struct world *world = *state;

        for (unsigned i = 1; i <= 5; i++)
                peer_sends_serial(world, i);
        peer_dies(world);
        expect_end(world, "closed by peer");
        assert_int_equal(world->n_messages, 5);
}

static void last_words_survive_what_the_peer_left_unread(void **state) {
        struct world *world = *state;

        /* unread data of ours makes the kernel answer ECONNRESET before it hands out what the peer had sent */
        assert_int_equal(channel_send(world->channel, wire_sample(WIRE_STATE)), 0);
        for (unsigned i = 1; i <= 5; i++)
                peer_sends_serial(world, i);
        peer_dies(world);
        expect_end(world, "closed by peer");
        assert_int_equal(world->n_messages, 5);
}

static void last_words_survive_a_send_that_fails(void **state) {
        struct world *world = *state;

        for (unsigned i = 1; i <= 5; i++)
                peer_sends_serial(world, i);
        peer_dies(world);
        assert_int_equal(channel_send(world->channel, wire_sample(WIRE_STATE)), -EPIPE);
        assert_int_equal(channel_send(world->channel, wire_sample(WIRE_STATE)), -EPIPE);
        assert_int_equal(world->n_closed, 0);
        expect_end(world, "closed by peer");
        assert_int_equal(world->n_messages, 5);
}

static void on_shut(struct loop_timer *timer, void *data) {
        struct world *world = data;

        (void)timer;
        assert_return_code(shutdown(world->peer, SHUT_RD), errno);
        peer_sends_serial(world, 1);
        assert_int_equal(channel_send(world->channel, wire_sample(WIRE_STATE)), -EPIPE);
}

static void a_peer_that_shuts_its_ear_is_gone(void **state) {
        struct world *world = *state;

        assert_return_code(loop_timer_new(world->loop, "shut", loop_now(world->loop) + 5 * USEC_PER_MSEC,
                                   on_shut, world, &world->tick),
                0);
        expect_end(world, "closed by peer");
        assert_int_equal(world->n_messages, 1);
}

static void a_peer_that_never_reads_ends_the_channel_at_the_limit(void **state) {
        struct world *world = *state;
        unsigned n = 0;

        while (channel_send(world->channel, wire_sample(WIRE_ACTION_STARTED)) == 0)
                n++;
        assert_true(n >= WIRE_QUEUE_MAX);
        assert_true(n < 4 * WIRE_QUEUE_MAX);
        assert_int_equal(world->n_closed, 0);
        expect_end(world, "peer does not read");
}

static void peer_reads_all_there_is(struct world *world) {
        uint8_t packet[WIRE_PACKET_MAX];
        struct wire_message message;
        ssize_t n;

        while ((n = recv(world->peer, packet, sizeof(packet), MSG_DONTWAIT)) > 0) {
                assert_int_equal(wire_decode(packet, (size_t)n, WIRE_FROM_EXECUTOR, &message, NULL), 0);
                assert_int_equal(message.incident_reply.serial, world->last_serial + 1);
                world->last_serial++;
        }
}

static void on_late_reader(struct loop_timer *timer, void *data) {
        struct world *world = data;

        peer_reads_all_there_is(world);
        if (world->last_serial == world->exit_after)
                loop_exit(world->loop, DONE);
        loop_timer_arm(timer, loop_now(world->loop) + USEC_PER_MSEC);
}

static void send_serials(struct world *world, unsigned first, unsigned last) {
        for (unsigned i = first; i <= last; i++) {
                struct wire_message message = {.type = WIRE_INCIDENT_REPLY, .incident_reply = {.serial = i}};

                assert_int_equal(channel_send(world->channel, &message), 0);
        }
}

static void what_waits_for_a_slow_peer_arrives_in_order(void **state) {
        struct world *world = *state;

        send_serials(world, 1, 1200);
        /* now the kernel has room, but what waits goes first */
        peer_reads_all_there_is(world);
        assert_true(world->last_serial > 0 && world->last_serial < 1200);
        send_serials(world, 1201, 1210);
        world->exit_after = 1210;
        assert_return_code(loop_timer_new(world->loop, "late", 0, on_late_reader, world, &world->tick), 0);
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_closed, 0);
}

static void it_may_be_freed_inside_on_message(void **state) {
        struct world *world = *state;

        world->free_on_message = true;
        peer_sends_serial(world, 1);
        peer_sends_serial(world, 2);
        linger(world);
        assert_null(world->channel);
        assert_int_equal(world->n_messages, 1);
        assert_int_equal(world->n_closed, 0);
}

static void it_may_be_freed_inside_on_message_of_the_last_words(void **state) {
        struct world *world = *state;

        world->free_on_message = true;
        peer_sends_serial(world, 1);
        peer_sends_serial(world, 2);
        peer_dies(world);
        assert_int_equal(channel_send(world->channel, wire_sample(WIRE_STATE)), -EPIPE);
        linger(world);
        assert_int_equal(world->n_messages, 1);
        assert_int_equal(world->n_closed, 0);
}

static void it_may_be_freed_inside_on_closed(void **state) {
        struct world *world = *state;

        world->free_on_closed = true;
        peer_dies(world);
        linger(world);
        assert_null(world->channel);
        assert_int_equal(world->n_closed, 1);
}

static void it_may_be_freed_while_its_end_is_still_to_be_told(void **state) {
        struct world *world = *state;

        peer_dies(world);
        assert_int_equal(channel_send(world->channel, wire_sample(WIRE_STATE)), -EPIPE);
        world->channel = channel_free(world->channel);
        linger(world);
        assert_int_equal(world->n_closed, 0);
}

static void an_answer_to_the_dead_from_on_message_harms_nothing(void **state) {
        struct world *world = *state;

        world->send_on_message = true;
        for (unsigned i = 1; i <= 5; i++)
                peer_sends_serial(world, i);
        peer_dies(world);
        expect_end(world, "closed by peer");
        assert_int_equal(world->n_messages, 5);
}

static void flush_waits_for_a_reader_and_not_for_ever(void **state) {
        struct world *world = *state;
        uint64_t start_usec;

        assert_int_equal(channel_flush(world->channel, 0), 0);
        send_serials(world, 1, 1200);
        start_usec = clock_monotonic_usec();
        assert_int_equal(channel_flush(world->channel, 50 * USEC_PER_MSEC), -ETIME);
        assert_true(clock_monotonic_usec() - start_usec >= 50 * USEC_PER_MSEC);

        {
                pid_t pid = fork();

                if (pid == 0) {
                        uint8_t packet[WIRE_PACKET_MAX];
                        unsigned n = 0;

                        close_range(STDERR_FILENO + 1, (unsigned)world->peer - 1, 0);
                        while (n < 1200 && recv(world->peer, packet, sizeof(packet), 0) > 0)
                                n++;
                        _exit(n == 1200 ? 0 : 1);
                }
                assert_return_code(pid, errno);
                peer_dies(world);
                assert_int_equal(channel_flush(world->channel, 10 * USEC_PER_SEC), 0);
                expect_exit(pid);
        }
}

static void flush_to_the_dead_says_so(void **state) {
        struct world *world = *state;

        for (unsigned i = 0; i < 1200; i++)
                assert_int_equal(channel_send(world->channel, wire_sample(WIRE_INCIDENT_REPLY)), 0);
        peer_dies(world);
        assert_int_equal(channel_flush(world->channel, 10 * USEC_PER_SEC), -EPIPE);
        expect_end(world, "closed by peer");
        assert_int_equal(channel_flush(world->channel, 10 * USEC_PER_SEC), -EPIPE);
}

static unsigned count_fds(void) {
        DIR *directory = opendir("/proc/self/fd");
        unsigned n = 0;

        assert_non_null(directory);
        while (readdir(directory))
                n++;
        closedir(directory);
        return n;
}

static ino_t inode_of(int fd) {
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        return st.st_ino;
}

/* Copies of one descriptor with a packet, as many as wanted. */
static void peer_sends_fds(struct world *world, const void *bytes, size_t size, int fd, unsigned n) {
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(200 * sizeof(int))] = {0};
        struct iovec vector = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
        struct msghdr header = {.msg_iov = &vector,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = CMSG_SPACE(n * sizeof(int))};

        *CMSG_FIRSTHDR(&header) = (struct cmsghdr){
                .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(n * sizeof(int))};
        for (unsigned i = 0; i < n; i++)
                memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)) + i * sizeof(int), &fd, sizeof(fd));
        assert_int_equal(sendmsg(world->peer, &header, MSG_NOSIGNAL), size);
}

static void peer_sends_message_with_fds(struct world *world, enum wire_type type, int fd, unsigned n) {
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t size = wire_encode(wire_sample(type), packet);

        assert_true(size > 0);
        peer_sends_fds(world, packet, (size_t)size, fd, n);
}

static void fds_sent_by_the_peer_are_not_kept(void **state) {
        struct world *world = *state;
        unsigned before = count_fds();

        peer_sends_message_with_fds(world, WIRE_LEASE_RENEW, world->peer, 2);
        peer_sends_message_with_fds(world, WIRE_HEARTBEAT, world->peer, 200);
        world->exit_after = 2;
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(count_fds(), before);
}

static void a_descriptor_comes_with_its_message(void **state) {
        struct world *world = *state;
        int fd = memfd_create("test", MFD_CLOEXEC);
        unsigned before = count_fds();

        peer_sends_message_with_fds(world, WIRE_ACTION_REQUEST, fd, 1);
        world->exit_after = 1;
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_fds, 1);
        assert_int_equal(world->last_inode, inode_of(fd));
        assert_int_equal(count_fds(), before);
        close(fd);
}

static void a_message_that_carries_one_may_come_without(void **state) {
        struct world *world = *state;

        peer_sends(world, wire_sample(WIRE_LEASE_RENEW));
        world->exit_after = 1;
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_fds, 0);
}

static void uninvited_descriptors_are_closed_and_end_nothing(void **state) {
        static const struct {
                enum wire_type type;
                unsigned fds, taken;
        } cases[] = {{WIRE_HEARTBEAT, 1, 0}, {WIRE_ESCALATE, 200, 0}, {WIRE_LEASE_RENEW, 200, 1}};
        struct world *world = *state;
        unsigned before = count_fds(), taken = 0;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                peer_sends_message_with_fds(world, cases[i].type, world->peer, cases[i].fds);
                taken += cases[i].taken;
        }
        world->exit_after = ELEMENTSOF(cases);
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_fds, taken);
        assert_int_equal(world->n_closed, 0);
        assert_int_equal(count_fds(), before);
}

static void descriptors_of_packets_that_end_the_channel_are_closed(void **state) {
        struct world *world = *state;
        unsigned before = count_fds();

        peer_sends_fds(world, "garbage", 7, world->peer, 3);
        expect_end(world, "bad message: unknown message type 24935");
        assert_int_equal(world->n_fds, 0);
        assert_int_equal(count_fds(), before - 1); /* the channel's own */
}

static int receive_fd(int from) {
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
        uint8_t packet[WIRE_PACKET_MAX];
        struct iovec vector = {.iov_base = packet, .iov_len = sizeof(packet)};
        struct msghdr header = {.msg_iov = &vector,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = sizeof(control)};
        int fd = -1;

        assert_true(recvmsg(from, &header, MSG_CMSG_CLOEXEC) > 0);
        if (CMSG_FIRSTHDR(&header))
                memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
        return fd;
}

static void queued_descriptors_stay_with_their_messages(void **state) {
        enum { N = 600 };
        struct world *world = *state;
        unsigned before = count_fds();
        static ino_t inodes[N];
        int fd;

        /* More than the kernel takes at once: every second one has a descriptor of its own. */
        for (unsigned i = 0; i < N; i++) {
                fd = i % 2 ? memfd_create("test", MFD_CLOEXEC) : -1;
                inodes[i] = fd >= 0 ? inode_of(fd) : 0;
                assert_int_equal(
                        channel_send_consume_fd(world->channel, wire_sample(WIRE_LEASE_RENEW), fd), 0);
        }
        assert_true(count_fds() > before);
        for (unsigned i = 0; i < N; i++) {
                fd = receive_fd(world->peer);
                assert_int_equal(fd >= 0, i % 2);
                if (fd >= 0) {
                        assert_int_equal(inode_of(fd), inodes[i]);
                        close(fd);
                }
                (void)channel_flush(world->channel, 0);
        }
        assert_int_equal(count_fds(), before);
}

static void a_descriptor_that_cannot_be_sent_is_closed(void **state) {
        struct world *world = *state;
        unsigned before = count_fds();

        assert_int_equal(channel_send_consume_fd(
                                 world->channel, wire_sample(WIRE_STATE), memfd_create("test", MFD_CLOEXEC)),
                -EINVAL);
        for (unsigned i = 0; i < 600; i++)
                assert_int_equal(channel_send_consume_fd(world->channel, wire_sample(WIRE_ACTION_REQUEST),
                                         memfd_create("test", MFD_CLOEXEC)),
                        0);
        peer_dies(world);
        world->free_on_closed = true;
        expect_end(world, "closed by peer");
        assert_int_equal(count_fds(), before - 2);
}

static void only_a_packet_socket_is_taken(void **state) {
        struct world *world = *state;
        struct channel *channel = NULL;
        int ends[2];

        assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), errno);
        assert_int_equal(channel_new_consume(
                                 world->loop, "stream", ends[0], WIRE_FROM_WATCHER, 0, &ops, world, &channel),
                -EPROTOTYPE);
        assert_null(channel);
        /* taken also on failure */
        assert_int_equal(close(ends[0]), -1);
        close(ends[1]);
}

static void a_simulated_loop_has_no_channels(void **state) {
        struct world *world = *state;
        struct channel *channel = NULL;
        struct loop *loop;
        int ends[2];

        assert_return_code(loop_new_sim(0, &loop), 0);
        assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), errno);
        assert_int_equal(
                channel_new_consume(loop, "sim", ends[0], WIRE_FROM_WATCHER, 0, &ops, world, &channel),
                -ENOTSUP);
        assert_int_equal(close(ends[0]), -1);
        close(ends[1]);
        loop_free(loop);
}

#define WITH_CHANNEL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WITH_FDS(test) cmocka_unit_test_setup_teardown(test, setup_with_fds, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_CHANNEL(messages_arrive_whole_and_in_order),
                WITH_CHANNEL(a_sent_message_reaches_the_peer_without_a_loop_turn),
                WITH_CHANNEL(a_message_that_cannot_be_encoded_harms_nothing),
                WITH_CHANNEL(ten_megabytes_of_garbage_end_at_the_first_packet),
                WITH_CHANNEL(ten_megabytes_in_small_packets_end_at_the_first_too),
                WITH_CHANNEL(an_oversized_packet_is_not_cut_but_refused),
                WITH_CHANNEL(the_largest_packet_is_read_whole),
                WITH_CHANNEL(half_a_message_is_refused),
                WITH_CHANNEL(a_message_of_another_side_is_refused),
                WITH_CHANNEL(nothing_is_delivered_after_a_bad_message),
                WITH_CHANNEL(an_empty_packet_ends_the_channel),
                WITH_CHANNEL(a_flood_ends_the_channel_at_its_rate),
                WITH_CHANNEL(the_rate_is_per_second),
                WITH_CHANNEL(the_death_of_the_peer_is_told_once),
                WITH_CHANNEL(last_words_of_the_peer_are_delivered),
                WITH_CHANNEL(last_words_survive_what_the_peer_left_unread),
                WITH_CHANNEL(last_words_survive_a_send_that_fails),
                WITH_CHANNEL(a_peer_that_shuts_its_ear_is_gone),
                WITH_CHANNEL(a_peer_that_never_reads_ends_the_channel_at_the_limit),
                WITH_CHANNEL(what_waits_for_a_slow_peer_arrives_in_order),
                WITH_CHANNEL(it_may_be_freed_inside_on_message),
                WITH_CHANNEL(it_may_be_freed_inside_on_message_of_the_last_words),
                WITH_CHANNEL(it_may_be_freed_inside_on_closed),
                WITH_CHANNEL(it_may_be_freed_while_its_end_is_still_to_be_told),
                WITH_CHANNEL(an_answer_to_the_dead_from_on_message_harms_nothing),
                WITH_CHANNEL(flush_waits_for_a_reader_and_not_for_ever),
                WITH_CHANNEL(flush_to_the_dead_says_so),
                WITH_CHANNEL(fds_sent_by_the_peer_are_not_kept),
                WITH_FDS(a_descriptor_comes_with_its_message),
                WITH_FDS(a_message_that_carries_one_may_come_without),
                WITH_FDS(uninvited_descriptors_are_closed_and_end_nothing),
                WITH_FDS(descriptors_of_packets_that_end_the_channel_are_closed),
                WITH_FDS(queued_descriptors_stay_with_their_messages),
                WITH_FDS(a_descriptor_that_cannot_be_sent_is_closed),
                WITH_CHANNEL(only_a_packet_socket_is_taken),
                WITH_CHANNEL(a_simulated_loop_has_no_channels),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
