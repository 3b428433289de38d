/* SPDX-License-Identifier: MIT */
/*
 * remote - the same command on another host, over ssh
 *
 * Runs in: spoolguardctl, which becomes ssh.  Rights are those of the account over there, and what is printed is
 * what its spoolguardctl prints.  ssh hands all its arguments to a shell in one text, so each is quoted.
 *
 * Fails: exit 3 when there is no ssh; a host that begins with '-' would be taken for an option, and is refused.
 */
#include "ctl/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/ctl.h"

#define COMMAND_MAX 8192

bool remote_quote(const char *argument, char *quoted, size_t size) {
        size_t used = 0;

        if (size < 3)
                return false;
        quoted[used++] = '\'';
        for (; *argument; argument++) {
                /* Room for the longest form, the closing quote and the NUL. */
                if (used + 4 + 2 > size)
                        return false;
                if (*argument == '\'') {
                        memcpy(quoted + used, "'\\''", 4);
                        used += 4;
                } else {
                        quoted[used++] = *argument;
                }
        }
        quoted[used++] = '\'';
        quoted[used] = '\0';
        return true;
}

int remote_exec(const char *host, int argc, char *const *argv) {
        char command[COMMAND_MAX] = "spoolguardctl";
        size_t used = strlen(command);

        if (host[0] == '-' || host[0] == '\0')
                return ctl_fail(CTL_USAGE, "'%s' is no host", host);
        for (int i = 0; i < argc; i++) {
                command[used++] = ' ';
                if (!remote_quote(argv[i], command + used, sizeof(command) - used - 1))
                        return ctl_fail(CTL_USAGE, "the arguments are too long for ssh");
                used += strlen(command + used);
        }
        execlp("ssh", "ssh", "--", host, command, (char *)NULL);
        return ctl_fail(CTL_UNREACHABLE, "ssh cannot be run: %s", strerror(errno));
}
