/* SPDX-License-Identifier: MIT */
/* test_desk_lease - reversible changes are taken, renewed, lapse, end, and are known again after anything */
#include "desk_support.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "base/cleanup.h"

static const char *marked(void) {
        static char text[256];
        FILE *file = fopen(mark, "re");

        text[0] = '\0';
        if (!file)
                return text;
        if (!fgets(text, sizeof(text), file))
                text[0] = '\0';
        fclose(file);
        return text;
}

static struct wire_message request_of(uint64_t run, const char *verb, const char *what, const char *how) {
        struct wire_message message = {.type = WIRE_ACTION_REQUEST,
                .action_request = {.serial = 3,
                        .run = run,
                        .until_clear = "next-hop-down_x",
                        .reason = "x does not answer",
                        .args = {{.name = "what"}, {.name = "how"}},
                        .n_args = 2}};

        strcpy(message.action_request.verb, verb);
        strcpy(message.action_request.args[0].text, what);
        strcpy(message.action_request.args[1].text, how);
        return message;
}

static const struct wire_action_finished *finish(
        struct fixture *fixture, const struct wire_message *request) {
        say(fixture, request);
        return &hear(fixture, WIRE_ACTION_FINISHED)->action_finished;
}

static const struct wire_action_finished *hold(
        struct fixture *fixture, uint64_t run, const char *verb, const char *what, const char *how) {
        struct wire_message request = request_of(run, verb, what, how);

        return finish(fixture, &request);
}

static uint64_t begin(struct fixture *fixture) {
        uint64_t run;

        hello(fixture);
        assert_int_equal(begin_run(fixture, "vacuum", open_incident(fixture), false, &run), WIRE_GO);
        return run;
}

static struct lease *lease_of(struct fixture *fixture, uint64_t id) {
        return lease_store_find(fixture->leases, id);
}

/* Answers come newest first; every state that this lease was told in, oldest first. */
static const char *told(struct fixture *fixture, uint64_t id) {
        static char text[256];

        text[0] = '\0';
        for (size_t i = fixture->n_got < 64 ? fixture->n_got : 64; i-- > 0;)
                if (fixture->got[i].type == WIRE_LEASE && fixture->got[i].lease.lease == id) {
                        strcat(text,
                                wire_lease_state_name((enum wire_lease_state)fixture->got[i].lease.state));
                        strcat(text, " ");
                }
        return text;
}

static void settle(struct fixture *fixture) {
        uint64_t end = clock_monotonic_usec() + 20 * USEC_PER_SEC;

        do {
                run_for(fixture->loop, 50 * USEC_PER_MSEC);
                assert_true(clock_monotonic_usec() < end);
        } while (desk_at_work(fixture->desk) > 0);
        run_for(fixture->loop, 20 * USEC_PER_MSEC);
}

static void end_lease(struct fixture *fixture, uint64_t id) {
        say(fixture,
                &(struct wire_message){
                        .type = WIRE_LEASE_END, .lease_end = {.lease = id, .text = "x is back"}});
        settle(fixture);
}

static void renew(struct fixture *fixture, uint64_t id, int fd) {
        assert_int_equal(
                channel_send_consume_fd(fixture->theirs,
                        &(struct wire_message){.type = WIRE_LEASE_RENEW, .lease_renew = {.lease = id}}, fd),
                0);
        settle(fixture);
}

/* Renewals are at least 20 s apart; the last one was long ago. */
static void let_renewal_age(struct fixture *fixture, uint64_t id) {
        lease_of(fixture, id)->renewed_usec = 0;
}

static int memory(size_t size, int seals) {
        int fd = memfd_create("selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t)size), 0);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
        return fd;
}

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* As after a crash of the executor. */
static void restart(struct fixture *fixture) {
        if (fixture->theirs)
                disconnect_watcher(fixture);
        close_desk(fixture);
        open_desk(fixture);
        desk_set_config(fixture->desk, fixture->config, 1);
        desk_recover(fixture->desk);
        connect_watcher(fixture);
        fixture->n_got = 0;
        hello(fixture);
}

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

static void the_watchers_word_ends_it_in_observe_and_in_maintenance(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);
        struct wanted wanted = {.event = "lease-ended"};

        hold(fixture, run, "test.pause", "x", "well");
        hold(fixture, run, "test.pause", "y", "well");
        desk_set_mode(fixture->desk, CONFIG_MODE_OBSERVE, "test");
        end_lease(fixture, 1);
        assert_string_equal(marked(), "r1 r2 u1 ");
        assert_int_equal(desk_set_maintenance(fixture->desk, USEC_PER_HOUR, "test", true, NULL), 0);
        end_lease(fixture, 2);
        end_lease(fixture, 2);
        end_lease(fixture, 99);
        assert_string_equal(marked(), "r1 r2 u1 u2 ");
        assert_string_equal(told(fixture, 1), "taking in-force ending ended ");
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 2);
        assert_string_equal(wanted.text, "taken back");
        assert_int_equal(lease_store_count(fixture->leases), 0);
        assert_string_equal(fixture->ended, "");
}

static void without_a_renewal_it_lapses_and_then_ends(void **state) {
        struct fixture *fixture = *state;

        hold(fixture, begin(fixture), "test.pause_shortly", "x", "well");
        run_for(fixture->loop, 3 * USEC_PER_SEC);
        assert_string_equal(told(fixture, 1), "taking in-force lapsed ending ended ");
        assert_string_equal(marked(), "r1 u1 ");
        assert_int_equal(recorded(fixture, "lease-lapsed"), 1);
        assert_int_equal(recorded(fixture, "lease-ended"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 0);
}

static void a_renewal_keeps_it_and_brings_a_lapsed_one_back(void **state) {
        struct fixture *fixture = *state;
        uint64_t expires;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        expires = lease_of(fixture, 1)->expires_usec;
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 ");
        assert_true(lease_of(fixture, 1)->expires_usec > expires);
        /* Not twice in twenty seconds. */
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 ");
        lease_of(fixture, 1)->state = WIRE_LEASE_LAPSED;
        let_renewal_age(fixture, 1);
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 r1 ");
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
        assert_int_equal(recorded(fixture, "lease-renewed"), 1);
        /* Maintenance starts nothing, but keeps what there is; observe does not. */
        assert_int_equal(desk_set_maintenance(fixture->desk, USEC_PER_HOUR, "test", true, NULL), 0);
        let_renewal_age(fixture, 1);
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 r1 r1 ");
        desk_set_mode(fixture->desk, CONFIG_MODE_OBSERVE, "test");
        let_renewal_age(fixture, 1);
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 r1 r1 ");
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
}

static void a_flood_of_renewals_and_ends_does_next_to_nothing(void **state) {
        struct fixture *fixture = *state;
        uint64_t before;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        before = book_ledger(fixture->book)->next_number;
        for (uint64_t i = 0; i < 300; i++) {
                uint64_t id = i % 3 == 0 ? 1 : i;
                channel_send_consume_fd(fixture->theirs,
                        &(struct wire_message){.type = WIRE_LEASE_RENEW, .lease_renew = {.lease = id}},
                        i % 2 ? memory(10, 0) : -1);
                if (i % 3)
                        say(fixture,
                                &(struct wire_message){
                                        .type = WIRE_LEASE_END, .lease_end = {.lease = 1000 + i}});
        }
        settle(fixture);
        /* Too many messages in a second may have ended the channel; what counts is what was done. */
        assert_string_equal(marked(), "r1 r1 ");
        assert_in_range(book_ledger(fixture->book)->next_number - before, 0, 5);
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
}

static void renewals_that_come_all_at_once_have_their_turns(void **state) {
        static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture), newest = 0;
        unsigned times[ELEMENTSOF(names)] = {0};

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                hold(fixture, run, "test.pause", names[i], "slow");
        for (unsigned minute = 0; minute < 9; minute++) {
                unlink(mark);
                for (uint64_t id = 1; id <= ELEMENTSOF(names); id++) {
                        /* Half a minute ago, but in the order in which it was. */
                        if (lease_of(fixture, id)->renewed_usec != 0)
                                lease_of(fixture, id)->renewed_usec -= LEASE_RENEW_MIN;
                        say(fixture,
                                &(struct wire_message){
                                        .type = WIRE_LEASE_RENEW, .lease_renew = {.lease = id}});
                }
                settle(fixture);
                for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                        char letter[8];

                        snprintf(letter, sizeof(letter), "r%zu ", i + 1);
                        times[i] += strstr(marked(), letter) != NULL;
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_in_range(times[i], 2, 4);
                newest += times[i];
        }
        assert_in_range(newest, 16, 18);
}

static void the_same_complaint_is_not_made_every_minute(void **state) {
        struct fixture *fixture = *state;
        struct wire_message request = request_of(begin(fixture), "test.pause_chosen", "x", "well");
        char before[256];

        assert_int_equal(channel_send_consume_fd(fixture->theirs, &request, memory(9, ALL_SEALS)), 0);
        hear(fixture, WIRE_ACTION_FINISHED);
        renew(fixture, 1, -1);
        strcpy(before, told(fixture, 1));
        for (int i = 0; i < 3; i++) {
                let_renewal_age(fixture, 1);
                renew(fixture, 1, i == 1 ? memory(9, 0) : -1);
        }
        assert_string_equal(told(fixture, 1), before);
        lease_of(fixture, 1)->complained_usec -= LEASE_COMPLAINT;
        let_renewal_age(fixture, 1);
        renew(fixture, 1, -1);
        assert_string_not_equal(told(fixture, 1), before);
}

static void at_its_limit_it_ends_and_people_are_told_once(void **state) {
        struct fixture *fixture = *state;
        struct wanted wanted = {.event = "escalated"};

        hold(fixture, begin(fixture), "test.pause_limited", "x", "well");
        lease_of(fixture, 1)->expires_usec += USEC_PER_HOUR; /* as if renewed all the time */
        run_for(fixture->loop, 2500 * USEC_PER_MSEC);
        assert_string_equal(marked(), "r1 u1 ");
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 1);
        assert_non_null(strstr(wanted.text, "next-hop-down_x has not cleared"));
        assert_string_equal(book_ledger(fixture->book)->escalations[0].reason, "lease-expired");
        assert_string_equal(book_ledger(fixture->book)->escalations[0].condition, "next-hop-down_x");
}

static void what_reached_its_limit_rests_for_as_long_as_it_was_in_force(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture), now = loop_realtime(fixture->loop);
        const struct wire_action_finished *finished;

        hold(fixture, run, "test.pause_limited", "x", "well");
        lease_of(fixture, 1)->since_usec = now - 3 * USEC_PER_DAY;
        lease_of(fixture, 1)->limit_usec = now;
        run_for(fixture->loop, USEC_PER_SEC);
        assert_string_equal(marked(), "r1 u1 ");
        for (int i = 0; i < 2; i++) {
                finished = hold(fixture, run, "test.pause_limited", "x", "well");
                assert_int_equal(finished->status, WIRE_DENIED);
                assert_non_null(strstr(finished->text, "as long as it may be"));
                assert_string_equal(marked(), "r1 u1 ");
                restart(fixture);
                assert_int_equal(begin_run(fixture, "vacuum", 1, false, &run), WIRE_GO);
        }
        assert_int_equal(hold(fixture, run, "test.pause_limited", "y", "well")->status, WIRE_DONE);
        lease_move(lease_store_at(fixture->leases, 0), -(int64_t)(3 * USEC_PER_DAY));
        assert_int_equal(hold(fixture, run, "test.pause_limited", "x", "well")->status, WIRE_DONE);
}

static void what_an_admin_returns_is_not_taken_again_in_the_incident(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);
        const struct wire_action_finished *finished;
        struct wire_message lower = {.type = WIRE_LOWER,
                .lower = {.serial = 8, .kind = WIRE_LOWER_RETURN_LEASE, .lease = 1, .who = "uid 1000"}};

        hold(fixture, run, "test.pause", "x", "well");
        say(fixture, &lower);
        assert_true(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        settle(fixture);
        assert_string_equal(marked(), "r1 u1 ");
        say(fixture, &lower);
        assert_false(hear(fixture, WIRE_LOWER_REPLY)->lower_reply.ok);
        assert_string_equal(fixture->heard.lower_reply.text, "there is no lease 1");
        for (int i = 0; i < 2; i++) {
                finished = hold(fixture, run, "test.pause", "x", "well");
                assert_int_equal(finished->status, WIRE_DENIED);
                assert_non_null(strstr(finished->text, "an admin returned it"));
                assert_int_equal(hold(fixture, run, "test.pause", i ? "z" : "y", "well")->status, WIRE_DONE);
                restart(fixture);
                assert_int_equal(begin_run(fixture, "vacuum", 1, false, &run), WIRE_GO);
        }
        end_run(fixture, run);
        /* In another incident it may be. */
        say(fixture, &(struct wire_message){.type = WIRE_INCIDENT_CLOSE, .incident_close = {.incident = 1}});
        run_for(fixture->loop, 50 * USEC_PER_MSEC);
        book_ledger(fixture->book)->past[0].closed_usec -= USEC_PER_HOUR;
        for (size_t i = 0; i < book_ledger(fixture->book)->n_playbooks; i++)
                book_ledger(fixture->book)->playbooks[i].acted.n = 0;
        assert_int_equal(begin_run(fixture, "vacuum", open_incident(fixture), false, &run), WIRE_GO);
        assert_int_equal(hold(fixture, run, "test.pause", "x", "well")->status, WIRE_DONE);
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

static void a_restart_knows_its_leases_and_tells_them_at_the_welcome(void **state) {
        struct fixture *fixture = *state;
        bool before_end = false;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        restart(fixture);
        assert_string_equal(told(fixture, 1), "in-force ");
        for (size_t i = 0; i < fixture->n_got; i++)
                if (fixture->got[i].type == WIRE_LEASE)
                        before_end = i > 0 && fixture->got[0].type == WIRE_WELCOME_END;
        assert_true(before_end);
        renew(fixture, 1, -1);
        assert_string_equal(marked(), "r1 r1 ");
        end_lease(fixture, 1);
        assert_string_equal(marked(), "r1 r1 u1 ");
        assert_int_equal(recorded(fixture, "escalated"), 0);
}

static void a_clock_that_went_back_while_we_were_away_gives_no_lease_more_time(void **state) {
        struct fixture *fixture = *state;
        uint64_t now = loop_realtime(fixture->loop);

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        lease_of(fixture, 1)->limit_usec = now + USEC_PER_DAY;
        lease_move(lease_of(fixture, 1), (int64_t)(1000 * USEC_PER_DAY));
        assert_int_equal(lease_store_write(fixture->leases, lease_of(fixture, 1), now), 0);
        restart(fixture);
        assert_in_range(
                lease_of(fixture, 1)->expires_usec, now, now + pause_verb.slice_usec + USEC_PER_MINUTE);
        assert_in_range(lease_of(fixture, 1)->limit_usec, now, now + USEC_PER_DAY + USEC_PER_MINUTE);
}

/* An executor of its own, killed hard when its action was told to go. */
static void be_killed_while_taking(struct fixture *fixture) {
        struct wire_message request;
        pid_t pid;
        int status;

        disconnect_watcher(fixture);
        close_desk(fixture);
        pid = fork();
        if (pid == 0) {
                loop_free(fixture->loop);
                fixture->loop = real_loop();
                open_desk(fixture);
                desk_set_config(fixture->desk, fixture->config, 1);
                connect_watcher(fixture);
                request = request_of(begin(fixture), "test.pause", "x", "slow");
                say(fixture, &request);
                hear(fixture, WIRE_ACTION_STARTED);
                kill(getpid(), SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        usleep(600000); /* the action, which is its own process, ends by itself */
        open_desk(fixture);
        desk_set_config(fixture->desk, fixture->config, 1);
        desk_recover(fixture->desk);
        connect_watcher(fixture);
        fixture->n_got = 0;
        hello(fixture);
}

static void killed_between_intent_and_outcome_it_is_unknown_and_evidence_decides(void **state) {
        struct fixture *fixture = *state;
        uint64_t run;

        be_killed_while_taking(fixture);
        assert_string_equal(marked(), "r1 ");
        assert_string_equal(told(fixture, 1), "in-force ");
        assert_int_equal(strncmp(lease_of(fixture, 1)->text, "unknown", 7), 0);
        /* It is on record, but its lease takes care of it: nobody is called. */
        assert_int_equal(recorded(fixture, "action-unknown"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 0);
        renew(fixture, 1, -1);
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_IN_FORCE);
        /* Nor is the verb out of use: the same is the same lease, and another next hop another. */
        assert_int_equal(begin_run(fixture, "vacuum", 1, false, &run), WIRE_GO);
        assert_int_equal(hold(fixture, run, "test.pause", "y", "well")->status, WIRE_DONE);
        assert_int_equal(lease_of(fixture, 2)->state, WIRE_LEASE_IN_FORCE);
        end_lease(fixture, 1);
        assert_non_null(strstr(marked(), "u1"));
}

static void a_lease_speaks_for_no_action_but_its_own(void **state) {
        struct fixture *fixture = *state;
        struct book_entry entry = book_entry_new("action-intent");
        uint64_t run = begin(fixture), next;

        /* It was written, and then we were killed before its intent was: another verb has the number now. */
        hold(fixture, run, "test.pause", "x", "well");
        next = book_ledger(fixture->book)->next_action;
        lease_of(fixture, 1)->action = next;
        assert_int_equal(lease_store_write(fixture->leases, lease_of(fixture, 1), 1), 0);
        book_number(&entry, "action", next);
        book_number(&entry, "incident", 1);
        book_text(&entry, "verb", "test.vacuum");
        book_write(fixture->book, &entry);
        restart(fixture);
        assert_int_equal(recorded(fixture, "action-unknown"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 1);
}

static void an_undo_cut_short_by_a_restart_is_done_again(void **state) {
        struct fixture *fixture = *state;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        say(fixture, &(struct wire_message){.type = WIRE_LEASE_END, .lease_end = {.lease = 1}});
        hear(fixture, WIRE_LEASE);
        assert_int_equal(fixture->heard.lease.state, WIRE_LEASE_ENDING);
        restart(fixture);
        settle(fixture);
        assert_non_null(strstr(marked(), "u1"));
        assert_int_equal(lease_store_count(fixture->leases), 0);
        assert_int_equal(recorded(fixture, "lease-ended"), 1);
}

static void an_undo_that_fails_is_tried_again_and_after_three_times_people_are_called(void **state) {
        struct fixture *fixture = *state;
        char stuck[sizeof(mark) + 8];

        snprintf(stuck, sizeof(stuck), "%s.stuck", mark);
        close(open(stuck, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        hold(fixture, begin(fixture), "test.pause", "x", "well");
        end_lease(fixture, 1);
        for (unsigned i = 1; i <= 4; i++) {
                assert_int_equal(lease_of(fixture, 1)->failures, i);
                assert_int_equal(recorded(fixture, "escalated"), i >= 3);
                assert_true(lease_of(fixture, 1)->undo_after_usec > loop_now(fixture->loop));
                lease_of(fixture, 1)->undo_after_usec = 0;
                if (i == 4)
                        unlink(stuck);
                end_lease(fixture, 1);
        }
        assert_null(lease_of(fixture, 1));
        assert_int_equal(recorded(fixture, "lease-ended"), 1);
        assert_int_equal(recorded(fixture, "escalated"), 1);
}

static void what_lapsed_by_itself_does_not_wait_for_its_undo_for_ever(void **state) {
        struct fixture *fixture = *state;
        uint64_t run = begin(fixture);
        struct wanted wanted = {.event = "lease-ended"};
        char stuck[sizeof(mark) + 8];

        snprintf(stuck, sizeof(stuck), "%s.stuck", mark);
        close(open(stuck, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        hold(fixture, run, "test.pause", "x", "well");
        end_lease(fixture, 1);
        for (unsigned i = 1; i <= LEASE_UNDO_CALL; i++) {
                assert_int_equal(lease_of(fixture, 1)->failures, i);
                lease_of(fixture, 1)->undo_after_usec = 0;
                if (i == LEASE_UNDO_CALL)
                        lease_of(fixture, 1)->expires_usec -= 2 * pause_verb.slice_usec;
                end_lease(fixture, 1);
        }
        assert_null(lease_of(fixture, 1));
        recorder_read(book_recorder(fixture->book), look, &wanted, NULL);
        assert_int_equal(wanted.n, 1);
        assert_non_null(strstr(wanted.text, "lapsed by itself"));
        assert_int_equal(hold(fixture, run, "test.pause", "x", "well")->status, WIRE_DONE);
}

static void a_return_that_is_repeated_writes_nothing(void **state) {
        struct fixture *fixture = *state;
        char stuck[sizeof(mark) + 8], before[256];

        snprintf(stuck, sizeof(stuck), "%s.stuck", mark);
        close(open(stuck, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        hold(fixture, begin(fixture), "test.pause", "x", "well");
        end_lease(fixture, 1);
        assert_int_equal(desk_return_lease(fixture->desk, 1, "uid 1000", NULL), 0);
        settle(fixture);
        strcpy(before, told(fixture, 1));
        assert_string_equal(before, "taking in-force ending ending ending ");
        for (int i = 0; i < 5; i++)
                assert_int_equal(desk_return_lease(fixture->desk, 1, "uid 1000", NULL), 0);
        settle(fixture);
        assert_string_equal(told(fixture, 1), before);
}

static void a_lease_whose_verb_is_gone_is_kept_and_said(void **state) {
        struct fixture *fixture = *state;

        hold(fixture, begin(fixture), "test.pause", "x", "well");
        strcpy(lease_of(fixture, 1)->verb, "gone.verb");
        renew(fixture, 1, -1);
        end_lease(fixture, 1);
        assert_int_equal(lease_of(fixture, 1)->state, WIRE_LEASE_ENDING);
        assert_string_equal(lease_of(fixture, 1)->text, "the verb gone.verb is not there any more");
        assert_string_equal(marked(), "r1 ");
}

static void the_end_of_one_at_work_waits_for_its_action(void **state) {
        struct fixture *fixture = *state;
        struct wire_message request = request_of(begin(fixture), "test.pause", "x", "slow");

        say(fixture, &request);
        hear(fixture, WIRE_ACTION_STARTED);
        assert_int_equal(desk_return_lease(fixture->desk, 1, "root", NULL), 0);
        settle(fixture);
        assert_string_equal(marked(), "r1 u1 ");
        assert_int_equal(lease_store_count(fixture->leases), 0);
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
                TEST(the_watchers_word_ends_it_in_observe_and_in_maintenance),
                TEST(without_a_renewal_it_lapses_and_then_ends),
                TEST(a_renewal_keeps_it_and_brings_a_lapsed_one_back),
                TEST(a_flood_of_renewals_and_ends_does_next_to_nothing),
                TEST(renewals_that_come_all_at_once_have_their_turns),
                TEST(the_same_complaint_is_not_made_every_minute),
                TEST(at_its_limit_it_ends_and_people_are_told_once),
                TEST(what_reached_its_limit_rests_for_as_long_as_it_was_in_force),
                TEST(what_an_admin_returns_is_not_taken_again_in_the_incident),
                TEST(a_selection_must_be_a_sealed_memory_file),
                TEST(a_selection_nobody_asked_for_is_not_handed_on),
                TEST(a_restart_knows_its_leases_and_tells_them_at_the_welcome),
                TEST(a_clock_that_went_back_while_we_were_away_gives_no_lease_more_time),
                TEST(killed_between_intent_and_outcome_it_is_unknown_and_evidence_decides),
                TEST(a_lease_speaks_for_no_action_but_its_own),
                TEST(an_undo_cut_short_by_a_restart_is_done_again),
                TEST(an_undo_that_fails_is_tried_again_and_after_three_times_people_are_called),
                TEST(what_lapsed_by_itself_does_not_wait_for_its_undo_for_ever),
                TEST(a_return_that_is_repeated_writes_nothing),
                TEST(a_lease_whose_verb_is_gone_is_kept_and_said),
                TEST(the_end_of_one_at_work_waits_for_its_action),
                TEST(more_than_sixty_four_are_denied),
                TEST(arguments_that_do_not_fit_are_denied),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
