/* SPDX-License-Identifier: MIT */
/*
 * reload - the loader, run from a child so that the executor goes on meanwhile
 *
 * Runs in: executor.  loader_run() waits up to 30 s for files that may make the loader work for as long; so a
 * child of ours waits, and leaves the answer in a memfd: one byte that says if it is a configuration, then
 * that or the problems.  The child is not trusted beyond its size: config_new() checks every entry again.
 *
 * Fails: a child that dies, hangs or leaves nonsense is a refused configuration, with that as the problem.
 */
#include "executor/reload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define RELOAD_DEADLINE (45 * USEC_PER_SEC)

struct reload {
        struct loop *loop;
        reload_done_fn done;
        void *data;
        int fd;
        pid_t pid;
        struct loop_child *process;
        struct loop_timer *deadline;
};

void reload_result_deinit(struct reload_result *result) {
        free(result->text);
        free(result->problems);
        *result = (struct reload_result){.text = NULL};
}

void reload_now(const struct loader_paths *paths, struct reload_result *ret_result) {
        int r;

        *ret_result = (struct reload_result){.text = NULL};
        r = loader_run(paths, &ret_result->text, &ret_result->size, &ret_result->problems);
        if (r == 0)
                return;
        free(ret_result->text);
        ret_result->text = NULL;
        if (!ret_result->problems)
                ret_result->problems = strdup(strerror(-r));
}

static bool put(int fd, const void *bytes, size_t size) {
        const char *at = bytes;

        while (size > 0) {
                ssize_t n = write(fd, at, size);
                if (n <= 0)
                        return false;
                at += n;
                size -= (size_t)n;
        }
        return true;
}

__attribute__((noreturn)) static void be_the_child(const struct loader_paths *paths, int fd) {
        struct reload_result result;
        sigset_t none;
        bool ok;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (fd != 3 && dup2(fd, 3) < 0)
                _exit(1);
        close_range(4, ~0U, 0);
        reload_now(paths, &result);
        if (result.text)
                ok = put(3, "+", 1) && put(3, result.text, result.size);
        else
                ok = put(3, "-", 1) && put(3, result.problems, strlen(result.problems));
        _exit(ok ? 0 : 1);
}

static int read_answer(int fd, struct reload_result *ret_result) {
        off_t size = lseek(fd, 0, SEEK_END);
        _cleanup_free_ char *text = NULL;
        char kind;

        if (size < 1 || size > (off_t)CONFIG_TEXT_MAX + 1)
                return -EBADMSG;
        text = calloc(1, (size_t)size);
        if (!text)
                return -ENOMEM;
        if (pread(fd, &kind, 1, 0) != 1 || pread(fd, text, (size_t)size - 1, 1) != size - 1)
                return -EIO;
        *ret_result = (struct reload_result){.text = NULL};
        if (kind == '+') {
                ret_result->text = take(text);
                ret_result->size = (size_t)size - 1;
        } else
                ret_result->problems = take(text);
        return 0;
}

static void on_exit_of(struct loop_child *source, pid_t pid, bool exited, int status, void *data) {
        struct reload *reload = data;
        struct reload_result result = {.text = NULL};
        (void)source, (void)pid;

        reload->process = loop_child_free(reload->process);
        reload->pid = 0;
        if (!exited || status != 0 || read_answer(reload->fd, &result) < 0)
                result.problems = strdup("the loader did not answer");
        reload->done(reload, &result, reload->data);
}

static void on_deadline(struct loop_timer *timer, void *data) {
        struct reload *reload = data;
        (void)timer;
        if (reload->pid > 0)
                kill(reload->pid, SIGKILL);
}

int reload_new(struct loop *loop, const struct loader_paths *paths, reload_done_fn done, void *data,
        struct reload **ret_reload) {
        struct reload *reload = calloc(1, sizeof(*reload));
        int r;

        if (!reload)
                return -ENOMEM;
        *reload = (struct reload){.loop = loop, .done = done, .data = data};
        reload->fd = memfd_create("spoolguard-reload", MFD_CLOEXEC);
        r = reload->fd < 0 ? -errno
                           : loop_timer_new(loop, "deadline of the reload", loop_now(loop) + RELOAD_DEADLINE,
                                     on_deadline, reload, &reload->deadline);
        if (r == 0) {
                reload->pid = fork();
                if (reload->pid == 0)
                        be_the_child(paths, reload->fd);
                r = reload->pid < 0 ? -errno
                                    : loop_child_new(loop, "the reload", reload->pid, on_exit_of, reload,
                                              &reload->process);
        }
        if (r < 0) {
                reload_free(reload);
                return r;
        }
        *ret_reload = reload;
        return 0;
}

struct reload *reload_free(struct reload *reload) {
        if (!reload)
                return NULL;
        if (reload->pid > 0)
                kill(reload->pid, SIGKILL);
        loop_child_free(reload->process);
        loop_timer_free(reload->deadline);
        if (reload->fd >= 0)
                close(reload->fd);
        free(reload);
        return NULL;
}

int reload_merge(const struct config *last, const char *text, size_t size, struct config **ret_config,
        char **ret_text, size_t *ret_size, struct config **ret_raw, struct problem *problem) {
        struct config *raw = NULL, *config = NULL;
        char *merged = NULL;
        size_t merged_size = 0;
        int r = config_new(text, size, &raw, problem);

        if (r == 0 && last)
                r = config_keep_good_playbooks(last, text, size, &merged, &merged_size, problem);
        else if (r == 0) {
                merged = malloc(size + 1);
                r = merged ? 0 : -ENOMEM;
                if (merged) {
                        memcpy(merged, text, size);
                        merged_size = size;
                }
        }
        if (r == 0)
                r = config_new(merged, merged_size, &config, problem);
        if (r < 0) {
                config_free(raw);
                free(merged);
                return r;
        }
        *ret_config = config;
        *ret_raw = raw;
        *ret_text = merged;
        *ret_size = merged_size;
        return 0;
}

bool reload_is_same(const char *a, size_t a_size, const char *b, size_t b_size) {
        return a_size == b_size && memcmp(a, b, a_size) == 0;
}
