/* SPDX-License-Identifier: MIT */
/*
 * cmd_mode - show or set the mode of this host
 *
 * Runs in: spoolguardctl.  Lowering to observe is open to spoolguard-admin (order.h); raising to enforce goes to
 * the executor's own socket, which heeds only root.
 *
 * Fails: exit 1 when it is refused, 3 when nobody answers.
 */
#include <dbus/dbus.h>
#include <string.h>

#include "base/text.h"
#include "ctl/client.h"
#include "ctl/control_client.h"
#include "ctl/order.h"
#include "ctl/print.h"

static enum ctl_exit show(const struct ctl *ctl, struct client *client, struct problem *problem) {
        json_t *manager = NULL;
        enum ctl_exit exit =
                client_properties(client, CLIENT_ROOT, CLIENT_INTERFACE("Manager"), &manager, problem);

        if (exit != CTL_GOOD)
                return exit;
        if (ctl->json) {
                json_t *json = json_object();

                json_object_set(json, "mode", json_object_get(manager, "Mode"));
                print_json_consume(json);
        } else {
                print_state(ctl, client_text(manager, "Mode"));
                print_text("\n");
        }
        json_decref(manager);
        return CTL_GOOD;
}

static void answer_mode(const struct ctl *ctl, const char *mode, const char *text) {
        if (ctl->json)
                print_json_consume(json_pack("{s:s}", "mode", mode));
        else
                print_text("%s\n", text);
}

static int enforce(const struct ctl *ctl) {
        static struct wire_control_request request = {
                .command = "mode", .args = {{.name = "mode", .text = "enforce"}}, .n_args = 1};
        struct problem answer = {""};
        enum ctl_exit exit = control_client_ask(ctl, &request, CLIENT_TIMEOUT_MSEC, &answer);

        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", answer.text);
        answer_mode(ctl, "enforce", answer.text);
        return CTL_GOOD;
}

static int observe(const struct ctl *ctl) {
        static const struct order order = {.member = "Observe",
                .type = DBUS_TYPE_INVALID,
                .request = {.command = "mode", .args = {{.name = "mode", .text = "observe"}}, .n_args = 1}};
        struct problem answer = {""};
        enum ctl_exit exit = order_give(ctl, &order, &answer);

        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", answer.text);
        answer_mode(ctl, "observe", "mode is observe");
        return CTL_GOOD;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct problem problem = {""};
        struct client *client = NULL;

        if (argc > 2)
                return ctl_usage(&command_mode, "unexpected argument '%s'", argv[2]);
        if (argc == 2 && strcmp(argv[1], "enforce") == 0)
                return enforce(ctl);
        if (argc == 2 && strcmp(argv[1], "observe") == 0)
                return observe(ctl);
        if (argc == 2)
                return ctl_usage(&command_mode, "a mode is observe or enforce, not '%s'", argv[1]);
        enum ctl_exit exit = client_new(&client, &problem);

        if (exit == CTL_GOOD)
                exit = show(ctl, client, &problem);
        client_free(client);
        return exit == CTL_GOOD ? CTL_GOOD : ctl_fail(exit, "%s", problem.text);
}

const struct ctl_command command_mode = {
        .name = "mode",
        .arguments = "[observe|enforce] [--json]",
        .summary = "Show or set whether it acts or only records what it would do",
        .help = "Without an argument the mode is shown.\n"
                "  observe   decide and record, touch nothing; for root and members of\n"
                "            spoolguard-admin\n"
                "  enforce   act, within budgets; for root alone\n"
                "observe outlives a restart and ends with enforce or systemctl reload\n"
                "spoolguard; enforce by hand lasts until the next start or reload, then the\n"
                "configuration has its word again.\n",
        .run = run,
};
