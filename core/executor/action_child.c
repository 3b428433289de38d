/* SPDX-License-Identifier: MIT */
/*
 * action_child - one action in one child
 *
 * Runs in: executor.  Owns the child's process, its end of the socketpair and its deadline.  The order of an
 * action is: fork; the child checks and sends manifest and verdict; on_go() writes the intent to disk; "go";
 * the child acts and sends the outcome; it exits and is reaped; on_end() tells.  So what was begun is always on
 * record before it begins, and when on_end() is called nothing of this action runs any more.
 *
 * At the deadline the child gets SIGTERM, which a tool of its own heeds first (action_tool.c), and SIGKILL
 * ACTION_KILL_AFTER later.  A child that dies without an outcome failed if a signal or an exit says so, timed
 * out if we stopped it.
 *
 * What the child says is bounded: a frame of the wrong size or kind, or one line too many, is dropped.
 */
#include "executor/action_child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/action_frame.h"
#include "executor/process_title.h"

/* Descriptors in the child, which has no others. */
enum { SOCKET_PLACE = 3, SELECTION_PLACE };

struct action_child {
        struct loop *loop;
        const struct action_child_ops *ops;
        void *data;
        pid_t pid;
        int fd;
        struct loop_fd *io;
        struct loop_child *process;
        struct loop_timer *deadline;
        char *lines[ACTION_MANIFEST_MAX + 1];
        size_t n_lines;
        bool has_verdict, went, has_outcome, stopping;
        enum wire_status status;
        struct sg_outcome outcome;
};

static void on_verdict(struct action_child *child, const struct action_frame *frame) {
        struct action_manifest manifest = {.lines = (const char *const *)child->lines, .n = child->n_lines};
        struct action_frame go = {.type = ACTION_FRAME_GO};
        char denial[SG_TEXT_MAX] = "";

        child->has_verdict = true;
        child->outcome = frame->outcome;
        if (frame->code == SG_VERDICT_NOTHING)
                child->status = WIRE_NOTHING;
        else if (frame->code != SG_VERDICT_GO)
                child->status = WIRE_DENIED;
        else if (child->ops->on_go(child, &manifest, &frame->outcome, denial, child->data)) {
                child->went = true;
                /* A child that died meanwhile cannot be told, and is found out when it is reaped. */
                if (send(child->fd, &go, sizeof(go), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                        log_debug("action child %d is gone before it was told to go", (int)child->pid);
        } else if (denial[0]) {
                child->status = WIRE_DENIED;
                text_copy(child->outcome.text, sizeof(child->outcome.text), denial);
        } else
                child->status = WIRE_WOULD_HAVE;
        if (!child->went)
                shutdown(child->fd, SHUT_WR);
}

static void on_outcome(struct action_child *child, const struct action_frame *frame) {
        /* The child watches the same deadline for its tools, and may be the first to see it pass. */
        bool late = child->stopping || frame->code == -ETIME;

        child->has_outcome = true;
        child->outcome = frame->outcome;
        child->status = frame->code == 0 ? WIRE_DONE : late ? WIRE_TIMED_OUT : WIRE_FAILED;
        if (frame->code != 0 && !child->outcome.text[0])
                text_copy(child->outcome.text, sizeof(child->outcome.text), strerror(abs(frame->code)));
}

static void on_frame(struct action_child *child, const struct action_frame *frame) {
        if (frame->type == ACTION_FRAME_MANIFEST && !child->has_verdict &&
                child->n_lines < ELEMENTSOF(child->lines)) {
                child->lines[child->n_lines] = strdup(frame->outcome.text);
                child->n_lines += child->lines[child->n_lines] != NULL;
        } else if (frame->type == ACTION_FRAME_VERDICT && !child->has_verdict)
                on_verdict(child, frame);
        else if (frame->type == ACTION_FRAME_OUTCOME && child->went && !child->has_outcome)
                on_outcome(child, frame);
}

/* Everything that is there; false when the child closed its end. */
static bool receive(struct action_child *child) {
        struct action_frame frame;
        ssize_t n;

        for (;;) {
                n = recv(child->fd, &frame, sizeof(frame), MSG_DONTWAIT | MSG_TRUNC);
                if (n == 0)
                        return false;
                if (n < 0)
                        return errno == EAGAIN || errno == EINTR;
                frame.outcome.text[SG_TEXT_MAX - 1] = '\0';
                if (n == (ssize_t)sizeof(frame))
                        on_frame(child, &frame);
        }
}

static void on_io(struct loop_fd *source, int fd, unsigned ready, void *data) {
        struct action_child *child = data;
        (void)source, (void)fd, (void)ready;

        if (!receive(child))
                child->io = loop_fd_free(child->io);
}

static void on_exit_of(struct loop_child *source, pid_t pid, bool exited, int status, void *data) {
        struct action_child *child = data;
        const char *how = child->has_verdict ? "" : " before its check was over";
        (void)source, (void)pid;

        receive(child);
        if (child->has_outcome || (child->has_verdict && !child->went))
                ;
        else if (child->stopping) {
                child->status = WIRE_TIMED_OUT;
                text_copy(child->outcome.text, sizeof(child->outcome.text), "stopped at its deadline");
        } else {
                child->status = WIRE_FAILED;
                if (exited)
                        text_format(child->outcome.text, sizeof(child->outcome.text),
                                "the verb ended its process with status %d%s", status, how);
                else
                        text_format(child->outcome.text, sizeof(child->outcome.text),
                                "the verb crashed with signal %d (%s)%s", status, strsignal(status), how);
        }
        child->ops->on_end(child, child->went, child->status, &child->outcome, child->data);
}

void action_child_stop(struct action_child *child) {
        kill(child->pid, child->stopping ? SIGKILL : SIGTERM);
        loop_timer_arm(
                child->deadline, child->stopping ? USEC_NEVER : loop_now(child->loop) + ACTION_KILL_AFTER);
        child->stopping = true;
}

static void on_deadline(struct loop_timer *timer, void *data) {
        (void)timer;
        action_child_stop(data);
}

__attribute__((noreturn)) static void be_the_child(const struct action_plan *plan, int fd) {
        int selection = plan->selection_fd;
        sigset_t none;

        /* The executor's signals and descriptors are not ours: its loop, its recorder, its sockets. */
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        /* First out of the way: each may be where the other one has to go. */
        fd = fcntl(fd, F_DUPFD, SELECTION_PLACE + 1);
        if (selection >= 0)
                selection = fcntl(selection, F_DUPFD, SELECTION_PLACE + 1);
        if (fd < 0 || dup2(fd, SOCKET_PLACE) < 0 ||
                (plan->selection_fd >= 0 && (selection < 0 || dup2(selection, SELECTION_PLACE) < 0)))
                _exit(1);
        close_range(selection >= 0 ? SELECTION_PLACE + 1 : SELECTION_PLACE, ~0U, 0);
        process_title("spoolguard: %s %s", plan->undo ? "undo" : "action", plan->verb->name);
        _exit(action_host_main(plan, SOCKET_PLACE, selection >= 0 ? SELECTION_PLACE : -1));
}

static uint64_t time_for(const struct action_plan *plan) {
        uint64_t usec = plan->verb->deadline_usec ? plan->verb->deadline_usec : ACTION_DEADLINE_DEFAULT;

        return plan->undo && usec < ACTION_UNDO_DEADLINE ? ACTION_UNDO_DEADLINE : usec;
}

int action_child_new(struct loop *loop, struct action_plan *plan, const struct action_child_ops *ops,
        void *data, struct action_child **ret_child) {
        struct action_child *child = calloc(1, sizeof(*child));
        _cleanup_close_ int theirs = -1;
        int fds[2], r;

        if (!child)
                return -ENOMEM;
        *child = (struct action_child){.loop = loop, .ops = ops, .data = data, .fd = -1};
        plan->deadline_usec = loop_now(loop) + time_for(plan);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
                r = -errno;
                action_child_free(child);
                return r;
        }
        child->fd = fds[0];
        theirs = fds[1];
        r = loop_timer_new(
                loop, "deadline of an action", plan->deadline_usec, on_deadline, child, &child->deadline);
        if (r == 0)
                r = loop_fd_new(loop, "an action's child", child->fd, LOOP_IN, on_io, child, &child->io);
        if (r == 0) {
                child->pid = fork();
                if (child->pid == 0)
                        be_the_child(plan, theirs);
                r = child->pid < 0 ? -errno
                                   : loop_child_new(loop, "an action's child", child->pid, on_exit_of, child,
                                             &child->process);
                if (r < 0 && child->pid > 0)
                        kill(child->pid, SIGKILL);
        }
        if (r < 0) {
                action_child_free(child);
                return r;
        }
        *ret_child = child;
        return 0;
}

struct action_child *action_child_free(struct action_child *child) {
        if (!child)
                return NULL;
        loop_fd_free(child->io);
        loop_child_free(child->process);
        loop_timer_free(child->deadline);
        if (child->fd >= 0)
                close(child->fd);
        for (size_t i = 0; i < child->n_lines; i++)
                free(child->lines[i]);
        free(child);
        return NULL;
}
