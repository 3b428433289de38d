/* SPDX-License-Identifier: MIT */
/*
 * preflight_verb - asks a verb in the daytime what it would refuse in the night
 *
 * Runs in: spoolguardctl.  A verb's check() is put the question itself, the same code that the executor calls, with the
 * plugin opened as `plugins --describe` opens it.  check() changes nothing and starts nothing; here it gets no tool, no
 * lease and nothing to write to either.
 *
 * Owns nothing.  Cannot fail: what keeps check() from looking is what it refuses for.
 * Limits: it runs outside of the daemon's sandbox and with the rights of whoever asks.
 */
#include <errno.h>

#include "base/program.h"
#include "ctl/preflight.h"

struct hosted {
        struct sg_action action; /* first: verbs hold a pointer to it */
        uid_t owner;
};

static void host_log(const struct sg_action *action, enum sg_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
static void host_manifest(const struct sg_action *action, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void host_log(const struct sg_action *action, enum sg_level level, const char *format, ...) {
        (void)action;
        (void)level;
        (void)format;
}

static void host_manifest(const struct sg_action *action, const char *format, ...) {
        (void)action;
        (void)format;
}

static enum sg_pressure host_pressure(const struct sg_action *action, const char *path) {
        (void)action;
        (void)path;
        return SG_PRESSURE_UNKNOWN;
}

static int host_tool(const struct sg_action *action, const char *const argv[], char *output, size_t size) {
        (void)action;
        (void)argv;
        if (size > 0)
                output[0] = '\0';
        return -EPERM;
}

static int host_filter(const struct sg_action *action, const char *const argv[], int in_fd, int out_fd,
        char *output, size_t size) {
        (void)in_fd;
        (void)out_fd;
        return host_tool(action, argv, output, size);
}

static uint64_t host_next_lease(const struct sg_action *action, const char *verb, const char *name,
        const char *value, uint64_t after) {
        (void)action;
        (void)verb;
        (void)name;
        (void)value;
        (void)after;
        return 0;
}

static int host_program(const struct sg_action *action, const char *path, char *why, size_t size) {
        return program_check_told(
                action->host->root, path, ((const struct hosted *)action)->owner, why, size);
}

enum sg_verdict preflight_ask(const struct sg_verb *verb, const struct preflight_host *where,
        const struct sg_value *options, const struct sg_value *args, struct sg_outcome *ret_outcome) {
        const struct sg_action_host host = {.size = sizeof(host),
                .root = where->root,
                .log = host_log,
                .manifest = host_manifest,
                .pressure = host_pressure,
                .tool = host_tool,
                .filter = host_filter,
                .next_lease = host_next_lease,
                .program = host_program};
        const struct hosted hosted = {
                .action = {.host = &host, .args = args, .options = options, .selection_fd = -1},
                .owner = where->owner};

        *ret_outcome = (struct sg_outcome){.count = 0};
        return verb->check(&hosted.action, ret_outcome);
}
