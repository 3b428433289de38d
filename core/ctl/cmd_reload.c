/* SPDX-License-Identifier: MIT */
/*
 * cmd_reload - have the configuration read again
 *
 * Runs in: spoolguardctl.  Over D-Bus, open to spoolguard-admin: what is read is what root has written.
 *
 * The process that answers is replaced by one with the new configuration, when that is another one; what is asked
 * next must not fall into that gap, so its successor is waited for.
 *
 * Fails: exit 1 with every problem when the configuration is refused; the old one stays in force then.
 */
#include <dbus/dbus.h>
#include <poll.h>

#include "base/clock.h"
#include "ctl/client.h"
#include "ctl/print.h"

#define GONE_USEC (2 * USEC_PER_SEC)
#define BACK_USEC (10 * USEC_PER_SEC)
#define NAP_MSEC 50

static enum ctl_exit await_successor(struct client *client, struct problem *problem) {
        uint64_t end_usec = clock_monotonic_usec() + GONE_USEC;
        enum ctl_exit exit = CTL_GOOD;
        json_t *manager = NULL;

        while (exit == CTL_GOOD && clock_monotonic_usec() < end_usec) {
                json_t *arguments = NULL;

                client_signal(client, NAP_MSEC, &arguments, &exit);
                json_decref(arguments);
        }
        end_usec = clock_monotonic_usec() + BACK_USEC;
        while (exit == CTL_UNREACHABLE && clock_monotonic_usec() < end_usec) {
                poll(NULL, 0, NAP_MSEC);
                exit = client_properties(client, CLIENT_ROOT, CLIENT_INTERFACE("Manager"), &manager, problem);
        }
        json_decref(manager);
        return exit;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct problem problem = {""};
        struct client *client = NULL;

        if (argc > 1)
                return ctl_usage(&command_reload, "unexpected argument '%s'", argv[1]);
        enum ctl_exit exit = client_new(&client, &problem);

        if (exit == CTL_GOOD)
                exit = client_listen(client, &problem);
        if (exit == CTL_GOOD)
                exit = client_call(client, CLIENT_INTERFACE("Control"), "Reload", CLIENT_RELOAD_MSEC, NULL,
                        &problem, DBUS_TYPE_INVALID);
        if (exit == CTL_GOOD)
                exit = await_successor(client, &problem);
        client_free(client);
        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", problem.text);
        if (ctl->json)
                print_json_consume(json_pack("{s:b}", "reloaded", 1));
        else
                print_text("The configuration was read again and is in force.\n");
        return CTL_GOOD;
}

const struct ctl_command command_reload = {
        .name = "reload",
        .arguments = "[--json]",
        .summary = "Have the configuration and the playbooks read again",
        .help = "A configuration with an error is refused, with file and line of each, and the old one stays "
                "in\n"
                "force.  Unlike systemctl reload it does not end a mode observe that was set by hand.\n"
                "For root and members of spoolguard-admin.\n",
        .run = run,
};
