/* SPDX-License-Identifier: MIT */
/*
 * test_desk_lease - a reversible action takes a lease, or is denied, and leaves none when it comes to nothing
 *
 * How leases are renewed, end and outlive the executor is in test_desk_lease_renew.c, test_desk_lease_end.c and
 * test_desk_lease_restart.c.
 */
#include "desk_lease_support.h"

static void a_reversible_action_takes_a_lease(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture), now = loop_realtime(fixture->loop);
        const struct wire_action_finished *finished = hold(fixture, run, "test.pause", "x", "well");
        const struct lease *lease = lease_of(fixture, 1);

        assert_int_equal(finished->status, WIRE_DONE);
        assert_string_equal(marked(), "r1 ");
        assert_non_null(lease);
        assert_int_equal(lease->state, WIRE_LEASE_IN_FORCE);
        assert_int_equal(lease->incident, 1);
        assert_int_equal(lease->action, finished->action);
        assert_int_equal(lease->count, 1);
        assert_in_range(lease->expires_usec, now + pause_verb.slice_usec,
                now + pause_verb.slice_usec + 20 * USEC_PER_SEC);
        assert_int_equal(lease->limit_usec, 0);
        assert_string_equal(lease->owner, "vacuum");
        assert_string_equal(lease->args, "what=x\nhow=well");
        assert_string_equal(lease->until_clear, "next-hop-down_x");
        assert_string_equal(lease->reason, "x does not answer");
        assert_string_equal(lease->text, "paused");
        assert_string_equal(told(fixture, 1), "taking in-force ");
        assert_int_equal(recorded(fixture, "lease-taken"), 1);
}

static void without_an_end_it_is_denied(void **state) {
        struct fixture *fixture = *state;
        struct wire_message request = request_of(begin(fixture), "test.pause", "x", "well");
        const struct wire_action_finished *finished;

        request.action_request.until_clear[0] = '\0';
        finished = finish(fixture, &request);
        assert_int_equal(finished->status, WIRE_DENIED);
        assert_non_null(strstr(finished->text, "until_clear"));
        assert_int_equal(lease_store_count(fixture->leases), 0);
}

static void the_same_again_renews_the_lease_and_another_takes_another(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);

        hold(fixture, run, "test.pause", "x", "well");
        hold(fixture, run, "test.pause", "x", "well");
        hold(fixture, run, "test.pause", "y", "well");
        assert_string_equal(marked(), "r1 r1 r2 ");
        assert_int_equal(lease_store_count(fixture->leases), 2);
        assert_int_equal(recorded(fixture, "lease-taken"), 2);
        /* No more than one of these a slice. */
        assert_int_equal(recorded(fixture, "lease-renewed"), 0);
}

static void what_comes_to_nothing_leaves_no_lease(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);

        assert_int_equal(hold(fixture, run, "test.pause", "x", "nothing")->status, WIRE_NOTHING);
        assert_int_equal(lease_store_count(fixture->leases), 0);
        desk_set_mode(fixture->desk, CONFIG_MODE_OBSERVE, "test");
        assert_int_equal(hold(fixture, run, "test.pause", "x", "well")->status, WIRE_WOULD_HAVE);
        assert_int_equal(lease_store_count(fixture->leases), 0);
        assert_string_equal(marked(), "");
        assert_string_equal(told(fixture, 1), "");
}

static void maintenance_that_begins_while_a_child_checks_leaves_no_lease(void **state) {
        struct fixture *fixture = *state;
        struct wire_message request = request_of(begin(fixture), "test.pause", "x", "slow-check");

        say(fixture, &request);
        run_for(fixture->loop, 100 * USEC_PER_MSEC);
        assert_int_equal(desk_actions(fixture->desk), 1);
        assert_int_equal(desk_set_maintenance(fixture->desk, USEC_PER_HOUR, "test", true, NULL), 0);
        hear(fixture, WIRE_ACTION_FINISHED);
        assert_int_equal(fixture->heard.action_finished.status, WIRE_DENIED);
        assert_int_equal(lease_store_count(fixture->leases), 0);
        restart(fixture);
        assert_int_equal(lease_store_count(fixture->leases), 0);
}

static void what_fails_half_way_is_undone_at_once(void **state) {
        static const struct {
                const char *how, *marks;
        } cases[] = {{"fail", "r1 u1 "}, {"die", "r1 u1 r2 u2 "}};
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(hold(fixture, run, "test.pause", "x", cases[i].how)->status, WIRE_FAILED);
                settle(fixture);
                assert_string_equal(marked(), cases[i].marks);
                assert_int_equal(lease_store_count(fixture->leases), 0);
        }
        assert_string_equal(told(fixture, 1), "taking ending ended ");
        assert_int_equal(recorded(fixture, "lease-ended"), 2);
}

static void a_selection_must_be_a_sealed_memory_file(void **state) {
        struct fixture *fixture = *state;
        struct wire_message request = request_of(begin(fixture), "test.pause_chosen", "x", "well");
        int ends[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        struct {
                int fd;
                const char *text;
        } cases[9] = {
                {-1, "no selection came with it"},
                {null, "not a sealed memory file"},
                {memory(10, F_SEAL_SEAL), "not a sealed memory file"},
                {memory(10, ALL_SEALS & ~F_SEAL_WRITE), "not a sealed memory file"},
                {memory(10, ALL_SEALS & ~F_SEAL_GROW), "not a sealed memory file"},
                {memory(10, ALL_SEALS & ~F_SEAL_SHRINK), "not a sealed memory file"},
                {memory(0, ALL_SEALS), "empty"},
                {memory(SG_SELECTION_MAX + 1ull, ALL_SEALS), "too large"},
        };

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        close(ends[1]);
        cases[8].fd = ends[0];
        cases[8].text = "not a sealed memory file";
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct wire_action_finished *finished;

                assert_int_equal(channel_send_consume_fd(fixture->theirs, &request, cases[i].fd), 0);
                finished = &hear(fixture, WIRE_ACTION_FINISHED)->action_finished;
                assert_int_equal(finished->status, WIRE_DENIED);
                assert_non_null(strstr(finished->text, cases[i].text));
        }
        assert_string_equal(marked(), "");
        assert_int_equal(channel_send_consume_fd(fixture->theirs, &request, memory(321, ALL_SEALS)), 0);
        assert_int_equal(hear(fixture, WIRE_ACTION_FINISHED)->action_finished.status, WIRE_DONE);
        assert_int_equal(lease_of(fixture, 1)->count, 321);
        renew(fixture, 1, memory(45, ALL_SEALS));
        assert_int_equal(lease_of(fixture, 1)->count, 45);
        let_renewal_age(fixture, 1);
        renew(fixture, 1, memory(46, 0));
        assert_int_equal(lease_of(fixture, 1)->count, 45);
        assert_non_null(strstr(lease_of(fixture, 1)->text, "not a sealed memory file"));
        assert_string_equal(marked(), "r1 r1 ");
        end_lease(fixture, 1);
        assert_string_equal(lease_store_at(fixture->leases, 0)->text, "taken back");
}

static void a_selection_nobody_asked_for_is_not_handed_on(void **state) {
        struct fixture *fixture = *state;
        struct wire_message request = request_of(begin(fixture), "test.pause", "x", "well");

        assert_int_equal(channel_send_consume_fd(fixture->theirs, &request, memory(321, ALL_SEALS)), 0);
        assert_int_equal(hear(fixture, WIRE_ACTION_FINISHED)->action_finished.status, WIRE_DONE);
        assert_int_equal(lease_of(fixture, 1)->count, 1);
}

static void more_than_sixty_four_are_denied(void **state) {
        struct fixture *fixture = *state;
        const struct wire_action_finished *finished;
        uint64_t run = begin(fixture);
        const struct lease other = {.state = WIRE_LEASE_IN_FORCE, .verb = "test.pause", .action = 1};

        for (unsigned i = 0; i < LEASE_MAX; i++)
                assert_non_null(lease_store_add(fixture->leases, &other, 0));
        finished = hold(fixture, run, "test.pause", "x", "well");
        assert_int_equal(finished->status, WIRE_DENIED);
        assert_non_null(strstr(finished->text, "as many leases"));
}

static void arguments_that_do_not_fit_are_denied(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);
        char what[LEASE_ARGS_MAX];

        memset(what, 'x', sizeof(what) - 1);
        what[sizeof(what) - 1] = '\0';
        assert_int_equal(hold(fixture, run, "test.pause", what, "well")->status, WIRE_DENIED);
        /* This one fits in memory, and not in the file, where a quote takes two bytes. */
        memset(what, '"', sizeof(what) - 1);
        what[420] = '\0';
        assert_int_equal(hold(fixture, run, "test.pause", what, "well")->status, WIRE_DENIED);
        assert_string_equal(marked(), "");
        assert_int_equal(lease_store_count(fixture->leases), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_reversible_action_takes_a_lease),
                TEST(without_an_end_it_is_denied),
                TEST(the_same_again_renews_the_lease_and_another_takes_another),
                TEST(what_comes_to_nothing_leaves_no_lease),
                TEST(maintenance_that_begins_while_a_child_checks_leaves_no_lease),
                TEST(what_fails_half_way_is_undone_at_once),
                TEST(a_selection_must_be_a_sealed_memory_file),
                TEST(a_selection_nobody_asked_for_is_not_handed_on),
                TEST(more_than_sixty_four_are_denied),
                TEST(arguments_that_do_not_fit_are_denied),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
