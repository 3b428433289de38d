/* SPDX-License-Identifier: MIT */
/*
 * cmd_incidents - the incidents that the daemon remembers, or everything about one
 *
 * Runs in: spoolguardctl.  The open one and the last twenty closed ones; older ones are in the record, which
 * `log` shows.  Fails: exit 1 for a number that none has.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/print.h"
#include "ctl/view.h"

static int show_one(
        const struct ctl *ctl, struct client *client, const json_t *incidents, const char *number) {
        json_t *conditions = NULL, *playbooks = NULL, *runs = NULL, *leases = NULL;
        struct problem problem;
        const json_t *incident;
        char *end;
        uint64_t id = strtoull(number, &end, 10);
        size_t i;

        if (number[0] < '0' || number[0] > '9' || *end)
                return ctl_usage(&command_incidents, "'%s' is no number of an incident", number);
        json_array_foreach((json_t *)incidents, i, incident) {
                if (client_u64(incident, "Id") != id)
                        continue;
                if (ctl->json) {
                        print_json_consume(client_snake(incident));
                        return CTL_GOOD;
                }
                /* Without them there is less to say of it. */
                client_objects(client, "condition", &conditions, &problem);
                client_objects(client, "playbook", &playbooks, &problem);
                client_objects(client, "run", &runs, &problem);
                client_objects(client, "lease", &leases, &problem);
                view_incident(ctl, incident, &(struct view_around){conditions, playbooks, runs, leases});
                json_decref(conditions);
                json_decref(playbooks);
                json_decref(runs);
                json_decref(leases);
                return CTL_GOOD;
        }
        return ctl_fail(CTL_TROUBLE,
                "the daemon remembers no incident %" PRIu64 "; see spoolguardctl log --incident %" PRIu64, id,
                id);
}

static int show_all(const struct ctl *ctl, const json_t *incidents) {
        json_t *list = json_array();
        const json_t *incident;
        size_t i;

        json_array_foreach((json_t *)incidents, i, incident) {
                json_array_append_new(list, client_snake(incident));
        }
        if (ctl->json) {
                print_json_consume(list);
                return CTL_GOOD;
        }
        if (json_array_size(list) == 0)
                print_text("There was no incident.\n");
        else
                view_incidents(ctl, incidents);
        json_decref(list);
        return CTL_GOOD;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *incidents = NULL;

        if (argc > 2)
                return ctl_usage(&command_incidents, "unexpected argument '%s'", argv[2]);
        enum ctl_exit exit = client_new(&client, &problem);

        if (exit == CTL_GOOD)
                exit = client_objects(client, "incident", &incidents, &problem);
        int status = exit != CTL_GOOD ? ctl_fail(exit, "%s", problem.text)
                : argc == 2           ? show_one(ctl, client, incidents, argv[1])
                                      : show_all(ctl, incidents);

        json_decref(incidents);
        client_free(client);
        return status;
}

const struct ctl_command command_incidents = {
        .name = "incidents",
        .arguments = "[NUMBER] [--json]",
        .summary = "The incidents, or everything about one",
        .help = "Without a number: the open incident and the last twenty closed ones, newest\n"
                "first.  With one: what it was about, which conditions it gathered, every action\n"
                "with its result, of many alike the first and the last, and, while it is open,\n"
                "what comes next.\n",
        .run = run,
};
