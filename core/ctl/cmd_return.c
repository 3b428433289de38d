/* SPDX-License-Identifier: MIT */
/*
 * cmd_return - give a lease back: have the change undone that it holds in force
 *
 * Runs in: spoolguardctl.  The word of an admin goes before everything else that keeps or ends a lease; the same
 * change is not made again in that incident.  What happens next is the executor's to say, and is printed.
 *
 * Fails: exit 2 for what is no number of a lease, 1 when there is none of that number or it is refused, 3 when
 * nobody answers.
 */
#include <dbus/dbus.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/client.h"
#include "ctl/order.h"
#include "ctl/print.h"

/* "3" or "lease/3"; 0: it is neither. */
static uint64_t parse(const char *text) {
        static const char prefix[] = "lease/";
        char *end;

        if (strncmp(text, prefix, strlen(prefix)) == 0)
                text += strlen(prefix);
        errno = 0;
        uint64_t id = strtoull(text, &end, 10);

        return text[0] < '0' || text[0] > '9' || *end || errno ? 0 : id;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct order order = {.member = "ReturnLease",
                .type = DBUS_TYPE_OBJECT_PATH,
                .request = {.command = "return", .args = {{.name = "lease"}}, .n_args = 1}};
        uint64_t id = argc == 2 ? parse(argv[1]) : 0;
        struct problem answer = {""};
        char path[64];
        const char *object = path;

        if (argc != 2)
                return ctl_usage(&command_return, argc < 2 ? "which lease?" : "one lease, please");
        if (id == 0)
                return ctl_usage(&command_return, "'%s' is no number of a lease", argv[1]);
        text_format(path, sizeof(path), CLIENT_ROOT "/lease/%" PRIu64, id);
        text_format(order.request.args[0].text, sizeof(order.request.args[0].text), "%" PRIu64, id);
        order.argument = &object;
        enum ctl_exit exit = order_give(ctl, &order, &answer);

        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", answer.text);
        if (ctl->json)
                print_json_consume(json_pack("{s:I,s:s}", "id", (json_int_t)id, "text", answer.text));
        else
                print_text("lease %" PRIu64 ": %s\n", id,
                        answer.text[0] ? answer.text : "what it changed is being taken back");
        return CTL_GOOD;
}

const struct ctl_command command_return = {
        .name = "return",
        .arguments = "ID [--json]",
        .summary = "Give a lease back: undo what it changed",
        .help = "ID is a number of spoolguardctl leases.  What is held back is let go, at a pace that\n"
                "does not swamp the other end, and the same change is not made again in this incident.\n"
                "For root and members of spoolguard-admin; for root also while the daemon is not on\n"
                "D-Bus.\n",
        .run = run,
};
