/* SPDX-License-Identifier: MIT */
/*
 * test_loop - what a caller may rely on whatever the loop runs on, and what only simulated time promises
 *
 * Every test of the first list runs twice, on the simulated and on the real loop.  Callbacks write a letter
 * each into the trace; a test is the expected trace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/loop.h"

#define CHRISTMAS_USEC (UINT64_C(1798149667) * USEC_PER_SEC)

struct world {
        struct loop *loop;
        struct loop_timer *timers[4];
        struct loop_defer *defers[2];
        unsigned left, ticks_left;
        char trace[64];
};

static void note(struct world *world, char letter) {
        size_t used = strlen(world->trace);

        assert_true(used + 1 < sizeof(world->trace));
        world->trace[used] = letter;
}

static int setup_sim(void **state) {
        struct world *world = calloc(1, sizeof(*world));

        *state = world;
        return loop_new_sim(CHRISTMAS_USEC, &world->loop);
}

static int setup_real(void **state) {
        struct world *world = calloc(1, sizeof(*world));

        *state = world;
        return loop_new_sdevent(&world->loop);
}

static int teardown(void **state) {
        struct world *world = *state;

        for (size_t i = 0; i < ELEMENTSOF(world->timers); i++)
                loop_timer_free(world->timers[i]);
        for (size_t i = 0; i < ELEMENTSOF(world->defers); i++)
                loop_defer_free(world->defers[i]);
        loop_free(world->loop);
        free(world);
        return 0;
}

static uint64_t in_msec(struct world *world, uint64_t msec) {
        return loop_now(world->loop) + msec * USEC_PER_MSEC;
}

static void on_tick(struct loop_timer *timer, void *data) {
        struct world *world = data;

        if (--world->ticks_left > 0) {
                loop_timer_arm(timer, in_msec(world, 1));
                return;
        }
        note(world, '.');
        loop_exit(world->loop, 42);
}

/*
 * The end of every test, late enough for what should not happen to have happened.  In small steps: on a machine
 * that is busy elsewhere the other timers still have their turns first.
 */
static void run_for(struct world *world, unsigned msec) {
        world->ticks_left = msec;
        assert_return_code(
                loop_timer_new(world->loop, "end", in_msec(world, 1), on_tick, world, &world->timers[3]), 0);
        assert_int_equal(loop_run(world->loop), 42);
}

static void on_self_removal(struct loop_timer *timer, void *data) {
        struct world *world = data;

        assert_ptr_equal(timer, world->timers[0]);
        world->timers[0] = loop_timer_free(world->timers[0]);
        note(world, 'a');
}

static void a_timer_may_free_itself(void **state) {
        struct world *world = *state;

        assert_return_code(loop_timer_new(world->loop, "self", in_msec(world, 5), on_self_removal, world,
                                   &world->timers[0]),
                0);
        run_for(world, 20);
        assert_string_equal(world->trace, "a.");
}

static void on_sibling_removal(struct loop_timer *timer, void *data) {
        struct world *world = data;
        size_t sibling = timer == world->timers[0];

        world->timers[sibling] = loop_timer_free(world->timers[sibling]);
        note(world, 'a');
}

static void a_timer_may_free_a_sibling_that_is_due(void **state) {
        struct world *world = *state;
        uint64_t at_usec = in_msec(world, 5);

        for (size_t i = 0; i < 2; i++)
                assert_return_code(loop_timer_new(world->loop, "twin", at_usec, on_sibling_removal, world,
                                           &world->timers[i]),
                        0);
        run_for(world, 20);
        assert_string_equal(world->trace, "a.");
}

static void on_rearm(struct loop_timer *timer, void *data) {
        struct world *world = data;

        assert_int_equal(loop_timer_at(timer), USEC_NEVER);
        note(world, 'a');
        if (--world->left > 0) {
                uint64_t at_usec = in_msec(world, 3);

                loop_timer_arm(timer, at_usec);
                assert_int_equal(loop_timer_at(timer), at_usec);
        }
}

static void a_one_shot_timer_is_armed_again_from_its_callback(void **state) {
        struct world *world = *state;

        world->left = 3;
        assert_return_code(
                loop_timer_new(world->loop, "rearm", in_msec(world, 3), on_rearm, world, &world->timers[0]),
                0);
        run_for(world, 60);
        assert_string_equal(world->trace, "aaa.");
        assert_int_equal(loop_timer_at(world->timers[0]), USEC_NEVER);
}

static void a_timer_is_made_without_being_armed(void **state) {
        struct world *world = *state;

        world->left = 1;
        assert_return_code(
                loop_timer_new(world->loop, "idle", USEC_NEVER, on_rearm, world, &world->timers[0]), 0);
        run_for(world, 10);
        assert_string_equal(world->trace, ".");
}

static void a_timer_can_be_put_off_and_disarmed(void **state) {
        struct world *world = *state;

        world->left = 2;
        assert_return_code(
                loop_timer_new(world->loop, "off", in_msec(world, 2), on_rearm, world, &world->timers[0]), 0);
        assert_return_code(
                loop_timer_new(world->loop, "later", in_msec(world, 2), on_rearm, world, &world->timers[1]),
                0);
        loop_timer_arm(world->timers[0], USEC_NEVER);
        loop_timer_arm(world->timers[1], in_msec(world, 3600000));
        run_for(world, 20);
        assert_string_equal(world->trace, ".");
}

static void a_timer_of_the_past_is_due_now(void **state) {
        struct world *world = *state;

        world->left = 1;
        assert_return_code(loop_timer_new(world->loop, "past", 0, on_rearm, world, &world->timers[0]), 0);
        run_for(world, 10);
        assert_string_equal(world->trace, "a.");
}

static void on_defer(struct loop_defer *defer, void *data) {
        struct world *world = data;

        note(world, 'd');
        if (world->left > 0 && --world->left > 0)
                loop_defer_arm(defer);
}

static void on_arm_defer(struct loop_timer *timer, void *data) {
        struct world *world = data;

        (void)timer;
        loop_defer_arm(world->defers[0]);
        loop_defer_arm(world->defers[0]);
        note(world, 'a');
}

static void a_defer_runs_once_after_the_callback_that_armed_it(void **state) {
        struct world *world = *state;

        assert_return_code(loop_defer_new(world->loop, "edge", on_defer, world, &world->defers[0]), 0);
        assert_return_code(
                loop_timer_new(world->loop, "arm", in_msec(world, 5), on_arm_defer, world, &world->timers[0]),
                0);
        run_for(world, 20);
        assert_string_equal(world->trace, "dad.");
}

static void a_defer_is_armed_again_from_its_callback(void **state) {
        struct world *world = *state;

        world->left = 4;
        assert_return_code(loop_defer_new(world->loop, "edge", on_defer, world, &world->defers[0]), 0);
        run_for(world, 10);
        assert_string_equal(world->trace, "dddd.");
}

static void on_defer_free(struct loop_defer *defer, void *data) {
        struct world *world = data;
        size_t sibling = defer == world->defers[0];

        world->defers[sibling] = loop_defer_free(world->defers[sibling]);
        world->defers[!sibling] = loop_defer_free(world->defers[!sibling]);
        note(world, 'd');
}

static void a_defer_may_free_itself_and_a_sibling(void **state) {
        struct world *world = *state;

        for (size_t i = 0; i < 2; i++)
                assert_return_code(
                        loop_defer_new(world->loop, "twin", on_defer_free, world, &world->defers[i]), 0);
        run_for(world, 10);
        assert_string_equal(world->trace, "d.");
}

static void a_name_is_copied(void **state) {
        struct world *world = *state;
        char name[] = "temporary";

        world->left = 1;
        assert_return_code(loop_timer_new(world->loop, name, 0, on_rearm, world, &world->timers[0]), 0);
        memset(name, 'x', sizeof(name));
        run_for(world, 5);
}

static void on_slow(struct loop_timer *timer, void *data) {
        struct world *world = data;
        uint64_t before_usec = loop_now(world->loop), start_usec = clock_monotonic_usec();

        (void)timer;
        while (clock_monotonic_usec() < start_usec + 2 * USEC_PER_MSEC)
                ;
        assert_int_equal(loop_now(world->loop), before_usec);
        note(world, 'a');
}

static void time_stands_still_within_a_callback(void **state) {
        struct world *world = *state;

        assert_return_code(
                loop_timer_new(world->loop, "slow", in_msec(world, 1), on_slow, world, &world->timers[0]), 0);
        run_for(world, 10);
        assert_string_equal(world->trace, "a.");
}

/* Simulated time only, from here. */

struct letter {
        struct world *world;
        char letter;
};

static void on_letter(struct loop_timer *timer, void *data) {
        struct letter *letter = data;

        (void)timer;
        note(letter->world, letter->letter);
}

static void simulated_timers_run_by_time_then_by_order_of_arming(void **state) {
        struct world *world = *state;
        struct letter letters[3] = {{world, 'a'}, {world, 'b'}, {world, 'c'}};
        static const uint64_t delays_msec[] = {20, 10, 10};

        for (size_t i = 0; i < 3; i++)
                assert_return_code(loop_timer_new(world->loop, "letter", in_msec(world, delays_msec[i]),
                                           on_letter, &letters[i], &world->timers[i]),
                        0);
        run_for(world, 30);
        assert_string_equal(world->trace, "bca.");
}

static void a_timer_armed_again_queues_behind_its_equals(void **state) {
        struct world *world = *state;
        struct letter letters[2] = {{world, 'a'}, {world, 'b'}};
        uint64_t at_usec = in_msec(world, 10);

        for (size_t i = 0; i < 2; i++)
                assert_return_code(loop_timer_new(world->loop, "letter", at_usec, on_letter, &letters[i],
                                           &world->timers[i]),
                        0);
        loop_timer_arm(world->timers[0], at_usec);
        run_for(world, 30);
        assert_string_equal(world->trace, "ba.");
}

static void on_hour(struct loop_timer *timer, void *data) {
        struct world *world = data;

        if (++world->left < 72)
                loop_timer_arm(timer, loop_now(world->loop) + USEC_PER_HOUR);
}

static void a_simulated_weekend_is_exact(void **state) {
        struct world *world = *state;
        uint64_t start_usec = loop_now(world->loop);

        assert_int_equal(start_usec, USEC_PER_HOUR);
        assert_int_equal(loop_realtime(world->loop), CHRISTMAS_USEC);
        assert_return_code(loop_timer_new(world->loop, "hour", start_usec + USEC_PER_HOUR, on_hour, world,
                                   &world->timers[0]),
                0);
        assert_int_equal(loop_run(world->loop), 0);
        assert_int_equal(world->left, 72);
        assert_int_equal(loop_now(world->loop), start_usec + 3 * USEC_PER_DAY);
        assert_int_equal(loop_realtime(world->loop), CHRISTMAS_USEC + 3 * USEC_PER_DAY);
}

static void a_simulated_loop_ends_when_nothing_is_left(void **state) {
        struct world *world = *state;

        world->left = 2;
        assert_return_code(
                loop_timer_new(world->loop, "twice", in_msec(world, 1), on_rearm, world, &world->timers[0]),
                0);
        assert_return_code(
                loop_timer_new(world->loop, "idle", USEC_NEVER, on_rearm, world, &world->timers[1]), 0);
        assert_int_equal(loop_run(world->loop), 0);
        assert_string_equal(world->trace, "aa");
}

static void advance_runs_what_is_due_and_no_more(void **state) {
        struct world *world = *state;
        struct letter letters[3] = {{world, 'a'}, {world, 'b'}, {world, 'c'}};
        uint64_t start_usec = loop_now(world->loop);

        for (size_t i = 0; i < 3; i++)
                assert_return_code(loop_timer_new(world->loop, "letter", in_msec(world, 10 * (i + 1)),
                                           on_letter, &letters[i], &world->timers[i]),
                        0);
        assert_int_equal(loop_sim_advance(world->loop, 20 * USEC_PER_MSEC), 0);
        assert_string_equal(world->trace, "ab");
        assert_int_equal(loop_now(world->loop), start_usec + 20 * USEC_PER_MSEC);
        assert_int_equal(loop_sim_advance(world->loop, 5 * USEC_PER_MSEC), 0);
        assert_int_equal(loop_now(world->loop), start_usec + 25 * USEC_PER_MSEC);
        assert_int_equal(loop_sim_advance(world->loop, USEC_NEVER), 0);
        assert_string_equal(world->trace, "abc");
        assert_true(loop_now(world->loop) < USEC_NEVER);
}

static void advance_runs_deferred_calls_before_time_moves(void **state) {
        struct world *world = *state;
        struct letter letter = {world, 'a'};

        world->left = 2;
        assert_return_code(loop_timer_new(world->loop, "letter", in_msec(world, 0), on_letter, &letter,
                                   &world->timers[0]),
                0);
        assert_return_code(loop_defer_new(world->loop, "edge", on_defer, world, &world->defers[0]), 0);
        assert_int_equal(loop_sim_advance(world->loop, 0), 0);
        assert_string_equal(world->trace, "dda");
}

static void on_run_inside(struct loop_timer *timer, void *data) {
        struct world *world = data;

        (void)timer;
        assert_int_equal(loop_sim_advance(world->loop, 1), -EBUSY);
        assert_int_equal(loop_run(world->loop), -EBUSY);
        note(world, 'a');
}

static void a_loop_does_not_run_inside_itself(void **state) {
        struct world *world = *state;

        assert_return_code(
                loop_timer_new(world->loop, "nest", 0, on_run_inside, world, &world->timers[0]), 0);
        assert_int_equal(loop_sim_advance(world->loop, 1), 0);
        assert_string_equal(world->trace, "a");
}

static void a_simulated_loop_has_no_fds_signals_or_children(void **state) {
        struct world *world = *state;
        struct loop_fd *fd = NULL;
        struct loop_signal *signal = NULL;
        struct loop_child *child = NULL;

        assert_int_equal(loop_fd_new(world->loop, "fd", 0, LOOP_IN, NULL, NULL, &fd), -ENOTSUP);
        assert_int_equal(loop_signal_new(world->loop, "signal", SIGTERM, NULL, NULL, &signal), -ENOTSUP);
        assert_int_equal(loop_child_new(world->loop, "child", 1, NULL, NULL, &child), -ENOTSUP);
}

#define ON_BOTH(test)                                              \
        {#test " (simulated)", test, setup_sim, teardown, NULL}, { \
#test " (real)", test, setup_real, teardown, NULL  \
        }

int main(void) {
        const struct CMUnitTest tests[] = {
                ON_BOTH(a_timer_may_free_itself),
                ON_BOTH(a_timer_may_free_a_sibling_that_is_due),
                ON_BOTH(a_one_shot_timer_is_armed_again_from_its_callback),
                ON_BOTH(a_timer_is_made_without_being_armed),
                ON_BOTH(a_timer_can_be_put_off_and_disarmed),
                ON_BOTH(a_timer_of_the_past_is_due_now),
                ON_BOTH(a_defer_runs_once_after_the_callback_that_armed_it),
                ON_BOTH(a_defer_is_armed_again_from_its_callback),
                ON_BOTH(a_defer_may_free_itself_and_a_sibling),
                ON_BOTH(a_name_is_copied),
                ON_BOTH(time_stands_still_within_a_callback),

                cmocka_unit_test_setup_teardown(
                        simulated_timers_run_by_time_then_by_order_of_arming, setup_sim, teardown),
                cmocka_unit_test_setup_teardown(
                        a_timer_armed_again_queues_behind_its_equals, setup_sim, teardown),
                cmocka_unit_test_setup_teardown(a_simulated_weekend_is_exact, setup_sim, teardown),
                cmocka_unit_test_setup_teardown(
                        a_simulated_loop_ends_when_nothing_is_left, setup_sim, teardown),
                cmocka_unit_test_setup_teardown(advance_runs_what_is_due_and_no_more, setup_sim, teardown),
                cmocka_unit_test_setup_teardown(
                        advance_runs_deferred_calls_before_time_moves, setup_sim, teardown),
                cmocka_unit_test_setup_teardown(a_loop_does_not_run_inside_itself, setup_sim, teardown),
                cmocka_unit_test_setup_teardown(
                        a_simulated_loop_has_no_fds_signals_or_children, setup_sim, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
