/* SPDX-License-Identifier: MIT */
/* test_channel_hostile - a peer that sends garbage, halves, what is not its to say, or too much of anything */
#include "channel_support.h"

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

/* Another channel with a rate, in the place of the first. */
static void limit_rate(struct world *world, unsigned rate) {
        int ends[2];

        channel_free(world->channel);
        close(world->peer);
        assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), errno);
        world->peer = ends[1];
        assert_return_code(channel_new_consume(world->loop, "watcher", ends[0], WIRE_FROM_WATCHER, rate,
                                   &channel_ops, world, &world->channel),
                0);
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

int main(void) {
        const struct CMUnitTest tests[] = {
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
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
