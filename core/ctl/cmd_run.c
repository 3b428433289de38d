/* SPDX-License-Identifier: MIT */
/*
 * cmd_run - start a playbook by hand and watch it to its end
 *
 * Runs in: spoolguardctl.  Asks Control.RunPlaybook, then follows the signals of the daemon: one line for each
 * action of that playbook, and the result.  Stopping this program does not stop the run.
 *
 * Fails: exit 1 when the run is refused or did not end well, 3 when the daemon goes away meanwhile.
 *
 * Limits: actions are told apart by playbook, of which there is at most one run at a time.  After FOLLOW_USEC
 * nothing more is waited for.
 */
#include <dbus/dbus.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/print.h"

#define FOLLOW_USEC USEC_PER_HOUR
#define STEP_MSEC 1000

struct follow {
        const struct ctl *ctl;
        const char *playbook, *path;
        json_t *actions;
        char result[64], text[512];
};

static void on_action(struct follow *follow, const char *member, const json_t *action) {
        bool finished = strcmp(member, "ActionFinished") == 0;
        uint64_t freed = client_u64(action, "freed_bytes");
        const char *args = client_text(action, "args");
        char size[TEXT_QUANTITY_MAX];

        if (strcmp(client_text(action, "playbook"), follow->playbook) != 0)
                return;
        if (finished)
                json_array_append(follow->actions, (json_t *)action);
        if (follow->ctl->json)
                return;
        print_text("%s%s%s: ", client_text(action, "verb"), args[0] ? " " : "", args);
        print_state(follow->ctl, finished ? client_text(action, "status") : "running");
        if (freed > 0)
                print_text(", freed %s", text_size(freed, size));
        print_text("%s%s\n", client_text(action, "text")[0] ? ": " : "", client_text(action, "text"));
        fflush(stdout);
}

/* Whether it was the end. */
static bool on_signal(struct follow *follow, const char *member, const json_t *arguments) {
        if (strcmp(member, "ActionStarted") == 0 || strcmp(member, "ActionFinished") == 0)
                on_action(follow, member, json_array_get(arguments, 1));
        if (strcmp(member, "RunEnded") != 0 ||
                strcmp(json_string_value(json_array_get(arguments, 0)), follow->path) != 0)
                return false;
        text_copy(follow->result, sizeof(follow->result), json_string_value(json_array_get(arguments, 1)));
        text_copy(follow->text, sizeof(follow->text), json_string_value(json_array_get(arguments, 2)));
        return true;
}

static enum ctl_exit follow_run(struct client *client, struct follow *follow) {
        uint64_t end_usec = clock_monotonic_usec() + FOLLOW_USEC;

        while (clock_monotonic_usec() < end_usec) {
                enum ctl_exit exit = CTL_GOOD;
                json_t *arguments = NULL;
                const char *member = client_signal(client, STEP_MSEC, &arguments, &exit);

                if (exit != CTL_GOOD)
                        return (enum ctl_exit)ctl_fail(exit, "spoolguardd has gone; see spoolguardctl log");
                bool ended = member && on_signal(follow, member, arguments);

                json_decref(arguments);
                if (ended)
                        return CTL_GOOD;
        }
        return (enum ctl_exit)ctl_fail(CTL_TROUBLE, "it still runs; see spoolguardctl log");
}

static int report(const struct ctl *ctl, const struct follow *follow) {
        static const char *const good[] = {"cleared", "done", "observed"};
        bool is_good = false;

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                is_good = is_good || strcmp(follow->result, good[i]) == 0;
        if (ctl->json) {
                json_t *json = json_object();

                json_object_set_new(json, "playbook", json_string(follow->playbook));
                json_object_set_new(json, "result", json_string(follow->result));
                json_object_set_new(json, "text", json_string(follow->text));
                json_object_set(json, "actions", follow->actions);
                print_json_consume(json);
        } else {
                if (json_array_size(follow->actions) == 0)
                        print_text("nothing was done\n");
                print_text("%s: %s%s%s\n", follow->playbook, follow->result, follow->text[0] ? ": " : "",
                        follow->text);
        }
        return is_good ? CTL_GOOD : CTL_TROUBLE;
}

static int run_playbook(const struct ctl *ctl, const char *playbook, dbus_bool_t dry) {
        struct follow follow = {.ctl = ctl, .playbook = playbook, .actions = json_array()};
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *reply = NULL;
        enum ctl_exit exit = client_new(&client, &problem);

        /* Before the call: the run may have ended by the time its path is known. */
        if (exit == CTL_GOOD)
                exit = client_listen(client, &problem);
        if (exit == CTL_GOOD)
                exit = client_call(client, CLIENT_INTERFACE("Control"), "RunPlaybook", CLIENT_RELOAD_MSEC,
                        &reply, &problem, DBUS_TYPE_STRING, &playbook, DBUS_TYPE_BOOLEAN, &dry,
                        DBUS_TYPE_INVALID);
        int status = exit;

        if (exit != CTL_GOOD) {
                ctl_fail(exit, "%s", problem.text);
        } else {
                follow.path = json_string_value(json_array_get(reply, 0));
                status = follow_run(client, &follow);
                if (status == CTL_GOOD)
                        status = report(ctl, &follow);
        }
        json_decref(reply);
        json_decref(follow.actions);
        client_free(client);
        return status;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        static const struct option options[] = {{"dry-run", no_argument, NULL, 'd'}, {0}};
        dbus_bool_t dry = FALSE;

        opterr = 0;
        for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (option != 'd')
                        return ctl_unknown_option(&command_run, argv);
                dry = TRUE;
        }
        if (argc - optind != 1)
                return ctl_usage(&command_run, "which playbook?");
        return run_playbook(ctl, argv[optind], dry);
}

const struct ctl_command command_run = {
        .name = "run",
        .arguments = "PLAYBOOK [--dry-run] [--json]",
        .summary = "Start a playbook by hand and watch it to its end",
        .help = "The run has to keep to the budget of its playbook and to the mode, like any\n"
                "other.  With --dry-run nothing is touched: what would be done is checked,\n"
                "recorded and printed.  For root and members of spoolguard-admin.  Interrupting\n"
                "this program does not stop the run.\n"
                "\n"
                "Exit status: 0 the run ended well; 1 it was refused, failed or did not help.\n",
        .has_options = true,
        .run = run,
};
