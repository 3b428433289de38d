/* SPDX-License-Identifier: MIT */
/*
 * cmd_leases - the reversible changes that are in force
 *
 * Runs in: spoolguardctl.  What the daemon publishes of each lease: what it holds, why, since when, when it lapses
 * unless it is renewed, and what ends it.  --json has the names that other tools rely on, with times in
 * microseconds since 1970 and 0 where there is none.
 *
 * Fails: exit 3 when the daemon does not answer.  That there is no lease is an answer, and a good one.
 */
#include "base/cleanup.h"
#include "ctl/client.h"
#include "ctl/print.h"
#include "ctl/view.h"

static json_t *as_json(const json_t *lease) {
        static const char *const names[][2] = {
                {"id", "Id"},
                {"verb", "Verb"},
                {"arguments", "Arguments"},
                {"state", "State"},
                {"reason", "Reason"},
                {"owner", "Owner"},
                {"incident", "Incident"},
                {"count", "Count"},
                {"since", "SinceUSec"},
                {"expires", "ExpiresUSec"},
                {"limit", "LimitUSec"},
                {"until_clear", "UntilClear"},
                {"text", "Text"},
        };
        json_t *json = json_object();

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                json_object_set(json, names[i][0], json_object_get(lease, names[i][1]));
        return json;
}

static void print_as_json(const json_t *leases) {
        json_t *list = json_array();
        const json_t *lease;
        size_t i;

        json_array_foreach((json_t *)leases, i, lease) {
                json_array_append_new(list, as_json(lease));
        }
        print_json_consume(json_pack("{s:o}", "leases", list));
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *leases = NULL;

        if (argc > 1)
                return ctl_usage(&command_leases, "unexpected argument '%s'", argv[1]);
        enum ctl_exit exit = client_new(&client, &problem);

        if (exit == CTL_GOOD)
                exit = client_objects(client, "lease", &leases, &problem);
        if (exit == CTL_GOOD && ctl->json)
                print_as_json(leases);
        else if (exit == CTL_GOOD && json_array_size(leases) == 0)
                print_text("There is no lease: nothing is held back or changed.\n");
        else if (exit == CTL_GOOD)
                view_leases(ctl, leases);
        json_decref(leases);
        client_free(client);
        return exit == CTL_GOOD ? CTL_GOOD : ctl_fail(exit, "%s", problem.text);
}

const struct ctl_command command_leases = {
        .name = "leases",
        .arguments = "[--json]",
        .summary = "The changes in force that will be taken back",
        .help = "A lease is one reversible change: what was done to what, by which playbook and\n"
                "why.  It ends when its condition has cleared, at its limit, or when somebody\n"
                "returns it.  Some also lapse when nobody renews them, so that nothing stays\n"
                "behind if spoolguard dies: LAPSES says when.\n"
                "\n"
                "States: taking, in-force, lapsed (without effect until it is renewed),\n"
                "overruled (somebody else has changed what it had changed, and that stays),\n"
                "ending (being taken back).\n"
                "\n"
                "explain lease/ID shows everything about one, return ID gives one back.\n",
        .run = run,
};
