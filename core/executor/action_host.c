/* SPDX-License-Identifier: MIT */
/*
 * action_host - the life of an action's child: check, ask, act, tell
 *
 * Runs in: one child of the executor per action, as root inside the unit's sandbox.  Owns nothing but its end
 * of the socketpair.  First the verb's check() measures and decides, its manifest goes to the executor line by
 * line, then its verdict.  Only when the executor answers "go", after having put the intent on disk, run() is
 * called.  A child that was forked for a check only ends there, whatever it is told.  One that was forked to
 * undo has nothing to check: what was changed is taken back, however things stand.
 *
 * Whether a file system the verb needs room on is critical is measured here and not in the executor, because
 * only here may it hang.  The leases are the executor's as they were at the fork.
 *
 * Fails by exit status 1 when the executor is gone; a crash of the verb is seen by the executor as a signal.
 * Limits: manifest lines over ACTION_MANIFEST_MAX are summed up in one.
 */
#include "executor/action_host.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program.h"
#include "executor/action_frame.h"
#include "executor/action_tool.h"

struct hosted {
        struct sg_action action; /* first: verbs hold a pointer to it */
        const struct action_plan *plan;
        int fd;
        unsigned lines, left_out;
        bool running;
};

static struct hosted *hosted_of(const struct sg_action *action) {
        return (struct hosted *)((char *)(uintptr_t)action - offsetof(struct hosted, action));
}

static int say(int fd, enum action_frame_type type, int code, const struct sg_outcome *outcome) {
        struct action_frame frame = {.type = type, .code = code, .outcome = *outcome};

        frame.outcome.text[SG_TEXT_MAX - 1] = '\0';
        return send(fd, &frame, sizeof(frame), MSG_NOSIGNAL) == (ssize_t)sizeof(frame) ? 0 : -EPIPE;
}

__attribute__((format(printf, 3, 4))) static void host_log(
        const struct sg_action *action, enum sg_level level, const char *format, ...) {
        static const enum log_level levels[] = {[SG_LEVEL_ERROR] = LOG_LEVEL_ERROR,
                [SG_LEVEL_WARNING] = LOG_LEVEL_WARNING,
                [SG_LEVEL_INFO] = LOG_LEVEL_INFO,
                [SG_LEVEL_DEBUG] = LOG_LEVEL_DEBUG};
        char text[512];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        log_line(level <= SG_LEVEL_DEBUG ? levels[level] : LOG_LEVEL_INFO, "%s: %s",
                hosted_of(action)->plan->verb->name, text);
}

__attribute__((format(printf, 2, 3))) static void host_manifest(
        const struct sg_action *action, const char *format, ...) {
        struct hosted *hosted = hosted_of(action);
        struct sg_outcome line = {.count = 0};
        va_list arguments;

        if (hosted->running)
                return;
        if (hosted->lines == ACTION_MANIFEST_MAX) {
                hosted->left_out++;
                return;
        }
        hosted->lines++;
        va_start(arguments, format);
        vsnprintf(line.text, sizeof(line.text), format, arguments);
        va_end(arguments);
        say(hosted->fd, ACTION_FRAME_MANIFEST, 0, &line);
}

static enum sg_pressure host_pressure(const struct sg_action *action, const char *path) {
        const struct action_plan *plan = hosted_of(action)->plan;
        return pressure_measure(&plan->levels, plan->root, path);
}

static int run_tool(const struct sg_action *action, struct action_tool *tool, char *output, size_t size) {
        struct hosted *hosted = hosted_of(action);

        if (size > 0)
                output[0] = '\0';
        /* check() is all that runs in observe, and it starts nothing. */
        if (!hosted->running)
                return -EPERM;
        tool->deadline_usec = hosted->plan->deadline_usec;
        return action_tool_run(tool, output, size);
}

static int host_tool(const struct sg_action *action, const char *const argv[], char *output, size_t size) {
        struct action_tool tool = {.argv = argv, .in_fd = -1, .out_fd = -1};

        return run_tool(action, &tool, output, size);
}

static int host_filter(const struct sg_action *action, const char *const argv[], int in_fd, int out_fd,
        char *output, size_t size) {
        struct action_tool tool = {.argv = argv, .in_fd = in_fd, .out_fd = out_fd};

        return in_fd < 0 || out_fd < 0 ? -EBADF : run_tool(action, &tool, output, size);
}

static uint64_t host_next_lease(const struct sg_action *action, const char *verb, const char *name,
        const char *value, uint64_t after) {
        const struct lease_store *leases = hosted_of(action)->plan->leases;

        return leases ? lease_store_after(leases, after, verb, name, value) : 0;
}

static int host_program(const struct sg_action *action, const char *path, char *why, size_t size) {
        return program_check_told(hosted_of(action)->plan->root, path, geteuid(), why, size);
}

static enum sg_verdict check(struct hosted *hosted, struct sg_outcome *ret_outcome) {
        const struct sg_verb *verb = hosted->plan->verb;

        if (hosted->plan->undo)
                return SG_VERDICT_GO;
        if (verb->needs_space_on &&
                host_pressure(&hosted->action, verb->needs_space_on) == SG_PRESSURE_CRITICAL) {
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "it may need space on %s, which is critically full", verb->needs_space_on);
                return SG_VERDICT_REFUSED;
        }
        return verb->check ? verb->check(&hosted->action, ret_outcome) : SG_VERDICT_GO;
}

static bool told_to_go(int fd) {
        struct action_frame frame;
        ssize_t n;

        do
                n = recv(fd, &frame, sizeof(frame), 0);
        while (n < 0 && errno == EINTR);
        return n == (ssize_t)sizeof(frame) && frame.type == ACTION_FRAME_GO;
}

int action_host_main(const struct action_plan *plan, int fd, int selection_fd) {
        const struct sg_action_host host = {.size = sizeof(host),
                .root = plan->root,
                .log = host_log,
                .manifest = host_manifest,
                .pressure = host_pressure,
                .tool = host_tool,
                .filter = host_filter,
                .next_lease = host_next_lease,
                .program = host_program};
        struct hosted hosted = {.action = {.host = &host,
                                        .args = plan->args,
                                        .options = plan->options,
                                        .incident_since_usec = plan->incident_since_usec,
                                        .floor_usec = plan->floor_usec,
                                        .gentler_spent = plan->gentler_spent,
                                        .selection_fd = selection_fd,
                                        .lease = plan->lease},
                .plan = plan,
                .fd = fd};
        struct sg_outcome outcome = {.count = 0};
        enum sg_verdict verdict = check(&hosted, &outcome);
        int r;

        if (hosted.left_out > 0) {
                struct sg_outcome line = {.count = 0};
                snprintf(line.text, sizeof(line.text), "and %u more", hosted.left_out);
                say(fd, ACTION_FRAME_MANIFEST, 0, &line);
        }
        if (say(fd, ACTION_FRAME_VERDICT, (int)verdict, &outcome) < 0)
                return 1;
        if (verdict != SG_VERDICT_GO || plan->check_only || !told_to_go(fd))
                return 0;

        hosted.running = true;
        outcome = (struct sg_outcome){.count = 0};
        r = (plan->undo ? plan->verb->undo : plan->verb->run)(&hosted.action, &outcome);
        return say(fd, ACTION_FRAME_OUTCOME, r, &outcome) < 0 ? 1 : 0;
}
