/* SPDX-License-Identifier: MIT */
/*
 * action_tool - one program, run for a verb and waited for
 *
 * Runs in: the child of one action, as root inside the unit's sandbox.  Owns the tool's process, which is in a
 * group of its own and starts with stdin from /dev/null, an environment of PATH, LC_ALL and nothing else, and
 * no other descriptors.  A filter gets the two files it works between in place of stdin and stdout.
 *
 * At the deadline, or when the executor sends us SIGTERM, its group gets SIGTERM and GRACE to end.  It is never
 * killed hard: postsuper or logrotate in the middle of a rename would leave worse than the trouble at hand.  A
 * tool that does not end is left behind, in the unit's control group, and the action is over.
 *
 * Output beyond the buffer is read and dropped, so the tool never blocks on it.
 */
#include "executor/action_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define GRACE (4 * USEC_PER_SEC)

static volatile sig_atomic_t asked_to_stop;

static void on_term(int signo) {
        (void)signo;
        asked_to_stop = 1;
}

__attribute__((noreturn)) static void be_the_tool(const struct action_tool *tool, int output) {
        static char *const environment[] = {
                (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LC_ALL=C.UTF-8", NULL};
        int in = tool->in_fd >= 0 ? tool->in_fd : open("/dev/null", O_RDONLY);
        int out = tool->out_fd >= 0 ? tool->out_fd : output;
        sigset_t none;

        signal(SIGTERM, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
                dup2(output, STDERR_FILENO) < 0)
                _exit(127);
        close_range(3, ~0U, 0);
        execve(tool->argv[0], (char *const *)tool->argv, environment);
        _exit(errno == ENOENT ? 127 : 126);
}

/* Reads what is there; false at the end of the output. */
static bool drain(int fd, char *output, size_t size, size_t *used) {
        char dropped[4096];
        size_t room = size > *used + 1 ? size - *used - 1 : 0;
        ssize_t n = room > 0 ? read(fd, output + *used, room) : read(fd, dropped, sizeof(dropped));

        if (n > 0 && room > 0)
                *used += (size_t)n;
        return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static int status_of(int status) {
        return WIFEXITED(status) ? WEXITSTATUS(status) : -ECANCELED;
}

/* Until the process is gone (ret: its status), or time is up and it did not heed SIGTERM. */
static int wait_for(pid_t pid, int fd, uint64_t deadline_usec, const sigset_t *waiting, char *output,
        size_t size, size_t *used) {
        bool open = true, stopping = false;
        int status;

        for (;;) {
                uint64_t now = clock_monotonic_usec(), left = 0;
                /* The exit is looked for between the polls: a grandchild may keep the pipe open. */
                const uint64_t slice = 50 * USEC_PER_MSEC;
                struct timespec timeout;
                struct pollfd poll_fd = {.fd = open ? fd : -1, .events = POLLIN};

                if (waitpid(pid, &status, WNOHANG) == pid) {
                        while (open && poll(&poll_fd, 1, 0) > 0)
                                open = drain(fd, output, size, used);
                        return stopping ? -ETIME : status_of(status);
                }
                if (!stopping && (asked_to_stop || now >= deadline_usec)) {
                        stopping = true;
                        kill(-pid, SIGTERM);
                        deadline_usec = now + GRACE;
                } else if (stopping && now >= deadline_usec)
                        return -ETIME;
                left = deadline_usec > now ? deadline_usec - now : 0;
                left = left < slice ? left : slice;
                timeout = (struct timespec){.tv_sec = 0, .tv_nsec = (long)(left * 1000)};
                if (ppoll(&poll_fd, 1, &timeout, waiting) > 0)
                        open = drain(fd, output, size, used);
        }
}

int action_tool_run(const struct action_tool *tool, char *output, size_t size) {
        _cleanup_close_ int read_end = -1, write_end = -1;
        struct sigaction action = {.sa_handler = on_term}, before;
        sigset_t term, mask, waiting;
        size_t used = 0;
        int fds[2], r;
        pid_t pid;

        if (!tool->argv[0] || tool->argv[0][0] != '/')
                return -EINVAL;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_end = fds[0];
        write_end = fds[1];
        fcntl(read_end, F_SETFL, O_NONBLOCK);

        /* SIGTERM is let in only while waiting, so it cannot be missed between a look and the sleep. */
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        sigprocmask(SIG_BLOCK, &term, &mask);
        waiting = mask;
        sigdelset(&waiting, SIGTERM);
        asked_to_stop = 0;
        sigaction(SIGTERM, &action, &before);

        pid = fork();
        if (pid == 0) {
                setpgid(0, 0);
                be_the_tool(tool, write_end);
        }
        if (pid < 0)
                r = -errno;
        else {
                setpgid(pid, pid);
                close(take_fd(&write_end));
                r = wait_for(pid, read_end, tool->deadline_usec, &waiting, output, size, &used);
        }
        if (size > 0)
                output[used] = '\0';
        sigaction(SIGTERM, &before, NULL);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        return r;
}
