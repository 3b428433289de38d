/* SPDX-License-Identifier: MIT */
/*
 * cmd_maintenance - a time in which no new action starts
 *
 * Runs in: spoolguardctl.  The duration is parsed as those of the configuration are, by the same table.  Over
 * D-Bus a maintenance can only be begun or made longer; root, who may also end it, then asks the executor itself
 * (order.h).
 *
 * Fails: exit 2 for what is no duration, 1 when it is refused, 3 when nobody answers.
 */
#include <dbus/dbus.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/option.h"
#include "ctl/client.h"
#include "ctl/order.h"
#include "ctl/print.h"

static const struct sg_option duration = {.name = "duration", .type = SG_TYPE_DURATION};

static enum ctl_exit ask(uint64_t *ret_until_usec, struct problem *problem) {
        struct client *client = NULL;
        json_t *manager = NULL;
        enum ctl_exit exit = client_new(&client, problem);

        if (exit == CTL_GOOD)
                exit = client_properties(client, CLIENT_ROOT, CLIENT_INTERFACE("Manager"), &manager, problem);
        if (exit == CTL_GOOD)
                *ret_until_usec = client_u64(manager, "MaintenanceUntilUSec");
        json_decref(manager);
        client_free(client);
        return exit;
}

static void show(const struct ctl *ctl, uint64_t until) {
        char time[PRINT_VALUE_MAX], distance[PRINT_VALUE_MAX];

        if (ctl->json) {
                json_t *json = json_object();

                json_object_set_new(json, "until_usec", json_integer((json_int_t)until));
                print_json_consume(json);
        } else if (until > clock_realtime_usec()) {
                print_text("maintenance until %s (%s)\n", print_time(until, time),
                        print_distance(until, distance));
        } else {
                print_text("no maintenance\n");
        }
}

static enum ctl_exit begin(const struct ctl *ctl, dbus_uint64_t usec, struct problem *problem) {
        struct order order = {.member = "Maintenance",
                .type = DBUS_TYPE_UINT64,
                .argument = &usec,
                .request = {.command = "maintenance", .args = {{.name = "usec"}}, .n_args = 1}};

        text_format(
                order.request.args[0].text, sizeof(order.request.args[0].text), "%" PRIu64, (uint64_t)usec);
        return order_give(ctl, &order, problem);
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct problem problem = {""};
        enum ctl_exit exit = CTL_GOOD;
        uint64_t usec = 0, until = 0;

        if (argc > 2)
                return ctl_usage(&command_maintenance, "unexpected argument '%s'", argv[2]);
        if (argc == 2 && strcmp(argv[1], "off") != 0 && strcmp(argv[1], "0") != 0) {
                struct sg_value value = {.type = SG_TYPE_DURATION};

                if (option_parse(&duration, argv[1], &value, &problem) < 0)
                        return ctl_usage(&command_maintenance, "%s", problem.text);
                usec = value.usec;
                option_value_deinit(&value);
        }
        if (argc == 2)
                exit = begin(ctl, usec, &problem);
        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", problem.text);
        exit = ask(&until, &problem);
        /* Root's order was heard, and only the bus has nobody who could tell of it. */
        if (exit == CTL_UNREACHABLE && argc == 2) {
                until = usec ? clock_realtime_usec() + usec : 0;
                exit = CTL_GOOD;
        }
        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", problem.text);
        show(ctl, until);
        return CTL_GOOD;
}

const struct ctl_command command_maintenance = {
        .name = "maintenance",
        .arguments = "[DURATION|off] [--json]",
        .summary = "Start no new action for a while",
        .help = "DURATION is written 30m, 4h, 2d; \"off\" or 0 ends it; without an argument it is\n"
                "shown.  What is in force still ends and is taken back, and all that is seen is\n"
                "still recorded.  Maintenance ends by itself, after at most 30 days.  For root\n"
                "and members of spoolguard-admin; only root can end it or make it shorter.\n",
        .run = run,
};
