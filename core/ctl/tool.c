/* SPDX-License-Identifier: MIT */
/*
 * tool - run a program and read what it prints, with an end
 *
 * Runs in: spoolguardctl, for the checks of preflight and for qshape.  No shell; stdin is /dev/null.  Owns the child
 * until it is reaped; nothing is left behind when it has to be killed.
 *
 * Fails: negative errno, -ENOENT when there is no such program.
 */
#include "ctl/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

static int spawn(const char *const argv[], int output, pid_t *ret_pid) {
        posix_spawn_file_actions_t actions;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
        int r = posix_spawnp(ret_pid, argv[0], &actions, NULL, (char *const *)argv, environ);

        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

/* Until the other end is closed: 0, or -ETIME. */
static int drain(int fd, uint64_t end_usec, char *output, size_t size) {
        size_t used = 0;
        char spare[4096];

        output[0] = '\0';
        for (;;) {
                struct pollfd ready = {.fd = fd, .events = POLLIN};
                uint64_t now_usec = clock_monotonic_usec();

                if (now_usec >= end_usec)
                        return -ETIME;
                if (poll(&ready, 1, (int)((end_usec - now_usec) / USEC_PER_MSEC) + 1) <= 0)
                        continue;
                bool full = used + 1 >= size;
                ssize_t got = read(fd, full ? spare : output + used, full ? sizeof(spare) : size - used - 1);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return 0;
                if (!full)
                        used += (size_t)got;
                output[used] = '\0';
        }
}

int tool_run(const char *const argv[], int timeout_msec, char *output, size_t size) {
        uint64_t end_usec = clock_monotonic_usec() + (uint64_t)timeout_msec * USEC_PER_MSEC;
        int ends[2], status;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        _cleanup_close_ int fd = ends[0];
        int r = spawn(argv, ends[1], &pid);

        close(ends[1]);
        if (r < 0)
                return r;
        r = drain(fd, end_usec, output, size);
        if (r < 0)
                kill(pid, SIGKILL);
        if (waitpid(pid, &status, 0) < 0)
                return -errno;
        if (r < 0)
                return r;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
