/* SPDX-License-Identifier: MIT */
/*
 * watcher_supervise - start the watcher, listen to its heartbeat, start it again
 *
 * Runs in: executor.  Owns the watcher's process, our end of the channel, its configuration (a sealed memfd made
 * anew for every start) and the breadcrumb, which outlives the watchers so that what killed one is skipped by
 * the next.
 *
 * A watcher that is silent for WATCHER_SILENCE_MAX is killed.  Silence is measured by the loop, so when we
 * ourselves were stuck for longer (a disk that does not answer) its messages are read before it is judged.  Our
 * own watchdog towards systemd does not depend on any of this: a watcher that hangs is our business.
 *
 * Blame: a crash or hang inside Lua counts against the playbook, inside a parser against that file; an exit, or
 * our ending it for what it sent, inside Lua against the playbook; a death by SIGTERM or by somebody else's
 * SIGKILL (an admin, the kernel short of memory) against nobody.
 *
 * A watcher that ends by itself with status 0, and not out of Lua or a parser, wishes to be started anew: what it reads
 * was replaced, or there is no bus.  That is no death, but it is the watcher's own word, so only as many wishes are
 * believed as files are replaced in earnest; each one beyond that is told as a death.  The waits grow all the same.
 *
 * A new configuration starts a watcher at once but does not shorten the waits after it: only one that lives for
 * WATCHER_HEALTHY does.
 *
 * Fails: a watcher that cannot be started is tried again with the same back-off, for ever.
 * Limits: the last four files that killed a watcher are skipped; WISHES_BURST wishes are believed, then
 * WISHES_PER_HOUR.
 */
#include "executor/watcher_supervise.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/allowance.h"
#include "role.h"

#define LATE_ENOUGH (2 * USEC_PER_SEC)
#define WISHES_BURST 3u
#define WISHES_PER_HOUR 12u

struct watcher {
        struct watcher_setup setup;
        char *config;
        size_t config_size;
        int breadcrumb_fd;
        struct breadcrumb *breadcrumb;
        unsigned next_skip;
        struct allowance wishes; /* to be started anew */

        pid_t pid; /* 0: none */
        struct loop_child *process;
        struct channel *channel;
        struct loop_timer *silence, *restart;
        uint64_t started_usec, backoff_usec, silence_due_usec;
        bool wanted, silent, ended_by_us;
        char reason[128]; /* why it ends, once that is known */
};

uint64_t watcher_backoff(uint64_t last_usec, uint64_t lived_usec) {
        if (last_usec == 0 || lived_usec >= WATCHER_HEALTHY)
                return WATCHER_BACKOFF_MIN;
        return last_usec * 2 < WATCHER_BACKOFF_MAX ? last_usec * 2 : WATCHER_BACKOFF_MAX;
}

const char *watcher_blame(const struct breadcrumb *copy, const struct watcher_death *death) {
        bool crashed = !death->exited && death->status != SIGTERM && death->status != SIGKILL &&
                death->status != SIGINT;
        bool by_itself = death->exited && !death->silent && !death->ended;

        if (copy->activity == BREADCRUMB_LUA && (death->silent || death->ended || death->exited || crashed))
                return "lua";
        if (copy->activity == BREADCRUMB_NONE && by_itself && death->status == 0)
                return WATCHER_RESTARTING;
        /* What it sent, and an exit, are no doing of a file. */
        return copy->activity == BREADCRUMB_PARSING && (death->silent || crashed) ? "parsing" : "none";
}

static int config_fd(const struct watcher *watcher) {
        _cleanup_close_ int fd = memfd_create("spoolguard-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        size_t done = 0;

        if (fd < 0)
                return -errno;
        while (done < watcher->config_size) {
                ssize_t n = write(fd, watcher->config + done, watcher->config_size - done);
                if (n < 0)
                        return -errno;
                done += (size_t)n;
        }
        if (lseek(fd, 0, SEEK_SET) < 0 ||
                fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return -errno;
        return take_fd(&fd);
}

/* Where we are told to be may be taken by one of the others: first out of the way, then to the place. */
static bool place_fds(const int from[static ROLE_FD_MAX]) {
        int moved[ROLE_FD_MAX];

        for (int i = ROLE_FD_CHANNEL; i < ROLE_FD_MAX; i++)
                if ((moved[i] = fcntl(from[i], F_DUPFD_CLOEXEC, ROLE_FD_MAX)) < 0)
                        return false;
        for (int i = ROLE_FD_CHANNEL; i < ROLE_FD_MAX; i++)
                if (dup2(moved[i], i) < 0)
                        return false;
        return close_range(ROLE_FD_MAX, ~0U, 0) == 0;
}

__attribute__((noreturn)) static void be_the_watcher(
        const struct watcher_setup *setup, const int fds[static ROLE_FD_MAX]) {
        const char *argv[14] = {"spoolguardd", "--role=watcher", "--plugins", setup->plugin_dir, "--state",
                setup->state_dir, "--run", setup->run_dir};
        size_t n = 8;
        sigset_t none;
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (*setup->root) {
                argv[n++] = "--root";
                argv[n++] = setup->root;
        }
        if (setup->bus_is_session)
                argv[n++] = "--session-bus";
        if (setup->unprivileged)
                argv[n++] = "--unprivileged";
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || !place_fds(fds))
                _exit(126);
        if (setup->user && role_switch_user(setup->user, true) < 0) {
                log_error("the watcher cannot become user %s", setup->user);
                _exit(126);
        }
        execv("/proc/self/exe", (char *const *)argv);
        _exit(127);
}

static void arm_restart(struct watcher *watcher) {
        uint64_t now = loop_now(watcher->setup.loop);

        watcher->backoff_usec = watcher_backoff(
                watcher->backoff_usec, watcher->started_usec ? now - watcher->started_usec : 0);
        loop_timer_arm(watcher->restart, now + watcher->backoff_usec);
}

static void drop_channel(struct watcher *watcher) {
        if (!watcher->channel)
                return;
        watcher->channel = channel_free(watcher->channel);
        loop_timer_arm(watcher->silence, USEC_NEVER);
        watcher->setup.ops->on_down(watcher->setup.data);
}

void watcher_end(struct watcher *watcher, const char *reason) {
        if (watcher->pid > 0 && !watcher->reason[0]) {
                text_copy(watcher->reason, sizeof(watcher->reason), reason);
                kill(watcher->pid, SIGKILL);
        }
        drop_channel(watcher);
}

static void expect_life(struct watcher *watcher) {
        watcher->silence_due_usec = loop_now(watcher->setup.loop) + WATCHER_SILENCE_MAX;
        loop_timer_arm(watcher->silence, watcher->silence_due_usec);
}

static void on_message_consume_fd(
        struct channel *channel, const struct wire_message *message, int fd, void *data) {
        struct watcher *watcher = data;
        (void)channel;

        expect_life(watcher);
        watcher->setup.ops->on_message_consume_fd(message, fd, watcher->setup.data);
}

static void on_message(struct channel *channel, const struct wire_message *message, void *data) {
        on_message_consume_fd(channel, message, -1, data);
}

/* "closed by peer" is the death itself, whose cause is told when it is reaped. */
static bool is_our_doing(const char *reason) {
        return reason[0] && strcmp(reason, "closed by peer") != 0;
}

static void on_closed(struct channel *channel, const char *reason, void *data) {
        char text[128];
        (void)channel;

        text_format(text, sizeof(text), "channel: %s", reason);
        if (is_our_doing(reason))
                watcher_end(data, text);
        else
                drop_channel(data);
}

static void on_silence(struct loop_timer *timer, void *data) {
        struct watcher *watcher = data;
        uint64_t now = loop_now(watcher->setup.loop);

        if (watcher->ended_by_us) {
                kill(watcher->pid, SIGKILL);
                return;
        }
        /* Called long after it was due: it was us who did not listen. */
        if (now > watcher->silence_due_usec + LATE_ENOUGH) {
                watcher->silence_due_usec = now + LATE_ENOUGH;
                loop_timer_arm(timer, watcher->silence_due_usec);
                return;
        }
        watcher->silent = true;
        watcher_end(watcher, "no sign of life for 10 s");
}

static void skip_next_time(struct watcher *watcher, const char *what) {
        char *place = watcher->breadcrumb->skip[watcher->next_skip++ % ELEMENTSOF(watcher->breadcrumb->skip)];
        text_copy(place, sizeof(watcher->breadcrumb->skip[0]), what);
}

static void on_death(struct loop_child *source, pid_t pid, bool exited, int status, void *data) {
        struct watcher *watcher = data;
        uint64_t now = loop_now(watcher->setup.loop);
        struct breadcrumb copy;
        const char *activity;
        char reason[192];
        bool wish;
        (void)source;

        watcher->process = loop_child_free(watcher->process);
        watcher->pid = 0;
        /* It may have seen the end of the channel, and be gone, before on_closed() had its turn. */
        if (!watcher->reason[0] && watcher->channel && is_our_doing(channel_reason(watcher->channel)))
                text_format(watcher->reason, sizeof(watcher->reason), "channel: %s",
                        channel_reason(watcher->channel));
        drop_channel(watcher);
        loop_timer_arm(watcher->silence, USEC_NEVER);
        breadcrumb_read(watcher->breadcrumb, &copy);
        breadcrumb_set(watcher->breadcrumb, BREADCRUMB_NONE, "");
        activity = watcher_blame(&copy,
                &(struct watcher_death){.silent = watcher->silent,
                        .ended = watcher->reason[0] != '\0',
                        .exited = exited,
                        .status = status});
        if (strcmp(activity, "parsing") == 0)
                skip_next_time(watcher, copy.what);
        wish = !watcher->ended_by_us && strcmp(activity, WATCHER_RESTARTING) == 0;
        if (wish && !allowance_take(&watcher->wishes, WISHES_BURST, WISHES_PER_HOUR, now)) {
                wish = false;
                activity = "none";
        }
        if (watcher->reason[0])
                text_copy(reason, sizeof(reason), watcher->reason);
        else if (wish)
                text_copy(reason, sizeof(reason),
                        "as it asked: a file that it reads was replaced, or the bus was lost");
        else if (exited)
                text_format(reason, sizeof(reason), "it ended with status %d", status);
        else
                text_format(reason, sizeof(reason), "signal %d (%s)", status, strsignal(status));
        if (!watcher->ended_by_us) {
                if (wish)
                        log_info("the watcher (pid %d) is started anew: %s", (int)pid, reason);
                else
                        log_warning("the watcher (pid %d) is gone: %s", (int)pid, reason);
                watcher->setup.ops->on_died(reason, activity, copy.what, watcher->setup.data);
                if (watcher->wanted)
                        arm_restart(watcher);
        } else if (watcher->wanted)
                loop_timer_arm(watcher->restart, loop_now(watcher->setup.loop));
}

static int spawn(struct watcher *watcher) {
        static const struct channel_ops ops = {.on_message = on_message,
                .on_message_consume_fd = on_message_consume_fd,
                .on_closed = on_closed};
        _cleanup_close_ int config = config_fd(watcher), ours = -1, theirs = -1;
        int pair[2], r;

        if (config < 0)
                return config;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        ours = pair[0];
        theirs = pair[1];

        watcher->pid = fork();
        if (watcher->pid == 0) {
                const int fds[ROLE_FD_MAX] = {[ROLE_FD_CHANNEL] = theirs,
                        [ROLE_FD_CONFIG] = config,
                        [ROLE_FD_BREADCRUMB] = watcher->breadcrumb_fd};
                be_the_watcher(&watcher->setup, fds);
        }
        if (watcher->pid < 0) {
                watcher->pid = 0;
                return -errno;
        }
        r = loop_child_new(
                watcher->setup.loop, "the watcher", watcher->pid, on_death, watcher, &watcher->process);
        if (r < 0) {
                kill(watcher->pid, SIGKILL);
                watcher->pid = 0;
                return r;
        }
        r = channel_new_consume(watcher->setup.loop, "channel of the watcher", take_fd(&ours),
                WIRE_FROM_WATCHER, watcher->setup.rate, &ops, watcher, &watcher->channel);
        if (r < 0) {
                watcher_end(watcher, strerror(-r));
                return 0;
        }
        watcher->setup.ops->on_up(watcher->channel, watcher->setup.data);
        return 0;
}

static void on_restart(struct loop_timer *timer, void *data) {
        struct watcher *watcher = data;
        int r;
        (void)timer;

        watcher->reason[0] = '\0';
        watcher->silent = watcher->ended_by_us = false;
        watcher->started_usec = loop_now(watcher->setup.loop);
        expect_life(watcher);
        r = spawn(watcher);
        if (r < 0) {
                log_error("the watcher cannot be started: %s", strerror(-r));
                loop_timer_arm(watcher->silence, USEC_NEVER);
                arm_restart(watcher);
        }
}

int watcher_new(const struct watcher_setup *setup, struct watcher **ret_watcher) {
        struct watcher *watcher = calloc(1, sizeof(*watcher));
        int r;

        if (!watcher)
                return -ENOMEM;
        watcher->setup = *setup;
        watcher->breadcrumb_fd = -1;
        r = breadcrumb_new(&watcher->breadcrumb_fd, &watcher->breadcrumb);
        if (r == 0)
                r = loop_timer_new(setup->loop, "silence of the watcher", USEC_NEVER, on_silence, watcher,
                        &watcher->silence);
        if (r == 0)
                r = loop_timer_new(setup->loop, "restart of the watcher", USEC_NEVER, on_restart, watcher,
                        &watcher->restart);
        if (r < 0) {
                watcher_free(watcher);
                return r;
        }
        *ret_watcher = watcher;
        return 0;
}

/* The loop is over or about to be, so this waits itself: a watcher left behind would be systemd's to kill. */
static void wait_for_death(pid_t pid) {
        const uint64_t end = clock_monotonic_usec() + WATCHER_PARTING;
        pid_t r;

        while ((r = waitpid(pid, NULL, WNOHANG)) == 0 && clock_monotonic_usec() < end)
                usleep(5 * USEC_PER_MSEC);
        if (r != 0)
                return;
        log_warning("the watcher (pid %d) does not end: killed", (int)pid);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

struct watcher *watcher_free(struct watcher *watcher) {
        if (!watcher)
                return NULL;
        channel_free(watcher->channel);
        loop_child_free(watcher->process);
        if (watcher->pid > 0)
                wait_for_death(watcher->pid);
        loop_timer_free(watcher->silence);
        loop_timer_free(watcher->restart);
        breadcrumb_unmap(watcher->breadcrumb);
        if (watcher->breadcrumb_fd >= 0)
                close(watcher->breadcrumb_fd);
        free(watcher->config);
        free(watcher);
        return NULL;
}

/* It ends when its channel does, after having read (and told the bus) what was said to it last. */
static void end_quietly(struct watcher *watcher) {
        watcher->ended_by_us = true;
        if (watcher->channel)
                channel_flush(watcher->channel, 100 * USEC_PER_MSEC);
        drop_channel(watcher);
        loop_timer_arm(watcher->silence, loop_now(watcher->setup.loop) + WATCHER_PARTING);
}

int watcher_start(struct watcher *watcher, const char *config, size_t size) {
        char *copy = malloc(size ? size : 1);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, config, size);
        free(watcher->config);
        watcher->config = copy;
        watcher->config_size = size;
        watcher->wanted = true;
        if (watcher->pid > 0)
                end_quietly(watcher);
        else
                loop_timer_arm(watcher->restart, loop_now(watcher->setup.loop));
        return 0;
}

void watcher_stop(struct watcher *watcher) {
        watcher->wanted = false;
        loop_timer_arm(watcher->restart, USEC_NEVER);
        if (watcher->pid > 0)
                end_quietly(watcher);
}

pid_t watcher_pid(const struct watcher *watcher) {
        return watcher->pid;
}
