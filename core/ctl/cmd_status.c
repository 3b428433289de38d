/* SPDX-License-Identifier: MIT */
/*
 * cmd_status - one screen for a person at three in the morning
 *
 * Runs in: spoolguardctl.  First line: is anything wrong.  Then the open incident with what was done about it and
 * what comes next, the leases in force, then the conditions that are not ok and those nearest to it, the playbooks,
 * and what is wrong with spoolguard's own files.  A host with many file systems has dozens of conditions; all of
 * them would push the first line off the screen, so they are shown only with --all.
 *
 * Fails: exit 1 when the state is not ok, 3 when there is no answer, or when no reading has been published for some
 * minutes (readings.h).
 */
#include <dbus/dbus.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/print.h"
#include "ctl/readings.h"
#include "ctl/view.h"

#define NEAREST 4 /* as many that are ok are shown in any case */

struct status {
        json_t *manager, *conditions, *playbooks, *incidents, *runs, *leases;
        struct readings readings;
        bool all;
};

static enum ctl_exit fetch(struct client *client, struct status *status, struct problem *problem) {
        enum ctl_exit exit = client_properties(
                client, CLIENT_ROOT, CLIENT_INTERFACE("Manager"), &status->manager, problem);

        if (exit == CTL_GOOD)
                exit = client_objects(client, "condition", &status->conditions, problem);
        if (exit == CTL_GOOD)
                exit = client_objects(client, "playbook", &status->playbooks, problem);
        if (exit == CTL_GOOD)
                exit = client_objects(client, "incident", &status->incidents, problem);
        if (exit == CTL_GOOD)
                exit = client_objects(client, "run", &status->runs, problem);
        if (exit == CTL_GOOD)
                exit = client_objects(client, "lease", &status->leases, problem);
        if (exit == CTL_GOOD)
                exit = readings_fetch(client, &status->readings, problem);
        return exit;
}

static const json_t *open_incident(const struct status *status) {
        const json_t *incident;
        size_t i;

        json_array_foreach(status->incidents, i, incident) {
                if (client_u64(incident, "ClosedUSec") == 0)
                        return incident;
        }
        return NULL;
}

static json_t *snake_list(const json_t *objects) {
        json_t *list = json_array();
        const json_t *object;
        size_t i;

        json_array_foreach((json_t *)objects, i, object) {
                json_array_append_new(list, client_snake(object));
        }
        return list;
}

static void print_as_json(const struct status *status) {
        uint64_t age_usec = status->readings.age_usec;
        const json_t *incident = open_incident(status);
        json_t *json = client_snake(status->manager);

        json_object_set_new(json, "stale", json_boolean(status->readings.stale));
        json_object_set_new(json, "newest_reading_age_usec",
                age_usec == USEC_NEVER ? json_null() : json_integer((json_int_t)age_usec));
        json_object_set_new(json, "incident", incident ? client_snake(incident) : json_null());
        json_object_set_new(json, "conditions", snake_list(status->conditions));
        json_object_set_new(json, "playbooks", snake_list(status->playbooks));
        json_object_set_new(json, "leases", snake_list(status->leases));
        print_json_consume(json);
}

/* 1 is the trip level; what is not ok comes before all that is. */
static double nearness(const json_t *condition) {
        double value = client_double(condition, "Value"), trip = client_double(condition, "TripLevel");
        double ratio = client_bool(condition, "TripsBelow") ? trip / value : value / trip;

        if (strcmp(client_text(condition, "State"), "ok") != 0)
                return INFINITY;
        return isfinite(ratio) ? ratio : 0;
}

static int compare_nearness(const void *a, const void *b) {
        const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
        double difference = nearness(right) - nearness(left);

        if (difference > 0 || difference < 0)
                return difference > 0 ? 1 : -1;
        return strcmp(client_text(left, "Name"), client_text(right, "Name"));
}

static void print_conditions(const struct ctl *ctl, const struct status *status) {
        size_t n = json_array_size(status->conditions), shown = 0, n_ok = 0;
        json_t **sorted = calloc(n + 1, sizeof(*sorted));
        json_t *list = json_array();

        for (size_t i = 0; sorted && i < n; i++)
                sorted[i] = json_array_get(status->conditions, i);
        if (sorted)
                qsort(sorted, n, sizeof(*sorted), compare_nearness);
        for (; sorted && shown < n; shown++) {
                n_ok += isfinite(nearness(sorted[shown])) ? 1 : 0;
                if (n_ok > NEAREST && !status->all)
                        break;
                json_array_append(list, sorted[shown]);
        }
        view_conditions(ctl, list);
        if (shown < n)
                print_text("  and %zu more that are ok; --all shows them\n", n - shown);
        json_decref(list);
        free(sorted);
}

/* One is a line; of several each has its own. */
static void print_leases(const json_t *leases) {
        size_t n = json_array_size(leases), i;
        const json_t *lease;
        char text[2048];

        if (n > 1)
                print_text("%zu leases:\n", n);
        json_array_foreach((json_t *)leases, i, lease) {
                fputs(n > 1 ? "  " : "1 lease: ", stdout);
                view_lease_line(lease, text, sizeof(text));
                print_wrapped(n > 1 ? 2 : strlen("1 lease: "), n > 1 ? 4 : 2, text);
        }
}

static void print_as_text(const struct ctl *ctl, const struct status *status) {
        const struct view_around around = {
                status->conditions, status->playbooks, status->runs, status->leases};
        uint64_t until = client_u64(status->manager, "MaintenanceUntilUSec");
        const char *text = client_text(status->manager, "StateText");
        const json_t *incident = open_incident(status), *problem;
        const json_t *problems = json_object_get(status->manager, "Problems");
        char time[PRINT_VALUE_MAX], distance[PRINT_VALUE_MAX];
        size_t i;

        print_state(ctl, client_text(status->manager, "State"));
        fputs(text[0] ? ": " : "\n", stdout);
        if (text[0])
                print_wrapped(strlen(client_text(status->manager, "State")) + 2, 2, text);
        if (status->readings.stale) {
                print_state(ctl, "stale");
                print_text(": no reading is younger than %s; see journalctl -u spoolguard\n",
                        text_duration(status->readings.age_usec, distance));
        }
        print_text("mode ");
        print_state(ctl, client_text(status->manager, "Mode"));
        if (until > clock_realtime_usec())
                print_text(", maintenance until %s (%s): no new action starts", print_time(until, time),
                        print_distance(until, distance));
        print_text(", spoolguard %s\n", client_text(status->manager, "Version"));
        print_leases(status->leases);

        if (incident)
                view_incident(ctl, incident, &around);
        print_heading(ctl, "Conditions");
        print_conditions(ctl, status);
        print_heading(ctl, "Playbooks");
        view_playbooks(ctl, status->playbooks);
        if (json_array_size(problems) > 0) {
                print_heading(ctl, "Left out of the configuration");
                json_array_foreach((json_t *)problems, i, problem) {
                        print_text("  %s\n", json_string_value(problem));
                }
        }
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        static const struct option options[] = {{"all", no_argument, NULL, 'a'}, {0}};
        struct status status = {.all = false};
        struct problem problem = {""};
        struct client *client = NULL;

        opterr = 0;
        for (int option; argc > 0 && (option = getopt_long(argc, argv, "a", options, NULL)) != -1;) {
                if (option != 'a')
                        return ctl_unknown_option(&command_status, argv);
                status.all = true;
        }
        if (argc > optind)
                return ctl_usage(&command_status, "unexpected argument '%s'", argv[optind]);
        enum ctl_exit exit = client_new(&client, &problem);

        if (exit == CTL_GOOD)
                exit = fetch(client, &status, &problem);
        if (exit != CTL_GOOD) {
                exit = (enum ctl_exit)ctl_fail(exit,
                        "%s\nsee systemctl status spoolguard, and journalctl -u spoolguard", problem.text);
        } else {
                if (ctl->json)
                        print_as_json(&status);
                else
                        print_as_text(ctl, &status);
                if (status.readings.stale)
                        exit = CTL_UNREACHABLE;
                else if (strcmp(client_text(status.manager, "State"), "ok") != 0)
                        exit = CTL_TROUBLE;
        }
        json_decref(status.manager);
        json_decref(status.conditions);
        json_decref(status.playbooks);
        json_decref(status.incidents);
        json_decref(status.runs);
        json_decref(status.leases);
        readings_deinit(&status.readings);
        client_free(client);
        return exit;
}

const struct ctl_command command_status = {
        .name = "status",
        .arguments = "[--all] [--json]",
        .summary = "What is wrong, what is done about it, how close the rest is",
        .help = "The first line is the state: ok, incident (something is wrong and being worked\n"
                "on), escalated (a person is needed) or degraded (spoolguard does not see or do\n"
                "all it should).  Below are the leases in force, the open incident (what was\n"
                "done, what is next), the conditions that are not ok and those nearest to it,\n"
                "and the playbooks.\n"
                "  -a, --all   every condition; --json always has all\n"
                "\n"
                "This is also what spoolguardctl does without a command.\n"
                "\n"
                "Exit status: 0 the state is ok; 1 it is not; 3 the daemon does not answer, or\n"
                "its newest reading is older than five minutes.\n",
        .has_options = true,
        .run = run,
};
