/* SPDX-License-Identifier: MIT */
/* desk_lease_support - a scripted watcher that takes, renews and ends leases at a desk, and a restart of the desk */
#ifndef TESTS_DESK_LEASE_SUPPORT_H
#define TESTS_DESK_LEASE_SUPPORT_H

#include "desk_support.h"

#include <sys/mman.h>

#include "base/cleanup.h"

static inline const char *marked(void) {
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

static inline struct wire_message request_of(
        uint64_t run, const char *verb, const char *what, const char *how) {
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

static inline const struct wire_action_finished *finish(
        struct fixture *fixture, const struct wire_message *request) {
        say(fixture, request);
        return &hear(fixture, WIRE_ACTION_FINISHED)->action_finished;
}

static inline const struct wire_action_finished *hold(
        struct fixture *fixture, uint64_t run, const char *verb, const char *what, const char *how) {
        struct wire_message request = request_of(run, verb, what, how);

        return finish(fixture, &request);
}

static inline uint64_t begin(struct fixture *fixture) {
        uint64_t run;

        hello(fixture);
        assert_int_equal(begin_run(fixture, "vacuum", open_incident(fixture), false, &run), WIRE_GO);
        return run;
}

static inline struct lease *lease_of(struct fixture *fixture, uint64_t id) {
        return lease_store_find(fixture->leases, id);
}

/* Answers come newest first; every state that this lease was told in, oldest first. */
static inline const char *told(struct fixture *fixture, uint64_t id) {
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

/* No undo goes well until it is taken off. */
static inline void be_stuck(bool is_on) {
        char stuck[sizeof(mark) + 8];

        snprintf(stuck, sizeof(stuck), "%s.stuck", mark);
        if (is_on)
                close(open(stuck, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        else
                unlink(stuck);
}

static inline void settle(struct fixture *fixture) {
        uint64_t end = clock_monotonic_usec() + 20 * USEC_PER_SEC;

        do {
                run_for(fixture->loop, 50 * USEC_PER_MSEC);
                assert_true(clock_monotonic_usec() < end);
        } while (desk_at_work(fixture->desk) > 0);
        run_for(fixture->loop, 20 * USEC_PER_MSEC);
}

static inline void end_lease(struct fixture *fixture, uint64_t id) {
        say(fixture,
                &(struct wire_message){
                        .type = WIRE_LEASE_END, .lease_end = {.lease = id, .text = "x is back"}});
        settle(fixture);
}

static inline void renew(struct fixture *fixture, uint64_t id, int fd) {
        assert_int_equal(
                channel_send_consume_fd(fixture->theirs,
                        &(struct wire_message){.type = WIRE_LEASE_RENEW, .lease_renew = {.lease = id}}, fd),
                0);
        settle(fixture);
}

/* Renewals are at least 20 s apart; the last one was long ago. */
static inline void let_renewal_age(struct fixture *fixture, uint64_t id) {
        lease_of(fixture, id)->renewed_usec = 0;
}

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* As a selection comes, when it has all seals. */
static inline int memory(size_t size, int seals) {
        int fd = memfd_create("selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t)size), 0);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
        return fd;
}

/* As after a crash of the executor. */
static inline void restart(struct fixture *fixture) {
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

#endif
