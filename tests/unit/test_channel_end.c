/* SPDX-License-Identifier: MIT */
/* test_channel_end - the end of a channel: told once, after the last words, and safe to free in the middle of it */
#include "channel_support.h"

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

static void flush_to_the_dead_says_so(void **state) {
        struct world *world = *state;

        for (unsigned i = 0; i < 1200; i++)
                assert_int_equal(channel_send(world->channel, wire_sample(WIRE_INCIDENT_REPLY)), 0);
        peer_dies(world);
        assert_int_equal(channel_flush(world->channel, 10 * USEC_PER_SEC), -EPIPE);
        expect_end(world, "closed by peer");
        assert_int_equal(channel_flush(world->channel, 10 * USEC_PER_SEC), -EPIPE);
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

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_CHANNEL(the_death_of_the_peer_is_told_once),
                WITH_CHANNEL(last_words_of_the_peer_are_delivered),
                WITH_CHANNEL(last_words_survive_what_the_peer_left_unread),
                WITH_CHANNEL(last_words_survive_a_send_that_fails),
                WITH_CHANNEL(a_peer_that_shuts_its_ear_is_gone),
                WITH_CHANNEL(flush_to_the_dead_says_so),
                WITH_CHANNEL(an_answer_to_the_dead_from_on_message_harms_nothing),
                WITH_CHANNEL(it_may_be_freed_inside_on_message),
                WITH_CHANNEL(it_may_be_freed_inside_on_message_of_the_last_words),
                WITH_CHANNEL(it_may_be_freed_inside_on_closed),
                WITH_CHANNEL(it_may_be_freed_while_its_end_is_still_to_be_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
