/* SPDX-License-Identifier: MIT */
/*
 * loader_run - start the loader, and get its result or its reasons
 *
 * Runs in the executor and in `spoolguardd --check`.  Forks and executes the running program again with
 * --role=loader, so that not one page of the executor is shared with the process that evaluates Lua; the role
 * drops its privileges before it looks at a file.  The child gets an empty environment, no descriptors but its
 * pipes, limits on memory, processor time and file size, and dies with its parent.
 *
 * Owns the child for the time of the call, at most RUN_USEC.  What it prints is bounded and is text of
 * strangers: the result is to be read with config_new(), the reasons are only shown.
 *
 * Fails with -EINVAL and reasons, whatever went wrong in the child: refused, killed, too slow, too much.
 */
#include "loader/loader.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/config.h"
#include "loader/loader_pipe.h"

#define RUN_USEC (30 * USEC_PER_SEC)
#define PROBLEMS_MAX ((size_t)16 << 10)
#define LAST_FD (~0u)

/* The sanitizers reserve terabytes of addresses. */
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_LIMIT RLIM_INFINITY
#else
#define MEMORY_LIMIT ((rlim_t)256 << 20)
#endif

static const struct {
        __rlimit_resource_t resource;
        rlim_t limit;
} limits[] = {
        {RLIMIT_AS, MEMORY_LIMIT},
        {RLIMIT_CPU, 20},
        {RLIMIT_FSIZE, 0},
        {RLIMIT_CORE, 0},
};

static void reset_signals(void) {
        sigset_t none;

        for (int signo = 1; signo < SIGRTMIN; signo++)
                signal(signo, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child_main(const struct loader_paths *paths, int out, int reasons, pid_t parent) {
        const char *const argv[] = {"spoolguardd", "--role=loader", "--etc", paths->etc, "--share",
                paths->share, "--plugins", paths->plugin_dir, "--user", paths->user ? paths->user : "", NULL};
        char *const environment[] = {NULL};
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(126);
        reset_signals();
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
                dup2(reasons, STDERR_FILENO) < 0 || close_range(STDERR_FILENO + 1, LAST_FD, 0) < 0)
                _exit(126);
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                const struct rlimit limit = {.rlim_cur = limits[i].limit, .rlim_max = limits[i].limit};

                if (limits[i].limit != RLIM_INFINITY && setrlimit(limits[i].resource, &limit) < 0)
                        _exit(126);
        }
        execve("/proc/self/exe", (char *const *)(uintptr_t)argv, environment);
        dprintf(STDERR_FILENO, "the loader cannot be started: %s\n", strerror(errno));
        _exit(127);
}

/* A pipe whose both ends are above the standard descriptors, which the child replaces. */
static int pipe_new(int fds[static 2]) {
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        for (int i = 0; i < 2; i++) {
                int moved =
                        fds[i] > STDERR_FILENO ? fds[i] : fcntl(fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

                if (moved < 0) {
                        int error = errno;

                        close(fds[0]);
                        close(fds[1]);
                        return -error;
                }
                if (moved != fds[i])
                        close(fds[i]);
                fds[i] = moved;
        }
        return 0;
}

static int spawn(const struct loader_paths *paths, struct loader_stream streams[static 2], pid_t *ret_pid) {
        int out[2], reasons[2], r;
        pid_t parent = getpid(), pid;

        r = pipe_new(out);
        if (r < 0)
                return r;
        r = pipe_new(reasons);
        if (r < 0) {
                close(out[0]);
                close(out[1]);
                return r;
        }
        pid = fork();
        if (pid == 0)
                child_main(paths, out[1], reasons[1], parent);
        r = pid < 0 ? -errno : 0;
        close(out[1]);
        close(reasons[1]);
        streams[0].fd = out[0];
        streams[1].fd = reasons[0];
        if (r < 0) {
                close(out[0]);
                close(reasons[0]);
                return r;
        }
        *ret_pid = pid;
        return 0;
}

/* Why there is no result, when the child itself did not say. */
static void explain(int r, int status, bool overflow, char *text, size_t size) {
        if (r == -ETIME)
                text_format(text, size, "the loader did not finish within %llu s",
                        (unsigned long long)(RUN_USEC / USEC_PER_SEC));
        else if (r < 0)
                text_format(text, size, "the loader cannot be run: %s", strerror(-r));
        else if (overflow)
                text_format(text, size, "the configuration is larger than %u bytes", CONFIG_TEXT_MAX);
        else if (WIFSIGNALED(status))
                text_format(text, size, "the loader was stopped by signal %d", WTERMSIG(status));
        else
                text_format(text, size, "the loader ended with status %d and no reason", WEXITSTATUS(status));
}

int loader_run(const struct loader_paths *paths, char **ret_text, size_t *ret_size, char **ret_problems) {
        struct loader_stream streams[2] = {{.max = CONFIG_TEXT_MAX}, {.max = PROBLEMS_MAX}};
        _cleanup_free_ char *text = NULL, *problems = NULL;
        char reason[160];
        int status = 0, r;
        pid_t pid;

        r = spawn(paths, streams, &pid);
        if (r >= 0)
                r = loader_pipe_collect(pid, streams, ELEMENTSOF(streams), RUN_USEC, &status);
        text = streams[0].text;
        problems = streams[1].text;
        if (r >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && !streams[0].overflow && text) {
                *ret_text = take(text);
                *ret_size = streams[0].size;
                return 0;
        }
        if (r < 0 || streams[0].overflow || !WIFEXITED(status) || !problems || !*problems) {
                explain(r, status, streams[0].overflow, reason, sizeof(reason));
                free(problems);
                problems = strdup(reason);
        }
        /* The last line's end is the printer's, not the sentence's. */
        for (size_t n = problems ? strlen(problems) : 0; n > 0 && problems[n - 1] == '\n'; n--)
                problems[n - 1] = '\0';
        *ret_problems = take(problems);
        return -EINVAL;
}
