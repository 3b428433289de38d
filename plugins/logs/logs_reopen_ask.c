/* SPDX-License-Identifier: MIT */
/*
 * logs_reopen_ask - a unit is asked to reopen its logs, by way of systemd
 *
 * Runs in a child of the executor, as root.  The signal goes to the unit's main process and to no other, after a look
 * whether that process listens to it: one that does not would be ended by it, and then the host had no log at all.
 * Postfix is reloaded, as its MAILLOG_README has it; a queue manager that does not survive that is not waited for
 * here (postfix.reload does).
 *
 * Owns nothing.  Fails with what systemctl said.  Limits: a main process that is replaced between the look and the
 * signal is not looked at again; only services have one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logs/logs_reopen.h"

#define SYSTEMCTL "/usr/bin/systemctl"

static int fail(const char *unit, const char *doing, int r, char *output, char *text, size_t size) {
        output[strcspn(output, "\n")] = '\0';
        snprintf(text, size, "systemctl %s %.80s failed (%d): %.100s", doing, unit, r, output);
        return r < 0 ? r : -EIO;
}

/* In /proc/PID/status: "SigCgt:\t0000000000000001", the first signal is the last bit. */
static bool listens_to_hup(const char *root, long pid) {
        char path[LOGS_PATH_MAX], text[4096], *mask;
        ssize_t n = -1;
        int fd;

        snprintf(path, sizeof(path), "%s/proc/%ld/status", root, pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                n = read(fd, text, sizeof(text) - 1);
                close(fd);
        }
        text[n > 0 ? n : 0] = '\0';
        mask = strstr(text, "\nSigCgt:");
        return mask && (strtoull(mask + strlen("\nSigCgt:"), NULL, 16) & (UINT64_C(1) << (SIGHUP - 1)));
}

static int hang_up(const struct sg_action *action, const char *unit, char *text, size_t size) {
        const char *const show[] = {SYSTEMCTL, "show", "--property=MainPID", "--value", unit, NULL};
        const char *const hup[] = {SYSTEMCTL, "kill", "--kill-who=main", "--signal=HUP", unit, NULL};
        char output[512] = "";
        int r = action->host->tool(action, show, output, sizeof(output));
        long pid;

        if (r != 0)
                return fail(unit, "show", r, output, text, size);
        pid = strtol(output, NULL, 10);
        if (pid <= 1 || !listens_to_hup(action->host->root, pid)) {
                snprintf(text, size, "the main process of %.80s does not listen to HUP, which would end it",
                        unit);
                return -ENOTSUP;
        }
        r = action->host->tool(action, hup, output, sizeof(output));
        return r != 0 ? fail(unit, "kill", r, output, text, size) : 0;
}

static int reload(const struct sg_action *action, const char *unit, char *text, size_t size) {
        const char *const argv[] = {SYSTEMCTL, "reload", unit, NULL};
        char output[512] = "";
        int r = action->host->tool(action, argv, output, sizeof(output));

        return r != 0 ? fail(unit, "reload", r, output, text, size) : 0;
}

int logs_reopen_ask(
        const struct sg_action *action, const struct logs_reopen_unit *unit, char *text, size_t size) {
        return unit->way == LOGS_REOPEN_HUP ? hang_up(action, unit->name, text, size)
                                            : reload(action, unit->name, text, size);
}
