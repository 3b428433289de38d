/* SPDX-License-Identifier: MIT */
/*
 * cmd_unquarantine - let a playbook run again in which the watcher died twice
 *
 * Runs in: spoolguardctl.  It raises what the daemon may do, so it goes to the executor's own socket, which heeds
 * only root.  A playbook whose file was changed comes out by itself at the next reload.
 *
 * Fails: exit 1 when it is refused (also: not in quarantine), 3 when nobody answers.
 */
#include <jansson.h>

#include "base/text.h"
#include "ctl/client.h"
#include "ctl/control_client.h"
#include "ctl/print.h"

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct wire_control_request request = {
                .command = "unquarantine", .args = {{.name = "playbook"}}, .n_args = 1};
        struct problem answer = {""};

        if (argc != 2)
                return ctl_usage(&command_unquarantine, "which playbook?");
        if (!text_copy(request.args[0].text, sizeof(request.args[0].text), argv[1]))
                return ctl_usage(&command_unquarantine, "no playbook has so long a name");
        enum ctl_exit exit = control_client_ask(ctl, &request, CLIENT_TIMEOUT_MSEC, &answer);

        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", answer.text);
        if (ctl->json)
                print_json_consume(json_pack("{s:s,s:s}", "playbook", argv[1], "text", answer.text));
        else
                print_text("%s: %s\n", argv[1], answer.text);
        return CTL_GOOD;
}

const struct ctl_command command_unquarantine = {
        .name = "unquarantine",
        .arguments = "PLAYBOOK [--json]",
        .summary = "Let a playbook run again that was switched off for crashing",
        .help = "A playbook in whose Lua the watcher died twice is not run any more.  When its\n"
                "file changes, the next reload lets it run again; this does so without a change.\n"
                "For root alone.\n",
        .run = run,
};
