/* SPDX-License-Identifier: MIT */
/*
 * test_channel - what is sent arrives, whole and in order, and waits for a peer that is slow
 *
 * Peers that send what they should not are in test_channel_hostile.c, ends in test_channel_end.c, descriptors in
 * test_channel_fds.c.
 */
#include "channel_support.h"

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

static void only_a_packet_socket_is_taken(void **state) {
        struct world *world = *state;
        struct channel *channel = NULL;
        int ends[2];

        assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), errno);
        assert_int_equal(channel_new_consume(world->loop, "stream", ends[0], WIRE_FROM_WATCHER, 0,
                                 &channel_ops, world, &channel),
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
        assert_int_equal(channel_new_consume(
                                 loop, "sim", ends[0], WIRE_FROM_WATCHER, 0, &channel_ops, world, &channel),
                -ENOTSUP);
        assert_int_equal(close(ends[0]), -1);
        close(ends[1]);
        loop_free(loop);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_CHANNEL(messages_arrive_whole_and_in_order),
                WITH_CHANNEL(a_sent_message_reaches_the_peer_without_a_loop_turn),
                WITH_CHANNEL(a_message_that_cannot_be_encoded_harms_nothing),
                WITH_CHANNEL(a_peer_that_never_reads_ends_the_channel_at_the_limit),
                WITH_CHANNEL(what_waits_for_a_slow_peer_arrives_in_order),
                WITH_CHANNEL(flush_waits_for_a_reader_and_not_for_ever),
                WITH_CHANNEL(only_a_packet_socket_is_taken),
                WITH_CHANNEL(a_simulated_loop_has_no_channels),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
