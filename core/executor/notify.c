/* SPDX-License-Identifier: MIT */
/*
 * notify - the command that does not depend on this relay's mail
 *
 * Runs in: executor; the command in a child, as the user spoolguard without capabilities.  Owns the running
 * commands, at most NOTIFY_RUNNING_MAX, each with the configured deadline: SIGTERM, then SIGKILL 5 s later.
 *
 * The command is checked at every use, not when it was configured: it must be root's alone (base/program.c).  It
 * gets the text of notify_text.c on stdin and SPOOLGUARD_REASON, _INCIDENT, _TITLE, _HOST in an environment that holds
 * nothing else but PATH; no shell is involved, and no text of ours becomes an argument.
 *
 * Fails: a command that is refused or does not start is told to the caller, once, and never stops anything.
 * Limits: NOTIFY_RUNNING_MAX commands at a time.
 */
#include "executor/notify.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/program.h"
#include "base/text.h"
#include "executor/notify_text.h"
#include "role.h"

#define KILL_AFTER (5 * USEC_PER_SEC)
#define ENVIRONMENT_MAX 512

struct command {
        struct notify *notify;
        uint64_t incident;
        pid_t pid;
        bool stopping;
        struct loop_child *process;
        struct loop_timer *deadline;
};

struct notify {
        struct loop *loop;
        char *user;
        notify_done_fn done;
        void *data;
        struct command *running[NOTIFY_RUNNING_MAX];
};

int notify_new(
        struct loop *loop, const char *user, notify_done_fn done, void *data, struct notify **ret_notify) {
        struct notify *notify = calloc(1, sizeof(*notify));

        if (!notify)
                return -ENOMEM;
        *notify = (struct notify){.loop = loop, .done = done, .data = data};
        if (user && !(notify->user = strdup(user))) {
                free(notify);
                return -ENOMEM;
        }
        *ret_notify = notify;
        return 0;
}

static void command_free(struct command *command) {
        if (!command)
                return;
        loop_child_free(command->process);
        loop_timer_free(command->deadline);
        free(command);
}

struct notify *notify_free(struct notify *notify) {
        if (!notify)
                return NULL;
        for (size_t i = 0; i < NOTIFY_RUNNING_MAX; i++)
                command_free(notify->running[i]);
        free(notify->user);
        free(notify);
        return NULL;
}

static void on_exit_of(struct loop_child *source, pid_t pid, bool exited, int status, void *data) {
        struct command *command = data;
        struct notify *notify = command->notify;
        uint64_t incident = command->incident;
        char text[64];
        (void)source, (void)pid;

        if (command->stopping)
                text_copy(text, sizeof(text), "timed out");
        else
                text_format(text, sizeof(text), "%s %d", exited ? "exit" : "signal", status);
        for (size_t i = 0; i < NOTIFY_RUNNING_MAX; i++)
                if (notify->running[i] == command)
                        notify->running[i] = NULL;
        command_free(command);
        notify->done(incident, text, notify->data);
}

static void on_deadline(struct loop_timer *timer, void *data) {
        struct command *command = data;

        kill(command->pid, command->stopping ? SIGKILL : SIGTERM);
        loop_timer_arm(timer, command->stopping ? USEC_NEVER : loop_now(command->notify->loop) + KILL_AFTER);
        command->stopping = true;
}

/* The whole text fits in memory, so no pipe has to be fed. */
static int text_fd(const struct notify_message *message, const char *host) {
        _cleanup_close_ int fd = memfd_create("spoolguard-notify", MFD_CLOEXEC);
        char text[NOTIFY_TEXT_MAX];

        if (fd < 0)
                return -errno;
        notify_text(message, host, text);
        if (dprintf(fd, "%s", text) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return take_fd(&fd);
}

__attribute__((noreturn)) static void be_the_command(const char *const *argv, const char *user,
        const struct notify_message *message, const char *name, int text) {
        char reason[ENVIRONMENT_MAX], title[ENVIRONMENT_MAX], incident[64], host[HOST_NAME_MAX + 32];
        char *environment[] = {
                (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", reason, title, incident, host, NULL};
        sigset_t none;

        snprintf(reason, sizeof(reason), "SPOOLGUARD_REASON=%s", message->reason);
        snprintf(title, sizeof(title), "SPOOLGUARD_TITLE=%s", message->title);
        snprintf(incident, sizeof(incident), "SPOOLGUARD_INCIDENT=%llu",
                (unsigned long long)message->incident);
        snprintf(host, sizeof(host), "SPOOLGUARD_HOST=%s", name);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (dup2(text, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                _exit(126);
        close_range(3, ~0U, 0);
        if (user && role_switch_user(user, false) < 0)
                _exit(126);
        execve(argv[0], (char *const *)argv, environment);
        _exit(127);
}

static struct command **free_place(struct notify *notify) {
        for (size_t i = 0; i < NOTIFY_RUNNING_MAX; i++)
                if (!notify->running[i])
                        return &notify->running[i];
        return NULL;
}

int notify_send(struct notify *notify, const struct config *config, const struct notify_message *message,
        struct problem *problem) {
        const char *const *argv = config->notify_command;
        struct command **place = free_place(notify), *command;
        _cleanup_close_ int text = -1;
        char host[HOST_NAME_MAX + 1] = "";
        struct problem reason = {""};
        int r;

        if (!argv || !argv[0])
                return 1;
        if (!place)
                return problem_set(problem, "%u notify commands are running already", NOTIFY_RUNNING_MAX);
        r = program_check("", argv[0], notify->user ? 0 : geteuid(), &reason);
        if (r < 0)
                return problem_set(problem, "the notify command: %s", reason.text);
        gethostname(host, sizeof(host) - 1);
        text = text_fd(message, host);
        command = calloc(1, sizeof(*command));
        if (text < 0 || !command) {
                free(command);
                return problem_set(problem, "the notify command: %s", strerror(text < 0 ? -text : ENOMEM));
        }
        *command = (struct command){.notify = notify, .incident = message->incident};
        r = loop_timer_new(notify->loop, "deadline of the notify command",
                loop_now(notify->loop) + config->notify_deadline_usec, on_deadline, command,
                &command->deadline);
        if (r == 0) {
                command->pid = fork();
                if (command->pid == 0)
                        be_the_command(argv, notify->user, message, host, text);
                r = command->pid < 0 ? -errno
                                     : loop_child_new(notify->loop, "the notify command", command->pid,
                                               on_exit_of, command, &command->process);
        }
        if (r < 0) {
                command_free(command);
                return problem_set(problem, "the notify command: %s", strerror(-r));
        }
        *place = command;
        return 0;
}
