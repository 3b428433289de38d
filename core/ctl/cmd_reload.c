/* SPDX-License-Identifier: MIT */
/*
 * cmd_reload - have the configuration read again
 *
 * Runs in: spoolguardctl.  Over D-Bus, open to spoolguard-admin: what is read is what root has written.
 *
 * The process that answers is replaced by one with the new configuration, when that is another one; what is asked
 * next must not fall into that gap, so its successor is waited for.  It also knows which files were left out.
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

static enum ctl_exit await_successor(struct client *client, json_t **ret_manager, struct problem *problem) {
        uint64_t end_usec = clock_monotonic_usec() + GONE_USEC;
        enum ctl_exit exit = CTL_GOOD;

        while (exit == CTL_GOOD && clock_monotonic_usec() < end_usec) {
                json_t *arguments = NULL;

                client_signal(client, NAP_MSEC, &arguments, &exit);
                json_decref(arguments);
        }
        end_usec = clock_monotonic_usec() + BACK_USEC;
        do {
                poll(NULL, 0, NAP_MSEC);
                exit = client_properties(
                        client, CLIENT_ROOT, CLIENT_INTERFACE("Manager"), ret_manager, problem);
        } while (exit == CTL_UNREACHABLE && clock_monotonic_usec() < end_usec);
        return exit;
}

static void print_answer(const struct ctl *ctl, const json_t *manager) {
        json_t *left_out = json_object_get(manager, "Problems"), *line;
        size_t i;

        if (ctl->json) {
                print_json_consume(json_pack("{s:b,s:O?}", "reloaded", 1, "problems", left_out));
                return;
        }
        print_text("The configuration was read again and is in force%s\n",
                json_array_size(left_out) > 0 ? ", but for what was left out:" : ".");
        json_array_foreach(left_out, i, line) {
                print_text("  %s\n", json_string_value(line));
        }
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *manager = NULL;

        if (argc > 1)
                return ctl_usage(&command_reload, "unexpected argument '%s'", argv[1]);
        enum ctl_exit exit = client_new(&client, &problem);

        if (exit == CTL_GOOD)
                exit = client_listen(client, &problem);
        if (exit == CTL_GOOD)
                exit = client_call(client, CLIENT_INTERFACE("Control"), "Reload", CLIENT_RELOAD_MSEC, NULL,
                        &problem, DBUS_TYPE_INVALID);
        if (exit == CTL_GOOD)
                exit = await_successor(client, &manager, &problem);
        client_free(client);
        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", problem.text);
        print_answer(ctl, manager);
        json_decref(manager);
        return CTL_GOOD;
}

const struct ctl_command command_reload = {
        .name = "reload",
        .arguments = "[--json]",
        .summary = "Have the configuration and the playbooks read again",
        .help = "A configuration with an error is refused, with file and line of each, and the\n"
                "old one stays in force.  A playbook that cannot be used is left out, and named.\n"
                "Unlike systemctl reload it does not end a mode observe that was set by hand.\n"
                "For root and members of spoolguard-admin.\n",
        .run = run,
};
