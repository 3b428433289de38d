/* SPDX-License-Identifier: MIT */
/*
 * test_loop_sdevent - fds, signals and children on the real loop
 *
 * Pins what the kernel and libsystemd promise us: a source may go in its own callback, a hang-up is told
 * unasked, a child is reaped before its callback, an ever-armed defer starves nobody, a loop dies with a fork.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/loop.h"

struct world {
        struct loop *loop;
        struct loop_timer *guard;
        struct loop_fd *fds[2];
        struct loop_signal *signal;
        struct loop_child *child;
        struct loop_defer *defer;
        int ends[2];

        unsigned n_calls, n_defers, ready;
        bool exited;
        int status;
};

static void on_guard(struct loop_timer *timer, void *data) {
        struct world *world = data;

        (void)timer;
        loop_exit(world->loop, 99);
}

static int setup(void **state) {
        struct world *world = calloc(1, sizeof(*world));

        *state = world;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, world->ends) < 0)
                return -1;
        if (loop_new_sdevent(&world->loop) < 0)
                return -1;
        return loop_timer_new(world->loop, "guard", loop_now(world->loop) + 5 * USEC_PER_SEC, on_guard, world,
                &world->guard);
}

static int teardown(void **state) {
        struct world *world = *state;

        loop_timer_free(world->guard);
        for (size_t i = 0; i < ELEMENTSOF(world->fds); i++)
                loop_fd_free(world->fds[i]);
        loop_signal_free(world->signal);
        loop_child_free(world->child);
        loop_defer_free(world->defer);
        loop_free(world->loop);
        for (size_t i = 0; i < ELEMENTSOF(world->ends); i++)
                if (world->ends[i] >= 0)
                        close(world->ends[i]);
        free(world);
        return 0;
}

static void send_byte(int fd) {
        assert_int_equal(write(fd, "x", 1), 1);
}

static void on_free_self(struct loop_fd *source, int fd, unsigned ready, void *data) {
        struct world *world = data;

        assert_ptr_equal(source, world->fds[0]);
        assert_int_equal(fd, world->ends[0]);
        world->ready = ready;
        world->n_calls++;
        world->fds[0] = loop_fd_free(source);
        loop_exit(world->loop, 7);
}

static void an_fd_source_may_free_itself_and_the_fd_stays_open(void **state) {
        struct world *world = *state;
        char byte;

        assert_return_code(loop_fd_new(world->loop, "pair", world->ends[0], LOOP_IN, on_free_self, world,
                                   &world->fds[0]),
                0);
        send_byte(world->ends[1]);
        assert_int_equal(loop_run(world->loop), 7);
        assert_int_equal(world->ready, LOOP_IN);
        assert_int_equal(read(world->ends[0], &byte, 1), 1);
}

static void on_free_both(struct loop_fd *source, int fd, unsigned ready, void *data) {
        struct world *world = data;

        (void)source;
        (void)fd;
        (void)ready;
        world->n_calls++;
        for (size_t i = 0; i < ELEMENTSOF(world->fds); i++)
                world->fds[i] = loop_fd_free(world->fds[i]);
        /* give the freed sibling, which is ready too, every chance to be called */
        loop_timer_arm(world->guard, loop_now(world->loop) + 20 * USEC_PER_MSEC);
}

static void a_sibling_that_is_ready_may_be_freed(void **state) {
        struct world *world = *state;

        for (size_t i = 0; i < 2; i++) {
                assert_return_code(loop_fd_new(world->loop, "pair", world->ends[i], LOOP_IN, on_free_both,
                                           world, &world->fds[i]),
                        0);
                send_byte(world->ends[i]);
        }
        assert_int_equal(loop_run(world->loop), 99);
        assert_int_equal(world->n_calls, 1);
}

static void a_hang_up_is_told_unasked(void **state) {
        struct world *world = *state;

        assert_return_code(
                loop_fd_new(world->loop, "pair", world->ends[0], 0, on_free_self, world, &world->fds[0]), 0);
        close(take_fd(&world->ends[1]));
        assert_int_equal(loop_run(world->loop), 7);
        assert_int_equal(world->ready, LOOP_HANGUP);
}

static void on_priority(struct loop_fd *source, int fd, unsigned ready, void *data) {
        struct world *world = data;

        (void)source;
        (void)fd;
        world->ready = ready;
        world->n_calls++;
}

/* Last of all, because the mounts of the process are its own afterwards. */
static void a_change_of_the_mounts_is_told_once_and_needs_no_reading(void **state) {
        struct world *world = *state;
        char directory[] = "/tmp/sg-mounts-XXXXXX";
        _cleanup_close_ int fd = -1;

        assert_true(unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
        assert_return_code(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), errno);
        fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
        assert_return_code(
                loop_fd_new(world->loop, "mounts", fd, LOOP_PRIORITY, on_priority, world, &world->fds[0]), 0);
        assert_non_null(mkdtemp(directory));
        assert_return_code(loop_step(world->loop, 0), 0);
        assert_int_equal(world->n_calls, 0);
        for (unsigned changes = 1; changes <= 2; changes++) {
                if (changes == 1)
                        assert_return_code(mount("none", directory, "tmpfs", 0, NULL), errno);
                else
                        assert_return_code(umount(directory), errno);
                for (int i = 0; i < 5; i++)
                        assert_return_code(loop_step(world->loop, 0), 0);
                assert_int_equal(world->n_calls, changes);
                assert_int_equal(world->ready, LOOP_PRIORITY | LOOP_HANGUP);
        }
        assert_return_code(rmdir(directory), errno);
}

static void on_switch(struct loop_fd *source, int fd, unsigned ready, void *data) {
        struct world *world = data;

        (void)fd;
        world->ready |= ready;
        world->n_calls++;
        if (ready & LOOP_IN)
                loop_fd_set(source, LOOP_OUT);
        else
                loop_exit(world->loop, 7);
}

static void a_source_can_be_told_to_wait_for_something_else(void **state) {
        struct world *world = *state;

        assert_return_code(
                loop_fd_new(world->loop, "pair", world->ends[0], LOOP_IN, on_switch, world, &world->fds[0]),
                0);
        send_byte(world->ends[1]);
        assert_int_equal(loop_run(world->loop), 7);
        assert_int_equal(world->ready, LOOP_IN | LOOP_OUT);
        assert_int_equal(world->n_calls, 2);
}

static void one_fd_has_one_source(void **state) {
        struct world *world = *state;

        assert_return_code(
                loop_fd_new(world->loop, "first", world->ends[0], LOOP_IN, on_switch, world, &world->fds[0]),
                0);
        assert_int_equal(loop_fd_new(world->loop, "second", world->ends[0], LOOP_OUT, on_switch, world,
                                 &world->fds[1]),
                -EEXIST);
        assert_null(world->fds[1]);
}

static void on_endless_defer(struct loop_defer *defer, void *data) {
        struct world *world = data;

        if (++world->n_defers < 1000)
                loop_defer_arm(defer);
        else
                loop_exit(world->loop, 8);
}

static void a_defer_that_arms_itself_starves_nobody(void **state) {
        struct world *world = *state;

        assert_return_code(loop_defer_new(world->loop, "slices", on_endless_defer, world, &world->defer), 0);
        assert_return_code(loop_fd_new(world->loop, "pair", world->ends[0], LOOP_IN, on_free_self, world,
                                   &world->fds[0]),
                0);
        send_byte(world->ends[1]);
        assert_int_equal(loop_run(world->loop), 7);
        assert_true(world->n_defers < 1000);
}

static void on_busy(struct loop_timer *timer, void *data) {
        struct world *world = data;
        uint64_t before_usec = loop_clock(world->loop);

        (void)timer;
        for (unsigned i = 0; i < 1000 && loop_clock(world->loop) < before_usec + USEC_PER_MSEC; i++)
                usleep(100);
        assert_true(loop_clock(world->loop) >= before_usec + USEC_PER_MSEC);
        world->n_calls++;
        loop_exit(world->loop, 0);
}

static void the_clock_goes_on_within_a_turn(void **state) {
        struct world *world = *state;
        struct loop_timer *timer;

        assert_return_code(loop_timer_new(world->loop, "busy", 0, on_busy, world, &timer), 0);
        assert_int_equal(loop_run(world->loop), 0);
        assert_int_equal(world->n_calls, 1);
        loop_timer_free(timer);
}

static void on_timer_again(struct loop_timer *timer, void *data) {
        struct world *world = data;

        if (++world->n_defers < 1000)
                loop_timer_arm(timer, loop_now(world->loop));
        else
                loop_exit(world->loop, 8);
}

static void a_timer_that_is_always_due_starves_nobody(void **state) {
        struct world *world = *state;
        struct loop_timer *timer;

        assert_return_code(loop_timer_new(world->loop, "again", 0, on_timer_again, world, &timer), 0);
        assert_return_code(loop_fd_new(world->loop, "pair", world->ends[0], LOOP_IN, on_free_self, world,
                                   &world->fds[0]),
                0);
        send_byte(world->ends[1]);
        assert_int_equal(loop_run(world->loop), 7);
        assert_true(world->n_defers < 1000);
        loop_timer_free(timer);
}

static void on_signal(struct loop_signal *source, int signo, void *data) {
        struct world *world = data;

        assert_int_equal(signo, SIGUSR1);
        world->n_calls++;
        world->signal = loop_signal_free(source);
        loop_exit(world->loop, 7);
}

static void a_signal_arrives_and_its_source_may_free_itself(void **state) {
        struct world *world = *state;

        assert_return_code(
                loop_signal_new(world->loop, "usr1", SIGUSR1, on_signal, world, &world->signal), 0);
        raise(SIGUSR1);
        assert_int_equal(loop_run(world->loop), 7);
        assert_int_equal(world->n_calls, 1);
}

static void a_signal_after_its_source_does_not_kill(void **state) {
        struct world *world = *state;
        sigset_t set;
        int signo;

        assert_return_code(
                loop_signal_new(world->loop, "usr1", SIGUSR1, on_signal, world, &world->signal), 0);
        world->signal = loop_signal_free(world->signal);
        raise(SIGUSR1);
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        assert_int_equal(sigwait(&set, &signo), 0);
}

static void on_child(struct loop_child *source, pid_t pid, bool exited, int status, void *data) {
        struct world *world = data;

        assert_int_equal(kill(pid, 0), -1);
        assert_int_equal(errno, ESRCH);
        world->n_calls++;
        world->exited = exited;
        world->status = status;
        world->child = loop_child_free(source);
        loop_exit(world->loop, 7);
}

static void watch_child(struct world *world, pid_t pid) {
        assert_return_code(pid, errno);
        assert_return_code(loop_child_new(world->loop, "child", pid, on_child, world, &world->child), 0);
        assert_int_equal(loop_run(world->loop), 7);
        assert_int_equal(world->n_calls, 1);
}

static void a_child_is_reaped_before_its_callback(void **state) {
        struct world *world = *state;
        pid_t pid = fork();

        if (pid == 0)
                _exit(3);
        watch_child(world, pid);
        assert_true(world->exited);
        assert_int_equal(world->status, 3);
}

static void a_child_that_is_dead_already_is_told_too(void **state) {
        struct world *world = *state;
        pid_t pid = fork();
        siginfo_t info;

        if (pid == 0)
                _exit(4);
        assert_return_code(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), errno);
        watch_child(world, pid);
        assert_int_equal(world->status, 4);
}

static void a_killed_child_is_told_from_an_exit(void **state) {
        struct world *world = *state;
        pid_t pid = fork();

        if (pid == 0)
                for (;;)
                        pause();
        assert_return_code(kill(pid, SIGKILL), errno);
        watch_child(world, pid);
        assert_false(world->exited);
        assert_int_equal(world->status, SIGKILL);
}

/* Seizes the child, says so, and lets go only a while after it died. */
static void hold_the_dead(pid_t child, int ready) {
        if (ptrace(PTRACE_SEIZE, child, NULL, NULL) < 0 || write(ready, "x", 1) != 1)
                _exit(1);
        usleep(400000);
        _exit(0);
}

static void a_child_that_a_tracer_holds_is_noticed_once_it_is_let_go(void **state) {
        struct world *world = *state;
        int ready[2], status;
        char byte;

        assert_return_code(pipe(ready), errno);
        pid_t child = fork();
        if (child == 0) {
                prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
                pause();
        }
        pid_t tracer = fork();
        if (tracer == 0)
                hold_the_dead(child, ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(loop_child_new(world->loop, "child", child, on_child, world, &world->child), 0);
        assert_return_code(kill(child, SIGKILL), errno);
        /* As sd-event would: the pidfd is readable, and there is nothing to reap. */
        usleep(100000);
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        loop_run(world->loop);
        assert_int_equal(world->n_calls, 1);
        assert_int_equal(world->status, SIGKILL);
        assert_int_equal(waitpid(tracer, &status, 0), tracer);
        assert_int_equal(status, 0);
        close(ready[0]);
        close(ready[1]);
}

static void on_fork(struct loop_timer *timer, void *data) {
        (void)timer;
        (void)data;
}

static void a_loop_does_not_work_after_a_fork(void **state) {
        struct world *world = *state;
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                struct loop_timer *timer = NULL;

                _exit(loop_timer_new(world->loop, "late", 0, on_fork, NULL, &timer) == -ECHILD ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void a_loop_that_is_freed_too_early_panics(void **state) {
        struct world *world = *state;
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                close(STDERR_FILENO);
                loop_free(world->loop);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void the_clock_of_a_real_loop_cannot_be_moved(void **state) {
        struct world *world = *state;
        uint64_t now_usec = clock_monotonic_usec(), realtime_usec = clock_realtime_usec();

        assert_int_equal(loop_sim_advance(world->loop, USEC_PER_SEC), -ENOTSUP);
        assert_true(loop_now(world->loop) <= now_usec + USEC_PER_MINUTE && loop_now(world->loop) > 0);
        assert_true(loop_realtime(world->loop) + USEC_PER_MINUTE >= realtime_usec);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_LOOP(an_fd_source_may_free_itself_and_the_fd_stays_open),
                WITH_LOOP(a_sibling_that_is_ready_may_be_freed),
                WITH_LOOP(a_hang_up_is_told_unasked),
                WITH_LOOP(a_source_can_be_told_to_wait_for_something_else),
                WITH_LOOP(one_fd_has_one_source),
                WITH_LOOP(a_defer_that_arms_itself_starves_nobody),
                WITH_LOOP(a_timer_that_is_always_due_starves_nobody),
                WITH_LOOP(the_clock_goes_on_within_a_turn),
                WITH_LOOP(a_signal_arrives_and_its_source_may_free_itself),
                WITH_LOOP(a_signal_after_its_source_does_not_kill),
                WITH_LOOP(a_child_is_reaped_before_its_callback),
                WITH_LOOP(a_child_that_is_dead_already_is_told_too),
                WITH_LOOP(a_killed_child_is_told_from_an_exit),
                WITH_LOOP(a_child_that_a_tracer_holds_is_noticed_once_it_is_let_go),
                WITH_LOOP(a_loop_does_not_work_after_a_fork),
                WITH_LOOP(a_loop_that_is_freed_too_early_panics),
                WITH_LOOP(the_clock_of_a_real_loop_cannot_be_moved),
                WITH_LOOP(a_change_of_the_mounts_is_told_once_and_needs_no_reading),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
